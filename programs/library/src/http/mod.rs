//! The way in: which handler answers what, and what all of them share.
//!
//! Each part of the library gives its own routes, relative to `/library/api`, with their
//! description; this file only joins them. A route that is added here is in the description of the
//! API by that.

mod body;
mod docs;
mod entrance;
mod from;
mod health;
mod list;
mod path;
mod query;
#[cfg(test)]
mod who_tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use self::body::Json;
pub(crate) use self::entrance::Entrance;
pub(crate) use self::from::{ClientAddress, Origin};
pub(crate) use self::list::{List, limit};
pub(crate) use self::path::Id;
pub(crate) use self::query::Query;
use crate::problem::Problem;
use crate::state::Library;
use crate::{
    accounts, catalogue, downloads, limits, page, payments, plans, reports, transfers, uploads,
};

/// The routes of a part, with their description: `Routes::new().routes(routes!(list, create))`.
pub(crate) type Routes = OpenApiRouter<Arc<Library>>;

/// The routes of every part, relative to `/library/api`.
fn parts() -> Routes {
    Routes::new()
        .merge(accounts::routes())
        .merge(catalogue::routes())
        .merge(downloads::routes())
        .merge(payments::routes())
        .merge(plans::routes())
        .merge(reports::routes())
        .merge(transfers::routes())
        .merge(uploads::routes())
}

/// Everything that a replica answers.
fn router(library: Arc<Library>) -> Router {
    let (api, description) = docs::description(parts());
    Router::new()
        .route("/health", get(health::get))
        .route("/health/reads", get(health::reads))
        .route("/statistics", get(transfers::figures))
        .merge(api)
        .merge(page::routes())
        .merge(docs::routes(&description))
        .fallback(async || {
            let detail = "There is nothing at this address; the API is below /library/api, \
                          described at /library/docs, and the page is /library/.";
            Problem::of(StatusCode::NOT_FOUND, detail)
        })
        .method_not_allowed_fallback(async || {
            let detail = "This method is not possible here; Allow lists those that are.";
            Problem::of(StatusCode::METHOD_NOT_ALLOWED, detail)
        })
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES))
        .with_state(library)
}

/// The router, for tests that use no sockets.
#[cfg(test)]
pub(crate) fn for_tests(library: &Arc<Library>) -> Router {
    router(Arc::clone(library))
}

/// Answers a request of a client on this machine.
#[cfg(test)]
pub(crate) async fn ask_for_tests(
    library: &Library,
    router: &Router,
    mut request: axum::extract::Request,
) -> axum::response::Response {
    let peer = std::net::Ipv4Addr::LOCALHOST.into();
    let from = self::from::From::of(peer, request.headers(), library);
    request.extensions_mut().insert(from);
    let Ok(response) = tower::ServiceExt::oneshot(router.clone(), request).await;
    response
}
