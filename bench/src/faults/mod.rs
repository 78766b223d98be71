//! `tombolo-bench faults`: the same minute of trouble for each balancer, one after the other. Three
//! replicas are killed, stopped, made slow and made to fail in turn and brought back, under the load
//! of wrk and of clients that check every byte.
//!
//! | file | one idea |
//! |---|---|
//! | `replica.rs` | a server that can be told to be slow or to fail |
//! | `body.rs` | bodies that tell whose they are |
//! | `trouble.rs` | which fault when |
//! | `client.rs` | clients that check what they get |
//! | `balancers.rs` | the configurations that are compared |
//! | `report.rs` | what came of it |

mod balancers;
mod body;
mod client;
mod replica;
mod report;
mod trouble;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};

pub(crate) use self::replica::{Arguments as ReplicaArguments, run as run_replica};
use self::{
    balancers::Balancer,
    client::Seen,
    replica::Replica,
    trouble::{SCHEDULE, Step, WHOLE},
};
use crate::{cores, interrupt, machine, servers, wrk};

/// Replicas behind the balancer.
const REPLICAS: usize = 3;
/// Clients that check what they get, each with a connection of its own.
const CHECKING: usize = 24;
/// Connections of wrk beside them.
const LOADING: u32 = 16;

/// Command line of this comparison.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The program [default: `tombolo` beside this one]
    #[arg(long)]
    tombolo: Option<PathBuf>,
    /// Only these balancers
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Balancer::Tombolo, Balancer::Nginx, Balancer::Haproxy])]
    servers: Vec<Balancer>,
}

/// What one balancer's minute came to.
struct Minute {
    balancer: Balancer,
    seen: Vec<Seen>,
    /// Requests of wrk, and what it said went wrong.
    load: wrk::Load,
}

/// Runs the comparison, and prints the report on standard output.
///
/// # Errors
/// When a program cannot be started, or one of ours fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let needed =
        [Balancer::Tombolo, Balancer::Plain].iter().any(|one| arguments.servers.contains(one));
    let tombolo = servers::tombolo_beside(arguments.tombolo.as_deref(), needed)?;
    let folder = tempfile::tempdir().context("a folder for configurations")?;
    interrupt::remove_on_signal(folder.path().to_owned()).context("watching for signals")?;
    let usable = cores::usable()?;
    let mut minutes = Vec::new();
    for &balancer in &arguments.servers {
        let own = folder.path().join(balancer.name());
        std::fs::create_dir(&own).context("a folder for a balancer")?;
        eprintln!("{}: {} seconds", balancer.name(), WHOLE.as_secs());
        minutes.push(endure(balancer, &tombolo, &own, &usable)?);
    }
    let placement = cores::place(&usable, 1)?;
    let rivals = [("nginx", servers::NGINX, "-v"), ("HAProxy", servers::HAPROXY, "-v")];
    for line in machine::describe(&usable, &placement, &rivals) {
        println!("- {line}");
    }
    report::print(&minutes);
    Ok(())
}

/// One balancer's minute.
fn endure(balancer: Balancer, tombolo: &Path, folder: &Path, usable: &[usize]) -> Result<Minute> {
    let placement = cores::place(usable, 1)?;
    let mut replicas =
        (0..REPLICAS).map(|_| Replica::start(&placement.origin)).collect::<Result<Vec<_>>>()?;
    let addresses: Vec<SocketAddr> = replicas.iter().map(Replica::address).collect();
    let running = balancer.start(tombolo, folder, &addresses, &placement.server)?;
    client::warm(running.address)?;
    let start = Instant::now();
    let end = start + WHOLE;
    let (clients, load) = cores::pinned(&placement.load, || {
        let check = |id| thread::spawn(move || client::check(id, running.address, start, end));
        let clients: Vec<_> = (0..CHECKING).map(check).collect();
        let (folder, cores) = (folder.to_owned(), placement.load.clone());
        let seconds = u32::try_from(WHOLE.as_secs()).unwrap_or(u32::MAX);
        let load = thread::spawn(move || {
            let asked = wrk::Asked { address: running.address, path: "/bytes?n=7", script: "" };
            wrk::run_through_trouble(&folder, &cores, asked, LOADING, seconds)
        });
        (clients, load)
    })?;
    for step in &SCHEDULE {
        wait_until(start + step.at);
        cause(step, &mut replicas)?;
    }
    let mut seen = Vec::new();
    for client in clients {
        seen.extend(client.join().map_err(|_| anyhow!("a client panicked"))?);
    }
    let load = load.join().map_err(|_| anyhow!("the load panicked"))??;
    ensure!(!seen.is_empty(), "nothing was asked");
    Ok(Minute { balancer, seen, load })
}

fn wait_until(moment: Instant) {
    thread::sleep(moment.saturating_duration_since(Instant::now()));
}

/// Does to a replica what the schedule says.
fn cause(step: &Step, replicas: &mut [Replica]) -> Result<()> {
    let replica = replicas.get_mut(step.replica).context("a replica of this number")?;
    replica
        .suffer(step.what)
        .with_context(|| format!("{:?} of replica {}", step.what, step.replica))
}

/// A time since the start, in seconds.
fn seconds(since: Duration) -> f64 {
    since.as_secs_f64()
}
