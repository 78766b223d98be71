//! Many who miss at one time: one asks upstream, the others follow what it brings.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tombolo_cache::cache_status::{CacheStatus, Forward};
use tombolo_cache::credentials::suits;
use tombolo_cache::freshness::Verdict;
use tombolo_cache::metadata::Metadata;
use tombolo_cache::range::Selection;
use tombolo_cache::store::{Asker, Filling, Joined, Reader, Released, Role, Ticket, Waiter};
use tombolo_cache::vary::VariantKey;

use super::lookup::{is_same_variant, known_variant};
use super::question::Question;
use super::serve::{self, Sent};
use super::stored::Stored;
use super::{Need, Stage, follow, now};
use crate::data_plane::{Next, Watch, Workspace};
use crate::exchange::journal::Journal;
use crate::exchange::{Failure, SHED};
use crate::timing::Phase;

/// Ticks that a request waits for the head of what another asked for; then it asks itself.
const PATIENCE: u64 = 50;

/// Whose turn it is.
pub(super) enum Turn {
    /// Ours to ask upstream; with a fill, others may follow.
    Ours(Box<Need>, Option<Filling>),
    /// The client was served by what another brought.
    Answered(Next),
    /// Something was stored meanwhile.
    LookAgain,
}

/// Finds out whether another asks upstream already, and is served by what that brings.
pub(super) async fn turn(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    question: &mut Question,
    need: Need,
    ticket: Ticket,
    journal: &mut Journal,
) -> Result<Turn, Failure> {
    if question.head || question.directives.no_store {
        return Ok(Turn::Ours(Box::new(need), None));
    }
    if question.alone || need.alone {
        let filling = stage.store.begin_alone(question.key(&workspace.key));
        return Ok(Turn::Ours(Box::new(need), filling));
    }
    // Where nothing is stored under the key, nothing is known of variants either: the look-up that
    // found so is not made again.
    let hash = match need.why {
        Forward::UriMiss => None,
        _ => known_variant(stage, workspace, question).await,
    };
    let key = question.key(&workspace.key);
    let variant = hash.map(|hash| VariantKey { hash, text: &workspace.variant });
    let asker = asker(stage, workspace, &need);
    let waiter = match stage.store.begin_or_join(key, variant, ticket, asker) {
        Role::Fill(filling) => return Ok(Turn::Ours(Box::new(need), Some(filling))),
        Role::Busy => return Ok(Turn::Ours(Box::new(need), None)),
        Role::Again => return Ok(Turn::LookAgain),
        Role::Wait(waiter) => waiter,
    };
    journal.waits(Phase::Collapsed);
    let waited = wait(stage, waiter).await;
    journal.waited();
    match waited? {
        // The first of those whose patience ends takes the place of the one that is late.
        None => match stage.store.begin_or_join(key, variant, ticket, asker) {
            Role::Fill(filling) => Ok(Turn::Ours(Box::new(need), Some(filling))),
            Role::Again => Ok(Turn::LookAgain),
            Role::Busy | Role::Wait(_) => Ok(Turn::Ours(Box::new(need), None)),
        },
        Some(Err(why)) => {
            // One wait for nothing is enough. Only where the client left that asked upstream, nobody
            // has answered yet, and another may ask for all; that too once.
            question.alone = why != Released::GivenUp || question.waited;
            question.waited = true;
            Ok(Turn::LookAgain)
        }
        Some(Ok(joined)) => {
            let served = take(stage, workspace, question, &need, joined, journal).await?;
            Ok(served.map_or_else(
                || {
                    question.alone = true;
                    Turn::LookAgain
                },
                Turn::Answered,
            ))
        }
    }
}

/// What is known of whether others may have the answer to this request.
fn asker(stage: &Stage<'_>, workspace: &Workspace, need: &Need) -> Asker {
    if !stage.has_credentials(&super::request(workspace)) {
        return Asker::Anyone;
    }
    match &need.stored {
        Some(stored) if stored.meta().lifetime_source.is_explicit() => Asker::CredentialsShared,
        _ => Asker::Credentials,
    }
}

/// Waits for the head of another's response. None: it takes too long.
async fn wait(
    stage: &Stage<'_>,
    waiter: Waiter,
) -> Result<Option<Result<Joined, Released>>, Failure> {
    let timer = &stage.scene.connection.timer;
    let watch = Watch::new(stage.scene.client);
    watch.begin();
    timer.arm(PATIENCE);
    let mut waiting = pin!(waiter.wait());
    let ended = poll_fn(|cx| {
        if let Poll::Ready(joined) = waiting.as_mut().poll(cx) {
            return Poll::Ready(Some(joined));
        }
        watch.look(timer, cx);
        timer.poll_expired(cx).map(|()| None)
    })
    .await;
    if ended.is_none() && timer.is_shed() {
        return Err(Failure::Cut(SHED));
    }
    if ended.is_none() && watch.has_ended() {
        return Err(Failure::Cut("the client left before it was answered"));
    }
    Ok(ended)
}

/// Serves the client by what another brought. None: it does not do for this request.
async fn take(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    question: &Question,
    need: &Need,
    joined: Joined,
    journal: &mut Journal,
) -> Result<Option<Next>, Failure> {
    let status = |ttl| CacheStatus {
        fwd: Some(need.why),
        ttl: Some(ttl),
        collapsed: true,
        ..CacheStatus::default()
    };
    match joined {
        Joined::Refreshed(entry) => {
            let Some(stored) = Stored::of(entry) else { return Ok(None) };
            let asked = super::request(workspace);
            let judgement =
                stored.judge_for(&asked, &question.directives, &stage.rules.policy, now());
            let selection = stored.select(&asked);
            if judgement.verdict != Verdict::Fresh || matches!(selection, Selection::NotHeld) {
                return Ok(None);
            }
            let (age, status) = (judgement.age, status(judgement.ttl));
            let sent = serve::send(stage, workspace, &stored, selection, age, status, journal);
            Ok(match sent.await? {
                Sent::Done(next) => Some(next),
                Sent::Unreadable => None,
            })
        }
        Joined::Reader(reader) => {
            let Some((meta, age, ttl)) = usable(stage, workspace, question, &reader) else {
                return Ok(None);
            };
            journal.cache = Some(status(ttl));
            follow::serve(stage, workspace, reader, &meta, age, journal).await.map(Some)
        }
    }
}

/// Whether a response that is coming in may answer this request too; with its age and time to live.
fn usable(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    question: &Question,
    reader: &Reader,
) -> Option<(Metadata, u32, i64)> {
    let meta = Metadata::decode(reader.front().meta()).ok()?;
    if meta.part.is_some()
        || !is_same_variant(stage, workspace, reader.varies_by(), reader.front().variant())
    {
        return None;
    }
    let policy = &stage.rules.policy;
    if !suits(&super::request(workspace), &meta, policy) {
        return None;
    }
    let mark = tombolo_cache::freshness::Mark::None;
    let judgement =
        tombolo_cache::freshness::judge(&question.directives, &meta, mark, policy, now());
    (judgement.verdict == Verdict::Fresh).then_some((meta, judgement.age, judgement.ttl))
}
