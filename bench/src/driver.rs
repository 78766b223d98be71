//! `tombolo-bench proxy`: every case, every round, every server in turn; then the report.
//!
//! In each round every server is started afresh, warmed up and loaded; the next round takes them
//! in the opposite order, so that a machine that slows down or speeds up favours none. Ratios are
//! taken within a round.

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::{
    cases::{Case, Measurement, Results},
    cores::{self, Placement},
    figures::Figures,
    idle, interrupt, machine, report,
    servers::{self, HAPROXY, LogVia, NGINX, Running, Server, Setup, tombolo_beside},
    soak, verify, wrk,
};

/// Connections the load keeps open.
const CONNECTIONS: u32 = 64;
/// Load before what is counted, in seconds.
const WARM_UP_SECONDS: u32 = 1;
/// Most rounds, so that a run has an end.
pub(crate) const ROUNDS_MAX: i64 = 50;
/// Longest measurement, in seconds.
pub(crate) const SECONDS_MAX: i64 = 300;
/// Longest soak, in seconds.
const SOAK_SECONDS_MAX: i64 = 24 * 60 * 60;

/// Command line of the driver.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The gateway's program [default: `tombolo` beside this program]
    #[arg(long)]
    tombolo: Option<PathBuf>,
    /// Seconds of load for each server, case and round
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=SECONDS_MAX))]
    seconds: u32,
    /// Rounds; the servers' order alternates
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=ROUNDS_MAX))]
    rounds: u32,
    /// Only these cases
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Case>,
    /// Only these servers
    #[arg(long, value_enum, value_delimiter = ',')]
    servers: Vec<Server>,
    /// Measure the gateway with one worker and with two as well (needs four cores)
    #[arg(long)]
    scaling: bool,
    /// Connections of the idle case
    #[arg(long, default_value = "10000")]
    idle_connections: NonZeroU32,
    /// Seconds of the soak case
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=SOAK_SECONDS_MAX))]
    soak_seconds: u32,
    /// How HAProxy hands over its log lines; the ring costs it least
    #[arg(long, value_enum, default_value = "ring")]
    haproxy_log: LogVia,
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
        let mut cases: Vec<Case> =
            <Case as clap::ValueEnum>::value_variants().iter().copied().filter(chosen).collect();
        if self.scaling && !cases.contains(&Case::Scaling) {
            cases.push(Case::Scaling);
        }
        cases
    }

    /// The servers asked for.
    fn servers(&self) -> Vec<Server> {
        if self.servers.is_empty() {
            <Server as clap::ValueEnum>::value_variants().to_vec()
        } else {
            self.servers.clone()
        }
    }
}

/// Measures, and prints the report on standard output.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let servers = arguments.servers();
    let tombolo = tombolo_beside(arguments.tombolo.as_deref(), servers.contains(&Server::Tombolo))?;
    let cases = arguments.cases();
    idle::raise_open_files()?;
    let usable = cores::usable()?;
    let placement = cores::place(&usable, 1)?;
    let rivals = [("nginx", NGINX, "-v"), ("HAProxy", HAPROXY, "-v")];
    let mut results = Results {
        command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
        machine: machine::describe(&usable, &placement, &rivals),
        measurements: Vec::new(),
        idle: Vec::new(),
        soak: Vec::new(),
    };
    let folder = tempfile::Builder::new().prefix("tombolo-bench-").tempdir()?;
    interrupt::remove_on_signal(folder.path().to_owned()).context("preparing for Ctrl+C")?;
    let bench = Bench { arguments, tombolo, folder };
    for case in cases {
        let placement = cores::place(&usable, if case == Case::Scaling { 2 } else { 1 })?;
        if case == Case::Scaling && usable.len() < 4 {
            bail!("the scaling case needs four cores, {} may be used", usable.len());
        }
        // The threads of this program (the log drains) must stay off the server's cores.
        let own: Vec<usize> =
            usable.iter().copied().filter(|core| !placement.server.contains(core)).collect();
        let servers: Vec<Server> =
            servers.iter().copied().filter(|server| case.takes(*server)).collect();
        cores::pinned(&own, || bench.measure_case(case, &servers, &placement, &mut results))??;
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
}

