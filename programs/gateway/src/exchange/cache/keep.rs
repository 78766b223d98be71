//! Stage 9: whether an answer from upstream is stored, and what becomes of it if not. Storing it while
//! the client is served is in `keep/store.rs`.

mod store;

use tombolo_cache::conditional::{Freshened, HeadEffect, head_effect};
use tombolo_cache::freshness::Arrival;
use tombolo_cache::key::QueryRule;
use tombolo_cache::message::{Request, Response};
use tombolo_cache::metadata::Metadata;
use tombolo_cache::storability::{Exchange, NotStored, Plan, storable};
use tombolo_cache::store::{Filling, Lesson, Mode, Purge, Start};
use tombolo_http1::Framing;

use super::fill::Piece;
use super::keeping::{Keeping, tags};
use super::question::Question;
use super::stored::Stored;
use super::{Need, Stage, follow, invalidate, now, origin, pass_on, request, response, target};
use crate::data_plane::{Next, Workspace};
use crate::exchange::Failure;
use crate::exchange::forward::Held;
use crate::exchange::journal::Journal;
use store::{begin_fill, store};

/// An answer whose head is in the workspace.
pub(super) struct Received {
    pub(super) arrival: Arrival,
    pub(super) held: Held,
}

/// Takes the answer to a GET or HEAD in: stores it if it may be stored, and passes it on.
pub(super) async fn take_in(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    question: &Question,
    need: Need,
    received: Received,
    filling: Option<Filling>,
    journal: &mut Journal,
) -> Result<Next, Failure> {
    let Received { arrival, held } = received;
    if question.head {
        if let Some(stored) = &need.stored {
            heed_head(stage, workspace, stored, arrival);
        }
        return pass_on::relay(stage, workspace, held, journal).await;
    }
    let plan = match plan(workspace, stage, arrival) {
        Ok(plan) => plan,
        Err(reason) => {
            journal.not_stored = Some(reason);
            let status = workspace.response.status();
            let lesson = lesson(reason, status);
            let of_request = !matches!(lesson, Lesson::Response | Lesson::Failure);
            // What is stored is not what upstream answers with any longer.
            if need.stored.is_some() && matches!(status, 200..=399) && !of_request {
                origin::purge(stage, workspace);
            }
            // Those who wait ask upstream themselves, and the next do not even wait.
            if let Some(filling) = filling {
                filling.not_storable(lesson);
            }
            return pass_on::relay(stage, workspace, held, journal).await;
        }
    };
    let Some(filling) = filling else {
        return pass_on::relay(stage, workspace, held, journal).await;
    };
    let Some(keeping) = Keeping::joined(plan, need.stored.as_ref()) else {
        return pass_on::relay(stage, workspace, held, journal).await;
    };
    store(stage, workspace, keeping, held, filling, journal).await
}

/// Takes in the answer to a POST, which may be what a GET would have brought (RFC 9110 section
/// 9.3.3).
pub(super) async fn content_of_post(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    held: Held,
    arrival: Arrival,
    journal: &mut Journal,
) -> Result<Next, Failure> {
    let Ok(plan) = plan(workspace, stage, arrival) else {
        return pass_on::relay(stage, workspace, held, journal).await;
    };
    // What the key leaves out went upstream with the POST: the answer may be made of it.
    if stage.rules.key.query != QueryRule::Exact {
        return pass_on::relay(stage, workspace, held, journal).await;
    }
    let Workspace { inbound, request, key, .. } = &mut *workspace;
    let request = Request { head: request, buf: inbound.whole() };
    let mut told = Vec::new();
    let Some(target) = target::of(stage.asked, &request, &mut told) else {
        return pass_on::relay(stage, workspace, held, journal).await;
    };
    let key = stage.rules.key.of_request(target, &request, key);
    // Begun here, not before the request was sent: its own invalidation must not hit it.
    let Some(filling) = stage.store.begin_alone(key) else {
        return pass_on::relay(stage, workspace, held, journal).await;
    };
    store(stage, workspace, Keeping::of(plan), held, filling, journal).await
}

