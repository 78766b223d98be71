//! Who may see an item, and who asks.

use serde::{Deserialize, Serialize};
use tombolo_storage::{Error, Work};
use utoipa::ToSchema;

use crate::accounts::Caller;
use crate::plans::plan;

/// Who may see an item besides its owner and admins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Visibility {
    /// Everybody, without an account too.
    Public,
    /// Those whose plan gives access to the catalogue.
    Plan,
    /// Nobody else.
    Private,
}

impl Visibility {
    pub(crate) const ALL: [Self; 3] = [Self::Public, Self::Plan, Self::Private];

    /// As it is written in the table and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Plan => "plan",
            Self::Private => "private",
        }
    }

    /// The visibility of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|visibility| visibility.name() == name)
    }
}

/// Who asks for items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// Nobody that is known.
    Anonymous,
    /// A user.
    User {
        /// Their id.
        id: String,
        /// Whether their plan gives access to the catalogue.
        has_access: bool,
    },
    /// An admin sees and changes everything.
    Admin {
        /// Their id.
        id: String,
    },
}

impl Viewer {
    /// Who a caller is here.
    pub(crate) async fn of(work: &mut Work<'_>, caller: &Caller) -> Result<Self, Error> {
        let Caller::Signed(user) = caller else { return Ok(Self::Anonymous) };
        let id = user.id.to_string();
        if caller.is_admin() {
            return Ok(Self::Admin { id });
        }
        let plan = plan::of(work, user.id).await?;
        Ok(Self::User { id, has_access: plan.sees_plan_items() })
    }

    /// Whether they may see an item.
    pub(crate) fn sees(&self, owner: &str, visibility: Visibility) -> bool {
        match self {
            Self::Admin { .. } => true,
            Self::Anonymous => visibility == Visibility::Public,
            Self::User { id, has_access } => {
                id == owner
                    || match visibility {
                        Visibility::Public => true,
                        Visibility::Plan => *has_access,
                        Visibility::Private => false,
                    }
            }
        }
    }

    /// Whether they may change an item, delete it and give out links to it.
    pub(crate) fn changes(&self, owner: &str) -> bool {
        match self {
            Self::Admin { .. } => true,
            Self::User { id, .. } => id == owner,
            Self::Anonymous => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sees_and_changes_what() {
        let user = |id: &str, has_access| Viewer::User { id: id.into(), has_access };
        // Viewer; sees public, plan, private; changes.
        let table = [
            (Viewer::Anonymous, [true, false, false], false),
            (user("other", false), [true, false, false], false),
            (user("other", true), [true, true, false], false),
            (user("owner", false), [true, true, true], true),
            (Viewer::Admin { id: "root".into() }, [true, true, true], true),
        ];
        for (viewer, sees, changes) in table {
            for (visibility, sees) in Visibility::ALL.into_iter().zip(sees) {
                assert_eq!(viewer.sees("owner", visibility), sees, "{viewer:?} {visibility:?}");
            }
            assert_eq!(viewer.changes("owner"), changes, "{viewer:?}");
        }
    }
}
