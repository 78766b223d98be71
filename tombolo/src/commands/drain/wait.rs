//! `tombolo drain --wait`: follows the requests in flight at what is drained until none is left.

use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;
use tombolo_daemon::config;
use tombolo_daemon::exit::ExitCode;

use super::{tell, words};
use crate::admin::Access;
use crate::console;

/// Between two looks at what is in flight.
const LOOK: Duration = Duration::from_millis(100);
/// Looks that may fail in a row: a gateway that another process succeeds is away for a moment.
const FAILURES_MAX: u32 = 20;
/// Beyond the gateway's own deadline, at which it cuts what is left.
const AFTER_THE_CUT: Duration = Duration::from_secs(5);

/// Whether the command waits for the end of what is in flight.
#[derive(Args)]
pub(super) struct Wait {
    /// Come back when no request is in flight there any more
    #[arg(long, requires = "name")]
    wait: bool,

    /// Wait at most for so long; by default 5 s longer than [gateway.timeouts] drain
    #[arg(long, value_name = "DURATION", requires = "wait", value_parser = duration)]
    deadline: Option<Duration>,
}

/// Reads `--deadline`.
fn duration(text: &str) -> Result<Duration, &'static str> {
    config::duration(text)
        .ok_or("write a whole number and a unit (ms, s, m, h), say \"90s\" or \"1m30s\"")
}

impl Wait {
    /// Tells what was drained: at once, or, with `--wait`, when nothing is in flight there.
    pub(super) fn until_idle(&self, access: &Access, answer: &Value, json: bool) -> ExitCode {
        if !self.wait {
            return tell(answer, json);
        }
        let seconds = answer.get("deadline_seconds").and_then(Value::as_f64).unwrap_or(0.0);
        let cut = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let longest = self.deadline.unwrap_or(cut.saturating_add(AFTER_THE_CUT));
        let began = Instant::now();
        let mut answer = answer.clone();
        if !json && in_flight(&answer) > 0 {
            console::say(words(&answer).trim_end());
        }
        let mut failures = 0;
        while in_flight(&answer) > 0 {
            if began.elapsed() >= longest {
                tell(&answer, json);
                console::say(&format!(
                    "after {longest:?} requests are still in flight there: wait longer with --deadline, or stop it and lose them"
                ));
                return ExitCode::Failure;
            }
            sleep(LOOK.min(longest.saturating_sub(began.elapsed())));
            match access.get("/api/v1/status") {
                Ok(status) => {
                    failures = 0;
                    take_up(&mut answer, &status);
                }
                Err(refused) if failures >= FAILURES_MAX => return refused.tell(),
                Err(_) => failures += 1,
            }
        }
        tell(&answer, json)
    }
}

/// Requests in flight at all that is drained.
fn in_flight(answer: &Value) -> u64 {
    let servers = answer.get("servers").and_then(Value::as_array);
    let of = |server: &Value| server.get("in_flight").and_then(Value::as_u64).unwrap_or(0);
    servers.into_iter().flatten().map(of).fold(0, u64::saturating_add)
}

/// Puts what is in flight now into the answer. A server that the configuration has no longer has
/// none.
fn take_up(answer: &mut Value, status: &Value) {
    let servers = answer.get_mut("servers").and_then(Value::as_array_mut);
    for server in servers.into_iter().flatten() {
        let now = backend(status, server.get("upstream"), server.get("server"));
        let now = now.and_then(|backend| backend.get("in_flight")).and_then(Value::as_u64);
        if let Some(in_flight) = server.get_mut("in_flight") {
            *in_flight = now.unwrap_or(0).into();
        }
    }
}

fn backend<'s>(
    status: &'s Value,
    upstream: Option<&Value>,
    server: Option<&Value>,
) -> Option<&'s Value> {
    let upstreams = status.get("upstreams")?.as_array()?;
    let upstream = upstreams.iter().find(|one| one.get("name") == upstream)?;
    upstream.get("backends")?.as_array()?.iter().find(|one| one.get("address") == server)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_in_flight_is_followed_by_name() {
        let server =
            |address: &str, n: u64| json!({"upstream": "app", "server": address, "in_flight": n});
        let mut answer = json!({"servers": [server("a:1", 3), server("b:1", 1)]});
        assert_eq!(in_flight(&answer), 4);
        let backend = json!({"address": "a:1", "in_flight": 2});
        take_up(&mut answer, &json!({"upstreams": [{"name": "app", "backends": [backend]}]}));
        assert_eq!(answer["servers"], json!([server("a:1", 2), server("b:1", 0)]));
        assert_eq!(in_flight(&answer), 2);
        assert_eq!(in_flight(&json!({})), 0);
    }
}
