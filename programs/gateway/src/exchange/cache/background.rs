//! Validation of a stale response after it was sent: stale-while-revalidate (RFC 5861 section 3)
//! and soft purges.

use std::rc::Rc;
use std::sync::Arc;

use tokio::task::spawn_local;
use tombolo_cache::cache_status::Forward;
use tombolo_cache::message::Request;
use tombolo_cache::store::{Asker, Role, Store};

use super::lookup::{self, Looked};
use super::{Need, Stage, origin, question};
use crate::control_plane::Snapshot;
use crate::data_plane::{Connection, Workspace};
use crate::exchange::journal::Journal;
use crate::exchange::{Scene, guard};

/// Errands of this kind that one thread has under way at most; a stale response that finds no
/// place is validated when it is next asked for.
const MOST: usize = 256;

/// Validates what is stored for the request in the workspace, unless that is being done.
pub(super) fn validate(stage: &Stage<'_>, workspace: &Workspace) {
    let core = &stage.scene.connection.core;
    if core.errands.get() >= MOST || stage.asked.method == tombolo_http1::Method::Head {
        return;
    }
    let head_length = workspace.inbound.head_length();
    let Some(head) = workspace.inbound.whole().get(..head_length) else { return };
    let mut ours = core.workspaces.take();
    ours.inbound.load(head);
    let connection = Connection::of_nobody(core, stage.scene.connection.client);
    let snapshot = Arc::clone(stage.scene.snapshot);
    let store = stage.store.clone();
    core.errands.set(core.errands.get().saturating_add(1));
    spawn_local(async move {
        run(&connection, &snapshot, &store, &mut ours).await;
        let core = Rc::clone(&connection.core);
        core.errands.set(core.errands.get().saturating_sub(1));
        core.workspaces.give(ours);
    });
}

/// Asks upstream in nobody's name. What goes wrong is counted where it happens; the stored
/// response stays as it is.
async fn run(
    connection: &Connection,
    snapshot: &Arc<Snapshot>,
    store: &Store,
    workspace: &mut Workspace,
) {
    let Ok(Some(length)) = workspace.request.parse(workspace.inbound.unread(), &snapshot.head)
    else {
        return;
    };
    workspace.inbound.keep_head(length);
    let scene = Scene { connection, client: None, snapshot };
    let mut journal = Journal::new();
    let Ok(route) = guard::route(&scene, workspace) else { return };
    let Ok(asked) = guard::guard(&scene, workspace, route, &mut journal) else { return };
    let Some(rules) = &route.cache else { return };
    let stage = Stage { scene: &scene, route, rules, store, asked: &asked };
    let Workspace { inbound, request, key, .. } = &mut *workspace;
    let head = Request { head: request, buf: inbound.whole() };
    let Ok(question) = question::question(rules, &asked, &head, key) else { return };
    let ticket = store.ticket();
    let Looked::Stored(stored) = lookup::look(&stage, workspace, &question).await else { return };
    let hash = lookup::known_variant(&stage, workspace, &question).await;
    let key = question.key(&workspace.key);
    let variant =
        hash.map(|hash| tombolo_cache::vary::VariantKey { hash, text: &workspace.variant });
    let Role::Fill(filling) = store.begin_or_join(key, variant, ticket, Asker::Cache) else {
        return;
    };
    let need = Need { why: Forward::Stale, stored: Some(stored), if_error: false, alone: false };
    let asking = origin::ask(&stage, workspace, &question, need, Some(filling), &mut journal);
    if Box::pin(asking).await.is_err() {
        tracing::debug!("a stale response could not be validated in the background");
    }
}
