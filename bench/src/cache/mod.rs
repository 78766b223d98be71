//! `tombolo-bench cache`: the gateway as a cache beside nginx, Varnish and a loop that answers
//! with constant bytes; every case, every round, every server in turn; then the report.
//!
//! The method is that of `proxy`: see `driver`. In addition, the origin counts what it is asked
//! for, so that a server that does not answer from what it keeps cannot win.

mod cases;
mod million;
mod prime;
mod report;
mod servers;

use std::{
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context as _, Result, ensure};

use self::{
    cases::{Case, Measurement, Million, Results},
    servers::{Server, Setup},
};
use crate::{
    cores::{self, Placement},
    driver::{ROUNDS_MAX, SECONDS_MAX},
    figures::Figures,
    idle, interrupt, machine, origin,
    servers::{NGINX, Running, start_origin, tombolo_beside},
    wrk,
};

/// Connections the load keeps open.
const CONNECTIONS: u32 = 64;
/// Load before what is counted, in seconds.
const WARM_UP_SECONDS: u32 = 1;
/// Most keys of the case `many`: as many requests are written by the load before it begins.
const KEYS_MAX: i64 = 1_000_000;
/// Most objects of the case `million`: about 40 GiB of files.
const OBJECTS_MAX: i64 = 10_000_000;
/// Memory the gateway has for responses, in bytes: its default.
const MEMORY: u64 = 128 << 20;
/// The same where what is asked for shall not fit: an eighth of what the default keys take.
const LITTLE_MEMORY: u64 = 16 << 20;

/// Command line of the measurements of the cache.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The gateway's program [default: `tombolo` beside this program]
    #[arg(long)]
    tombolo: Option<PathBuf>,
    /// Seconds of load for each server, case and round
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=SECONDS_MAX))]
    seconds: u32,
    /// Rounds; the servers' order alternates
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=ROUNDS_MAX))]
    rounds: u32,
    /// Only these cases [default: all but `million`]
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Case>,
    /// Only these servers
    #[arg(long, value_enum, value_delimiter = ',')]
    servers: Vec<Server>,
    /// Keys of the case `many`
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=KEYS_MAX))]
    keys: u32,
    /// Stored responses of the case `million`; each takes 4 KiB below the folder for temporary
    /// files (TMPDIR)
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=OBJECTS_MAX))]
    objects: u32,
    /// Write every single measurement to this file as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

impl Arguments {
    /// The cases asked for, in the report's order.
    fn cases(&self) -> Vec<Case> {
        let chosen = |case: &Case| {
            self.only.contains(case) || (self.only.is_empty() && Case::USUAL.contains(case))
        };
        <Case as clap::ValueEnum>::value_variants().iter().copied().filter(chosen).collect()
    }

    /// The servers asked for.
    fn servers(&self) -> Vec<Server> {
        if self.servers.is_empty() {
            <Server as clap::ValueEnum>::value_variants().to_vec()
        } else {
            self.servers.clone()
        }
    }

    fn keys(&self) -> NonZeroU32 {
        NonZeroU32::new(self.keys).unwrap_or(NonZeroU32::MIN)
    }
}

/// Measures, and prints the report on standard output.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let servers = arguments.servers();
    let tombolo = tombolo_beside(arguments.tombolo.as_deref(), servers.contains(&Server::Tombolo))?;
    idle::raise_open_files()?;
    let usable = cores::usable()?;
    let placement = cores::place(&usable, 1)?;
    let rivals = [("nginx", NGINX, "-v"), ("Varnish", servers::VARNISH, "-V")];
    let mut results = Results {
        command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
        machine: machine::describe(&usable, &placement, &rivals),
        measurements: Vec::new(),
        million: Vec::new(),
    };
    let folder = tempfile::Builder::new().prefix("tombolo-bench-").tempdir()?;
    interrupt::remove_on_signal(folder.path().to_owned()).context("preparing for Ctrl+C")?;
    let bench = Bench { arguments, tombolo, folder, placement };
    // The threads of this program, which ask and store, must stay off the server's core.
    let own: Vec<usize> =
        usable.iter().copied().filter(|core| !bench.placement.server.contains(core)).collect();
    for case in arguments.cases() {
        let takes = |server: &Server| case.takes(*server);
        let servers: Vec<Server> = servers.iter().copied().filter(takes).collect();
        cores::pinned(&own, || match case {
            Case::Million if servers.is_empty() => Ok(()),
            Case::Million => bench.measure_start(&mut results),
            _ => bench.measure_case(case, servers, &mut results),
        })??;
    }
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&results).context("writing the results")?;
        std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    print!("{}", report::markdown(&results));
    Ok(())
}

/// What every measurement needs.
struct Bench<'a> {
    arguments: &'a Arguments,
    tombolo: PathBuf,
    folder: tempfile::TempDir,
    placement: Placement,
}

