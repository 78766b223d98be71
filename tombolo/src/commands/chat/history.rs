//! The latest messages of a room.

use std::time::Duration;

use super::place::Place;
use super::wire::{Page, Problem};

/// For the whole exchange.
const EXCHANGE: Duration = Duration::from_secs(15);
/// Bytes of an answer: 256 messages of 4000 characters.
const ANSWER_BYTES: u64 = 16 << 20;

/// Reads them; words for the user if that is not possible.
pub(super) fn latest(place: &Place, count: u16) -> Result<Page, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(EXCHANGE))
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("tombolo/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let server = &place.server;
    let url = place.url("http", &format!("messages?limit={}", count.max(1)));
    let answer = agent.get(url).call().map_err(|error| {
        format!(
            "no chat answers at {server}: {error}; start one with 'tombolo up', or name another \
             with --server"
        )
    })?;
    let status = answer.status().as_u16();
    let body = answer.into_body().into_with_config().limit(ANSWER_BYTES).read_to_string();
    let body = body.map_err(|error| format!("the answer of {server} was cut: {error}"))?;
    if status != 200 {
        let problem = serde_json::from_str(&body).map(|problem: Problem| problem.detail);
        let detail = problem.unwrap_or_else(|_| "is it a chat?".to_owned());
        return Err(format!("{server} answered {status}: {detail}"));
    }
    let mut page: Page = serde_json::from_str(&body)
        .map_err(|error| format!("{server} does not answer as a chat does: {error}"))?;
    if count == 0 {
        page.messages.clear();
    }
    Ok(page)
}
