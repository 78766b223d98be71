//! `GET /api/v1/series`: rates over time, a sample a second for the last quarter of an hour.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::query::Query;
use super::refusal::Refusal;
use super::{Facts, told};
use crate::control_plane::series::{EVERY, KEPT, Sample};
use crate::metrics::Totals;

pub(super) async fn answer(State(facts): State<Arc<Facts>>, uri: Uri) -> Result<Response, Refusal> {
    let mut query = Query::new(&uri, &["after"], &[]);
    let after = query.number("after", (0, u64::MAX), 0);
    query.finish()?;
    let samples = facts.series.after(after);
    let answer = json!({
        "every_seconds": EVERY.as_secs(),
        "kept": KEPT,
        "samples": samples.iter().map(of_sample).collect::<Vec<_>>(),
    });
    Ok(([(CONTENT_TYPE, "application/json")], format!("{answer}\n")).into_response())
}

fn of_sample(sample: &Sample) -> Value {
    let Totals { requests, client_errors, server_errors, cache_asked, cache_hits } = sample.counted;
    let [p50, p95, p99] = sample.percentiles.map(|micros| micros.map(told::millis));
    json!({
        "time_ms": sample.unix_millis,
        "seconds": sample.length.as_secs_f64(),
        "requests": requests,
        "client_errors": client_errors,
        "server_errors": server_errors,
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "cache_asked": cache_asked,
        "cache_hits": cache_hits,
        "connections": sample.connections,
    })
}
