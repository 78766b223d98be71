//! Uploads that never begin again: tus 1.0 and the IETF's draft of resumable uploads, on the same
//! addresses.
//!
//! The offset in the database is the truth. Bytes are written, synced and then noted, and only then
//! is a client told of them; what lies beyond the offset is garbage. Whoever asks for an upload
//! takes it over at once, at any replica (`lease.rs`): there is no lock to wait for. Completion is a
//! rename and one transaction, whatever the size.
//!
//! Owned here: the rows of uploads, and what their requests mean. Not owned: where bytes lie
//! ([`crate::content`]), what a complete upload becomes ([`crate::catalogue`]), how many may be under
//! way ([`crate::transfers`]) and how much a user may keep ([`crate::plans`]).
//!
//! | file | one idea |
//! |---|---|
//! | `api.rs`, `tus.rs`, `draft.rs`, `shown.rs` | the two protocols, and JSON for the page |
//! | `fields.rs`, `metadata.rs`, `digest.rs` | what requests say |
//! | `row.rs`, `lease.rs`, `commit.rs`, `group.rs` | the row, who may change it, and one commit for many |
//! | `create.rs`, `append.rs`, `look.rs`, `terminate.rs`, `join.rs` | what can be done with an upload |
//! | `intake.rs`, `receive.rs`, `active.rs`, `complete.rs` | from the body to the disk, and the end |
//! | `sweep.rs` | what nobody looks after any more |
//! | `refusal.rs` | why something is not done |

mod active;
mod api;
mod append;
mod commit;
mod complete;
mod create;
mod digest;
mod draft;
mod fields;
mod group;
mod intake;
mod join;
mod lease;
pub(crate) mod limits;
mod look;
mod metadata;
#[cfg(test)]
mod quota_tests;
mod receive;
mod refusal;
mod row;
mod shown;
mod sweep;
mod terminate;
mod tus;

use std::sync::Arc;

use tokio::sync::Notify;
use tombolo_storage::Database;

use self::active::Active;
pub(crate) use self::api::routes;
pub use self::digest::{NotADigest, sha256_of_field};
use self::group::Group;
pub use self::metadata::{Metadata, MetadataError, read_metadata};
pub(crate) use self::sweep::run as sweep;
pub(crate) use self::terminate::end_all_of;
use crate::content::Content;

/// The uploads of a replica.
#[derive(Debug)]
pub(crate) struct Uploads {
    content: Arc<dyn Content>,
    database: Database,
    group: Group,
    active: Active,
    /// The replica's name in rows that it holds.
    replica: Arc<str>,
    /// Something is to be swept.
    sweep: Notify,
}

impl Uploads {
    /// Those of this replica.
    pub(crate) fn new(database: &Database, content: Arc<dyn Content>, replica: &str) -> Arc<Self> {
        Arc::new(Self {
            content,
            database: database.clone(),
            group: Group::start(database.clone()),
            active: Active::default(),
            replica: replica.into(),
            sweep: Notify::new(),
        })
    }
}
