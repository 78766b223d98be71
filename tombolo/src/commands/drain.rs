//! `tombolo drain` and `tombolo undrain`: no new work for a server, an upstream or the gateway, or
//! work again.

mod wait;

use std::fmt::Write;

use clap::Args;
use serde_json::{Map, Value, json};
use tombolo_daemon::exit::ExitCode;

use crate::admin::{self, Access};
use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo drain app/127.0.0.1:9001 --wait
                                      nothing new for one server, and its last request has ended: stop it
  tombolo undrain app/127.0.0.1:9001
  tombolo drain app                   nothing new for a whole upstream: 503
  tombolo drain                       the gateway itself: /readyz turns 503, clients are told to close

OUTPUT
  What is drained, and the requests that it is still at. They go on until they end, at most for
  [gateway.timeouts] drain. With --wait the command ends when none is left. What is drained by name stays
  so until it is undrained, over restarts of the gateway too; the gateway itself is not drained after one.

EXIT STATUS
  0  done
  1  no gateway could be asked; with --wait also: requests were still in flight at the deadline
  2  there is nothing of this name";

/// Let nothing new come to a server, an upstream or the gateway; what runs ends
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Drain {
    #[command(flatten)]
    what: Arguments,

    #[command(flatten)]
    wait: wait::Wait,
}

/// Let work come again to what was drained
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Undrain {
    #[command(flatten)]
    what: Arguments,
}

#[derive(Args)]
struct Arguments {
    /// An upstream, or a server of it as UPSTREAM/ADDRESS; the gateway itself if left out
    #[arg(value_name = "NAME[/SERVER]")]
    name: Option<String>,

    #[command(flatten)]
    access: Access,

    /// Print the gateway's answer as JSON in place of words
    #[arg(long)]
    json: bool,
}

pub(crate) fn drain(arguments: &Drain) -> ExitCode {
    let Arguments { name, access, json } = &arguments.what;
    match access.post("/api/v1/drain", &order(name.as_deref())) {
        Ok(answer) => arguments.wait.until_idle(access, &answer, *json),
        Err(refused) => refused.tell(),
    }
}

pub(crate) fn undrain(arguments: &Undrain) -> ExitCode {
    let Arguments { name, access, json } = &arguments.what;
    match access.post("/api/v1/undrain", &order(name.as_deref())) {
        Ok(answer) => tell(&answer, *json),
        Err(refused) => refused.tell(),
    }
}

fn tell(answer: &Value, json: bool) -> ExitCode {
    if json { console::json(answer) } else { console::result(words(answer).as_bytes()) }
}

fn order(name: Option<&str>) -> Value {
    let mut order = Map::new();
    if let Some(name) = name {
        let (upstream, server) = name
            .split_once('/')
            .map_or((name, None), |(upstream, server)| (upstream, Some(server)));
        order.insert("upstream".to_owned(), json!(upstream));
        order.extend(server.map(|server| ("server".to_owned(), json!(server))));
    }
    Value::Object(order)
}

fn words(answer: &Value) -> String {
    let draining = answer.get("draining") == Some(&Value::Bool(true));
    let verb = if draining { "draining" } else { "no longer draining" };
    let mut out = String::new();
    if answer.get("gateway") == Some(&Value::Bool(true)) {
        out = format!("{verb}: the gateway\n");
    }
    let servers = answer.get("servers").and_then(Value::as_array);
    for server in servers.into_iter().flatten() {
        let text = |name| server.get(name).and_then(Value::as_str).map(admin::plain);
        let (upstream, address) = (text("upstream"), text("server"));
        let (upstream, address) = (upstream.unwrap_or_default(), address.unwrap_or_default());
        let in_flight = server.get("in_flight").and_then(Value::as_u64).unwrap_or(0);
        // Writing to a string cannot fail.
        let _ = match draining {
            true => writeln!(out, "{verb}: {upstream}/{address}, {in_flight} in flight"),
            false => writeln!(out, "{verb}: {upstream}/{address}"),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_at_the_first_slash() {
        assert_eq!(order(None), json!({}));
        assert_eq!(order(Some("app")), json!({"upstream": "app"}));
        let server = json!({"upstream": "app", "server": "[::1]:9001"});
        assert_eq!(order(Some("app/[::1]:9001")), server);
    }

    #[test]
    fn answers_are_told_in_words() {
        let server = json!({"upstream": "app", "server": "a:1", "in_flight": 2});
        let answer = json!({"draining": true, "gateway": false, "servers": [server]});
        assert_eq!(words(&answer), "draining: app/a:1, 2 in flight\n");
        let gateway = json!({"draining": false, "gateway": true, "servers": []});
        assert_eq!(words(&gateway), "no longer draining: the gateway\n");
    }
}
