//! The first process of a container. The kernel hands it every orphan and ignores signals it does not
//! ask for; so as process 1 `up` is two: this one, which passes signals on and reaps whatever
//! ends, and its child, which does the work.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, wait};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Sender, channel};

/// Signals that wait to be passed on.
const WAITING_MAX: usize = 16;

/// What is passed on.
const PASSED_ON: [Signal; 6] =
    [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT, Signal::USR1, Signal::USR2];

/// Whether this process is the first one of its container.
#[must_use]
pub fn is_first_process() -> bool {
    std::process::id() == 1
}

/// Runs this program once more as a child, with the same arguments, until that ends; gives its exit
/// code, or 128 and the number of the signal that ended it. What is left then is the kernel's to
/// end, with the container.
///
/// # Errors
/// When the system refuses a signal's handler, or the child.
pub fn run() -> io::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(attend())
}

async fn attend() -> io::Result<u8> {
    let (passed, mut signals) = channel(WAITING_MAX);
    for one in PASSED_ON {
        listen(one, passed.clone())?;
    }
    // Before there is a child, so that none of its signals is missed.
    let mut ended = signal(SignalKind::child())?;
    let mut command = Command::new(env::current_exe()?);
    // In a group of its own: what the terminal sends comes here alone, and is passed on once.
    command.args(env::args_os().skip(1)).process_group(0);
    let child = Pid::from_child(&command.spawn()?);
    loop {
        tokio::select! {
            Some(signal) = signals.recv() => {
                // It fails for a child that has just ended, which is told next.
                let _ = kill_process(child, signal);
            }
            _ = ended.recv() => {
                if let Some(code) = reap(child) {
                    return Ok(code);
                }
            }
        }
    }
}

fn listen(which: Signal, passed: Sender<Signal>) -> io::Result<()> {
    let mut received = signal(SignalKind::from_raw(which.as_raw()))?;
    tokio::spawn(async move {
        while received.recv().await.is_some() && passed.send(which).await.is_ok() {}
    });
    Ok(())
}

/// Reaps all that have ended; the exit code once the child is among them.
fn reap(child: Pid) -> Option<u8> {
    // Anything but an ended process means that none is left to reap now.
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == child {
            return Some(exit_code(status));
        }
    }
    None
}

fn exit_code(status: WaitStatus) -> u8 {
    let signal = status.terminating_signal().map(|signal| 128 + signal);
    let code = status.exit_status().or(signal).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
