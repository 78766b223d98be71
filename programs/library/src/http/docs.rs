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
    name_operations(&mut description);
    let components = description.components.get_or_insert_default();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("token", bearer);
    let cookie = ApiKey::Cookie(ApiKeyValue::new(crate::accounts::COOKIE));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    (router, description)
}

/// Gives each operation a name of its own, as generators of clients need one: its method and path.
fn name_operations(description: &mut Description) {
    for (path, item) in &mut description.paths.paths {
        let path = path.strip_prefix("/library/api").unwrap_or(path);
        let words: Vec<&str> = path.split(['/', '{', '}']).filter(|one| !one.is_empty()).collect();
        let name = words.join("_");
        for (method, operation) in [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
            ("options", &mut item.options),
            ("head", &mut item.head),
            ("patch", &mut item.patch),
        ] {
            if let Some(operation) = operation {
                operation.operation_id = Some(format!("{method}_{name}"));
            }
        }
    }
}

/// The description itself, and pages to read and try it.
pub(super) fn routes(description: &Description) -> Router<Arc<Library>> {
    let pages = SwaggerUi::new("/library/docs");
    pages.url("/library/openapi.json", description.clone()).into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    fn told() -> Value {
        serde_json::to_value(description(super::super::parts()).1).unwrap()
    }

    #[test]
    fn the_committed_description_is_that_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let expected = format!("{:#}\n", told());
        if std::env::var_os("TOMBOLO_GOLDEN").is_some_and(|value| value == "write") {
            std::fs::write(path, &expected).unwrap();
            return;
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(
            committed == expected,
            "openapi.json is out of date; look at what changed, and write it anew: \
             TOMBOLO_GOLDEN=write cargo test -p tombolo-library the_committed_description"
        );
    }

    #[test]
    fn every_operation_has_a_name_and_says_what_it_refuses() {
        let told = told();
        let mut names = HashSet::new();
        for (path, item) in told["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let Some(answers) = operation["responses"].as_object() else { continue };
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name.to_owned()), "{name} is there twice");
                // Whatever asks the database may meet one that is away; these ask nothing.
                let is_static = method == "options" || method == "head";
                assert!(is_static || answers.contains_key("503"), "{method} {path}: no 503");
            }
        }
        assert!(names.contains("post_sessions") && names.contains("get_users_id"), "{names:?}");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let told = told();
        let schemas = told["components"]["schemas"].as_object().unwrap();
        let text = told.to_string();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
