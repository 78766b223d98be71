//! A request of the past, by its id.

use http::StatusCode;
use serde_json::Value;

use super::super::refusal::Refusal;
use super::super::{Facts, told};

pub(super) fn told(facts: &Facts, id: &str) -> Result<Value, Refusal> {
    let memory = &facts.memory;
    if let Some(seen) = memory.find(id) {
        return Ok(told::seen(&seen));
    }
    let detail = match memory.capacity() {
        0 => "This gateway remembers no requests: recent_requests is 0 in [gateway.limits].".into(),
        count => format!(
            "No request with this id is remembered. The last {count} are, evenly over the threads; recent_requests in [gateway.limits] makes it more. The access log has older ones. The id is what the response has as X-Request-Id."
        ),
    };
    Err(Refusal::new(StatusCode::GONE, detail))
}
