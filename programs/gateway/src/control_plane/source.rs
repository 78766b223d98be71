//! Where the configuration comes from, each time it is read.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;
use tombolo_daemon::config::{self, Config, Mistakes, Overrides};

/// How often a watched file is looked at.
const LOOK: Duration = Duration::from_secs(1);

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

/// Notices that a file has another content.
pub(super) struct FileWatch {
    file: Option<PathBuf>,
    /// The content that was last told of.
    told: Option<Mark>,
    /// The content at the last look.
    last: Option<Mark>,
}

impl FileWatch {
    /// Takes what is there now for known.
    pub(super) async fn new(file: Option<PathBuf>) -> Self {
        let now = match &file {
            Some(file) => mark(file).await,
            None => None,
        };
        Self { file, told: now, last: now }
    }

    /// Returns when the file is another, and has been the same for two looks: half a file is not
    /// read. Waits for ever if there is none. Safe to drop and call again.
    pub(super) async fn changed(&mut self) {
        let Some(file) = &self.file else { return std::future::pending().await };
        loop {
            sleep(LOOK).await;
            let now = mark(file).await;
            let is_settled = now == self.last;
            self.last = now;
            // A file that is gone for a moment is being replaced.
            if is_settled && now.is_some() && now != self.told {
                self.told = now;
                return;
            }
        }
    }
}

/// What tells one content of a file from another.
type Mark = (u64, u64, i64, i64);

async fn mark(file: &Path) -> Option<Mark> {
    let file = file.to_owned();
    let about = tokio::task::spawn_blocking(move || -> io::Result<Mark> {
        let about = std::fs::metadata(file)?;
        Ok((about.ino(), about.len(), about.mtime(), about.mtime_nsec()))
    });
    about.await.ok()?.ok()
}
