//! The way in for requests: while the database is being opened they are told so, then they pass.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::json;
use tombolo_serve::Peer;
use tower::ServiceExt;

use super::from::From;
use crate::problem::Problem;
use crate::state::Library;

const X_REPLICA: HeaderName = HeaderName::from_static("x-replica");

type Answer = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// What answers requests now. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    inside: Arc<OnceLock<Inside>>,
    replica: HeaderValue,
}

#[derive(Debug)]
struct Inside {
    library: Arc<Library>,
    router: Router,
}

impl Entrance {
    /// A closed one. `replica` was checked to be plain.
    pub(crate) fn new(replica: &str) -> Self {
        let plain = HeaderValue::from_str(replica);
        let replica = plain.unwrap_or(HeaderValue::from_static("library"));
        Self { inside: Arc::default(), replica }
    }

    /// From now on requests are answered.
    pub(crate) fn open(&self, library: Arc<Library>) {
        let router = super::router(Arc::clone(&library));
        // Opened once, when the database is.
        let _ = self.inside.set(Inside { library, router });
    }

    /// Answers a request.
    pub(crate) fn answer(&self, request: Request<Incoming>, peer: Peer) -> Answer {
        let entrance = self.clone();
        Box::pin(async move {
            let Peer { address, exchange } = peer;
            let mut response = match entrance.inside.get() {
                Some(Inside { library, router }) => {
                    let mut request = request.map(Body::new);
                    let from = From::of(address.ip(), request.headers(), library);
                    request.extensions_mut().insert(from);
                    request.extensions_mut().insert(exchange.clone());
                    let Ok(response) = router.clone().oneshot(request).await;
                    response
                }
                None => starting(request.uri().path()),
            };
            let headers = response.headers_mut();
            headers.insert(X_REPLICA, entrance.replica);
            headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            // Until the head is written; who streams for long keeps one of its own.
            drop(exchange);
            response
        })
    }
}

/// A replica that is starting can be told from one whose database is away.
fn starting(path: &str) -> Response<Body> {
    if path != "/health" {
        let detail = "This replica is starting and waits for its database; nothing was changed.";
        return Problem::unavailable(1, detail).into_response();
    }
    let body = axum::Json(json!({"status": "starting"}));
    (StatusCode::SERVICE_UNAVAILABLE, [(CACHE_CONTROL, "no-store")], body).into_response()
}
