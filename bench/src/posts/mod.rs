//! `tombolo-bench posts`: how many posts a replica of the chat takes in a second and how long each
//! waits for its commit, on SQLite and on PostgreSQL, beside an earlier program if one is named.
//!
//! Every post is on the disk when it is acknowledged; one that is refused ends the measurement.

mod client;
mod postgres;

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Result, ensure};

use self::client::Load;
use self::postgres::Postgres;
use crate::{
    cores::{self, Placement},
    machine,
    process::Process,
    servers::{announced, tombolo_beside},
    stats::Spread,
};

/// Longest measurement, in seconds.
const SECONDS_MAX: i64 = 300;
/// Most rounds.
const ROUNDS_MAX: i64 = 50;
/// Load before what is counted.
const WARM_UP: Duration = Duration::from_secs(1);
/// Most connections: each is a thread.
const CONNECTIONS_MAX: i64 = 512;

/// Command line of this measurement.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The program [default: `tombolo` beside this one]
    #[arg(long)]
    tombolo: Option<PathBuf>,
    /// An earlier program to measure beside it
    #[arg(long)]
    before: Option<PathBuf>,
    /// Seconds of load for each case and round
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=SECONDS_MAX))]
    seconds: u32,
    /// Rounds; in each, every program has its turn, in the opposite order each time
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=ROUNDS_MAX))]
    rounds: u32,
    /// Connections that post at the same time, each its next one after the last one's answer
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64], value_parser = clap::value_parser!(u32).range(1..=CONNECTIONS_MAX))]
    connections: Vec<u32>,
    /// Measure only these
    #[arg(long, value_enum, value_delimiter = ',', default_value = "sqlite,postgres")]
    only: Vec<Engine>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// One program on one engine with so many connections.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Case {
    engine: Engine,
    connections: u32,
    program: usize,
}

/// What a case gave in one round.
struct Round {
    case: Case,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    service_us: f64,
}

/// Measures, and prints the report on standard output.
///
/// # Errors
/// When a program cannot be started, a post is refused, or there is but one core.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let tombolo = tombolo_beside(arguments.tombolo.as_deref(), true)?;
    let mut programs: Vec<(&str, PathBuf)> = vec![("now", tombolo)];
    if let Some(before) = &arguments.before {
        programs.insert(0, ("before", tombolo_beside(Some(before), true)?));
    }
    let usable = cores::usable()?;
    let placement = cores::place(&usable, 1)?;
    let engines = arguments.only.iter();
    let cases: Vec<Case> = engines
        .flat_map(|engine| arguments.connections.iter().map(move |many| (*engine, *many)))
        .flat_map(|(engine, connections)| {
            (0..programs.len()).map(move |program| Case { engine, connections, program })
        })
        .collect();
    let mut rounds = Vec::new();
    for number in 1..=arguments.rounds {
        let mut order = cases.clone();
        if number % 2 == 0 {
            order.reverse();
        }
        for case in order {
            let Some((name, program)) = programs.get(case.program) else { continue };
            let round = measure(case, program, arguments.seconds, &placement)?;
            eprintln!(
                "round {number}: {:10} {:2} connections {name:6} {:7.0} posts/s, p99 {:.1} ms",
                case.engine.name(),
                case.connections,
                round.per_second,
                round.p99_ms
            );
            rounds.push(round);
        }
    }
    println!("# Posts to one room of one replica, each on the disk before its answer\n");
    for line in machine::describe(&usable, &placement, &[]).iter().take(2) {
        println!("{line}");
    }
    let names: Vec<&str> = programs.iter().map(|(name, _)| *name).collect();
    report(&cases, &names, &rounds);
    Ok(())
}

/// A replica with a new database, and the load.
fn measure(
    case: Case,
    program: &std::path::Path,
    seconds: u32,
    placement: &Placement,
) -> Result<Round> {
    let folder = tempfile::tempdir()?;
    let postgres = match case.engine {
        Engine::Sqlite => None,
        // With the load: what is measured is the replica.
        Engine::Postgres => Some(Postgres::start(folder.path(), &placement.load)?),
    };
    let database = match &postgres {
        Some(postgres) => postgres.url(),
        None => format!("sqlite:{}", folder.path().join("chat.db").display()),
    };
    let mut command = Command::new(program);
    command.args(["serve", "chat", "--listen", "127.0.0.1:0", "--rate", "0", "--database"]);
    command.arg(database);
    let replica = announced(Process::start("the chat", &command, &placement.server)?)?;
    let cost = || replica.process.cpu_time().map(|time| time.user + time.system);
    let load = Load { address: replica.address, connections: case.connections as usize };
    cores::pinned(&placement.load, || {
        load.run(WARM_UP)?;
        let before = cost()?;
        let time = Duration::from_secs(u64::from(seconds));
        let mut waits = load.run(time)?;
        let cost = cost()? - before;
        ensure!(!waits.is_empty(), "no post was answered");
        waits.sort_by(f64::total_cmp);
        let quantile = |part: usize| {
            waits.get((waits.len() * part / 100).min(waits.len() - 1)).copied().unwrap_or_default()
        };
        let posts = waits.len() as f64;
        Ok(Round {
            case,
            per_second: posts / time.as_secs_f64(),
            p50_ms: quantile(50) * 1e3,
            p99_ms: quantile(99) * 1e3,
            service_us: cost * 1e6 / posts,
        })
    })?
}

/// A column: its heading, its value, its decimals.
type Column = (&'static str, fn(&Round) -> f64, usize);

const COLUMNS: [Column; 4] = [
    ("posts/s", |one| one.per_second, 0),
    ("p50 ms", |one| one.p50_ms, 2),
    ("p99 ms", |one| one.p99_ms, 2),
    ("replica µs each", |one| one.service_us, 0),
];

fn report(cases: &[Case], names: &[&str], rounds: &[Round]) {
    let headings: Vec<&str> = COLUMNS.iter().map(|(heading, ..)| *heading).collect();
    println!("\n| database | connections | program | {} |", headings.join(" | "));
    println!("|---|---:|---|{}", "---:|".repeat(COLUMNS.len()));
    for case in cases {
        let cells: Vec<String> = COLUMNS
            .iter()
            .map(|(_, value, decimals)| {
                let of_case = rounds.iter().filter(|round| round.case == *case);
                let values: Vec<f64> = of_case.map(value).collect();
                Spread::of(&values).map_or("-".to_owned(), |spread| {
                    format!("{:.decimals$}", spread.median, decimals = decimals)
                })
            })
            .collect();
        println!(
            "| {} | {} | {} | {} |",
            case.engine.name(),
            case.connections,
            names.get(case.program).copied().unwrap_or_default(),
            cells.join(" | ")
        );
    }
}
