//! The ledger of what runs, `run/processes.json`: by it the next orchestrator finds again what this
//! one started, should it be killed and its processes live on.
//!
//! A process is known by its number, by the moment it was started (numbers come again), by its
//! program, by its command line, and by the identity of the data folder in its environment: a copy
//! of the folder, or a ledger that somebody made up, names no process that is touched. Written at
//! each change, whole or not at all; gone after an orderly end.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde::{Deserialize, Serialize};

/// Bytes of a ledger; that of 400 processes is about 200 KiB.
const BYTES_MAX: u64 = 4 << 20;

/// The variable in the environment of each process that says which data folder started it.
pub(crate) const STARTED_BY: &str = "TOMBOLO_STARTED_BY";

/// Everything that ran when it was written.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// The identity of the data folder that it was written for.
    pub(crate) folder: String,
    /// The run of the machine: after another one no process is left.
    boot: String,
    pub(crate) processes: Vec<Entry>,
    /// Services with another number of replicas than is configured.
    pub(crate) scaled: Vec<Scaled>,
}

/// One process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) pid: u32,
    /// When it was started, as the kernel counts.
    pub(crate) started: u64,
    /// Its command line, after the program.
    pub(crate) arguments: Vec<String>,
    /// Where it listens: for clients, over TCP alone, for its administration.
    pub(crate) listeners: Vec<SocketAddr>,
    pub(crate) tcp: Vec<SocketAddr>,
    pub(crate) admin: Option<SocketAddr>,
}

/// A service that was scaled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scaled {
    pub(crate) service: String,
    /// What was configured then: another number since goes before what was asked for.
    pub(crate) configured: usize,
    pub(crate) replicas: usize,
}

impl Ledger {
    /// What is written down now.
    pub(crate) fn new(folder: String, processes: Vec<Entry>, scaled: Vec<Scaled>) -> Self {
        Ledger { folder, boot: boot(), processes, scaled }
    }

    /// The one that was left behind; an empty one if there is none, it is not whole, or the machine
    /// was started since.
    pub(crate) fn read(file: io::Result<File>) -> Self {
        let read = || -> io::Result<Self> {
            let mut text = String::new();
            file?.take(BYTES_MAX).read_to_string(&mut text)?;
            Ok(serde_json::from_str(&text)?)
        };
        read().ok().filter(|ledger| ledger.boot == boot()).unwrap_or_default()
    }

    /// As it is written.
    pub(crate) fn to_text(&self) -> String {
        // It consists of texts and numbers: nothing can go wrong.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl Entry {
    /// The entry of a process that has just been started; None if it is gone already.
    pub(crate) fn of(name: &str, pid: u32, arguments: Vec<String>) -> Option<Self> {
        let (listeners, tcp) = (Vec::new(), Vec::new());
        let started = started(pid)?;
        Some(Entry { name: name.to_owned(), pid, started, arguments, listeners, tcp, admin: None })
    }

    /// A hold on the process, if it still is the one that was written down, runs this program and
    /// was started by the data folder of this identity.
    pub(crate) fn claim(&self, folder: &str, program: &Path) -> Result<OwnedFd, Unclaimed> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw).ok_or(Unclaimed::Gone)?;
        let hold = pidfd_open(pid, PidfdFlags::NONBLOCK).map_err(|_| Unclaimed::Gone)?;
        // Looked at after the hold was taken: from now on the number cannot pass to another.
        if started(self.pid) != Some(self.started) {
            return Err(Unclaimed::Gone);
        }
        let foreign = |why| Err(Unclaimed::Foreign(why));
        if !runs(self.pid, program) {
            return foreign("it does not run this program");
        }
        if started_by(self.pid).as_deref() != Some(folder.as_bytes()) {
            return foreign("this data folder did not start it");
        }
        if command_line(self.pid).is_none_or(|line| line != self.arguments) {
            return foreign("its command line is another");
        }
        Ok(hold)
    }
}

/// Why a process that is written down is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unclaimed {
    /// It has ended; another may have its number.
    Gone,
    /// It runs, and is left alone.
    Foreign(&'static str),
}