impl Bench<'_> {
    fn measure_case(
        &self,
        case: Case,
        mut servers: Vec<Server>,
        results: &mut Results,
    ) -> Result<()> {
        let origin = start_origin(&self.placement)?;
        for round in 1..=self.arguments.rounds {
            for server in &servers {
                let folder = tempfile::tempdir_in(&self.folder)?;
                let measured = self
                    .measure(case, *server, folder.path(), origin.address, round)
                    .with_context(|| format!("measuring {}", server.name()))?;
                // An ext4 without a journal looks at every inode given back within minutes before
                // it makes another file: who is measured next would pay for that. The files of
                // `many` go at once, because they are many; it comes after what writes.
                if case != Case::Many {
                    let _ = folder.keep();
                }
                eprintln!(
                    "{:10} {:15} round {round}: {}",
                    format!("{case:?}").to_lowercase(),
                    server.name(),
                    measured.figures.progress(),
                );
                results.measurements.push(measured);
            }
            servers.reverse();
        }
        Ok(())
    }

    /// Starts the server, has it store what will be asked for, warms it up, loads it and counts.
    fn measure(
        &self,
        case: Case,
        server: Server,
        folder: &Path,
        origin: SocketAddr,
        round: u32,
    ) -> Result<Measurement> {
        let memory = if case == Case::Many { LITTLE_MEMORY } else { MEMORY };
        let running = self.start(server, folder, origin, memory, case.body_bytes())?;
        let keys = self.arguments.keys();
        let body = origin::body(case.body_bytes());
        prime::prime(server, running.address, origin, &case.stored(keys), &body)?;
        let before = prime::asked_of_origin(origin)?;
        let load = |seconds| {
            let script = case.script(keys, seed()?);
            let asked = wrk::Asked { address: running.address, path: case.path(), script: &script };
            wrk::run_script(folder, &self.placement.load, asked, CONNECTIONS, seconds)
        };
        let warm_up = load(WARM_UP_SECONDS)?;
        let cpu_before = running.process.cpu_time()?;
        let loaded = load(self.arguments.seconds)?;
        let cpu = running.process.cpu_time()? - cpu_before;
        let origin_requests = prime::asked_of_origin(origin)? - before;
        let requests = warm_up.requests + loaded.requests;
        ensure!(
            !server.speaks_http() || case.explains(origin_requests, requests),
            "the origin was asked for {origin_requests} of {requests} requests"
        );
        let figures = Figures::of(&loaded, cpu, 1)?;
        Ok(Measurement { case, server, round, figures, origin_requests })
    }

    /// Fills a directory once, and starts the gateway on it, and on an empty one, in each round.
    fn measure_start(&self, results: &mut Results) -> Result<()> {
        let objects = self.arguments.objects;
        let origin = start_origin(&self.placement)?;
        let full = tempfile::tempdir_in(&self.folder)?;
        let directory = full.path().join(servers::DIRECTORY);
        million::fill(&directory, objects).context("filling the directory")?;
        for round in 1..=self.arguments.rounds {
            let empty = tempfile::tempdir_in(&self.folder)?;
            let at_rest = |folder: &Path, number: u32, hit: bool| -> Result<(f64, u64)> {
                let body = Case::Million.body_bytes();
                let start =
                    || self.start(Server::Tombolo, folder, origin.address, LITTLE_MEMORY, body);
                let started = million::first_answer(start, origin.address, number, hit)?;
                let resident = million::resident_at_rest(&started.running.process)?;
                Ok((started.first_answer.as_secs_f64() * 1e3, resident))
            };
            let (first_answer_empty_ms, resident_empty) = at_rest(empty.path(), 1, false)?;
            // Another response each time, from all over the directory.
            let number = objects / (self.arguments.rounds + 1) * round + 1;
            let (first_hit_ms, resident_full) = at_rest(full.path(), number, true)?;
            let measured = Million {
                round,
                objects,
                first_hit_ms,
                first_answer_empty_ms,
                resident_empty,
                resident_full,
            };
            eprintln!(
                "million    round {round}: first hit after {first_hit_ms:.1} ms, {:.0} bytes each",
                measured.bytes_per_object()
            );
            results.million.push(measured);
        }
        Ok(())
    }

    fn start(
        &self,
        server: Server,
        folder: &Path,
        origin: SocketAddr,
        memory: u64,
        body_bytes: usize,
    ) -> Result<Running> {
        let setup = Setup { tombolo: &self.tombolo, folder, origin, memory, body_bytes };
        servers::start(server, &setup, &self.placement)
    }
}

/// A number that no load had before.
fn seed() -> Result<u64> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).context("the clock")?;
    Ok(now.as_secs() * 1000 + u64::from(now.subsec_millis()))
}
