//! Accounts: who there is, how they show who they are, and what they may do.
//!
//! A session is a random token whose SHA-256 is in the database: any replica knows it at once, and
//! none once it was ended. Programs send it as a bearer token, the page as a cookie that scripts
//! cannot read.

mod admin;
mod caller;
mod change;
mod csrf;
mod delete;
mod password;
mod register;
mod role;
mod rules;
mod session;
mod sessions;
mod throttle;
mod tidy;
mod token;
mod turns;
mod users;

pub use self::admin::{AdminError, create_admin};
pub(crate) use self::caller::{Caller, User};
pub use self::password::HashError;
pub(crate) use self::password::Passwords;
pub(crate) use self::role::Role;
pub use self::rules::Mistake;
pub(crate) use self::tidy::tidy;
use crate::http::Routes;

/// The name of the page's cookie where it is not sent over TLS; see [`session`].
pub(crate) const COOKIE: &str = tombolo_services::LIBRARY_COOKIE;

/// What clients can ask for here.
pub(crate) fn routes() -> Routes {
    let own = change::routes().merge(delete::routes());
    users::routes().merge(own).merge(register::routes()).merge(sessions::routes())
}