/// Whether a process runs this program, which may have been replaced on the disk since.
fn runs(pid: u32, program: &Path) -> bool {
    let link = format!("/proc/{pid}/exe");
    let same = || {
        let (its, own) = (fs::metadata(&link).ok()?, fs::metadata(program).ok()?);
        Some((its.dev(), its.ino()) == (own.dev(), own.ino()))
    };
    let Ok(path) = fs::read_link(&link) else { return false };
    without_mark(&path) == without_mark(program) || same() == Some(true)
}

/// The path of a program without what the kernel adds when it was removed or replaced.
fn without_mark(path: &Path) -> PathBuf {
    let bytes = path.as_os_str().as_bytes();
    OsStr::from_bytes(bytes.strip_suffix(b" (deleted)").unwrap_or(bytes)).into()
}

/// The identity of the data folder that started a process, as its environment has it.
fn started_by(pid: u32) -> Option<Vec<u8>> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let variables = environment.split(|byte| *byte == 0);
    let mut values = variables
        .filter_map(|variable| variable.strip_prefix(STARTED_BY.as_bytes())?.strip_prefix(b"="));
    values.next().map(<[u8]>::to_vec)
}

/// The run of the machine.
fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

/// When a process was started, in the kernel's ticks since the machine was; None if it is gone or
/// waits to be reaped.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in brackets and may hold anything, brackets too.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    // Field 22 of proc(5), of which the first two are cut off.
    let started = fields.nth(18)?.parse().ok()?;
    (state != "Z").then_some(started)
}

/// A process's arguments, after the program.
fn command_line(pid: u32) -> Option<Vec<String>> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.split_terminator('\0').skip(1).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    const FOLDER: &str = "12-34-a-folder";

    fn sleeper() -> (Child, Entry) {
        let mut command = Command::new("sleep");
        let child = command.arg("600").env(STARTED_BY, FOLDER).spawn().unwrap();
        // Before its exec it still has our command line.
        while command_line(child.id()) != Some(vec!["600".to_owned()]) {
            std::thread::yield_now();
        }
        let entry = Entry::of("sleep-1", child.id(), vec!["600".to_owned()]).unwrap();
        (child, entry)
    }

    fn program(child: &Child) -> PathBuf {
        fs::read_link(format!("/proc/{}/exe", child.id())).unwrap()
    }

    #[test]
    fn process_is_found_again_until_it_is_gone() {
        let (mut child, entry) = sleeper();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("processes.json");
        let scaled = Scaled { service: "site".into(), configured: 3, replicas: 6 };
        let ledger = Ledger::new(FOLDER.to_owned(), vec![entry.clone()], vec![scaled.clone()]);
        fs::write(&path, ledger.to_text()).unwrap();
        let found = Ledger::read(File::open(&path));
        assert_eq!(
            (found.processes.as_slice(), found.scaled.as_slice()),
            (&[entry][..], &[scaled][..])
        );
        let program = program(&child);
        assert!(found.processes[0].claim(FOLDER, &program).is_ok());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found.processes[0].claim(FOLDER, &program).unwrap_err(), Unclaimed::Gone);
    }

    #[test]
    fn somebody_else_under_the_number_is_not_taken_for_it() {
        let (mut child, entry) = sleeper();
        let program = program(&child);
        let refused = |entry: &Entry, folder, program| entry.claim(folder, program).unwrap_err();
        let other_moment = Entry { started: entry.started + 1, ..entry.clone() };
        let other_command = Entry { arguments: vec!["601".to_owned()], ..entry.clone() };
        assert_eq!(refused(&other_moment, FOLDER, &program), Unclaimed::Gone);
        for (entry, folder, program) in [
            (&other_command, FOLDER, program.as_path()),
            (&entry, "12-35-a-folder", &program),
            (&entry, FOLDER, Path::new("/usr/bin/tombolo")),
        ] {
            assert!(matches!(refused(entry, folder, program), Unclaimed::Foreign(_)), "{folder}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn what_is_not_a_ledger_of_this_run_of_the_machine_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("processes.json");
        assert!(Ledger::read(File::open(&path)).processes.is_empty());
        let (mut child, entry) = sleeper();
        let (folder, boot) = (FOLDER.to_owned(), "another".into());
        let old = Ledger { folder, boot, processes: vec![entry], scaled: vec![] };
        for text in ["", "{", "[]", "{\"boot\":1}", &old.to_text()] {
            fs::write(&path, text).unwrap();
            assert!(Ledger::read(File::open(&path)).processes.is_empty(), "{text}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
