//! Accounts: who there is, how they show who they are, and what they may do.
//!
//! A session is a random token whose SHA-256 is in the database: any replica knows it at once, and
//! none once it was ended. Programs send it as a bearer token, the page as a cookie that scripts
//! cannot read.

mod caller;
mod csrf;
mod role;
mod session;
mod tidy;
mod token;
mod users;

pub(crate) use self::caller::{Caller, User};
pub(crate) use self::role::Role;
pub(crate) use self::tidy::tidy;
use crate::http::Routes;

/// The name of the page's cookie where it is not sent over TLS; see [`session`].
pub(crate) const COOKIE: &str = "library_session";

/// What clients can ask for here.
pub(crate) fn routes() -> Routes {
    users::routes()
}
