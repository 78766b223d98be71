//! `POST /api/v1/reload`: reads the configuration file again, and answers what that changed.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use tokio::sync::oneshot;

use super::refusal::Refusal;
use super::{Facts, ending};
use crate::control_plane::{Refused, Wish};

const NO_FILE: &str = "This gateway was started without a configuration file, so there is nothing to read again. Start it with `tombolo gateway -c FILE`.";

pub(super) async fn answer(State(facts): State<Arc<Facts>>) -> Result<Response, Refusal> {
    let (asking, outcome) = oneshot::channel();
    facts.wishes.send(Wish::Reload(asking)).await.map_err(|_| ending())?;
    match outcome.await.map_err(|_| ending())? {
        Ok(difference) => {
            let body = format!("{:#}\n", difference.to_json());
            Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
        }
        Err(Refused::NoFile) => Err(Refusal::new(StatusCode::CONFLICT, NO_FILE)),
        Err(Refused::Mistakes(mistakes)) => Err(Refusal::of_configuration(&mistakes)),
        Err(Refused::Bind(error)) => {
            Err(Refusal::new(StatusCode::CONFLICT, format!("Nothing has changed: {error}.")))
        }
    }
}
