//! Starts a child process whose life is bound to ours, and signals it.
//!
//! Each child leads a process group of its own, so that the terminal's Ctrl+C reaches the
//! orchestrator alone and the order of the drain is ours. On Linux the kernel kills a child whose
//! orchestrator is gone, however it went. A child is signalled only before it has been reaped, so
//! its process id cannot have passed to somebody else.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal};
use tokio::process::{ChildStderr, ChildStdout, Command};

use crate::supervisor::Exit;

/// Starts children from the program that is running.
#[derive(Debug, Clone)]
pub(crate) struct Launcher {
    program: PathBuf,
}

/// A running child.
#[derive(Debug)]
pub(crate) struct Child {
    inner: tokio::process::Child,
    /// Its process id.
    pub(crate) pid: u32,
}

impl Launcher {
    /// Finds out where this program lies. Asked once: a program replaced while it runs is found
    /// under a changed name later.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(crate) fn from_this_program() -> io::Result<Self> {
        Ok(Launcher { program: std::env::current_exe()? })
    }

    /// Starts `tombolo ARGUMENTS...`, with a variable more in its environment. Call it on the main thread: the kernel ends the child when
    /// the thread that started it ends.
    ///
    /// # Errors
    /// What the system says, after the path of the program.
    pub(crate) fn start(
        &self,
        arguments: &[OsString],
        environment: Option<(&str, OsString)>,
    ) -> Result<Child, String> {
        let mut command = Command::new(&self.program);
        command.envs(environment);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0);
        #[cfg(target_os = "linux")]
        bind_life_to_ours(&mut command);
        let inner = command
            .spawn()
            .map_err(|error| format!("could not start {}: {error}", self.program.display()))?;
        let pid = inner.id().unwrap_or_default();
        Ok(Child { inner, pid })
    }
}

impl Child {
    /// Its two streams; they can be taken once.
    pub(crate) fn streams(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.inner.stdout.take(), self.inner.stderr.take())
    }

    /// Waits for its end. Safe to drop and call again.
    pub(crate) async fn wait(&mut self) -> Exit {
        match self.inner.wait().await {
            Ok(status) => exit_of(status),
            Err(error) => Exit::Lost(format!("ended in an unknown way: {error}")),
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

    fn signal(&self, signal: Signal) {
        // `id` is None from the moment the child was reaped.
        let pid = self.inner.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if let Some(pid) = pid {
            // It fails only for a child that has just ended, which is what was wanted.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(number)) => Exit::Signal(number),
        (None, None) => Exit::Lost(format!("ended in an unknown way: {status}")),
    }
}

/// Has the kernel kill the child when the orchestrator is gone.
#[cfg(target_os = "linux")]
fn bind_life_to_ours(command: &mut Command) {
    use rustix::process::{getpid, getppid, set_parent_process_death_signal};
    let ours = getpid();
    let in_the_child = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The orchestrator may have gone before the request above, which then waits for the death
        // of whoever adopted us.
        if getppid() == Some(ours) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
    };
    // SAFETY: between fork and exec only async-signal-safe work is allowed. The closure makes two
    // system calls without going through libc's locks, and builds an error from a number: it
    // neither allocates nor takes a lock, and it borrows nothing.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(in_the_child);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    fn shell() -> Launcher {
        Launcher { program: "/bin/sh".into() }
    }

    fn script(text: &str) -> [OsString; 2] {
        ["-c".into(), text.into()]
    }

    #[test]
    fn end_is_told_as_code_or_signal() {
        runtime().block_on(async {
            let mut child = shell().start(&script("exit 3"), None).unwrap();
            assert_eq!(child.wait().await, Exit::Code(3));
            let mut child = shell().start(&script("exec sleep 600"), None).unwrap();
            child.kill();
            assert_eq!(child.wait().await, Exit::Signal(9));
            // Reaped: a further signal goes nowhere.
            child.kill();
        });
    }

    #[test]
    fn child_leads_its_own_group() {
        runtime().block_on(async {
            let mut child = shell().start(&script("exec sleep 600"), None).unwrap();
            let pid = Pid::from_raw(i32::try_from(child.pid).unwrap()).unwrap();
            assert_eq!(rustix::process::getpgid(Some(pid)).unwrap(), pid);
            child.kill();
            child.wait().await;
        });
    }

    #[test]
    fn missing_program_is_named() {
        runtime().block_on(async {
            let launcher = Launcher { program: "/nowhere/tombolo".into() };
            let refusal = launcher.start(&[], None).unwrap_err();
            assert!(refusal.contains("/nowhere/tombolo"), "{refusal}");
        });
    }
}
