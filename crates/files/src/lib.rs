//! Folders, files and sockets that are this user's alone.
//!
//! Everything that Tombolo writes goes through here: folders have mode 0700 and files 0600 whatever
//! the umask, a folder of another user is refused, no symbolic link below an open folder is
//! followed, and on the way to one only links of this user and root. Refuses to know what is in a file.
//!
//! | file | one idea |
//! |---|---|
//! | `folder.rs` | a folder that is this user's alone, held open |
//! | `way.rs` | the way to what a whole path names |
//! | `beneath.rs` | opening what lies below a folder, and never outside it |
//! | `file.rs` | files that a path names: logs, state |
//! | `socket.rs` | Unix sockets for this user alone |
//! | `refusal.rs` | why something is not used, and what to do |
//!
//! What lies above a folder is the operator's: a stranger who may rename folders there may also
//! replace the configuration.

mod beneath;
mod file;
mod folder;
mod refusal;
mod socket;
mod way;

pub use file::{check_private, open_log, open_private, open_readable};
pub use folder::{Access, Entry, Folder};
pub use refusal::Refusal;
pub use socket::{bind_datagram, bind_stream};

/// The mode of a new file.
const FILE_MODE: u32 = 0o600;
/// The mode of a folder.
const FOLDER_MODE: u32 = 0o700;

/// Gives everything that this process makes to its own user alone. To be called before there are
/// other threads: the mask is the whole process's.
pub fn restrict_new_files() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// The user of this process, as the system numbers it.
#[must_use]
pub fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn own_group() -> u32 {
    rustix::process::getegid().as_raw()
}
