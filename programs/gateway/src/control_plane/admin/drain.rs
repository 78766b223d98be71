//! `POST /api/v1/drain` and `/undrain`: no new work for a server, an upstream or the gateway, or work
//! again. `POST /api/v1/restarted`: a server is another process than it was.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use tokio::sync::oneshot;
use tombolo_daemon::json;

use super::body;
use super::refusal::{Mistake, Refusal};
use super::{Facts, ending};
use crate::control_plane::{How, Target, Wish};

/// What is to be drained. Nothing named: the gateway itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    upstream: Option<String>,
    server: Option<String>,
    /// Whether a drain holds over a restart of the gateway.
    lasting: Option<bool>,
}

impl Order {
    /// What is meant, and whether it lasts.
    fn parse(body: &[u8]) -> Result<(Target, bool), Refusal> {
        let order: Self = json::object(body).map_err(|error| {
            let detail = format!("The body is not what is expected: {error}. Example: {{\"upstream\": \"app\", \"server\": \"127.0.0.1:9001\"}}");
            let status = if error.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
            Refusal::new(status, detail)
        })?;
        let mistake = |field: &str, message: &str| {
            let (field, message) = (field.to_owned(), message.to_owned());
            Err(Refusal::of_mistakes(vec![Mistake { field, message }]))
        };
        if order.lasting.is_some() && order.server.is_none() {
            return mistake(
                "lasting",
                "it applies to a server: name one in `server`, or leave `lasting` out",
            );
        }
        let lasts = order.lasting.unwrap_or(true);
        match (order.upstream, order.server) {
            (None, None) => Ok((Target::Gateway, lasts)),
            (Some(upstream), None) => Ok((Target::Upstream(upstream), lasts)),
            (Some(upstream), Some(server)) => Ok((Target::Server(upstream, server), lasts)),
            (None, Some(_)) => mistake("upstream", "missing: whose server it is"),
        }
    }
}

pub(super) async fn drain(state: State<Arc<Facts>>, request: Request) -> Result<Response, Refusal> {
    let (target, lasts) = order(request).await?;
    answer(state, target, How::Drain { lasts }).await
}

pub(super) async fn undrain(
    state: State<Arc<Facts>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (target, _) = order(request).await?;
    answer(state, target, How::Undrain).await
}

pub(super) async fn restarted(
    state: State<Arc<Facts>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (target, _) = order(request).await?;
    if !matches!(target, Target::Server(..)) {
        let (field, message) = ("server".to_owned(), "missing: which one was started".to_owned());
        return Err(Refusal::of_mistakes(vec![Mistake { field, message }]));
    }
    answer(state, target, How::Restarted).await
}

async fn order(request: Request) -> Result<(Target, bool), Refusal> {
    Order::parse(&body::whole(request.into_body()).await?)
}

async fn answer(
    State(facts): State<Arc<Facts>>,
    target: Target,
    how: How,
) -> Result<Response, Refusal> {
    let (told, drained) = oneshot::channel();
    facts.wishes.send(Wish::Drain(target, how, told)).await.map_err(|_| ending())?;
    let drained = drained.await.map_err(|_| ending())?.map_err(|unknown| {
        let field = unknown.field.to_owned();
        Refusal::of_mistakes(vec![Mistake { field, message: unknown.words }])
    })?;
    let body = format!("{:#}\n", drained.to_json());
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_meant_is_told() {
        let target = |body: &str| {
            Order::parse(body.as_bytes())
                .map_err(|refusal| refusal.into_response().status().as_u16())
        };
        assert_eq!(target("{}"), Ok((Target::Gateway, true)));
        assert_eq!(target(r#"{"upstream":"a"}"#), Ok((Target::Upstream("a".into()), true)));
        let server = Target::Server("a".into(), "b:1".into());
        assert_eq!(target(r#"{"upstream":"a","server":"b:1"}"#), Ok((server.clone(), true)));
        let brief = r#"{"upstream":"a","server":"b:1","lasting":false}"#;
        assert_eq!(target(brief), Ok((server, false)));
        for (body, status) in [
            (r#"{"server":"b:1"}"#, 422),
            (r#"{"upsteam":"a"}"#, 422),
            (r#"{"upstream":1}"#, 422),
            (r#"{"upstream":"a","lasting":false}"#, 422),
            (r#"{"lasting":true}"#, 422),
            (r#"["a","b:1",null]"#, 422),
            ("[null,null,null]", 422),
            ("", 400),
            ("{", 400),
        ] {
            assert_eq!(target(body), Err(status), "{body}");
        }
    }
}
