//! Asking upstream on a miss or about what is stale, and what its answer means for what is stored
//! (RFC 9111 section 4.3).

use tombolo_cache::cache_status::CacheStatus;
use tombolo_cache::conditional::{Confirmed, Freshened, freshen};
use tombolo_cache::directives::RequestDirectives;
use tombolo_cache::freshness::{Arrival, is_origin_error};
use tombolo_cache::store::{Filling, Lesson, Mode, Purge};

use super::conditions::{Asking, asking};
use super::question::Question;
use super::serve::{self, Sent};
use super::stored::Stored;
use super::{Need, Stage, invalidate, keep, now, pass_on, request, response, target};
use crate::data_plane::{Next, Workspace};
use crate::exchange::forward::{Errand, Forwarded, KeyForm, forward};
use crate::exchange::journal::Journal;
use crate::exchange::onward::Conditions;
use crate::exchange::{Failure, ended};

/// Asks upstream, serves the client, and brings what is stored up to date. Others may follow the
/// fill.
pub(super) async fn ask(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    question: &Question,
    need: Need,
    mut filling: Option<Filling>,
    journal: &mut Journal,
) -> Result<Next, Failure> {
    let (mut how, mut conditions) = asking(&request(workspace), question, need.stored.as_ref());
    loop {
        journal.cache = Some(CacheStatus { fwd: Some(need.why), ..CacheStatus::default() });
        let request_time = now();
        let scheme = target::scheme(stage.asked, &request(workspace));
        let key = Some(KeyForm { query: &stage.rules.key.query, scheme });
        let errand = Errand { hold: true, conditions: conditions.as_ref(), key };
        let Stage { scene, route, asked, .. } = *stage;
        let held = match forward(scene, workspace, route, asked, journal, errand).await {
            Ok(Forwarded::Held(held)) => *held,
            Ok(other) => return Ok(ended(scene, workspace, other, journal).await),
            Err(failure) => {
                return failed(stage, workspace, &need, filling, failure, journal).await;
            }
        };
        let arrival = Arrival { request_time, response_time: now() };
        let status = workspace.response.status();
        if need.if_error && is_origin_error(status) {
            if let Some(filling) = filling.take() {
                filling.not_storable(Lesson::Failure);
            }
            if let Some(next) = stale(stage, workspace, &need, Some(status), journal).await? {
                return Ok(next);
            }
        }
        let exchange = keep::Received { arrival, held };
        match (&how, &need.stored) {
            (Asking::Validating(validation), Some(stored)) if status == 304 => {
                let list = [(stored.meta(), stored.entry.head())];
                match validation.confirmed(&response(workspace), &list) {
                    Confirmed::Stored(_) => {
                        let fill = filling.take();
                        let good =
                            confirmed(stage, workspace, stored, exchange, fill, journal).await?;
                        if let Some(next) = good {
                            return Ok(next);
                        }
                    }
                    Confirmed::Clients => {
                        return pass_on::relay(stage, workspace, exchange.held, journal).await;
                    }
                    Confirmed::Unknown => pass_on::release(stage, workspace, exchange.held),
                }
            }
            // The rest of what is stored is not to be had: all of it is asked for.
            (Asking::Completing, _) if !matches!(status, 200 | 206) => {}
            (Asking::Completing, Some(stored)) if status == 206 => {
                let completed =
                    keep::complete(stage, workspace, stored, exchange, &mut filling, journal);
                if let Some(next) = completed.await? {
                    return Ok(next);
                }
            }
            _ => {
                return keep::take_in(stage, workspace, question, need, exchange, filling, journal)
                    .await;
            }
        }
        (how, conditions) = (Asking::Plainly, Some(Conditions::default()));
    }
}

