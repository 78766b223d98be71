//! `GET /api/v1/figures`: what services tell of themselves in numbers, such as the library's
//! transfers. Which services have some, and where a replica tells them, is in their descriptions; one
//! replica answers for all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Facts, orchestration};
use crate::control_plane::checks::fetch;

/// For one replica to answer; another is asked then.
const PATIENCE: Duration = Duration::from_secs(2);
/// Replicas that are asked one after the other.
const TRIES: usize = 3;

/// Asks a replica of each service that has figures. Without `tombolo up` there are no services.
pub(super) async fn answer(State(facts): State<Arc<Facts>>) -> impl IntoResponse {
    let told = orchestration::counted(&facts).await.unwrap_or_default();
    let services = told.get("services").and_then(Value::as_array);
    let mut all = Vec::new();
    for service in services.map(Vec::as_slice).unwrap_or_default() {
        let name = service.get("name").and_then(Value::as_str).unwrap_or_default();
        let Some(path) = tombolo_services::named(name).and_then(|one| one.statistics) else {
            continue;
        };
        for (replica, address) in replicas(service).into_iter().take(TRIES) {
            let asked = timeout(PATIENCE, fetch(address, path)).await;
            let figures = asked.ok().and_then(Result::ok).and_then(|body| figures(&body));
            if let Some(figures) = figures {
                all.push(json!({"service": name, "replica": replica, "figures": figures}));
                break;
            }
        }
    }
    let told = json!({ "services": all });
    ([(CONTENT_TYPE, "application/json")], format!("{told:#}\n"))
}

/// The replicas that serve, and where.
fn replicas(service: &Value) -> Vec<(String, SocketAddr)> {
    let processes = service.get("processes").and_then(Value::as_array);
    let one = |process: &Value| {
        let text = |name: &str| process.get(name).and_then(Value::as_str);
        let url = process.get("addresses")?.as_array()?.first()?.as_str()?;
        let address = url.strip_prefix("http://")?.parse().ok()?;
        (text("state") == Some("up"))
            .then(|| (text("name").unwrap_or_default().to_owned(), address))
    };
    processes.into_iter().flatten().filter_map(one).collect()
}

/// Figures that are well-formed; what else a replica says is not passed on.
fn figures(body: &[u8]) -> Option<Vec<Value>> {
    let told: Value = serde_json::from_slice(body).ok()?;
    let one = |figure: &Value| {
        let name = figure.get("name")?.as_str()?;
        let unit =
            figure.get("unit")?.as_str().filter(|unit| matches!(*unit, "count" | "bytes"))?;
        Some(json!({"name": name, "value": figure.get("value")?.as_u64()?, "unit": unit}))
    };
    Some(told.get("figures")?.as_array()?.iter().filter_map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_serve_are_asked() {
        let service = json!({"processes": [
            {"name": "library-1", "state": "restarting", "addresses": ["http://127.0.0.1:1"]},
            {"name": "library-2", "state": "up", "addresses": ["http://127.0.0.1:2"]},
            {"name": "library-3", "state": "up", "addresses": ["tcp://127.0.0.1:3"]},
        ]});
        let expected = ("library-2".to_owned(), "127.0.0.1:2".parse().unwrap());
        assert_eq!(replicas(&service), [expected]);
    }

    #[test]
    fn only_what_is_well_formed_is_passed_on() {
        let body = br#"{"figures": [{"name": "items", "value": 3, "unit": "count", "more": "x"},
            {"name": "odd", "value": "<b>", "unit": "count"}, {"value": 1}]}"#;
        let expected = [json!({"name": "items", "value": 3, "unit": "count"})];
        assert_eq!(figures(body).unwrap(), expected);
        assert!(figures(b"<html>").is_none());
    }
}
