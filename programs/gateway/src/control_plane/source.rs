//! Where the configuration comes from, each time it is read.

use std::path::PathBuf;

use tombolo_daemon::config::{self, Config, Mistakes, Overrides};

/// A configuration file, and the flags that go over it.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The file. None: flags are all there is, and nothing can change.
    pub file: Option<PathBuf>,
    /// What the command line said, now and at every reload.
    pub flags: Overrides,
}

impl Source {
    /// Reads the file again. None: there is no file.
    pub(super) async fn read(&self) -> Option<Result<Config, Mistakes>> {
        let (file, flags) = (self.file.clone()?, self.flags.clone());
        // A file on a disk that hangs must not hold signals up.
        let read = tokio::task::spawn_blocking(move || config::load(&file, &flags));
        read.await.ok()
    }
}
