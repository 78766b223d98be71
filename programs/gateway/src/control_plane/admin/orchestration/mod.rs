//! `POST /api/v1/scale` and `/restart`, and the services in the status: passed on to the `tombolo up`
//! that runs this gateway, over its socket. A gateway that runs alone says so.

mod order;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use tombolo_daemon::orchestration::{self, Answer, EXCHANGE, Unanswered, ask, ask_within};

use super::Facts;
use super::body;
use super::refusal::Refusal;

const ALONE: &str = "This gateway runs alone: there is no `tombolo up` that could start or stop anything. Its servers are those of [[upstream]]; where `tombolo up -c FILE` starts the gateway too, there are services with replicas.";

/// `POST /api/v1/scale`.
pub(super) async fn scale(
    State(facts): State<Arc<Facts>>,
    request: Request,
) -> Result<Response, Refusal> {
    let order = order::scale(&body::whole(request.into_body()).await?)?;
    pass_on(&facts, order).await
}

/// `POST /api/v1/restart`.
pub(super) async fn restart(
    State(facts): State<Arc<Facts>>,
    request: Request,
) -> Result<Response, Refusal> {
    let order = order::restart(&body::whole(request.into_body()).await?)?;
    pass_on(&facts, order).await
}

/// What has begun; it goes on when this is answered.
async fn pass_on(facts: &Facts, order: orchestration::Request) -> Result<Response, Refusal> {
    let socket = socket(facts).ok_or_else(|| Refusal::new(StatusCode::CONFLICT, ALONE))?;
    match ask(&socket, &order).await {
        Ok(Answer::Done(told)) => {
            tracing::info!(?order, "passed on to `tombolo up`");
            let kind = [(CONTENT_TYPE, "application/json")];
            Ok((StatusCode::ACCEPTED, kind, format!("{told:#}\n")).into_response())
        }
        Ok(Answer::Refused(refusal)) => Err(Refusal::of_orchestration(refusal)),
        Err(error) => Err(unanswered(&error)),
    }
}

/// Longest time that a scrape waits for `tombolo up`: whoever scrapes gives up after ten seconds, usually.
const SCRAPE: Duration = Duration::from_secs(2);

/// The same for metrics; none for a gateway that runs alone.
pub(super) async fn counted(facts: &Facts) -> Option<Value> {
    facts.orchestrator.as_ref()?;
    Some(Value::Object(status_within(facts, SCRAPE).await))
}

/// Members of the status: `orchestrator`, `services`, `operation`; all null for a gateway alone.
pub(super) async fn status(facts: &Facts) -> Map<String, Value> {
    status_within(facts, EXCHANGE).await
}

async fn status_within(facts: &Facts, time: Duration) -> Map<String, Value> {
    let mut members = Map::new();
    for name in ["orchestrator", "services", "operation", "operations"] {
        members.insert(name.to_owned(), Value::Null);
    }
    let Some(socket) = socket(facts) else { return members };
    match ask_within(&socket, &orchestration::Request::Status, time).await {
        Ok(Answer::Done(Value::Object(told))) => members.extend(told),
        Ok(_) => trouble(&mut members, "the 'tombolo up' that runs this gateway tells nothing"),
        Err(error) => trouble(&mut members, &error.to_string()),
    }
    members
}

fn trouble(members: &mut Map<String, Value>, why: &str) {
    members.insert("orchestrator".to_owned(), serde_json::json!({ "trouble": why }));
}

fn unanswered(error: &Unanswered) -> Refusal {
    let detail = format!(
        "{error}. Is it still running? If not, start it again in the same folder. Whether anything was begun is in `tombolo status`."
    );
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail)
}

fn socket(facts: &Facts) -> Option<Box<Path>> {
    facts.orchestrator.as_deref().map(Into::into)
}
