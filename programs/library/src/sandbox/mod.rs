//! A payment provider to try things with: `tombolo serve payments-sandbox`, a process of its own.
//!
//! It speaks the part of Stripe's API that the library uses, shows a page on which one pays or is
//! declined, and sends signed events: late, twice, in the wrong order or not at all, as it is told.
//! No money moves, and it forgets everything when it ends.

mod api;
mod books;
mod events;
mod page;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tombolo_daemon::listener::listen;
use tombolo_daemon::shutdown::Shutdown;
use tombolo_serve::{Limits, Patience, Server};
use tower::ServiceExt;

use self::books::Books;
use self::events::Events;
use crate::{Error, limits};

/// What a sandbox is told when it starts.
#[derive(Clone)]
pub struct SandboxSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The key that callers of its API have.
    pub key: String,
    /// What its events are signed with.
    pub webhook_secret: String,
    /// Where its events go; none keeps them to itself.
    pub webhook: Option<String>,
    /// How it sends them.
    pub manners: Manners,
}

/// How events are sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    /// So long after what they tell.
    pub delay: Duration,
    /// Each of them twice.
    pub duplicate: bool,
    /// Each pair of them in the wrong order.
    pub disorder: bool,
    /// Every so many one is never sent; 0 sends all.
    pub lose_every: u32,
}

// Secrets are never shown.
impl std::fmt::Debug for SandboxSettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SandboxSettings")
            .field("listen", &self.listen)
            .field("webhook", &self.webhook)
            .field("manners", &self.manners)
            .finish_non_exhaustive()
    }
}

/// What every handler works with.
struct Sandbox {
    books: Books,
    events: Events,
    key: String,
    address: SocketAddr,
}

/// Listens and serves until `shutdown` asks for an end.
///
/// # Errors
/// When the address cannot be listened on, or events cannot be sent at all.
pub async fn run_sandbox(settings: SandboxSettings, shutdown: Shutdown) -> Result<(), Error> {
    let address = settings.listen;
    let listener = listen(address).map_err(|source| Error::Listen { address, source })?;
    serve_sandbox(listener, settings, shutdown).await
}

/// Serves on a listener that is already bound; `settings.listen` is not looked at.
///
/// # Errors
/// As [`run_sandbox`].
pub async fn serve_sandbox(
    listener: TcpListener,
    settings: SandboxSettings,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let address = listener.local_addr().map_err(Error::LocalAddress)?;
    let (events, sending) = Events::start(&settings)?;
    let sandbox = Arc::new(Sandbox { books: Books::default(), events, key: settings.key, address });
    let router = Router::new()
        .route("/health", get(async || axum::Json(serde_json::json!({"status": "ok"}))))
        .route("/v1/checkout/sessions", post(api::create_session))
        .route("/v1/checkout/sessions/{id}", get(api::session))
        .route("/v1/payment_intents", post(api::create_intent))
        .route("/v1/payment_intents/{id}", get(api::intent))
        .route("/v1/refunds", post(api::create_refund).get(api::refunds))
        .route("/checkout/{id}", get(page::show).post(page::act))
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES))
        .with_state(sandbox);
    let limits = Limits {
        connections: limits::SANDBOX_CONNECTIONS,
        connections_each: limits::SANDBOX_CONNECTIONS,
        gateways: Vec::new().into(),
        patience: Patience::default(),
        half_close: false,
    };
    let answer = move |request: http::Request<hyper::body::Incoming>, peer: tombolo_serve::Peer| {
        let router = router.clone();
        async move {
            let Ok(response) = router.oneshot(request.map(Body::new)).await;
            drop(peer);
            response
        }
    };
    tracing::info!("listening on http://{address}; no money moves here");
    Server::new(listener, shutdown, limits, answer).run(Duration::from_secs(5)).await;
    sending.abort();
    Ok(())
}
