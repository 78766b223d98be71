//! Starts the data plane, attends to what operators want of it, and ends it when it is told to.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tombolo_cache::store::{Settings, Store};
use tombolo_daemon::config::{Config, Traces};
use tombolo_daemon::file_watch::FileWatch;
use tombolo_daemon::resources;
use tombolo_daemon::shutdown::{Hangup, Replace, Shutdown, Signals};

use super::admin::{Admin, AdminSocket, Facts};
use super::attend::{Events, attend, leave};
use super::descriptors::Descriptors;
use super::finish::{await_the_delay, finish};
use super::listening::Listening;
use super::memory::Keeper;
use super::names::Answers;
use super::reload::Reloader;
use super::source::Source;
use super::succession::{Inherited, Program, tell};
use super::wish::WISHES;
use super::{Publication, Reloads, Snapshot, Standing, health, lifeline, names, snapshot};
use crate::Error;
use crate::access_log::AccessLog;
use crate::data_plane::{Idle, Worker, WorkerOptions};
use crate::metrics::Metrics;
use crate::recent::Memory;

/// Runs the gateway until it is told to end and has drained.
pub(crate) async fn supervise(config: Config, source: Source) -> Result<(), Error> {
    let started = (Instant::now(), SystemTime::now());
    let (signals, hangup, replace) = install_signals()?;
    let shutdown = signals.shutdown();
    let program = Program::of_this_process().map_err(Error::Program)?;
    let mut inherited = Inherited::take();
    let watch = FileWatch::new(source.file.clone()).await;
    let workers = workers(&config);
    let descriptors = Descriptors::new(resources::raise_open_files(), workers);
    descriptors.report(&config.gateway.limits);
    let listening = Listening::new(workers);
    let bound = listening.bind(&snapshot::doors(&config), &mut inherited)?;
    let (admin, socket) = bind_admin(&config, &mut inherited).await?;
    let access_log = AccessLog::start(&config.access_log)?;
    let store = open_store(&config);
    let (limits, remembered) = (config.gateway.limits, remembered(&config));
    let (traces, orchestrator) = (config.traces.clone(), config.gateway.orchestrator.clone());
    let state_file = config.gateway.state_file.clone();
    let answers = names::first(&config, &Answers::default()).await;
    let publication = Publication::new(Snapshot::new(config, answers, workers, store.clone()));
    let standing = Arc::new(Standing::new(shutdown.clone()));
    let known = inherited.state();
    let (mut keeper, is_leaving) = Keeper::new(&state_file, known, &publication, &standing);
    tokio::spawn(health::watch(Arc::clone(&publication)));
    lifeline::watch();
    let (wishes, wanted) = mpsc::channel(WISHES);
    tokio::spawn(names::follow(Arc::clone(&publication), wishes.clone()));
    let facts = Arc::new(Facts {
        metrics: Arc::new(Metrics::new(workers)),
        memory: Arc::new(Memory::new(workers, remembered, traces.is_some())),
        series: Arc::default(),
        traces: traces.as_ref().map(|_| Arc::default()),
        log_lines: access_log.lines(),
        standing: Arc::clone(&standing),
        reloads: Arc::new(Reloads::new()),
        listeners: listening.addresses(),
        publication: Arc::clone(&publication),
        admission: descriptors.admission(&limits),
        wishes,
        orchestrator,
        workers,
        started,
    });
    let (reloads, admission) = (Arc::clone(&facts.reloads), Arc::clone(&facts.admission));
    let running = start(&facts, &shutdown, &access_log)?;
    let admin_socket = admin.as_ref().and_then(|admin| admin.socket().ok());
    let admin = inform(facts, (admin, socket), traces, &shutdown);
    let mut reloader = Reloader {
        source,
        descriptors,
        reloads,
        publication,
        listening,
        workers: running,
        admission,
        store,
        open_store,
    };
    reloader.begin(bound).await;
    if is_leaving {
        leave(&reloader, &standing).await;
    }
    keeper.begin();
    tell_that_it_serves(inherited);
    tokio::spawn(signals.watch());
    let events = Events { hangup, replace, watch, wanted, standing, program, admin_socket };
    let idle = serve(events, &mut reloader, &mut keeper, &access_log, &shutdown, admin).await;
    keeper.rest().await;
    finish(reloader, idle, access_log).await
}

fn install_signals() -> Result<(Signals, Hangup, Replace), Error> {
    let signals = Signals::install().map_err(Error::Signals)?;
    let hangup = Hangup::install().map_err(Error::Signals)?;
    let replace = Replace::install().map_err(Error::Signals)?;
    Ok((signals, hangup, replace))
}