/// What is measured in one go.
#[derive(Clone, Copy)]
struct Subject<'a> {
    case: Case,
    server: Server,
    workers: usize,
    placement: &'a Placement,
    origin: SocketAddr,
}

impl Bench<'_> {
    fn measure_case(
        &self,
        case: Case,
        servers: &[Server],
        placement: &Placement,
        results: &mut Results,
    ) -> Result<()> {
        let origin = servers::start_origin(placement)?;
        let one_core = Placement {
            server: placement.server.iter().copied().take(1).collect(),
            ..placement.clone()
        };
        let mut subjects: Vec<Subject<'_>> = servers
            .iter()
            .map(|&server| Subject {
                case,
                server,
                workers: 1,
                placement: &one_core,
                origin: origin.address,
            })
            .collect();
        if case == Case::Idle || case == Case::Soak {
            for subject in subjects {
                self.measure_memory(subject, results)
                    .with_context(|| format!("measuring {}", subject.server.name()))?;
            }
            return Ok(());
        }
        if case == Case::Scaling {
            let two = subjects.iter().map(|one| Subject { workers: 2, placement, ..*one });
            subjects.extend(two.collect::<Vec<_>>());
        }
        for round in 1..=self.arguments.rounds {
            for subject in &subjects {
                let measured = self
                    .measure(*subject, round)
                    .with_context(|| format!("measuring {}", subject.server.name()))?;
                results.measurements.push(measured);
            }
            subjects.reverse();
        }
        Ok(())
    }

    /// Starts the server, checks that it proxies, warms it up, loads it and counts.
    fn measure(&self, subject: Subject<'_>, round: u32) -> Result<Measurement> {
        let Subject { case, server, workers, placement, .. } = subject;
        let folder = tempfile::tempdir_in(&self.folder)?;
        let running = self.start(subject, folder.path())?;
        verify::verify(server, running.address, case.path(), case.body_bytes())?;
        let load = |seconds| {
            let load = &placement.load;
            wrk::run(folder.path(), load, running.address, case.path(), CONNECTIONS, seconds)
        };
        load(WARM_UP_SECONDS)?;
        let before = running.process.cpu_time()?;
        let loaded = load(self.arguments.seconds)?;
        let cpu = running.process.cpu_time()? - before;
        let figures = Figures::of(&loaded, cpu, workers)?;
        let measured = Measurement { case, server, workers, round, figures };
        if case == Case::Logged {
            running.stop()?;
            servers::verify_log(server, folder.path(), loaded.requests)?;
        }
        progress(&measured);
        Ok(measured)
    }

    fn measure_memory(&self, subject: Subject<'_>, results: &mut Results) -> Result<()> {
        let Subject { case, server, placement, .. } = subject;
        let folder = tempfile::tempdir_in(&self.folder)?;
        let running = self.start(subject, folder.path())?;
        verify::verify(server, running.address, case.path(), case.body_bytes())?;
        let (path, address, load) = (case.path(), running.address, &placement.load);
        wrk::run(folder.path(), load, address, path, CONNECTIONS, WARM_UP_SECONDS)?;
        if case == Case::Soak {
            let seconds = self.arguments.soak_seconds;
            results.soak.push(soak::measure(server, &running, folder.path(), placement, seconds)?);
            return Ok(());
        }
        let connections = self.arguments.idle_connections.get();
        let measured = idle::measure(server, &running, path, connections)?;
        let each = measured.bytes_per_connection();
        eprintln!("idle       {:15} {each:6.0} bytes per connection", server.name());
        results.idle.push(measured);
        Ok(())
    }

    fn start(&self, subject: Subject<'_>, folder: &std::path::Path) -> Result<Running> {
        let setup = Setup {
            tombolo: &self.tombolo,
            folder,
            origin: subject.origin,
            log: subject.case == Case::Logged,
            haproxy_log: self.arguments.haproxy_log,
            buffer_bytes: if subject.case.body_bytes() > 64 * 1024 { 65_536 } else { 16_384 },
            workers: subject.workers,
        };
        servers::start(subject.server, &setup, subject.placement)
    }
}

fn progress(measured: &Measurement) {
    eprintln!(
        "{:10} {:15} {} worker(s), round {}: {}",
        format!("{:?}", measured.case).to_lowercase(),
        measured.server.name(),
        measured.workers,
        measured.round,
        measured.figures.progress(),
    );
}
