//! Starts a child process, whose life is bound to ours unless it is to outlive us.
//!
//! Each child leads a process group of its own, so that the terminal's Ctrl+C reaches the
//! orchestrator alone and the order of the drain is ours. On Linux the kernel kills a child whose
//! orchestrator is gone, however it went.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Signal;
use tokio::process::Command;
use tombolo_daemon::logging::{FORM_VARIABLE, Form};
use tombolo_daemon::orchestration::LIFELINE;

use super::child::Child;
use super::conduit::{self, Source};

/// Starts children from the program that is running.
#[derive(Debug, Clone)]
pub(crate) struct Launcher {
    program: PathBuf,
    /// Children live on when we are killed.
    keep: bool,
    /// The form of their program logs.
    form: Form,
    /// What those hold on to who cannot be bound by the kernel. None: they are not to be bound.
    lifeline: Option<Arc<Lifeline>>,
}

/// What every child takes over of our environment. Everything else it is given on purpose, or not
/// at all.
const PASSED_ON: [&str; 7] =
    ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TOMBOLO_LOG", "RUST_BACKTRACE"];

/// Whether a child may have a variable of this name.
pub(crate) fn is_passed_on(name: &str) -> bool {
    PASSED_ON.contains(&name) || name == "NOTIFY_SOCKET" || name.starts_with("TOMBOLO_")
}

/// A pipe that ends when we do, since nobody else holds its other end.
#[derive(Debug)]
struct Lifeline {
    theirs: OwnedFd,
    #[expect(dead_code, reason = "holds by being open")]
    ours: OwnedFd,
}

/// What a child is given beside its command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    /// Variables more in its environment.
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// Variables of our environment that it needs besides [`PASSED_ON`].
    pub(crate) passed_on: Vec<&'static str>,
    /// Bytes it may write to. None: no bound of its own.
    pub(crate) memory: Option<u64>,
    /// Files it may have open. None: as many as we may.
    pub(crate) open_files: Option<u64>,
    /// It has successors, which are not our children: it and they are bound to us by a pipe.
    pub(crate) has_successors: bool,
}

