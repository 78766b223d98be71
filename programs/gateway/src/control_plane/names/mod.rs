//! Names of servers: looked up at the start, and again whenever an answer has run out, off the
//! request path.
//!
//! A name with several addresses is several servers. When an answer changes, a snapshot with other
//! servers is published, as after a reload; the data plane knows nothing of names.
//!
//! A name that does not resolve stops nothing: it is a server that is down until it does. One that
//! stops resolving keeps its last addresses, since a broken resolver must not take down servers that
//! are well.
//!
//! | file | one idea |
//! |---|---|
//! | `answers.rs` | what names stand for, and the servers that follow |
//! | `follow.rs` | when each is looked up again |
//! | `look_up.rs` | one look-up: the hosts file, DNS, the system's resolver |
//! | `hosts.rs` | the hosts file |

mod answers;
mod follow;
mod hosts;
mod look_up;

pub(crate) use answers::Answers;
pub(super) use follow::{first, follow};
