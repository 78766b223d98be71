//! Notices that a file has another content, by looking at it once a second.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A file, and what is known of its content.
#[derive(Debug)]
pub struct FileWatch {
    file: Option<PathBuf>,
    looks: Interval,
    /// The content that was last reported.
    reported: Option<Mark>,
    /// The content at the last look.
    last: Option<Mark>,
}

impl FileWatch {
    /// The content that is there now is not reported. None: there is nothing to watch.
    pub async fn new(file: Option<PathBuf>) -> Self {
        let now = match &file {
            Some(file) => mark(file).await,
            None => None,
        };
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { file, looks, reported: now, last: now }
    }

    /// Returns when the content is another, and has been the same for two looks: half a file is not
    /// read. Never if there is no file. Safe to drop and call again, however often.
    pub async fn changed(&mut self) {
        let Some(file) = &self.file else { return std::future::pending().await };
        loop {
            self.looks.tick().await;
            let now = mark(file).await;
            let is_settled = now == self.last;
            self.last = now;
            // A file that is gone for a moment is being replaced.
            if is_settled && now.is_some() && now != self.reported {
                self.reported = now;
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

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    /// Who watches may be busy with other things between two looks.
    #[tokio::test]
    async fn change_is_noticed_by_a_loop_that_is_woken_more_often_than_it_looks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "one").unwrap();
        let mut watch = FileWatch::new(Some(path.clone())).await;
        std::fs::write(&path, "another").unwrap();
        let noticed = async { while timeout(LOOK / 10, watch.changed()).await.is_err() {} };
        timeout(Duration::from_secs(30), noticed).await.unwrap();
        assert!(timeout(LOOK * 3 / 2, watch.changed()).await.is_err(), "it is reported once");
    }
}