impl Launcher {
    /// Finds out where this program lies. Asked once: a program replaced while it runs is found
    /// under a changed name later.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(crate) fn from_this_program(keep: bool, form: Form) -> io::Result<Self> {
        let lifeline = if keep {
            None
        } else {
            let (theirs, ours) = pipe_with(PipeFlags::CLOEXEC)?;
            Some(Arc::new(Lifeline { theirs, ours }))
        };
        Ok(Launcher { program: std::env::current_exe()?, keep, form, lifeline })
    }

    /// The program that is started, where it lay when we were.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Starts `tombolo ARGUMENTS...`. Call it on the main thread: the kernel ends the child when the
    /// thread that started it ends.
    ///
    /// # Errors
    /// What the system says, after the path of the program.
    pub(crate) fn start(
        &self,
        arguments: &[OsString],
        surroundings: Surroundings,
    ) -> Result<Child, String> {
        let mut command = Command::new(&self.program);
        let Surroundings { environment, passed_on, memory, open_files, has_successors } =
            surroundings;
        // Ours may hold secrets of the configuration, which is no child's business.
        command.env_clear();
        for name in PASSED_ON.iter().chain(&passed_on) {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.env(FORM_VARIABLE, self.form.name()).envs(environment);
        command.args(arguments).stdin(Stdio::null()).process_group(0);
        let failed = |error| format!("could not start {}: {error}", self.program.display());
        if let Some(lifeline) = self.lifeline.as_ref().filter(|_| has_successors) {
            let theirs = lifeline.theirs.try_clone().map_err(failed)?;
            command.stdin(theirs).env(LIFELINE, "stdin");
        }
        #[cfg(target_os = "linux")]
        shape(&mut command, !self.keep, memory, open_files);
        let mut conduits = None;
        if self.keep {
            let [(out, theirs_out), (err, theirs_err)] =
                [conduit::pair().map_err(failed)?, conduit::pair().map_err(failed)?];
            command.stdout(theirs_out).stderr(theirs_err);
            conduits = Some((Some(out), Some(err)));
        } else {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        let mut inner = command.spawn().map_err(failed)?;
        let streams = conduits.unwrap_or_else(|| {
            let out = inner.stdout.take().map(|out| -> Source { Box::new(out) });
            let err = inner.stderr.take().map(|err| -> Source { Box::new(err) });
            (out, err)
        });
        Ok(Child::own(inner, streams))
    }
}

/// Has the kernel bound the child and, if `is_bound`, kill it when we are gone.
#[cfg(target_os = "linux")]
fn shape(command: &mut Command, is_bound: bool, memory: Option<u64>, open_files: Option<u64>) {
    use rustix::process::set_parent_process_death_signal;
    use rustix::process::{Resource, Rlimit, getpid, getppid, getrlimit, setrlimit};
    let ours = getpid();
    // Nobody may allow a child more than is allowed to himself.
    let bound = |resource, wanted: Option<u64>| {
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let value = Some(wanted?.min(most));
        Some((resource, Rlimit { current: value, maximum: value }))
    };
    let bounds = [bound(Resource::Data, memory), bound(Resource::Nofile, open_files)];
    let in_the_child = move || {
        for (resource, limit) in bounds.iter().flatten() {
            setrlimit(*resource, *limit)?;
        }
        if !is_bound {
            return Ok(());
        }
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The orchestrator may have gone before the request above, which then waits for the death
        // of whoever adopted us.
        if getppid() == Some(ours) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
    };
    // SAFETY: between fork and exec only async-signal-safe work is allowed. The closure makes a few
    // system calls without going through libc's locks, and builds an error from a number: it
    // neither allocates nor takes a lock, and it borrows nothing.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(in_the_child);
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::Pid;

    use super::*;
    use crate::supervisor::Exit;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    fn shell() -> Launcher {
        Launcher { program: "/bin/sh".into(), keep: false, form: Form::Text, lifeline: None }
    }

    fn script(text: &str) -> [OsString; 2] {
        ["-c".into(), text.into()]
    }

    #[test]
    fn end_is_told_as_code_or_signal() {
        runtime().block_on(async {
            let mut child = shell().start(&script("exit 3"), Surroundings::default()).unwrap();
            assert_eq!(child.wait().await, Exit::Code(3));
            let mut child =
                shell().start(&script("exec sleep 600"), Surroundings::default()).unwrap();
            child.kill();
            assert_eq!(child.wait().await, Exit::Signal(9));
            // Reaped: a further signal goes nowhere.
            child.kill();
        });
    }

    #[test]
    fn child_is_bounded_and_has_its_variables() {
        runtime().block_on(async {
            let surroundings = Surroundings {
                environment: vec![("ANSWER", "42".into())],
                memory: Some(64 << 20),
                open_files: Some(77),
                ..Surroundings::default()
            };
            // Cargo sets this one for tests: a variable that no child needs.
            let told = "test $(ulimit -n) = 77 && test $(ulimit -d) = 65536 && test $ANSWER = 42 \
                        && test -n \"$PATH\" && test -z \"$CARGO_PKG_NAME\"";
            assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
            let mut child = shell().start(&script(told), surroundings).unwrap();
            assert_eq!(child.wait().await, Exit::Code(0));
        });
    }

    #[test]
    fn child_leads_its_own_group() {
        runtime().block_on(async {
            let mut child =
                shell().start(&script("exec sleep 600"), Surroundings::default()).unwrap();
            let pid = Pid::from_raw(i32::try_from(child.pid).unwrap()).unwrap();
            assert_eq!(rustix::process::getpgid(Some(pid)).unwrap(), pid);
            child.kill();
            child.wait().await;
        });
    }

    #[test]
    fn missing_program_is_named() {
        runtime().block_on(async {
            let launcher = Launcher {
                program: "/nowhere/tombolo".into(),
                keep: false,
                form: Form::Text,
                lifeline: None,
            };
            let refusal = launcher.start(&[], Surroundings::default()).unwrap_err();
            assert!(refusal.contains("/nowhere/tombolo"), "{refusal}");
        });
    }
}
