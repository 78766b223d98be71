//! Requests that the cache has no part in: they pass, and what an unsafe one changed is no longer
//! answered with (RFC 9111 section 4.4).

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tombolo_cache::cache_status::{CacheStatus, Forward};
use tombolo_cache::freshness::Arrival;
use tombolo_cache::invalidation::{Invalidated, invalidated};
use tombolo_cache::key::Key;
use tombolo_cache::message::Request;
use tombolo_cache::storability::Exchange;
use tombolo_cache::store::{Mode, Purge};
use tombolo_http1::Method;

use super::{Stage, keep, now, pass_on, request, response, target};
use crate::data_plane::{Next, Workspace};
use crate::exchange::forward::{Errand, Forwarded, forward};
use crate::exchange::journal::Journal;
use crate::exchange::{Failure, ended};
use crate::rate_limit;

/// Ticks that an answer waits until the purges it causes are written down. A disk that is slower
/// than this holds nobody; the purges are in force all the same.
const PATIENCE: u64 = 2;

/// Passes a request on that is not answered from the cache.
pub(super) async fn pass(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    journal: &mut Journal,
    why: Forward,
) -> Result<Next, Failure> {
    journal.cache = Some(CacheStatus { fwd: Some(why), ..CacheStatus::default() });
    let safe = stage.asked.method.is_safe();
    let request_time = now();
    let errand = Errand { hold: !safe, ..Errand::default() };
    let Stage { scene, route, asked, .. } = *stage;
    let forwarded = forward(scene, workspace, route, asked, journal, errand).await?;
    if safe {
        return Ok(ended(scene, workspace, forwarded, journal).await);
    }
    let arrival = Arrival { request_time, response_time: now() };
    match forwarded {
        Forwarded::Held(held) => {
            purge_changed(stage, workspace, arrival).await;
            if asked.method == Method::Post {
                return keep::content_of_post(stage, workspace, *held, arrival, journal).await;
            }
            pass_on::relay(stage, workspace, *held, journal).await
        }
        // The answer came before the request was whole, and is passed on already.
        other => {
            purge_changed(stage, workspace, arrival).await;
            Ok(ended(scene, workspace, other, journal).await)
        }
    }
}

/// Purges what the answer in the workspace makes invalid. When the client hears of its success, no
/// restart brings back what it changed.
async fn purge_changed(stage: &Stage<'_>, workspace: &Workspace, arrival: Arrival) {
    let request = request(workspace);
    let mut told = Vec::new();
    let exchange = Exchange {
        target: target::or_as_sent(stage.asked, &request, &mut told),
        request,
        response: response(workspace),
        arrival,
    };
    let timer = &stage.scene.connection.timer;
    let client = client(stage, &request);
    let Invalidated { keys, prefixes } = invalidated(&exchange, &stage.rules.key);
    let keys = keys.iter().map(|text| Purge::Key(Key::of_text(text)));
    for purge in keys.chain(prefixes.iter().map(|text| Purge::Prefix(text))) {
        let receipt = stage.store.invalidate(purge, Mode::Hard, client);
        timer.arm(PATIENCE);
        let mut written = pin!(receipt.written());
        poll_fn(|cx| match written.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => timer.poll_expired(cx),
        })
        .await;
    }
}

/// On whose account the purges of a request are: a hash of its client's address, of its network with
/// IPv6.
pub(super) fn client(stage: &Stage<'_>, request: &Request<'_>) -> u64 {
    let (scene, trusted) = (stage.scene, &stage.scene.snapshot.trusted);
    let address =
        rate_limit::client(request.head, request.buf, scene.connection.client.ip(), trusted);
    tombolo_balance::hash_key(&address)
}
