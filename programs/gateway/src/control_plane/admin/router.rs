//! The endpoints, and what stands before all of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, VARY, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use super::guard::Guard;
use super::places::{Place, Standing};
use super::refusal::Refusal;
use super::{
    Facts, console, drain, figures, orchestration, purge, rates, reload, requests, scrape, status,
    why,
};

const PLAIN: &str = "text/plain; charset=utf-8";

const WELCOME: &str = concat!(
    "Tombolo ",
    env!("CARGO_PKG_VERSION"),
    ", the gateway's admin API\n\n",
    "GET  /healthz         200 while the process lives\n",
    "GET  /readyz          200 while new requests are taken, 503 while it drains\n",
    "GET  /metrics         metrics for Prometheus\n",
    "GET  /api/v1/status   what it does, as JSON; `tombolo status` shows it as a table\n",
    "POST /api/v1/reload   reads the configuration file again; or `tombolo reload`\n",
    "GET  /api/v1/requests the last requests; ?limit=50&errors=true\n",
    "GET  /api/v1/series   rates over the last quarter of an hour; ?after=TIME_MS\n",
    "GET  /api/v1/figures  what services tell of themselves in numbers, such as transfers\n",
    "GET  /api/v1/why      what becomes of a request and why: ?url= or ?request=ID; `tombolo why`\n",
    "POST /api/v1/drain    {\"upstream\": ..., \"server\": ...}, and undrain; or `tombolo drain NAME/SERVER`\n",
    "POST /api/v1/restarted {\"upstream\": ..., \"server\": ...}: the server was started again and is ready\n",
    "POST /api/v1/purge    {\"url\"|\"prefix\"|\"tag\"|\"all\": ..., \"soft\": false}; or `tombolo purge`\n",
    "POST /api/v1/scale    {\"service\": \"site\", \"replicas\": 5}; or `tombolo scale site 5`\n",
    "POST /api/v1/restart  {\"service\": \"site\"} or {\"replica\": \"site-2\"}; or `tombolo restart site`\n",
);

/// All endpoints behind the guard.
pub(super) fn router(facts: Arc<Facts>, guard: Arc<Guard>) -> Router {
    Router::new()
        .route("/", get(welcome))
        .route("/console/{file}", get(console::file))
        .route("/healthz", get(|| async { plain(StatusCode::OK, "ok\n") }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scrape::scrape))
        .route("/api/v1/status", get(status::answer))
        .route("/api/v1/reload", post(reload::answer))
        .route("/api/v1/drain", post(drain::drain))
        .route("/api/v1/undrain", post(drain::undrain))
        .route("/api/v1/restarted", post(drain::restarted))
        .route("/api/v1/requests", get(requests::answer))
        .route("/api/v1/series", get(rates::answer))
        .route("/api/v1/figures", get(figures::answer))
        .route("/api/v1/why", get(why::answer))
        .route("/api/v1/purge", post(purge::answer))
        .route("/api/v1/scale", post(orchestration::scale))
        .route("/api/v1/restart", post(orchestration::restart))
        .fallback(|| async {
            Refusal::new(
                StatusCode::NOT_FOUND,
                "There is nothing at this path; GET / names what there is.",
            )
        })
        .method_not_allowed_fallback(|| async {
            let detail =
                "This path does not take this method; the field Allow names those it takes.";
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, detail)
        })
        .layer(from_fn_with_state(guard, guarded))
        .with_state(facts)
}

async fn guarded(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let checked = guard.check(&parts);
    if let (Ok(()), Some(place)) = (&checked, parts.extensions.get::<Arc<Place>>()) {
        place.has_shown(standing(&parts));
    }
    let mut response = match checked {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// What a request that passed the guard shows of its connection.
fn standing(request: &Parts) -> Standing {
    match request.uri.path() {
        "/healthz" | "/readyz" => Standing::Probe,
        "/" => Standing::Unknown,
        path if path.starts_with(console::FILES) => Standing::Unknown,
        _ => Standing::Allowed,
    }
}

/// The console page for a browser, what there is for anyone else.
async fn welcome(headers: HeaderMap) -> Response {
    let mut response = if console::is_wanted(&headers) {
        console::page(&headers)
    } else {
        plain(StatusCode::OK, WELCOME)
    };
    let varies = HeaderValue::from_static("Accept, Accept-Language");
    response.headers_mut().insert(VARY, varies);
    response
}

async fn readyz(State(facts): State<Arc<Facts>>) -> Response {
    if facts.standing.is_draining() {
        plain(StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        plain(StatusCode::OK, "ready\n")
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, [(CONTENT_TYPE, PLAIN)], text).into_response()
}

#[cfg(test)]
mod tests {
    /// Whoever looks for an endpoint finds it there.
    #[test]
    fn every_endpoint_is_documented() {
        let document = include_str!("../../../../../docs/admin-api.md");
        let code = include_str!("router.rs");
        let (code, _) = code.split_once("#[cfg(test)]").unwrap();
        let mut routes = code.split(".route(\"").skip(1);
        assert!(routes.clone().count() > 5);
        assert!(routes.all(|route| {
            let (path, handler) = route.split_once("\", ").unwrap();
            let method = if handler.starts_with("get") { "GET" } else { "POST" };
            document.contains(&format!("`{method} {path}`")) || panic!("{method} {path}")
        }));
    }
}
