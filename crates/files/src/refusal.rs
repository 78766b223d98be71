//! Why a folder or file is not used, and what to do.

use std::io;
use std::path::PathBuf;

/// What is there is not this user's alone. Reaches callers inside an [`io::Error`] of the kind
/// `PermissionDenied`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Another user owns it.
    #[error(
        "{path} belongs to user {owner} and this process is user {own}: name a folder of your own \
         (one that does not exist yet is made), or change the owner"
    )]
    Owner {
        /// What was to be used.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The user of this process.
        own: u32,
    },
    /// Others may write to the folder, and there is something in it.
    #[error(
        "others may write to {path} (mode {mode:04o}), so what is in it may be theirs: look through \
         it, then `chmod 700 {path}`"
    )]
    Writable {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A symbolic link that is followed in no case, or that another user made.
    #[error("{path} is a symbolic link that is not followed: name what it points to, or remove it")]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A symbolic link on the way that neither this user nor root made.
    #[error(
        "the symbolic link {link} on the way to {path} belongs to another user and is not followed: name \
         the place it points to, or make the link yourself"
    )]
    ForeignLink {
        /// What was to be used.
        path: PathBuf,
        /// The link's name in its folder.
        link: PathBuf,
    },
    /// A symbolic link on the way in, or below, a folder that another user may rename things in.
    #[error(
        "the symbolic link {link} on the way to {path} is not followed: it lies in or below a folder that \
         another user owns or may write to, who could have moved it there; name the place it points to"
    )]
    MovableLink {
        /// What was to be used.
        path: PathBuf,
        /// The link's name in its folder.
        link: PathBuf,
    },
    /// It is not of the kind that is expected.
    #[error("{path} is {kind}, which is not used: move it away, or name another path")]
    Kind {
        /// What was to be used.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// The file system keeps no permissions.
    #[error(
        "{path} cannot be closed to other users (mode {mode:04o}): its file system keeps no \
         permissions; name a folder on another one"
    )]
    Open {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl Refusal {
    /// The refusal inside an error, if it is one.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        io::Error::new(io::ErrorKind::PermissionDenied, refusal)
    }
}
