//! Running other programs: words in and out as they come, an end by a deadline.

use std::{
    fs,
    process::{Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail};

/// Runs a command to its end.
///
/// # Errors
/// When it cannot be started, fails, or takes longer than `limit`; then it and everything it
/// started is killed. The message has the command.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<()> {
    let shown = shown(command);
    eprintln!("$ {shown}");
    let status = status_within(command, limit).with_context(|| shown.clone())?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}

fn status_within(command: &mut Command, limit: Duration) -> Result<ExitStatus> {
    let mut child = command.stdin(Stdio::null()).spawn().context("cannot be started")?;
    let pid = child.id();
    let (sender, ended) = mpsc::channel();
    let waiter = thread::spawn(move || {
        let _ = sender.send(child.wait());
    });
    let outcome = if let Ok(outcome) = ended.recv_timeout(limit) {
        outcome.context("waiting for its end")
    } else {
        kill_tree(pid);
        Err(anyhow!("took longer than {} s and was killed", limit.as_secs()))
    };
    waiter.join().map_err(|_| anyhow!("the thread that waited panicked"))?;
    outcome
}

/// Kills a process that this program started, and everything below it.
fn kill_tree(root: u32) {
    for pid in tree(root) {
        let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended by itself meanwhile.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// A process and everything below it, by the parents that `/proc` names.
fn tree(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let (_, after_name) = stat.rsplit_once(')')?;
            Some((pid, after_name.split_whitespace().nth(1)?.parse().ok()?))
        })
        .collect();
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        tree.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    tree
}

/// The command as one would type it, with the environment it is given.
fn shown(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        Some(format!("{}={}", name.to_string_lossy(), value?.to_string_lossy()))
    });
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    let words: Vec<String> =
        variables.chain(std::iter::once(program.into_owned())).chain(arguments).collect();
    words.join(" ")
}

/// Whether a program is on the path.
pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn failure_names_the_command() {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 3"]);
        let error = run(&mut command, Duration::from_secs(10)).unwrap_err();
        assert!(error.to_string().contains("sh -c exit 3"), "{error}");
    }

    #[test]
    fn a_hanging_command_is_ended_with_its_children() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & wait"]);
        let begun = Instant::now();
        let error = run(&mut command, Duration::from_millis(200)).unwrap_err();
        assert!(format!("{error:#}").contains("took longer"), "{error:#}");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}
