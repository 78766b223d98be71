//! What operators want while the gateway serves, one thing after another: signals, a changed file,
//! wishes from the admin API.

use std::net::TcpListener;
use std::sync::Arc;

use tokio::sync::mpsc;
use tombolo_daemon::file_watch::FileWatch;
use tombolo_daemon::shutdown::{Hangup, Replace};

use super::memory::Keeper;
use super::reload::Reloader;
use super::succession::{Program, tell};
use super::{How, Standing, Target, Wish, drain, through_up};
use crate::access_log::AccessLog;

/// What the control plane waits for while it serves.
pub(super) struct Events {
    pub(super) hangup: Hangup,
    pub(super) replace: Replace,
    pub(super) watch: FileWatch,
    pub(super) wanted: mpsc::Receiver<Wish>,
    pub(super) standing: Arc<Standing>,
    pub(super) program: Program,
    /// The socket of the admin API.
    pub(super) admin_socket: Option<TcpListener>,
}

/// Reloads whenever it is asked to, and opens the access log anew at every SIGHUP, so that a file
/// moved away is followed by a new one. Returns when another process serves in our place: its id.
pub(super) async fn attend(
    mut events: Events,
    reloader: &mut Reloader,
    keeper: &mut Keeper,
    access_log: &AccessLog,
) -> u32 {
    loop {
        // Under `tombolo up` that watches its own file.
        let gateway = &reloader.publication.current().config.gateway;
        let watched = gateway.watch && gateway.orchestrator.is_none();
        let wish = tokio::select! {
            () = events.hangup.recv() => {
                tracing::info!("SIGHUP: reopening the access log, reloading the configuration");
                access_log.reopen();
                None
            }
            () = events.replace.recv() => match replaced(&events, reloader, keeper).await {
                Some(pid) => return pid,
                None => continue,
            },
            () = events.watch.changed(), if watched => {
                tracing::info!("the configuration file has changed: reloading it");
                None
            }
            // Without an admin API nobody can wish anything: that is no event.
            Some(wish) = events.wanted.recv() => Some(wish),
        };
        // Who wished may have left meanwhile: then nobody takes the answer.
        match wish {
            None => reload(reloader).await,
            Some(Wish::TakeOver(told)) => drop(told.send(reloader.take_over().await)),
            Some(Wish::Readdress(answers)) => reloader.readdress(&answers).await,
            Some(Wish::Reload(told)) => drop(told.send(reloader.reload().await)),
            Some(Wish::Drain(target, how, told)) => {
                let Reloader { publication, workers, .. } = &*reloader;
                let standing = &events.standing;
                let drained = drain::drain(target, how, publication, workers, standing).await;
                drop(told.send(drained));
            }
        }
    }
}

/// Has the configuration file read again: by the `tombolo up` that runs this gateway, if one does.
async fn reload(reloader: &mut Reloader) {
    let orchestrator = reloader.publication.current().config.gateway.orchestrator.clone();
    match orchestrator {
        None => drop(reloader.reload().await),
        Some(socket) => {
            let reloads = Arc::clone(&reloader.reloads);
            // It asks this gateway in its turn, so this loop must not wait for it.
            tokio::spawn(async move { through_up::reload(&socket, &reloads).await.map(drop) });
        }
    }
}

/// Starts the program anew, which may be another by now. Its process id once it serves; none if it
/// does not, which is told.
async fn replaced(events: &Events, reloader: &Reloader, keeper: &mut Keeper) -> Option<u32> {
    let not_replaced = "the program was not replaced; this process continues to serve";
    let current = reloader.publication.current();
    let orchestrator = current.config.gateway.orchestrator.as_deref();
    if let Some(socket) = orchestrator
        && let Err(error) = tell::orchestrator_hears(socket).await
    {
        tracing::error!(%error, "{not_replaced}");
        return None;
    }
    tracing::info!("SIGUSR2: starting a new process of the program, which takes this one's place");
    let (sockets, admin) = (reloader.listening.sockets(), events.admin_socket.as_ref());
    // From now on the file is the new one's.
    keeper.rest().await;
    let known = keeper.for_a_successor();
    let succeeded = events.program.succeed(sockets, admin, known.as_deref()).await;
    if let Err(error) = &succeeded {
        keeper.begin();
        tracing::error!(%error, "{not_replaced}");
    }
    if let Some(socket) = orchestrator {
        let outcome = succeeded.as_ref().map(|pid| *pid).map_err(ToString::to_string);
        tell::orchestrator(socket, outcome).await;
    }
    succeeded.ok()
}

/// The process before was told to take no new work: neither does this one.
pub(super) async fn leave(reloader: &Reloader, standing: &Standing) {
    let Reloader { publication, workers, .. } = reloader;
    let how = How::Drain { lasts: true };
    let _ = drain::drain(Target::Gateway, how, publication, workers, standing).await;
}
