//! What the disk and the processor can do without any server: the limit of every server that syncs each
//! file and knows the digest of each.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use sha2::{Digest as _, Sha256};

/// Bytes of which the digest is computed.
const DIGESTED: usize = 100_000_000;

/// How many new files of so many bytes can be made in a second if each is synced (fdatasync), by so many
/// threads at once.
pub(super) fn synced_files(
    folder: &Path,
    threads: usize,
    bytes: u64,
    time: Duration,
) -> Result<f64> {
    fs::create_dir(folder).context("a folder for files that are synced")?;
    let start = Instant::now();
    let content = vec![7; usize::try_from(bytes).unwrap_or_default()];
    let counts: Vec<Result<u64>> = thread::scope(|scope| {
        let one = |number| {
            let content = &content;
            scope.spawn(move || {
                let mut count = 0;
                while start.elapsed() < time {
                    let mut file = File::create_new(folder.join(format!("{number}-{count}")))?;
                    file.write_all(content)?;
                    file.sync_data()?;
                    count += 1;
                }
                Ok(count)
            })
        };
        let running: Vec<_> = (0..threads).map(one).collect();
        let ended = |one: thread::ScopedJoinHandle<'_, Result<u64>>| {
            one.join().unwrap_or_else(|_| Err(anyhow!("a thread panicked")))
        };
        running.into_iter().map(ended).collect()
    });
    let seconds = start.elapsed().as_secs_f64();
    let files: u64 = counts.into_iter().sum::<Result<u64>>()?;
    fs::remove_dir_all(folder).context("removing them")?;
    Ok(files as f64 / seconds)
}

/// Processor seconds that the SHA-256 of a billion bytes takes.
pub(super) fn sha256_seconds() -> f64 {
    let bytes = vec![7; 1_000_000];
    let start = Instant::now();
    let mut digest = Sha256::new();
    for _ in 0..DIGESTED / bytes.len() {
        digest.update(&bytes);
    }
    std::hint::black_box(digest.finalize());
    start.elapsed().as_secs_f64() * 1e9 / DIGESTED as f64
}

/// Waits until what was written to a file system is on its disk.
pub(super) fn settle(folder: &Path) -> Result<()> {
    let folder = File::open(folder).context("opening a folder")?;
    rustix::fs::syncfs(&folder).context("syncing a file system")
}
