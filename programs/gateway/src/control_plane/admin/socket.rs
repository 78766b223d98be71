//! The admin API on a Unix socket: for the gateway's own user, whom the file's mode lets in and
//! nobody else, and so without a token.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::Mode;
use tokio::net::UnixListener;

use super::guard::Guard;
use super::{AdminError, Facts, router, server};

/// The socket, bound and not yet served.
pub(crate) struct AdminSocket {
    listener: UnixListener,
}

impl AdminSocket {
    /// Binds the path, in place of a socket that is there already: that of a gateway that has ended,
    /// or is about to. Call it before there are other threads: the mode of new files is the whole
    /// process's for a moment.
    ///
    /// # Errors
    /// [`AdminError::Socket`].
    pub(crate) fn bind(path: &Path) -> Result<Self, AdminError> {
        let cannot = |cause| AdminError::Socket { path: path.to_owned(), cause };
        remove_socket(path).map_err(cannot)?;
        let before = rustix::process::umask(Mode::from_raw_mode(0o177));
        let listener = UnixListener::bind(path);
        rustix::process::umask(before);
        Ok(Self { listener: listener.map_err(cannot)? })
    }

    /// Answers for as long as it is awaited.
    pub(crate) async fn serve(self, facts: Arc<Facts>) {
        let router = router::router(facts, Arc::new(Guard::new(None)));
        server::serve(self.listener, router).await;
    }
}

/// Only a socket is removed: whoever wrote the path of something else meant something else.
fn remove_socket(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(path),
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
