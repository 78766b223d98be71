//! `tombolo-bench calculator`: requests per second and processor time per request of one replica
//! on a core of its own, asked directly.
//!
//! Every answer is checked: a wrong one ends the measurement.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::{cores, machine, process::Process, stats::Spread};

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

/// What a round cost.
struct Round {
    per_second: f64,
    user_us: f64,
    system_us: f64,
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
    println!("# The calculator, asked directly\n");
    for line in machine::describe(&cores::usable()?, &placement, &[]).iter().take(1) {
        println!("{line}");
    }
    println!("One core for the replica and its evaluators, the rest for the load.\n");
    println!("| load | requests/s | user µs | system µs |\n|---|---|---|---|");
    for case in &CASES {
        let rounds: Vec<Round> = (0..arguments.rounds)
            .map(|_| round(case, &tombolo, arguments.seconds, &placement))
            .collect::<Result<_>>()?;
        let of = |value: fn(&Round) -> f64| {
            let values: Vec<f64> = rounds.iter().map(value).collect();
            Spread::of(&values).map_or(0.0, |spread| spread.median)
        };
        println!(
            "| {} | {:.0} | {:.2} | {:.2} |",
            case.title,
            of(|round| round.per_second),
            of(|round| round.user_us),
            of(|round| round.system_us)
        );
    }
    Ok(())
}

fn round(
    case: &'static Case,
    tombolo: &PathBuf,
    seconds: u32,
    placement: &cores::Placement,
) -> Result<Round> {
    let mut command = Command::new(tombolo);
    command.args(["serve", "calculator", "--listen", "127.0.0.1:0"]);
    let mut server = Process::start("calculator", &command, &placement.server)?;
    let address = server.announced()?;
    let before = server.cpu_time()?;
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds.into());
    let clients = cores::pinned(&placement.load, || {
        (0..case.connections)
            .map(|_| thread::spawn(move || load(case, address, end)))
            .collect::<Vec<_>>()
    })?;
    let mut requests = 0;
    for client in clients {
        requests += client.join().map_err(|_| anyhow!("a client panicked"))??;
    }
    let elapsed = start.elapsed().as_secs_f64();
    let cost = server.cpu_time()? - before;
    ensure!(requests > 0, "nothing was answered");
    let each = 1e6 / requests as f64;
    Ok(Round {
        per_second: requests as f64 / elapsed,
        user_us: cost.user * each,
        system_us: cost.system * each,
    })
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
