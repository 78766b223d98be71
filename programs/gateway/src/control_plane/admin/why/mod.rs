//! `GET /api/v1/why`: what became of a request, or would become of one, and why.
//!
//! `?request=ID` is about a request of the past, `?url=...` about one that is not sent.

mod asked;
mod past;
mod rehearsal;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use http::header::CONTENT_TYPE;

use self::asked::Asked;
use super::Facts;
use super::query::Query;
use super::refusal::Refusal;

const WHICH: &str = "say which request: url=... (and method=, header=Name:value, client=), or \
                     request=ID with what a response has as X-Request-Id";

pub(super) async fn answer(State(facts): State<Arc<Facts>>, uri: Uri) -> Result<Response, Refusal> {
    let mut query = Query::new(&uri, &["request", "url", "method", "client"], &["header"]);
    let request = query.text("request").map(str::to_owned);
    let answer = match (request, query.text("url").is_some()) {
        (Some(id), false) => {
            query.finish()?;
            past::told(&facts, &id)?
        }
        (None, true) => {
            let asked = Asked::read(&mut query);
            query.finish()?;
            rehearsal::told(&facts, &asked).await
        }
        _ => {
            query.mistake("url", WHICH);
            query.finish()?;
            return Ok(().into_response());
        }
    };
    Ok(([(CONTENT_TYPE, "application/json")], format!("{answer:#}\n")).into_response())
}
