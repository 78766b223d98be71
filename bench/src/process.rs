//! The processes a measurement starts: started on given cores, ended with the measurement, and
//! asked what they cost by `/proc`.

use std::{
    collections::VecDeque,
    fs,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks where only looking is possible.
const LOOK: Duration = Duration::from_millis(5);
/// Lines of a server's words kept for the error message.
const WORDS_MAX: usize = 40;

/// Processor time, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct CpuTime {
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl std::ops::Sub for CpuTime {
    type Output = CpuTime;
    fn sub(self, before: CpuTime) -> CpuTime {
        CpuTime { user: self.user - before.user, system: self.system - before.system }
    }
}

/// A process and its children, ended when dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    /// What it says on standard error, for the message when it fails.
    words: mpsc::Receiver<String>,
}

impl Process {
    /// Starts `command` on `cores`. It ends with this process even when this one is killed.
    ///
    /// # Errors
    /// When the program cannot be started; the message names it.
    pub(crate) fn start(name: &str, command: &Command, cores: &[usize]) -> Result<Process> {
        let mut wrapped = Command::new("setpriv");
        wrapped.args(["--pdeathsig", "TERM", "--"]).arg(command.get_program());
        wrapped.args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(key, value),
                None => wrapped.env_remove(key),
            };
        }
        wrapped.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = crate::cores::pinned(cores, || wrapped.spawn())?
            .with_context(|| format!("starting {name} ({:?})", command.get_program()))?;
        let (sender, words) = mpsc::channel();
        if let Some(out) = child.stdout.take() {
            listen_to(out, sender.clone());
        }
        if let Some(err) = child.stderr.take() {
            listen_to(err, sender);
        }
        Ok(Process { name: name.to_owned(), child, words })
    }

    /// Waits for the line `listening on http://ADDR` (or `tcp://ADDR`) and takes the address from it.
    ///
    /// # Errors
    /// When it ends first, or does not say so in ten seconds; the message has its last words.
    pub(crate) fn announced(&mut self) -> Result<SocketAddr> {
        let deadline = Instant::now() + PATIENCE;
        let mut said = VecDeque::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.words.recv_timeout(left) {
                Ok(line) => {
                    if let Some(address) = announced_address(&line) {
                        return Ok(address);
                    }
                    said.push_back(line);
                    if said.len() > WORDS_MAX {
                        said.pop_front();
                    }
                }
                Err(_) => {
                    let said: Vec<String> = said.into();
                    bail!("{} did not say where it listens:\n{}", self.name, said.join("\n"));
                }
            }
        }
    }

    /// Waits until `address` takes connections: for servers that do not say when they are ready.
    ///
    /// # Errors
    /// When it ends first or takes longer than ten seconds; the message has its last words.
    pub(crate) fn reachable(&mut self, address: SocketAddr) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.child.try_wait().context("asking after a child")? {
                bail!("{} ended ({status}):\n{}", self.name, self.last_words());
            }
            if Instant::now() > deadline {
                bail!("{} does not listen on {address}:\n{}", self.name, self.last_words());
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Processor time of the process and its children so far.
    pub(crate) fn cpu_time(&self) -> Result<CpuTime> {
        let tick = 1.0 / rustix::param::clock_ticks_per_second() as f64;
        let mut sum = CpuTime::default();
        for pid in self.tree()? {
            let stat = Stat::of(pid)?;
            sum.user += stat.user_ticks as f64 * tick;
            sum.system += stat.system_ticks as f64 * tick;
        }
        Ok(sum)
    }

    /// Resident memory of the process and its children, in bytes, counted from the page tables.
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        let mut sum = 0;
        for pid in self.tree()? {
            let path = format!("/proc/{pid}/smaps_rollup");
            let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
            let kib: u64 = text
                .lines()
                .find_map(|line| line.strip_prefix("Rss:"))
                .and_then(|rest| rest.trim().strip_suffix("kB"))
                .and_then(|number| number.trim().parse().ok())
                .ok_or_else(|| anyhow!("{path} has no Rss line"))?;
            sum += kib * 1024;
        }
        Ok(sum)
    }

    /// The process and everything below it.
    fn tree(&self) -> Result<Vec<u32>> {
        let mut parents = Vec::new();
        for entry in fs::read_dir("/proc").context("reading /proc")? {
            let name = entry.context("reading /proc")?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            // A process may end between the listing and the look.
            if let Ok(stat) = Stat::of(pid) {
                parents.push((pid, stat.parent));
            }
        }
        let mut tree = vec![self.child.id()];
        let mut next = 0;
        while let Some(&parent) = tree.get(next) {
            tree.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
            next += 1;
        }
        Ok(tree)
    }

    fn last_words(&self) -> String {
        let said: Vec<String> = self.words.try_iter().collect();
        said.join("\n")
    }

    fn ended_within(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return true;
            }
            thread::sleep(LOOK);
        }
        false
    }
}

