//! Why the access log cannot start. Owns the words: what, where, why, and what to do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use tombolo_files::Refusal;

/// The access log cannot be set up as configured. The text is complete (cause and advice included),
/// so there is no further source to print.
#[derive(Debug)]
pub enum Error {
    /// The file cannot be opened for appending.
    Open {
        /// The file as configured.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Standard output cannot be used.
    StandardOutput {
        /// What the system said.
        cause: io::Error,
    },
    /// The thread that writes cannot be started.
    Thread {
        /// What the system said.
        cause: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Open { path, cause } => {
                if Refusal::of(cause).is_some() {
                    return write!(f, "cannot use the access log: {cause}");
                }
                let shown = path.display();
                write!(f, "cannot open the access log {shown}: {cause}; {}", Advice { path, cause })
            }
            Error::StandardOutput { cause } => write!(
                f,
                "cannot write the access log to standard output: {cause}; \
                 give the program an open standard output, or set stdout = false in [access_log]"
            ),
            Error::Thread { cause } => write!(
                f,
                "cannot start the thread that writes the access log: {cause}; \
                 raise the limit of threads for this user or service"
            ),
        }
    }
}

impl std::error::Error for Error {}

/// What to do about a file that cannot be opened.
pub(super) struct Advice<'a> {
    pub(super) path: &'a Path,
    pub(super) cause: &'a io::Error,
}

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).display();
        match self.cause.kind() {
            io::ErrorKind::NotFound => {
                write!(f, "create the directory {folder}, or name another file under [access_log]")
            }
            io::ErrorKind::PermissionDenied => write!(
                f,
                "let the user that runs the gateway write in {folder}, \
                 or name another file under [access_log]"
            ),
            io::ErrorKind::IsADirectory => write!(f, "name a file in it, not the directory itself"),
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::StorageFull => {
                write!(f, "name a file on another file system under [access_log]")
            }
            _ if self.cause.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                write!(f, "start whatever reads this pipe first, or name an ordinary file")
            }
            _ => write!(f, "name another file under [access_log]"),
        }
    }
}
