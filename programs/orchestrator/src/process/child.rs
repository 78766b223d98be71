//! A running process that is ours to keep: a child, or one that an earlier orchestrator started.
//!
//! A child is signalled only before it has been reaped, and a process of another's through the hold
//! on it: a process id cannot have passed to somebody else.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, pidfd_send_signal, waitid,
};
use tokio::io::unix::AsyncFd;

use super::conduit::{Source, of_process};
use crate::supervisor::Exit;

/// A running process.
pub(crate) struct Child {
    /// Its process id.
    pub(crate) pid: u32,
    process: Process,
    streams: (Option<Source>, Option<Source>),
}

enum Process {
    /// Started by us.
    Own(tokio::process::Child),
    /// Started by an orchestrator before us; the hold on it tells when it is gone.
    Found(AsyncFd<OwnedFd>),
}

impl Child {
    /// One that was just started, with what it says on standard output and standard error.
    pub(super) fn own(
        child: tokio::process::Child,
        streams: (Option<Source>, Option<Source>),
    ) -> Self {
        let pid = child.id().unwrap_or_default();
        Child { pid, process: Process::Own(child), streams }
    }

    /// One that was found again. What it says is read on where it was left.
    ///
    /// # Errors
    /// When the event loop takes no more descriptors.
    pub(crate) fn found(pid: u32, hold: OwnedFd) -> std::io::Result<Self> {
        let streams = (of_process(pid, 1), of_process(pid, 2));
        // SAFETY: the descriptor is owned by what is registered, so it is open, and the same, for as
        // long as that lives.
        #[allow(unsafe_code)]
        let hold = unsafe { AsyncFd::register(hold)? };
        Ok(Child { pid, process: Process::Found(hold), streams })
    }

    /// Its two streams; they can be taken once.
    pub(crate) fn streams(&mut self) -> (Option<Source>, Option<Source>) {
        std::mem::take(&mut self.streams)
    }

    /// Waits for its end. Safe to drop and call again.
    pub(crate) async fn wait(&mut self) -> Exit {
        match &mut self.process {
            Process::Own(child) => match child.wait().await {
                Ok(status) => exit_of(status),
                Err(error) => Exit::Lost(format!("ended in an unknown way: {error}")),
            },
            Process::Found(hold) => {
                // A hold becomes readable when the process has ended (pidfd_open(2)).
                if let Err(error) = hold.readable().await {
                    return Exit::Lost(format!("cannot be watched: {error}"));
                }
                // Its end is told to its parent alone, which we are only by chance.
                let id = WaitId::PidFd(hold.get_ref().as_fd());
                let told = waitid(id, WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
                let status = told.ok().flatten();
                let code = status.as_ref().and_then(|status| status.exit_status());
                let signal = status.as_ref().and_then(|status| status.terminating_signal());
                let signal = signal.map(Exit::Signal);
                code.map(Exit::Code).or(signal).unwrap_or(Exit::Untold)
            }
        }
    }

    /// Asks it to drain and end.
    pub(crate) fn stop(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Asks it to open its log files anew.
    pub(crate) fn reopen_logs(&self) {
        self.signal(Signal::HUP);
    }

    /// Asks it to start the program anew in its own place.
    pub(crate) fn succeed(&self) {
        self.signal(Signal::USR2);
    }

    fn signal(&self, signal: Signal) {
        // It fails only for a process that has just ended, which is what was wanted.
        let _ = match &self.process {
            Process::Own(child) => {
                // `id` is None from the moment the child was reaped.
                let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
                pid.map_or(Ok(()), |pid| kill_process(pid, signal))
            }
            Process::Found(hold) => pidfd_send_signal(hold.get_ref(), signal),
        };
    }
}

impl std::fmt::Debug for Child {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Child").field("pid", &self.pid).finish_non_exhaustive()
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(number)) => Exit::Signal(number),
        (None, None) => Exit::Lost(format!("ended in an unknown way: {status}")),
    }
}
