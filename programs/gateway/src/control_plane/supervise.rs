//! Starts the data plane, and ends it when it is told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tombolo_cache::store::{Settings, Store};
use tombolo_daemon::config::{self, Config, Limits};
use tombolo_daemon::shutdown::{Hangup, Signals};

use super::admin::{Admin, Facts};
use super::{Snapshot, health, resolver};
use crate::Error;
use crate::access_log::AccessLog;
use crate::data_plane::{Admission, Listeners, Speaks, Worker, WorkerOptions};
use crate::metrics::Metrics;
use crate::tcp::Totals;
use crate::upstream::Overflow;

/// Descriptors that are needed beside those of connections.
const DESCRIPTORS_BESIDE: u64 = 64;

/// Runs the gateway until it is told to end and has drained.
pub(crate) async fn supervise(config: Config) -> Result<(), Error> {
    let started = (Instant::now(), SystemTime::now());
    let signals = Signals::install().map_err(Error::Signals)?;
    let shutdown = signals.shutdown();
    let hangup = Hangup::install().map_err(Error::Signals)?;
    let cores = tombolo_daemon::resources::usable_cores().get();
    let workers = if config.gateway.workers == 0 { cores } else { config.gateway.workers };
    report_shortage(&config);
    let listeners = Listeners::bind(&addresses(&config), workers)?;
    let admin = match &config.gateway.admin {
        Some(settings) => Some(Admin::bind(settings).await?),
        None => None,
    };
    let access_log = AccessLog::start(&config.access_log)?;
    let store = config.cache.as_ref().map(open_store);
    let snapshot = Arc::new(Snapshot::new(&config, workers, store.clone()));
    let addresses = listeners.addresses.clone();
    resolver::watch_names(&snapshot).await;
    tokio::spawn(health::watch(Arc::clone(&snapshot)));
    let limits = &config.gateway.limits;
    let admission = Admission::new(limits.connections, limits.connections_per_client);
    let facts = Arc::new(Facts {
        metrics: Arc::new(Metrics::new(&config, workers)),
        log_lines: access_log.lines(),
        shutdown: shutdown.clone(),
        listeners: listeners.addresses.clone(),
        snapshot: Arc::clone(&snapshot),
        admission,
        workers,
        started,
    });
    let running = start(&config, &facts, listeners, &access_log)?;
    if let Some(admin) = admin {
        tracing::info!("admin API at http://{}", admin.address);
        tokio::spawn(admin.serve(facts));
    }
    for (speaks, address) in &addresses {
        tracing::info!(workers, "listening on {}", speaks.url(*address));
    }
    tokio::spawn(signals.watch());
    let reopening = reopen_on_hangup(hangup, &access_log);
    tokio::select! {
        () = shutdown.draining() => {}
        () = reopening => {}
    }
    let open: usize = snapshot.tcp.iter().map(|proxy| proxy.tally.totals().open).sum();
    if open > 0 {
        tracing::info!(
            open,
            "TCP connections go on until their peers end them or `drain` has passed"
        );
    }
    let whole = tokio::task::spawn_blocking(move || running.into_iter().all(Worker::join));
    let whole = whole.await.unwrap_or(false);
    report_tcp(&snapshot);
    if let Some(store) = store {
        // Responses that came whole are written before the process ends.
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    }
    access_log.close();
    if whole { Ok(()) } else { Err(Error::Panicked) }
}

/// Every address that clients connect to, and what is spoken there.
fn addresses(config: &Config) -> Vec<(Speaks, SocketAddr)> {
    let http = config.gateway.listen.iter().map(|address| (Speaks::Http, *address));
    let tcp = config.tcp.iter().enumerate();
    let tcp =
        tcp.flat_map(|(index, tcp)| tcp.listen.iter().map(move |at| (Speaks::Tcp(index), *at)));
    http.chain(tcp).collect()
}

/// Tells at the end what went through each `[[tcp]]`.
fn report_tcp(snapshot: &Snapshot) {
    for proxy in &snapshot.tcp {
        let Totals { open: _, connections, refused, unreached, bytes_in, bytes_out } =
            proxy.tally.totals();
        tracing::info!(
            listen = %proxy.listen,
            upstream = %proxy.upstream.name,
            connections,
            refused,
            unreached,
            bytes_in,
            bytes_out,
            "passed on over TCP"
        );
    }
}

/// Opens the cache. A directory that cannot be used is no reason not to serve: it is told of in
/// the log, and tried again.
fn open_store(cache: &config::Cache) -> Store {
    let mut settings = Settings::new(&cache.dir).max_size(cache.max_size).memory(cache.memory);
    settings.max_object = cache.max_object;
    tracing::info!(dir = %cache.dir.display(), max_size = cache.max_size, "caching");
    Store::open(settings)
}

/// Starts a data-plane thread for each set of listeners.
fn start(
    config: &Config,
    facts: &Facts,
    listeners: Listeners,
    access_log: &AccessLog,
) -> Result<Vec<Worker>, Error> {
    let overflow = Arc::new(Overflow::new(facts.snapshot.pools));
    let drain: Duration = config.gateway.timeouts.drain;
    let start_one = |(index, listeners)| {
        Worker::start(WorkerOptions {
            index,
            listeners,
            snapshot: Arc::clone(&facts.snapshot),
            overflow: Arc::clone(&overflow),
            lane: access_log.lane(),
            admission: Arc::clone(&facts.admission),
            metrics: facts.metrics.row(index),
            shutdown: facts.shutdown.clone(),
            drain,
        })
        .map_err(Error::Thread)
    };
    listeners.of_worker.into_iter().enumerate().map(start_one).collect()
}

/// Reopens the access log at every SIGHUP, so that a file moved away is followed by a new one.
async fn reopen_on_hangup(mut hangup: Hangup, access_log: &AccessLog) {
    loop {
        hangup.recv().await;
        tracing::info!("SIGHUP: reopening the access log");
        access_log.reopen();
    }
}

/// Says at start when the system allows fewer descriptors than the limits promise: every client
/// connection may need one to an upstream.
fn report_shortage(config: &Config) {
    let connections = config.gateway.limits.connections as u64;
    let limits_chosen = config.gateway.limits.connections != Limits::DEFAULT.connections;
    let needed = connections.saturating_mul(2).saturating_add(DESCRIPTORS_BESIDE);
    if let Some(shortage) = tombolo_daemon::resources::raise_open_files().shortage(needed) {
        // Whoever chose a number wants to know that it does not hold; the default is only a bound.
        if limits_chosen {
            tracing::warn!("{shortage}");
        } else {
            tracing::info!("{shortage}");
        }
    }
}
