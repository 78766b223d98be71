//! `tombolo-bench calculator`: requests per second and processor time per request of one replica,
//! asked directly and through the gateway's TCP balancing, by turns.
//!
//! Every answer is checked: a wrong one ends the measurement.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::{
    cores, machine,
    process::{CpuTime, Process},
    stats::Spread,
};

/// Longest measurement, in seconds.
const SECONDS_MAX: i64 = 300;
/// Most rounds.
const ROUNDS_MAX: i64 = 50;
/// An answer takes no longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Command line of this measurement.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The program [default: `tombolo` beside this one]
    #[arg(long)]
    tombolo: Option<PathBuf>,
    /// Seconds of load for each case and round
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=SECONDS_MAX))]
    seconds: u32,
    /// Rounds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=ROUNDS_MAX))]
    rounds: u32,
}

/// A kind of load.
struct Case {
    title: &'static str,
    connections: usize,
    /// Requests sent before their answers are read.
    ahead: u64,
    question: fn(u64) -> String,
    answer: fn(u64) -> String,
}

const CASES: [Case; 3] = [
    Case {
        title: "plain sums, 64 connections, 100 sent ahead",
        connections: 64,
        ahead: 100,
        question: |n| format!("EVAL {n} * 3 + 0.5\n"),
        answer: |n| format!("OK {}.5\n", n * 3),
    },
    Case {
        title: "plain sums, 64 connections, one at a time",
        connections: 64,
        ahead: 1,
        question: |n| format!("EVAL {n} * 3 + 0.5\n"),
        answer: |n| format!("OK {}.5\n", n * 3),
    },
    Case {
        title: "with units (an evaluator each), 8 connections, one at a time",
        connections: 8,
        ahead: 1,
        question: |n| format!("EVAL {n} km * 3 to m\n"),
        answer: |n| format!("OK {} m\n", n * 3000),
    },
];

/// How a replica is reached.
#[derive(Clone, Copy)]
enum Way {
    Direct,
    Gateway,
}

const WAYS: [(Way, &str); 2] = [(Way::Direct, "direct"), (Way::Gateway, "gateway")];

/// What a round cost, each request in microseconds.
struct Round {
    per_second: f64,
    replica: CpuTime,
    gateway: CpuTime,
}

/// Measures, and prints the report on standard output.
///
/// # Errors
/// When the program cannot be started, an answer is wrong, or there is but one core.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let tombolo = match &arguments.tombolo {
        Some(path) => path.clone(),
        None => std::env::current_exe().context("finding this program")?.with_file_name("tombolo"),
    };
    let placement = cores::place(&cores::usable()?, 1)?;
    println!("# The calculator, asked directly and through the gateway\n");
    for line in machine::describe(&cores::usable()?, &placement, &[]).iter().take(1) {
        println!("{line}");
    }
    println!("One core for the replica, its evaluators and the gateway, the rest for the load.\n");
    println!(
        "| load | way | requests/s | replica user µs | system µs | gateway user µs | system µs |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|");
    let folder = tempfile::tempdir().context("a folder for the gateway's configuration")?;
    let ground = Ground { tombolo, folder: folder.path(), placement, seconds: arguments.seconds };
    for case in &CASES {
        let mut rounds = [Vec::new(), Vec::new()];
        for _ in 0..arguments.rounds {
            for ((way, _), rounds) in WAYS.iter().zip(&mut rounds) {
                rounds.push(ground.round(case, *way)?);
            }
        }
        for ((_, name), rounds) in WAYS.iter().zip(&rounds) {
            print_row(case, name, rounds);
        }
    }
    Ok(())
}

fn print_row(case: &Case, way: &str, rounds: &[Round]) {
    let of = |value: fn(&Round) -> f64| {
        let values: Vec<f64> = rounds.iter().map(value).collect();
        Spread::of(&values).map_or(0.0, |spread| spread.median)
    };
    println!(
        "| {} | {way} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} |",
        case.title,
        of(|round| round.per_second),
        of(|round| round.replica.user),
        of(|round| round.replica.system),
        of(|round| round.gateway.user),
        of(|round| round.gateway.system)
    );
}

/// Where the rounds take place.
struct Ground<'g> {
    tombolo: PathBuf,
    folder: &'g Path,
    placement: cores::Placement,
    seconds: u32,
}

impl Ground<'_> {
    fn round(&self, case: &'static Case, way: Way) -> Result<Round> {
        let mut command = Command::new(&self.tombolo);
        command.args(["serve", "calculator", "--listen", "127.0.0.1:0"]);
        let mut server = Process::start("calculator", &command, &self.placement.server)?;
        let mut address = server.announced()?;
        let mut gateway = match way {
            Way::Direct => None,
            Way::Gateway => Some(self.gateway(address)?),
        };
        if let Some(gateway) = &mut gateway {
            address = gateway.announced()?;
        }
        let spent = |process: &Option<Process>| match process {
            Some(process) => process.cpu_time(),
            None => Ok(CpuTime::default()),
        };
        let before = (server.cpu_time()?, spent(&gateway)?);
        let (requests, elapsed) = self.drive(case, address)?;
        let (replica, gateway) = (server.cpu_time()? - before.0, spent(&gateway)? - before.1);
        ensure!(requests > 0, "nothing was answered");
        let micros = 1e6 / requests as f64;
        let each =
            |cost: CpuTime| CpuTime { user: cost.user * micros, system: cost.system * micros };
        let per_second = requests as f64 / elapsed.as_secs_f64();
        Ok(Round { per_second, replica: each(replica), gateway: each(gateway) })
    }

    /// A gateway whose TCP balancing has this one server.
    fn gateway(&self, server: SocketAddr) -> Result<Process> {
        let path = self.folder.join("tombolo.toml");
        let text = format!(
            "[gateway]\nworkers = 1\n[access_log]\n[[upstream]]\nname = \"calculator\"\n\
             servers = [\"{server}\"]\n[[tcp]]\nlisten = \"127.0.0.1:0\"\nupstream = \"calculator\"\n"
        );
        std::fs::write(&path, text).context("writing the gateway's configuration")?;
        let mut command = Command::new(&self.tombolo);
        command.args(["gateway", "-c"]).arg(path);
        Process::start("gateway", &command, &self.placement.server)
    }

    /// Loads the address; how many requests were answered, and in which time.
    fn drive(&self, case: &'static Case, address: SocketAddr) -> Result<(u64, Duration)> {
        let start = Instant::now();
        let end = start + Duration::from_secs(self.seconds.into());
        let clients = cores::pinned(&self.placement.load, || {
            (0..case.connections)
                .map(|_| thread::spawn(move || load(case, address, end)))
                .collect::<Vec<_>>()
        })?;
        let mut requests = 0;
        for client in clients {
            requests += client.join().map_err(|_| anyhow!("a client panicked"))??;
        }
        Ok((requests, start.elapsed()))
    }
}

/// Asks until `end`; how many requests were answered.
fn load(case: &Case, address: SocketAddr, end: Instant) -> Result<u64> {
    let mut stream = TcpStream::connect(address).context("connecting")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answers = BufReader::new(stream.try_clone()?);
    let mut number = 0;
    let mut line = String::new();
    while Instant::now() < end {
        let batch = number..number + case.ahead;
        let questions: String = batch.clone().map(case.question).collect();
        stream.write_all(questions.as_bytes())?;
        for asked in batch {
            line.clear();
            answers.read_line(&mut line)?;
            let expected = (case.answer)(asked);
            ensure!(line == expected, "asked {asked}, answered {line:?} and not {expected:?}");
        }
        number += case.ahead;
    }
    Ok(number)
}
