//! The way in for requests: while the log is being opened they are told so, then they pass.

use std::sync::{Arc, OnceLock};

use axum::Json;
use axum::body::Body;
use axum::response::IntoResponse;
use http::header::CACHE_CONTROL;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use serde_json::json;
use tombolo_serve::Peer;

use super::Answer;
use super::refusal::Refusal;

type Handler = Box<dyn Fn(Request<Incoming>, Peer) -> Answer + Send + Sync>;

/// What answers requests now. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Entrance {
    handler: Arc<OnceLock<Handler>>,
}

impl Entrance {
    /// From now on requests are answered by this.
    pub(crate) fn open(
        &self,
        handler: impl Fn(Request<Incoming>, Peer) -> Answer + Send + Sync + 'static,
    ) {
        // Opened once, when the log is.
        let _ = self.handler.set(Box::new(handler));
    }

    /// Answers a request.
    pub(crate) fn answer(&self, request: Request<Incoming>, peer: Peer) -> Answer {
        match self.handler.get() {
            Some(handler) => handler(request, peer),
            None => Box::pin(async move {
                let response = starting(request.uri().path());
                drop(peer);
                response
            }),
        }
    }
}

/// A replica that is starting can be told from one whose database is away.
fn starting(path: &str) -> http::Response<Body> {
    if path != "/health" {
        return Refusal::Starting.into_response();
    }
    let no_store = [(CACHE_CONTROL, "no-store")];
    let body = Json(json!({"status": "starting"}));
    (StatusCode::SERVICE_UNAVAILABLE, no_store, body).into_response()
}
