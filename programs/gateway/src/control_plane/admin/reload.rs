//! `POST /api/v1/reload`: the configuration file is read again, and what that changed is answered.
//!
//! Under `tombolo up` the file is `up`'s: it is asked, and has this gateway read what it generates by
//! the same endpoint with `{"generated": true}`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use super::refusal::{Mistake, Refusal};
use super::{Facts, body, ending};
use crate::control_plane::{Refused, Wish, through_up};

const NO_FILE: &str = "This gateway was started without a configuration file, so there is nothing to read again. Start it with `tombolo gateway -c FILE`.";

pub(super) async fn answer(
    State(facts): State<Arc<Facts>>,
    request: Request,
) -> Result<Response, Refusal> {
    let is_generated = is_generated(&body::whole(request.into_body()).await?)?;
    let told = match &facts.orchestrator {
        Some(socket) if !is_generated => {
            through_up::reload(socket, &facts.reloads).await.map_err(Refusal::of_orchestration)?
        }
        _ => of_the_gateway(&facts, is_generated).await?,
    };
    Ok(([(CONTENT_TYPE, "application/json")], format!("{told:#}\n")).into_response())
}

/// Has the control plane read the gateway's own file.
async fn of_the_gateway(facts: &Facts, is_generated: bool) -> Result<Value, Refusal> {
    let (asking, outcome) = oneshot::channel();
    let wish = if is_generated { Wish::TakeOver(asking) } else { Wish::Reload(asking) };
    facts.wishes.send(wish).await.map_err(|_| ending())?;
    match outcome.await.map_err(|_| ending())? {
        Ok(difference) => Ok(difference.to_json()),
        Err(Refused::NoFile) => Err(Refusal::new(StatusCode::CONFLICT, NO_FILE)),
        Err(Refused::Mistakes(mistakes)) => Err(Refusal::of_configuration(&mistakes)),
        Err(Refused::Bind(error)) => {
            Err(Refusal::new(StatusCode::CONFLICT, format!("Nothing has changed: {error}.")))
        }
    }
}

/// Whether the body is that of the `tombolo up` that runs this gateway. No body says nothing.
fn is_generated(body: &[u8]) -> Result<bool, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(false);
    }
    let mut members: Map<String, Value> = serde_json::from_slice(body).map_err(|error| {
        let detail = format!("The body is not what is expected: {error}. Send {{}}, or nothing.");
        Refusal::new(StatusCode::BAD_REQUEST, detail)
    })?;
    let generated = match members.remove("generated") {
        None => Some(false),
        Some(value) => value.as_bool(),
    };
    match (generated, members.keys().next()) {
        (Some(generated), None) => Ok(generated),
        (None, _) => Err(mistake("generated", "true or false is expected")),
        (_, Some(name)) => {
            let name: String = name.chars().take(64).collect();
            Err(mistake(&name, "unknown; there is generated"))
        }
    }
}

fn mistake(field: &str, message: &str) -> Refusal {
    let (field, message) = (field.to_owned(), message.to_owned());
    Refusal::of_mistakes(vec![Mistake { field, message }])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn body_says_whose_file_is_meant() {
        for (body, meant) in
            [("", false), (" ", false), ("{}", false), (r#"{"generated":true}"#, true)]
        {
            assert_eq!(is_generated(body.as_bytes()).unwrap(), meant, "{body}");
        }
        for (body, status) in
            [("[]", 400), ("7", 400), (r#"{"generated":1}"#, 422), (r#"{"generate":true}"#, 422)]
        {
            let refused = is_generated(body.as_bytes()).unwrap_err().into_response();
            assert_eq!(refused.status().as_u16(), status, "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(body in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = is_generated(&body);
        }
    }
}