/// Binds the admin API's address and its socket, where the configuration has them.
async fn bind_admin(
    config: &Config,
    inherited: &mut Inherited,
) -> Result<(Option<Admin>, Option<AdminSocket>), Error> {
    let admin = match &config.gateway.admin {
        Some(settings) => Some(Admin::bind(settings, inherited.admin(settings.listen)).await?),
        None => None,
    };
    let socket = config.gateway.admin_socket.as_deref().map(AdminSocket::bind).transpose()?;
    Ok((admin, socket))
}

/// Serves until the process is to end, or another serves in its place. What is to become of idle
/// connections then.
async fn serve(
    events: Events,
    reloader: &mut Reloader,
    keeper: &mut Keeper,
    access_log: &AccessLog,
    shutdown: &Shutdown,
    admin: Option<JoinHandle<()>>,
) -> Idle {
    tokio::select! {
        () = shutdown.draining() => {
            tell::stopping();
            await_the_delay(reloader, shutdown).await;
            Idle::Closed
        }
        pid = attend(events, reloader, keeper, access_log) => {
            tell::succeeded_by(pid);
            tracing::info!(pid, "another process has taken over; ending what is under way here");
            // It is asked in our place.
            admin.iter().for_each(JoinHandle::abort);
            Idle::Kept
        }
    }
}

/// To the process before this one and to the service manager, who wait for it.
fn tell_that_it_serves(inherited: Inherited) {
    inherited.ready();
    tell::ready();
    tokio::spawn(tell::watchdog());
}

/// Exchanges to be remembered: none where nobody could ask for them, which spares each request the
/// writing.
fn remembered(config: &Config) -> usize {
    let gateway = &config.gateway;
    let asked = gateway.admin.is_some() || gateway.admin_socket.is_some();
    if asked || config.traces.is_some() { gateway.limits.recent_requests } else { 0 }
}

/// Threads of the data plane.
fn workers(config: &Config) -> usize {
    match config.gateway.workers {
        0 => tombolo_daemon::resources::usable_cores().get(),
        chosen => chosen,
    }
}

/// Tells what happens to whoever wants to know: a collector of traces, and who asks the admin API.
/// What serves the admin API, if anything does.
fn inform(
    facts: Arc<Facts>,
    (admin, socket): (Option<Admin>, Option<AdminSocket>),
    traces: Option<Traces>,
    shutdown: &Shutdown,
) -> Option<JoinHandle<()>> {
    if let (Some(traces), Some(tally)) = (traces, &facts.traces) {
        let (memory, tally) = (Arc::clone(&facts.memory), Arc::clone(tally));
        tokio::spawn(super::traces::run(traces, memory, tally, shutdown.clone()));
    }
    if let Some(socket) = socket {
        tokio::spawn(socket.serve(Arc::clone(&facts)));
    }
    let admin = admin?;
    tracing::info!("admin API at http://{}", admin.address);
    let Facts { series, metrics, memory, admission, .. } = &*facts;
    let watched = (Arc::clone(metrics), Arc::clone(memory), Arc::clone(admission));
    tokio::spawn(Arc::clone(series).run(watched.0, watched.1, watched.2));
    Some(tokio::spawn(admin.serve(facts)))
}

/// Opens the cache, if there is one. A directory that cannot be used is no reason not to serve: it
/// is told of in the log, and tried again.
fn open_store(config: &Config) -> Option<Store> {
    let cache = config.cache.as_ref()?;
    let mut settings = Settings::new(&cache.dir).max_size(cache.max_size).memory(cache.memory);
    settings.max_object = cache.max_object;
    tracing::info!(dir = %cache.dir.display(), max_size = cache.max_size, "caching");
    Some(Store::open(settings))
}

/// Starts the data-plane threads; they accept nothing yet.
fn start(facts: &Facts, shutdown: &Shutdown, access_log: &AccessLog) -> Result<Vec<Worker>, Error> {
    let start_one = |index| {
        Worker::start(WorkerOptions {
            index,
            threads: facts.workers,
            publication: Arc::clone(&facts.publication),
            lane: access_log.lane(),
            admission: Arc::clone(&facts.admission),
            metrics: facts.metrics.row(index),
            recent: facts.memory.lane(index),
            shutdown: shutdown.clone(),
        })
        .map_err(Error::Thread)
    };
    (0..facts.workers).map(start_one).collect()
}
