//! The catalogue: what there is, what it is called, and who may see it.
//!
//! Owned here: items and their words, finding and sorting them, changing and deleting them, what
//! kind of thing they are, thumbnails, and whether their bytes are still what they were. Not owned:
//! the bytes ([`crate::content`]), how they come ([`crate::uploads`]) and go ([`crate::downloads`]).
//!
//! | file | one idea |
//! |---|---|
//! | `fold.rs`, `terms.rs`, `text.rs`, `folder.rs` | texts as they are compared, searched and shown |
//! | `kinds.rs`, `media_types.rs` | what a thing is, and what it is served as |
//! | `visibility.rs` | who may see and change what |
//! | `search.rs`, `statement.rs`, `sort.rs`, `cursor.rs` | lists |
//! | `item.rs`, `register.rs`, `edit.rs`, `remove.rs` | one item from its upload to its end |
//! | `list.rs`, `details.rs`, `preview.rs` | the API |
//! | `inspect.rs`, `thumbnails/`, `lengths/`, `child.rs`, `scrub.rs`, `sweep.rs` | what goes on in the background |

mod child;
mod cursor;
mod details;
mod edit;
mod fold;
mod folder;
mod inspect;
mod item;
mod kinds;
mod lengths;
mod list;
mod media_types;
mod preview;
mod register;
mod remove;
mod scrub;
mod search;
mod sort;
mod statement;
mod sweep;
mod terms;
mod text;
mod thumbnails;
mod visibility;

use std::sync::Arc;

use tokio::task::JoinSet;
use tombolo_storage::{Error, Query, Work};
use utoipa_axum::routes;

pub use self::folder::{BadFolder, Folder};
pub(crate) use self::item::{Item, hexadecimal};
pub(crate) use self::lengths::{Lengths, run as length};
pub(crate) use self::media_types::{Treatment, served};
#[allow(unused_imports, reason = "complete uploads become items by these")]
pub(crate) use self::register::{NewItem, register};
#[cfg(test)]
pub(crate) use self::remove::sweep as sweep_deleted;
pub(crate) use self::remove::{bury_object, remove_all_of};
pub use self::thumbnails::ChildProgram;
pub(crate) use self::thumbnails::{Thumbnails, run as thumbnail};
pub(crate) use self::visibility::{Viewer, Visibility};
use crate::http::Routes;
use crate::ids::ItemId;
use crate::state::Library;

/// What clients can ask for here.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list::list))
        .routes(routes!(details::get, details::patch, details::delete))
        .routes(routes!(preview::get))
}

/// What goes on in the background.
pub(crate) fn background(library: &Arc<Library>, tasks: &mut JoinSet<()>) {
    tasks.spawn(inspect::run(Arc::clone(library)));
    tasks.spawn(scrub::run(Arc::clone(library)));
    tasks.spawn(sweep::run(Arc::clone(library)));
}

/// An item, whoever asks.
pub(crate) async fn find(work: &mut Work<'_>, id: ItemId) -> Result<Option<Item>, Error> {
    let find = concat!("SELECT ", item::item_columns!(), " FROM library_item AS i WHERE i.id = $1");
    work.row(Query::new(find).bind(id)).await?.as_ref().map(Item::of_row).transpose()
}

/// An item, if this viewer may see it.
pub(crate) async fn find_for(
    work: &mut Work<'_>,
    id: ItemId,
    viewer: &Viewer,
) -> Result<Option<Item>, Error> {
    let item = find(work, id).await?;
    Ok(item.filter(|item| viewer.sees(&item.owner.to_string(), item.visibility)))
}

#[cfg(test)]
mod large;
#[cfg(test)]
mod tests;
