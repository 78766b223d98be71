//! Who asks: an extractor for every handler.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::session::{self, Sent};
use super::token::TokenHash;
use super::{Role, csrf};
use crate::http::Origin;
use crate::ids::UserId;
use crate::problem::Problem;
use crate::state::Library;

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Nobody we know.
    Anonymous,
    /// A user with a session.
    Signed(User),
}

/// A user with a session.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) role: Role,
    /// The session by which they ask.
    pub(super) token: TokenHash,
}

#[allow(dead_code, reason = "what every part of the library asks of callers")]
impl Caller {
    /// The user, or 401.
    pub(crate) fn user(&self) -> Result<&User, Problem> {
        match self {
            Self::Anonymous => Err(Problem::unauthenticated()),
            Self::Signed(user) => Ok(user),
        }
    }

    /// The admin, or 401, or 403.
    pub(crate) fn admin(&self) -> Result<&User, Problem> {
        let user = self.user()?;
        match user.role {
            Role::Admin => Ok(user),
            Role::User => Err(Problem::forbidden("Only admins of the library may do this.")),
        }
    }

    /// Whether they are this user.
    pub(crate) fn is(&self, owner: UserId) -> bool {
        matches!(self, Self::Signed(user) if user.id == owner)
    }

    /// Whether they may look after everything and everybody.
    pub(crate) fn is_admin(&self) -> bool {
        matches!(self, Self::Signed(user) if user.role == Role::Admin)
    }
}

impl FromRequestParts<Arc<Library>> for Caller {
    type Rejection = Problem;

    /// A bearer token that is nobody's is refused: its owner thinks to be logged in. A cookie that
    /// is nobody's is left over from a session that is over, so its owner is anonymous.
    async fn from_request_parts(
        parts: &mut Parts,
        library: &Arc<Library>,
    ) -> Result<Self, Problem> {
        let over = || {
            Problem::unauthenticated_because(
                "This token is unknown or its session is over; log in again.",
            )
        };
        match session::sent(&parts.headers) {
            Sent::Nothing => Ok(Self::Anonymous),
            Sent::Bearer(None) => Err(over()),
            Sent::Bearer(Some(token)) => {
                session::find(library, token.hash()).await?.map(Self::Signed).ok_or_else(over)
            }
            Sent::Cookie(token) => {
                let origin = Origin::from_request_parts(parts, library).await?;
                csrf::check(&parts.method, &parts.headers, &origin)?;
                let found = session::find(library, token.hash()).await?;
                Ok(found.map_or(Self::Anonymous, Self::Signed))
            }
        }
    }
}
