//! `POST /api/v1/drain` and `/undrain`: no new work for the gateway, for an upstream's servers or one
//! of them; or work again.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::oneshot;

use super::body;
use super::refusal::{Mistake, Refusal};
use super::{Facts, ending};
use crate::control_plane::Wish;

/// What a server is told to be drained for.
const WHY: &str = "an operator asked for it";

/// What is to be drained. Nothing named: the gateway itself.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// All servers of this upstream.
    upstream: Option<String>,
    /// Just the one of this address in it.
    server: Option<String>,
}

pub(super) async fn drain(state: State<Arc<Facts>>, request: Request) -> Result<Response, Refusal> {
    answer(state, request, true).await
}

pub(super) async fn undrain(
    state: State<Arc<Facts>>,
    request: Request,
) -> Result<Response, Refusal> {
    answer(state, request, false).await
}

async fn answer(
    State(facts): State<Arc<Facts>>,
    request: Request,
    leaving: bool,
) -> Result<Response, Refusal> {
    let body = body::whole(request.into_body()).await?;
    let order: Order = serde_json::from_slice(&body)
        .map_err(|error| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{error}.")))?;
    if let Some(upstream) = order.upstream {
        return servers(&facts, &upstream, order.server.as_deref(), leaving);
    }
    if order.server.is_some() {
        let message = "name its upstream too; `tombolo status` shows both".to_owned();
        return Err(Refusal::of_mistakes(vec![Mistake { field: "server".to_owned(), message }]));
    }
    let (done, is_done) = oneshot::channel();
    facts.wishes.send(Wish::Leave(leaving, done)).await.map_err(|_| ending())?;
    is_done.await.map_err(|_| ending())?;
    let answer = json!({ "gateway": true, "draining": leaving });
    Ok(([(CONTENT_TYPE, "application/json")], format!("{answer}\n")).into_response())
}

/// Drains the servers of an upstream, or one of them. What they are at goes on.
fn servers(
    facts: &Facts,
    name: &str,
    server: Option<&str>,
    leaving: bool,
) -> Result<Response, Refusal> {
    let snapshot = facts.snapshot();
    let unknown = |field: &str, known: Vec<&str>| {
        // Enough to find the slip, and no more than helps.
        let known = known.into_iter().take(16).collect::<Vec<_>>().join(", ");
        let message = format!("there is none of this name; there are: {known}");
        Refusal::of_mistakes(vec![Mistake { field: field.to_owned(), message }])
    };
    let mut upstreams = snapshot.upstreams.iter();
    let Some(upstream) = upstreams.find(|upstream| *upstream.name == *name) else {
        let known = snapshot.upstreams.iter().map(|upstream| &*upstream.name).collect();
        return Err(unknown("upstream", known));
    };
    let meant = |name: &str| server.is_none_or(|wanted| wanted == name);
    let chosen: Vec<_> = upstream.servers.iter().filter(|server| meant(&server.name)).collect();
    if chosen.is_empty() {
        let known = upstream.servers.iter().map(|server| &*server.name).collect();
        return Err(unknown("server", known));
    }
    for server in &chosen {
        if leaving {
            server.drain(WHY);
        } else {
            server.undrain();
        }
    }
    let names: Vec<_> = chosen.iter().map(|server| &*server.name).collect();
    tracing::info!(upstream = name, servers = ?names, draining = leaving, "as an operator asked");
    let answer = json!({ "upstream": name, "servers": names, "draining": leaving });
    Ok(([(CONTENT_TYPE, "application/json")], format!("{answer}\n")).into_response())
}
