//! `tombolo-bench chat`: one room, thousands of readers of its event stream, messages at a steady
//! rate; ours and nginx with nchan, each asked directly and through the gateway.
//!
//! Every reader counts every message: one that is missing ends the measurement. Ours has each
//! message on the disk before it is acknowledged; nchan keeps its in memory.

mod poster;
mod readers;
mod servers;

use std::{path::PathBuf, time::Duration};

use anyhow::{Result, ensure};

use self::servers::Side;
use crate::{cores, idle, machine, servers as programs, stats::Spread};

/// Longest measurement, in seconds.
const SECONDS_MAX: i64 = 300;
/// Most rounds.
const ROUNDS_MAX: i64 = 50;
/// Most readers: each is a connection.
const READERS_MAX: i64 = 20_000;
/// Most messages each second.
const RATE_MAX: i64 = 1000;
/// How long the last message may take to reach the last reader.
const PATIENCE: Duration = Duration::from_secs(20);

/// Command line of this measurement.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The program [default: `tombolo` beside this one]
    #[arg(long)]
    tombolo: Option<PathBuf>,
    /// Seconds of messages for each side and round
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=SECONDS_MAX))]
    seconds: u32,
    /// Rounds; in each, every side has its turn
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=ROUNDS_MAX))]
    rounds: u32,
    /// Readers of the room
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=READERS_MAX))]
    readers: u32,
    /// Messages each second
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=RATE_MAX))]
    rate: u32,
    /// Measure only these
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Side>,
}

/// What one side cost in one round.
struct Round {
    side: Side,
    deliveries: f64,
    service_seconds: f64,
    gateway_seconds: f64,
    p50_ms: f64,
    p99_ms: f64,
    resident_kib: f64,
}

impl Round {
    fn per_cpu_second(&self) -> f64 {
        self.deliveries / (self.service_seconds + self.gateway_seconds)
    }
}

/// Measures, and prints the report on standard output.
///
/// # Errors
/// When a program cannot be started, a reader lacks a message, or there is but one core.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    idle::raise_open_files()?;
    let tombolo = programs::tombolo_beside(arguments.tombolo.as_deref(), true)?;
    let usable = cores::usable()?;
    let placement = cores::place(&usable, 1)?;
    let chosen = |side: &Side| arguments.only.is_empty() || arguments.only.contains(side);
    let sides: Vec<Side> = Side::ALL.into_iter().filter(chosen).collect();
    let mut rounds = Vec::new();
    for number in 1..=arguments.rounds {
        for side in &sides {
            let folder = tempfile::tempdir()?;
            let started = servers::start(*side, &tombolo, folder.path(), &placement)?;
            let round = measure(*side, &started, arguments, &placement)?;
            eprintln!(
                "round {number}: {:28} {:9.0} deliveries per CPU second, p99 {:.1} ms",
                side.name(),
                round.per_cpu_second(),
                round.p99_ms
            );
            rounds.push(round);
        }
    }
    println!("# One room, {} readers, {} messages a second\n", arguments.readers, arguments.rate);
    for line in machine::describe(&usable, &placement, &[("nginx", programs::NGINX, "-v")]) {
        println!("{line}");
    }
    report(&sides, &rounds);
    Ok(())
}

fn measure(
    side: Side,
    started: &programs::WithGateway,
    arguments: &Arguments,
    placement: &cores::Placement,
) -> Result<Round> {
    let count = arguments.readers as usize;
    let messages = arguments.seconds * arguments.rate;
    cores::pinned(&placement.load, || {
        let readers = readers::Readers::open(started.address(), side.stream(), count)?;
        // One to begin with, so that all readers are where the measured ones come.
        let poster = poster::Poster::connect(started.address(), side)?;
        let ready = readers.expect(1);
        let poster = poster.send_all(0..1, Duration::ZERO)?.0;
        ready.wait(PATIENCE)?;
        let before = started.cost()?;
        let expected = readers.expect(u64::from(messages));
        let pause = Duration::from_secs(1) / arguments.rate;
        let (_, sent) = poster.send_all(1..messages + 1, pause)?;
        let arrived = expected.wait(PATIENCE)?;
        let after = started.cost()?;
        let mut late: Vec<f64> = sent
            .iter()
            .zip(arrived.iter().skip(1))
            .map(|(sent, arrived)| arrived.saturating_duration_since(*sent).as_secs_f64() * 1e3)
            .collect();
        ensure!(late.len() == sent.len(), "{} of {} messages arrived", late.len(), sent.len());
        late.sort_by(f64::total_cmp);
        let quantile = |part: usize| {
            late.get((late.len() * part / 100).min(late.len() - 1)).copied().unwrap_or_default()
        };
        Ok(Round {
            side,
            deliveries: f64::from(messages) * count as f64,
            service_seconds: after.service - before.service,
            gateway_seconds: after.gateway - before.gateway,
            p50_ms: quantile(50),
            p99_ms: quantile(99),
            resident_kib: started.resident_bytes()? as f64 / 1024.0 / count as f64,
        })
    })?
}

/// A column: its heading, its value, its decimals.
type Column = (&'static str, fn(&Round) -> f64, usize);

const COLUMNS: [Column; 6] = [
    ("deliveries per CPU second", Round::per_cpu_second, 0),
    ("service µs each", |one| one.service_seconds * 1e6 / one.deliveries, 2),
    ("gateway µs each", |one| one.gateway_seconds * 1e6 / one.deliveries, 2),
    ("p50 ms to the last reader", |one| one.p50_ms, 1),
    ("p99 ms", |one| one.p99_ms, 1),
    ("KiB for a reader", |one| one.resident_kib, 1),
];

fn report(sides: &[Side], rounds: &[Round]) {
    let headings: Vec<&str> = COLUMNS.iter().map(|(heading, ..)| *heading).collect();
    println!("\n| server | {} |", headings.join(" | "));
    println!("|---|{}", "---:|".repeat(COLUMNS.len()));
    for side in sides {
        let cells: Vec<String> = COLUMNS
            .iter()
            .map(|(_, value, decimals)| {
                let values: Vec<f64> =
                    rounds.iter().filter(|round| round.side == *side).map(value).collect();
                Spread::of(&values).map_or("-".to_owned(), |spread| {
                    format!("{:.decimals$}", spread.median, decimals = decimals)
                })
            })
            .collect();
        println!("| {} | {} |", side.name(), cells.join(" | "));
    }
}