/// No answer was had. Who left gives others the chance to ask; a server that failed holds nobody
/// twice, and what is stored may do instead.
async fn failed(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    need: &Need,
    filling: Option<Filling>,
    failure: Failure,
    journal: &mut Journal,
) -> Result<Next, Failure> {
    let Failure::Refused(refusal) = failure else { return Err(failure) };
    if let Some(filling) = filling {
        filling.not_storable(Lesson::Failure);
    }
    if !need.if_error || !refusal.is_of_upstream() {
        return Err(refusal.into());
    }
    let answered = stale(stage, workspace, need, None, journal).await?;
    answered.ok_or_else(|| refusal.into())
}

/// Serves what is stored although upstream failed. None: it cannot be read.
async fn stale(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    need: &Need,
    fwd_status: Option<u16>,
    journal: &mut Journal,
) -> Result<Option<Next>, Failure> {
    let Some(stored) = &need.stored else { return Ok(None) };
    if stage.scene.client.is_none() {
        return Ok(Some(Next::Close));
    }
    let anything = RequestDirectives::default();
    let judgement = stored.judge(&anything, &stage.rules.policy, now());
    let status = CacheStatus {
        fwd: Some(need.why),
        fwd_status,
        ttl: Some(judgement.ttl),
        detail: Some("stale-if-error"),
        ..CacheStatus::default()
    };
    let selection = stored.select(&request(workspace));
    let sent = serve::send(stage, workspace, stored, selection, judgement.age, status, journal);
    Ok(match sent.await? {
        Sent::Done(next) => Some(next),
        Sent::Unreadable => None,
    })
}

/// Upstream says that what is stored is good: brings it up to date and serves it. None: it cannot
/// be read.
async fn confirmed(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    stored: &Stored,
    received: keep::Received,
    filling: Option<Filling>,
    journal: &mut Journal,
) -> Result<Option<Next>, Failure> {
    let stored = freshened(stage, workspace, stored, received.arrival, filling);
    let keep::Received { held, .. } = received;
    pass_on::release(stage, workspace, held);
    if stage.scene.client.is_none() {
        return Ok(Some(Next::Close));
    }
    let anything = RequestDirectives::default();
    let judgement = stored.judge(&anything, &stage.rules.policy, now());
    let why = journal.cache.and_then(|status| status.fwd);
    let status = CacheStatus {
        fwd: why,
        fwd_status: Some(304),
        ttl: Some(judgement.ttl),
        ..CacheStatus::default()
    };
    let selection = stored.select(&request(workspace));
    let sent = serve::send(stage, workspace, &stored, selection, judgement.age, status, journal);
    Ok(match sent.await? {
        Sent::Done(next) => Some(next),
        Sent::Unreadable => None,
    })
}

/// What is stored, with the fields of the 304 in the workspace.
fn freshened(
    stage: &Stage<'_>,
    workspace: &Workspace,
    stored: &Stored,
    arrival: Arrival,
    filling: Option<Filling>,
) -> Stored {
    let (entry, meta) = (&stored.entry, stored.meta());
    let policy = &stage.rules.policy;
    match freshen(&response(workspace), meta, entry.head(), policy, arrival) {
        Freshened::Keep { plan, vary_changed: false } => {
            let bytes = plan.metadata.encode();
            let entry = match filling {
                Some(filling) => filling.refresh(entry, &bytes, &plan.head),
                None => stage.store.refresh(entry, &bytes, &plan.head),
            };
            Stored { entry }
        }
        // It is another's variant now, or may not be stored any longer: it answers once more.
        Freshened::Keep { .. } | Freshened::Remove(_) => {
            purge(stage, workspace);
            stored.clone()
        }
    }
}

/// Nothing that is stored under the key of the request is answered with from now on.
pub(super) fn purge(stage: &Stage<'_>, workspace: &Workspace) {
    let key = tombolo_cache::key::Key::of_text(&workspace.key);
    let client = invalidate::client(stage, &request(workspace));
    drop(stage.store.invalidate(Purge::Key(key), Mode::Hard, client));
}
