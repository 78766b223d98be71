//! One place the lines go: standard output or a file. Owns its descriptor and what to do when it
//! refuses: count, and carry on as soon as it takes lines again, without leaving half a line.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, poll};
use tombolo_files::open_log;

use super::chunk::Chunk;
use super::error::{Advice, Error};

/// Where lines go.
#[derive(Debug)]
pub(super) struct Destination {
    /// None: standard output, which cannot be opened anew.
    path: Option<PathBuf>,
    file: File,
    /// What is missing of a line that was written in part. It goes first when writing works again.
    torn: Vec<u8>,
}

/// What became of some lines. A torn line is in neither count until it is known.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) written: u64,
    pub(super) failed: u64,
    pub(super) error: Option<io::Error>,
}

impl Destination {
    /// Standard output, past the standard library's buffer and lock.
    pub(super) fn standard_output() -> Result<Destination, Error> {
        let cause = |cause| Error::StandardOutput { cause };
        let descriptor = io::stdout().as_fd().try_clone_to_owned().map_err(cause)?;
        Ok(Destination::stream(File::from(descriptor)))
    }

    /// Anything that cannot be opened anew.
    pub(super) fn stream(file: File) -> Destination {
        Destination { path: None, file, torn: Vec::new() }
    }

    /// A file, made if it is not there, appended to if it is.
    pub(super) fn file(path: &Path) -> Result<Destination, Error> {
        let file = open_log(path).map_err(|cause| Error::Open { path: path.into(), cause })?;
        Ok(Destination { path: Some(path.into()), file, torn: Vec::new() })
    }

    /// Its name in reports.
    pub(super) fn name(&self) -> String {
        self.path.as_ref().map_or("standard output".into(), |path| path.display().to_string())
    }

    /// Whether after this error it is of no use ever again: a pipe that nobody can read any more.
    pub(super) fn is_gone(&self, error: &io::Error) -> bool {
        self.path.is_none() && error.kind() == io::ErrorKind::BrokenPipe
    }

    /// Writes the lines, waiting as long as the destination makes it wait. After an error what has
    /// not been written is lost, save the rest of the line it stopped in.
    pub(super) fn write(&mut self, chunk: &Chunk) -> Outcome {
        let mut outcome = Outcome::default();
        if !self.torn.is_empty() {
            let (done, result) = put(&mut self.file, &self.torn);
            self.torn.drain(..done);
            if let Err(error) = result {
                return Outcome { failed: chunk.lines(), error: Some(error), ..outcome };
            }
            outcome.written += 1;
        }
        let bytes = chunk.bytes();
        let (done, result) = put(&mut self.file, bytes);
        let Err(error) = result else {
            outcome.written += chunk.lines();
            return outcome;
        };
        let (done, rest) = bytes.split_at_checked(done).unwrap_or((bytes, &[]));
        let whole = memchr::memchr_iter(b'\n', done).count() as u64;
        if done.last().is_some_and(|&byte| byte != b'\n') {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            self.torn.extend(rest.get(..end).unwrap_or(rest));
        }
        outcome.written += whole;
        outcome.failed = chunk.lines() - whole - u64::from(!self.torn.is_empty());
        outcome.error = Some(error);
        outcome
    }

    /// Opens the file anew by its path, for rotation by renaming. If that fails the old one, whose
    /// contents are not lost by renaming, stays in use.
    pub(super) fn reopen(&mut self) -> Outcome {
        let Some(path) = &self.path else { return Outcome::default() };
        match open_log(path) {
            Ok(file) => {
                self.file = file;
                tracing::info!(path = %path.display(), "access log reopened");
                self.give_up_torn_line()
            }
            Err(cause) => {
                tracing::warn!(
                    path = %path.display(), error = %cause, hint = %Advice { path, cause: &cause },
                    "access log cannot be reopened; lines go on to the old file"
                );
                Outcome::default()
            }
        }
    }

    /// Counts a line that was written in part and will not be completed.
    pub(super) fn give_up_torn_line(&mut self) -> Outcome {
        let failed = u64::from(!self.torn.is_empty());
        self.torn = Vec::new();
        Outcome { failed, ..Outcome::default() }
    }
}

/// Writes all of `bytes`, or up to an error; says how much.
fn put(file: &mut File, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match file.write(rest) {
            Ok(0) => return (done, Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if let Err(error) = wait_until_writable(file) {
                    return (done, Err(error));
                }
            }
            Err(error) => return (done, Err(error)),
        }
    }
    (done, Ok(()))
}

fn wait_until_writable(file: &File) -> io::Result<()> {
    match poll(&mut [PollFd::new(file, PollFlags::OUT)], None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
