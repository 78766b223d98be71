//! The description of the API (OpenAPI 3.1), for programs and for people: `/library/openapi.json`
//! and, offline, `/library/docs`.

use std::sync::Arc;

use axum::Router;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa_swagger_ui::SwaggerUi;

use super::Routes;
use crate::state::Library;

/// What stands above all routes.
#[derive(OpenApi)]
#[openapi(info(
    title = "Tombolo library",
    description = "Put and fetch large files without ever starting again. Errors are \
                   application/problem+json (RFC 9457); times are RFC 3339 in UTC; money is in \
                   minor units; unknown fields are refused.",
    license(name = "MIT", identifier = "MIT"),
))]
struct Head;

/// The routes under `/library/api`, and the description of all of them.
pub(super) fn description(parts: Routes) -> (Router<Arc<Library>>, Description) {
    let root = Routes::with_openapi(Head::openapi());
    let (router, mut description) = root.nest("/library/api", parts).split_for_parts();
    let components = description.components.get_or_insert_default();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("token", bearer);
    let cookie = ApiKey::Cookie(ApiKeyValue::new(crate::accounts::COOKIE));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    (router, description)
}

/// The description itself, and pages to read and try it.
pub(super) fn routes(description: &Description) -> Router<Arc<Library>> {
    let pages = SwaggerUi::new("/library/docs");
    pages.url("/library/openapi.json", description.clone()).into()
}