/// Takes in the rest of a part that is stored, and serves the whole. None: the two do not make a
/// whole.
pub(super) async fn complete(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    stored: &Stored,
    received: Received,
    filling: &mut Option<Filling>,
    journal: &mut Journal,
) -> Result<Option<Next>, Failure> {
    let Received { arrival, held } = received;
    let Ok(plan) = plan(workspace, stage, arrival) else { return Ok(None) };
    let keeping = Keeping::joined(plan, Some(stored));
    let whole = keeping.filter(|keeping| {
        keeping.meta.part.is_none() && (keeping.before.is_some() || keeping.after.is_some())
    });
    let (Some(keeping), Some(mut filling)) = (whole, filling.take()) else { return Ok(None) };
    let meta = keeping.meta;
    if !start(stage, workspace, &keeping, &mut filling) {
        return Ok(None);
    }
    let Some(reader) = filling.reader() else { return Ok(None) };
    set_stored(journal);
    begin_fill(stage, workspace, keeping, held, filling);
    let age = age_of(stage, &meta);
    follow::serve(stage, workspace, reader, &meta, age, journal).await.map(Some)
}

fn plan(workspace: &Workspace, stage: &Stage<'_>, arrival: Arrival) -> Result<Plan, NotStored> {
    let request = request(workspace);
    let mut told = Vec::new();
    let exchange = Exchange {
        target: target::or_as_sent(stage.asked, &request, &mut told),
        request,
        response: response(workspace),
        arrival,
    };
    storable(&exchange, &stage.rules.policy)
}

fn age_of(stage: &Stage<'_>, meta: &Metadata) -> u32 {
    use tombolo_cache::freshness::{Mark, judge};
    judge(&Default::default(), meta, Mark::None, &stage.rules.policy, now()).age
}

fn set_stored(journal: &mut Journal) {
    if let Some(status) = &mut journal.cache {
        status.stored = true;
    }
}

/// What an answer that is not stored says of the answers to other requests for the same.
fn lesson(reason: NotStored, status: u16) -> Lesson {
    match reason {
        NotStored::RequestContent
        | NotStored::RequestNoStore
        | NotStored::Method
        | NotStored::Status
        | NotStored::ContentRange => Lesson::Nothing,
        NotStored::Authorization | NotStored::Credentials => Lesson::Credentials,
        _ if status >= 500 => Lesson::Failure,
        _ => Lesson::Response,
    }
}

/// Hands the head of what comes to the store. False: it takes none of it.
fn start(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    keeping: &Keeping,
    filling: &mut Filling,
) -> bool {
    let Workspace { inbound, outbound, request, response, variant, .. } = workspace;
    let asked = Request { head: request, buf: inbound.whole() };
    let answer = Response { head: response, buf: outbound.whole() };
    let tags = tags(&answer);
    let vary = &keeping.vary;
    let varies_by =
        (!vary.is_empty()).then(|| (vary.as_bytes(), vary.variant(&asked, &stage.sent(), variant)));
    let beside = [&keeping.before, &keeping.after].into_iter().flatten().map(Piece::length);
    let length = match response.framing() {
        Framing::Length(length) => Some(beside.fold(length, u64::saturating_add)),
        Framing::None => Some(0),
        Framing::Chunked | Framing::UntilClose => None,
    };
    let meta = keeping.meta.encode();
    let start = Start { meta: &meta, head: &keeping.head, tags: &tags, varies_by, length };
    match filling.start(start) {
        Ok(()) => true,
        Err(error) => {
            tracing::debug!(%error, key = %String::from_utf8_lossy(&workspace.key), route = stage.route.upstream, "not stored");
            false
        }
    }
}

/// What the answer to a HEAD says of the stored answer to GET (RFC 9111 section 4.3.5).
fn heed_head(stage: &Stage<'_>, workspace: &Workspace, stored: &Stored, arrival: Arrival) {
    let (entry, meta) = (&stored.entry, stored.meta());
    let policy = &stage.rules.policy;
    let length = entry.body_length();
    match head_effect(&response(workspace), meta, entry.head(), length, policy, arrival) {
        HeadEffect::None => {}
        HeadEffect::Freshen(freshened) => match *freshened {
            Freshened::Keep { plan, vary_changed: false } => {
                stage.store.refresh(entry, &plan.metadata.encode(), &plan.head);
            }
            Freshened::Keep { .. } | Freshened::Remove(_) => origin::purge(stage, workspace),
        },
        HeadEffect::Invalidate => {
            let key = tombolo_cache::key::Key::of_text(&workspace.key);
            // Stale from now on; it may still be validated.
            let client = invalidate::client(stage, &request(workspace));
            drop(stage.store.invalidate(Purge::Key(key), Mode::Soft, client));
        }
    }
}
