//! The admin API on a Unix socket: for the gateway's own user, whom the file's mode lets in and
//! nobody else, and so without a token.

use std::path::Path;
use std::sync::Arc;

use tokio::net::UnixListener;

use super::guard::Guard;
use super::{AdminError, Facts, router, server};

/// The socket, bound and not yet served.
pub(crate) struct AdminSocket {
    listener: UnixListener,
}

impl AdminSocket {
    /// Binds the path, in place of a socket that is there already: that of a gateway that has ended,
    /// or is about to.
    ///
    /// # Errors
    /// [`AdminError::Socket`].
    pub(crate) fn bind(path: &Path) -> Result<Self, AdminError> {
        let cannot = |cause| AdminError::Socket { path: path.to_owned(), cause };
        let listener = tombolo_files::bind_stream(path).map_err(cannot)?;
        Ok(Self { listener: UnixListener::from_std(listener).map_err(cannot)? })
    }

    /// Answers for as long as it is awaited.
    pub(crate) async fn serve(self, facts: Arc<Facts>) {
        let router = router::router(facts, Arc::new(Guard::new(None)));
        server::serve(self.listener, router).await;
    }
}