impl Drop for Process {
    /// Asks it to end, and ends it when it does not.
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // SIGINT is a quick stop to all of them; SIGTERM would drain some.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        }
        if self.ended_within(Duration::from_secs(1)) {
            return;
        }
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        if !self.ended_within(Duration::from_secs(1)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Sends each line that comes from a child to whoever waits for it.
fn listen_to(from: impl std::io::Read + Send + 'static, to: mpsc::Sender<String>) {
    thread::spawn(move || {
        // Goes on reading when nobody listens any more: a full pipe would stop the child.
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let _ = to.send(line);
        }
    });
}

fn announced_address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on ")?;
    let rest = rest.strip_prefix("http://").or_else(|| rest.strip_prefix("tcp://"))?;
    let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || ".:[]".contains(c)));
    rest.get(..end.unwrap_or(rest.len()))?.parse().ok()
}

/// What `/proc/PID/stat` says.
#[derive(Debug, PartialEq)]
struct Stat {
    parent: u32,
    user_ticks: u64,
    system_ticks: u64,
}

impl Stat {
    fn of(pid: u32) -> Result<Stat> {
        let path = format!("/proc/{pid}/stat");
        let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        Stat::parse(&text).ok_or_else(|| anyhow!("{path} is not understood"))
    }

    /// The name in parentheses may hold spaces and parentheses, so count from its end.
    fn parse(text: &str) -> Option<Stat> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        Some(Stat {
            parent: fields.get(1)?.parse().ok()?,
            user_ticks: fields.get(11)?.parse().ok()?,
            system_ticks: fields.get(12)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_survives_odd_names() {
        let text = "7 (a) b (c)) S 3 7 7 0 -1 4194560 1 2 3 4 55 66 0 0 20 0 1 0 9 1 1";
        let stat = Stat::parse(text).unwrap();
        assert_eq!(stat, Stat { parent: 3, user_ticks: 55, system_ticks: 66 });
    }

    #[test]
    fn address_is_found_in_a_log_line() {
        let line = "12:00:01 INFO gateway listening on http://127.0.0.1:8080, 1 worker";
        assert_eq!(announced_address(line), Some("127.0.0.1:8080".parse().unwrap()));
        let six = "listening on http://[::1]:80";
        assert_eq!(announced_address(six), Some("[::1]:80".parse().unwrap()));
        assert_eq!(announced_address("listening soon"), None);
    }

    #[test]
    fn work_of_a_child_is_counted() {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; \
                             echo listening on http://127.0.0.1:1; exec sleep 60",
        ]);
        let cores = crate::cores::usable().unwrap();
        let mut process = Process::start("counter", &command, &cores).unwrap();
        process.announced().unwrap();
        assert!(process.cpu_time().unwrap().user > 0.0);
        assert!(process.resident_bytes().unwrap() > 4096);
    }
}
