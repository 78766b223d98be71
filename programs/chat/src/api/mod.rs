//! The API over HTTP: one file for each thing a client can ask for.

mod body;
mod client;
mod entrance;
mod events;
mod health;
mod list;
mod metrics;
mod new_rooms;
mod page;
mod post;
mod refusal;
mod room;
mod rooms;
mod socket;
mod typing;

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post as posting};
use http::header::{HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Request, Response};
use hyper::body::Incoming;
use tombolo_daemon::shutdown::Shutdown;
use tombolo_pages::Pages;
use tombolo_serve::Peer;
use tower::ServiceExt;

use self::client::{Clients, Rates};
pub(crate) use self::entrance::Entrance;
use self::new_rooms::NewRooms;
pub(crate) use self::page::pages;
use self::refusal::Refusal;
use crate::hub::Hub;
use crate::quota::Quotas;
use crate::writer::Writer;
use crate::{Options, limits};

const X_REPLICA: HeaderName = HeaderName::from_static("x-replica");

/// What every handler works with.
#[derive(Clone, Debug)]
struct App {
    hub: Arc<Hub>,
    writer: Writer,
    rates: Arc<Rates>,
    typing_rates: Arc<Rates>,
    /// WebSocket messages that need not be taken.
    refused_rates: Arc<Rates>,
    new_rooms: Arc<NewRooms>,
    quotas: Arc<Quotas>,
    pages: Arc<Pages>,
    shutdown: Shutdown,
}

type Answer = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// What answers a request: for the accept loop.
pub(crate) fn answer(
    hub: Arc<Hub>,
    writer: Writer,
    replica: &str,
    options: &Options,
    pages: Pages,
    shutdown: Shutdown,
) -> impl Fn(Request<Incoming>, Peer) -> Answer + Clone + Send + 'static {
    let rates = Arc::new(Rates::new(options.rate));
    let typing_rates = Arc::new(Rates::new(options.rate));
    let clients = Arc::new(Clients::new(options.trusted.clone(), options.trust_loopback));
    let router = router(App {
        hub,
        writer,
        rates,
        typing_rates,
        refused_rates: Arc::new(Rates::new(limits::REFUSED_RATE)),
        new_rooms: Arc::new(NewRooms::new()),
        quotas: Quotas::new(options.streams),
        pages: Arc::new(pages),
        shutdown,
    });
    // It was checked to be plain.
    let replica = HeaderValue::from_str(replica).unwrap_or(HeaderValue::from_static("chat"));
    move |request, peer| {
        let (router, replica) = (router.clone(), replica.clone());
        let client = clients.of(peer.address.ip(), request.headers());
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(client);
        request.extensions_mut().insert(peer.exchange.clone());
        Box::pin(async move {
            let exchange = peer.exchange;
            let Ok(mut response) = router.oneshot(request).await;
            let headers = response.headers_mut();
            headers.insert(X_REPLICA, replica);
            headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            // Until the head is written; a stream keeps one of its own.
            drop(exchange);
            response
        })
    }
}

fn router(app: App) -> Router {
    Router::new()
        .route("/health", get(health::get))
        .route("/health/reads", get(health::reads))
        .route("/metrics", get(metrics::get))
        .route("/chat", get(page::add_slash))
        .route("/chat/", get(page::index))
        .route("/chat/index.html", get(page::index))
        .route("/chat/{file}", get(page::file))
        .route("/chat/rooms", get(rooms::get))
        .route("/chat/rooms/{room}/messages", get(list::get).post(post::post))
        .route("/chat/rooms/{room}/events", get(events::get))
        .route("/chat/rooms/{room}/typing", posting(typing::post))
        .route("/chat/rooms/{room}/ws", get(socket::get))
        .fallback(async || Refusal::NotFound)
        .method_not_allowed_fallback(async || Refusal::Method)
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES))
        .with_state(app)
}
