//! One evaluator as its parent sees it: a child with two pipes.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use tombolo_confinement::is_confined;

use super::frame::{self, HEADING_BYTES, Outcome};
use super::worker::PANICKED;
use crate::limits::EVALUATION_GRACE;

/// What is started as an evaluator: this program, told to be one.
#[derive(Clone, Debug)]
pub struct Program {
    /// Where it lies.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The whole of its environment. Its memory is bounded by what it may write to, so an allocator
    /// that takes more than it uses is to be told not to.
    pub environment: Vec<(OsString, OsString)>,
}

/// A running evaluator. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Evaluator {
    child: Child,
    jobs: ChildStdin,
    outcomes: ChildStdout,
}

/// Tells how much of the processor's time a child has used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    process: Option<u32>,
}

impl Clock {
    /// So far, in steps of 10 ms; None where the system does not tell.
    pub(crate) fn spent(self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process?)).ok()?;
        // Behind the name in brackets, which may hold anything (proc_pid_stat(5)): utime and stime
        // are the 14th and the 15th field, in hundredths of a second (USER_HZ).
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
        let (user, system): (u64, u64) =
            (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(Duration::from_millis(user.checked_add(system)?.checked_mul(10)?))
    }

    /// Whether the kernel confines the child.
    pub(crate) fn is_confined(self) -> bool {
        self.process.is_some_and(is_confined)
    }
}

impl Program {
    /// Starts an evaluator. It ends by itself when this process is gone, however it went: its
    /// standard input ends then.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn start(&self) -> io::Result<Evaluator> {
        let mut child = Command::new(&self.path)
            .arg0("tombolo-evaluator")
            .args(&self.arguments)
            // What it may know comes with each job.
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // The terminal's Ctrl+C drains us; evaluations under way are part of that.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let streams = child.stdin.take().zip(child.stdout.take());
        let (jobs, outcomes) = streams.ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Evaluator { child, jobs, outcomes })
    }
}

impl Evaluator {
    /// Sends a job and waits for its outcome. Not to be used again unless this returned well.
    ///
    /// # Errors
    /// When the evaluator has died, or sends what no evaluator does.
    pub(crate) async fn work(&mut self, job: &[u8]) -> io::Result<Outcome> {
        self.jobs.write_all(job).await?;
        let mut heading = [0; HEADING_BYTES];
        self.outcomes.read_exact(&mut heading).await?;
        let length = frame::length(heading).ok_or(io::ErrorKind::InvalidData)?;
        let mut fields = vec![0; length];
        self.outcomes.read_exact(&mut fields).await?;
        Outcome::decode(&fields).ok_or(io::ErrorKind::InvalidData.into())
    }

    /// Whether the expression was too much for the arithmetic itself, of one that has just died.
    pub(crate) async fn broke_a_promise(&mut self) -> bool {
        let ended = timeout(EVALUATION_GRACE, self.child.wait()).await;
        matches!(ended, Ok(Ok(status)) if status.code() == Some(PANICKED))
    }

    /// What tells the processor's time that it has used.
    pub(crate) fn clock(&self) -> Clock {
        Clock { process: self.child.id() }
    }

    /// Whether it has ended already, which an idle one does only if somebody killed it.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}
