//! `tombolo-bench transfer`: files up and down, ours next to nginx and two servers that speak tus, each
//! asked directly and through the gateway.
//!
//! | case | what is done |
//! |---|---|
//! | `upload` | files of `--megabytes`, each created and then sent in one request (nginx: one PUT) |
//! | `small` | files of 4 KiB, each in one request |
//! | `download` | one file of `--megabytes`, again and again |
//!
//! What each server has done when it says that a file is stored differs, and the table says it: ours
//! has the file and its row on the disk, the others have it in the memory of the kernel.

mod client;
mod disk;
mod load;
mod report;
mod servers;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use self::servers::{Rivals, Side, Started};
use crate::{
    cores::{self, Placement},
    interrupt, machine, servers as programs,
};

/// Longest measurement, in seconds.
const SECONDS_MAX: i64 = 300;
/// Most rounds.
const ROUNDS_MAX: i64 = 50;
/// Most connections: each is a thread.
const CONNECTIONS_MAX: i64 = 512;
/// Largest file, in millions of bytes.
const MEGABYTES_MAX: i64 = 4000;
/// Bytes of a small file.
const SMALL_BYTES: u64 = 4096;

/// Command line of this measurement.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The program [default: `tombolo` beside this one]
    #[arg(long)]
    tombolo: Option<PathBuf>,
    /// The folder that has `node_modules/@tus/server` and `@tus/file-store`
    #[arg(long)]
    node: Option<PathBuf>,
    /// The program rustus
    #[arg(long)]
    rustus: Option<PathBuf>,
    /// Seconds of load for each case, server and round
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=SECONDS_MAX))]
    seconds: u32,
    /// Rounds; in each, every server has its turn, in the opposite order each time
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=ROUNDS_MAX))]
    rounds: u32,
    /// Connections that send or fetch large files at the same time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=CONNECTIONS_MAX))]
    connections: u32,
    /// Connections that send small files at the same time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=CONNECTIONS_MAX))]
    small_connections: u32,
    /// Millions of bytes of a large file
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=MEGABYTES_MAX))]
    megabytes: u32,
    /// Measure only these cases
    #[arg(long, value_enum, value_delimiter = ',', default_value = "upload,small,download")]
    only: Vec<Case>,
    /// Measure only these servers [default: all whose programs are named or found]
    #[arg(long, value_enum, value_delimiter = ',')]
    servers: Vec<Side>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Case {
    Upload,
    Small,
    Download,
}

/// What a case gave with a server in one round.
struct Round {
    side: Side,
    case: Case,
    files_per_second: f64,
    bytes_per_second: f64,
    service_seconds: f64,
    gateway_seconds: f64,
    bytes: f64,
    p50_ms: f64,
    p99_ms: f64,
    resident_bytes: f64,
}

/// How fast the disk and the processor can be at best.
struct Floor {
    /// New files of [`SMALL_BYTES`] each second, each synced, by as many threads as there are connections.
    synced_files: f64,
    /// Processor seconds for the SHA-256 of a billion bytes.
    sha256_seconds: f64,
}

/// Measures, and prints the report on standard output.
///
/// # Errors
/// When a program cannot be started, a request is refused, or there is but one core.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let tombolo = programs::tombolo_beside(arguments.tombolo.as_deref(), true)?;
    let folder = tempfile::tempdir().context("a folder for files")?;
    interrupt::remove_on_signal(folder.path().to_owned()).context("watching for signals")?;
    let usable = cores::usable()?;
    let placement = cores::place(&usable, 1)?;
    let rivals = Rivals { node: arguments.node.clone(), rustus: arguments.rustus.clone() };
    let chosen = |side: &Side| match arguments.servers.as_slice() {
        [] => rivals.have(*side),
        named => named.contains(side),
    };
    let sides: Vec<Side> = Side::ALL.into_iter().filter(chosen).collect();
    let mut rounds = Vec::new();
    let mut floors = Vec::new();
    for number in 1..=arguments.rounds {
        let mut order = sides.clone();
        if number % 2 == 0 {
            order.reverse();
        }
        floors.push(floor(arguments, folder.path(), &placement)?);
        for side in order {
            let own = folder.path().join("server");
            std::fs::create_dir(&own).context("a folder for a server")?;
            let started = servers::start(side, &tombolo, &rivals, &own, &placement)?;
            for case in arguments.only.iter().copied().filter(|case| side.does(*case)) {
                let round = measure(side, case, &started, arguments, &placement)?;
                eprintln!("round {number}: {}", report::progress(&round));
                rounds.push(round);
            }
            drop(started);
            std::fs::remove_dir_all(&own).context("removing a server's files")?;
            // What others left to be written must not hold up the next.
            disk::settle(folder.path())?;
        }
    }
    println!("# Files up and down\n");
    for line in machine::describe(&usable, &placement, &[("nginx", programs::NGINX, "-v")]) {
        println!("- {line}");
    }
    report::print(arguments, &sides, &rounds, &floors);
    Ok(())
}

/// What the machine can do without any server.
fn floor(arguments: &Arguments, folder: &Path, placement: &Placement) -> Result<Floor> {
    let threads = arguments.small_connections as usize;
    let time = Duration::from_millis(500) * arguments.seconds.min(4);
    let synced_files = disk::synced_files(&folder.join("floor"), threads, SMALL_BYTES, time)?;
    let sha256_seconds = cores::pinned(&placement.server, disk::sha256_seconds)?;
    Ok(Floor { synced_files, sha256_seconds })
}

fn measure(
    side: Side,
    case: Case,
    started: &Started,
    arguments: &Arguments,
    placement: &Placement,
) -> Result<Round> {
    let large = u64::from(arguments.megabytes) * 1_000_000;
    let (connections, bytes) = match case {
        Case::Upload | Case::Download => (arguments.connections, large),
        Case::Small => (arguments.small_connections, SMALL_BYTES),
    };
    let time = Duration::from_secs(u64::from(arguments.seconds));
    let (address, protocol) = (started.servers.address(), &started.protocol);
    let load = load::Load { address, protocol, case, connections: connections as usize, bytes };
    cores::pinned(&placement.load, || {
        let ready = load.prepare()?;
        let before = started.servers.cost()?;
        let mut done = load.run(ready, time)?;
        let after = started.servers.cost()?;
        ensure!(!done.waits.is_empty(), "{} answered nothing", side.name());
        done.waits.sort_by(f64::total_cmp);
        let quantile = |part: usize| {
            let last = done.waits.len() - 1;
            done.waits.get((done.waits.len() * part / 100).min(last)).copied().unwrap_or_default()
        };
        let files = done.waits.len() as f64;
        Ok(Round {
            side,
            case,
            files_per_second: files / done.seconds,
            bytes_per_second: files * bytes as f64 / done.seconds,
            service_seconds: after.service - before.service,
            gateway_seconds: after.gateway - before.gateway,
            bytes: files * bytes as f64,
            p50_ms: quantile(50) * 1e3,
            p99_ms: quantile(99) * 1e3,
            resident_bytes: started.servers.resident_bytes()? as f64,
        })
    })?
}
