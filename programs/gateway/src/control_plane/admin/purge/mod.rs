//! `POST /api/v1/purge`: takes responses out of the cache, or makes them stale.
//!
//! `order.rs` reads what is asked for, `target.rs` finds out what it means for the cache, and here
//! the store is told. A purge is in force when it is answered.

mod order;
mod target;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::json;
use tokio::time::timeout;
use tombolo_cache::key::KeyRules;
use tombolo_cache::store::{Mode, Purge, PurgeError};
use tombolo_http1::normal;

use self::order::Order;
use self::target::Target;
use super::body;
use super::refusal::{Mistake, Refusal};
use super::{Facts, limits};

const NO_CACHE: &str = "This gateway has no cache: no route says `cache = true`, and there is no [cache] table, --cache-ttl or --cache-dir. Nothing is stored, so nothing needs purging.";

const NOT_DURABLE: &str = "The purge is in force, but could not be written down yet; it will be as soon as the disk takes it. If the gateway ends before, purge again. `tombolo status` tells what is wrong with the disk.";

pub(super) async fn answer(
    State(facts): State<Arc<Facts>>,
    request: Request,
) -> Result<Response, Refusal> {
    let body = body::whole(request.into_body()).await?;
    let order = Order::parse(&body)?;
    let target = Target::new(&order, |url| rules_for(url, &facts))
        .map_err(|one| Refusal::of_mistakes(vec![one]))?;
    let snapshot = facts.snapshot();
    let Some(store) = &snapshot.store else {
        return Err(Refusal::new(StatusCode::CONFLICT, NO_CACHE));
    };
    let mode = if order.soft { Mode::Soft } else { Mode::Hard };
    let tell = |purge: Purge<'_>| {
        store.purge(purge, mode).map_err(|error| refused(error, order.what.field()))
    };
    // What was asked for by a hop that told more of the target is stored apart.
    if let (false, Some(prefix)) = (snapshot.trusted.is_empty(), target.of_hops()) {
        drop(tell(Purge::Prefix(&prefix))?);
    }
    let receipt = tell(target.purge())?;
    tracing::info!(target = %target, soft = order.soft, "purged");
    let durable = timeout(limits::DURABLE_TIME, receipt.durable()).await.unwrap_or(false);
    let mut answer = json!({
        "purged": { (target.kind()): target.value() },
        "soft": order.soft,
        "durable": durable,
    });
    if let (Some(members), false) = (answer.as_object_mut(), durable) {
        members.insert("note".to_owned(), NOT_DURABLE.into());
    }
    Ok(([(CONTENT_TYPE, "application/json")], format!("{answer}\n")).into_response())
}

/// The rules of the route that a request for this URL would take; none in particular if there is
/// no such route.
fn rules_for(url: &str, facts: &Facts) -> KeyRules {
    let snapshot = facts.snapshot();
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or_default();
    let path = path.split('#').next().unwrap_or_default();
    let route = normal::path(path.as_bytes())
        .ok()
        .and_then(|path| snapshot.routes.find(authority.as_bytes(), &path));
    route.and_then(|route| Some(route.cache.as_ref()?.key.clone())).unwrap_or_default()
}

pub(super) fn refused(error: PurgeError, field: &str) -> Refusal {
    match error {
        PurgeError::TooMany => {
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Too many purges of this kind are not yet worked off. Try again in a few seconds, or purge a prefix, a tag or all at once.")
                .again_in(limits::PURGE_AGAIN)
        }
        PurgeError::TooLong => Refusal::of_mistakes(vec![Mistake {
            field: field.to_owned(),
            message: "it is longer than anything the cache can hold".to_owned(),
        }]),
    }
}
