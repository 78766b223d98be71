//! `tombolo reload`: has a running gateway read its configuration file again.

use std::fmt::Write;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tombolo_daemon::exit::ExitCode;

use super::rollout;
use crate::admin::{self, Access};
use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo check tombolo.toml && tombolo reload
  tombolo reload --admin 10.0.0.5:8081 --token-file admin.token
  tombolo reload --json | jq '.changes[]'

OUTPUT
  What changed, what stayed, and what needs a restart. A file with mistakes changes nothing: they
  are listed on standard error, each with its line and column.

UNDER 'tombolo up'
  The file is that of 'tombolo up -c FILE': services are added, removed and scaled, and replicas whose
  service has changed are started again one after the other. Nothing changes if a new replica does
  not serve, or the gateway cannot have a new address. This command waits for the end.

EXIT STATUS
  0  reloaded
  1  not reloaded: no gateway there, it has no file, a new address is not to be had, a new replica
     does not serve, or something else is under way; or a replica did not come back
  2  not reloaded: the file has mistakes";

/// For the answer: 'tombolo up' starts new replicas first.
const EXCHANGE: Duration = Duration::from_secs(80);

/// Have a running gateway read its configuration file again, without losing a connection
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    access: Access,

    /// Come back once it is in force, with replicas of 'tombolo up' still to be restarted or stopped;
    /// `tombolo status` tells how far that is
    #[arg(long)]
    no_wait: bool,

    /// Print the gateway's answer as JSON in place of words
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match arguments.access.post_within("/api/v1/reload", &json!({}), EXCHANGE) {
        Ok(answer) => reloaded(arguments, answer),
        Err(refused) => {
            if let (true, Some(problem)) = (arguments.json, refused.problem()) {
                let _ = console::json(problem);
            } else if let Some(report) = refused.problem().and_then(|it| it.get("report")?.as_str())
            {
                let lines: Vec<String> = report.lines().map(admin::plain).collect();
                console::say(&format!("nothing has changed\n{}", lines.join("\n")));
                return ExitCode::Usage;
            }
            refused.tell()
        }
    }
}

/// It is in force. Tells what changed, and waits for what is still being done for it.
fn reloaded(arguments: &Arguments, mut answer: Value) -> ExitCode {
    if !arguments.json {
        let printed = console::result(words(&answer).as_bytes());
        if printed != ExitCode::Success {
            return printed;
        }
    }
    let mut operation = answer.get("operation").cloned().unwrap_or_default();
    if rollout::state(&operation) == "running" && !arguments.no_wait {
        operation = match rollout::follow(&arguments.access, operation, arguments.json) {
            Ok(operation) => operation,
            Err(refused) => return refused.tell(),
        };
    }
    let state = rollout::state(&operation);
    let code = match state {
        "" | "done" | "running" => ExitCode::Success,
        _ => ExitCode::Failure,
    };
    if state == "failed" {
        let why = rollout::words(&operation, "why");
        console::say(&format!(
            "the configuration is in force, but not all replicas follow it: {why}"
        ));
    }
    if let (true, Some(members)) = (arguments.json, answer.as_object_mut()) {
        members.insert("operation".to_owned(), operation);
        let printed = console::json(&answer);
        return if code == ExitCode::Success { printed } else { code };
    }
    code
}

fn words(answer: &Value) -> String {
    let mut out = String::new();
    let changes = list(answer, "changes");
    let kept = answer.get("kept");
    let count = |name: &str| kept.and_then(|kept| kept.get(name)?.as_u64()).unwrap_or(0);
    // Writing to a string cannot fail.
    let _ = match changes.len() {
        0 => writeln!(out, "reloaded: nothing has changed"),
        1 => writeln!(out, "reloaded: 1 change"),
        many => writeln!(out, "reloaded: {many} changes"),
    };
    changes.iter().for_each(|change| line(&mut out, change));
    let kept = ["services", "listeners", "routes", "upstreams", "servers", "tcp"];
    let kept: Vec<String> = kept
        .into_iter()
        .filter(|name| count(name) > 0)
        .map(|name| format!("{} {name}", count(name)))
        .collect();
    if !kept.is_empty() {
        let _ = writeln!(out, "as before: {}", kept.join(", "));
    }
    let restart = list(answer, "restart");
    if !restart.is_empty() {
        let _ = writeln!(out, "only after a restart (or SIGUSR2, which loses no request):");
        restart.iter().for_each(|change| line(&mut out, change));
    }
    let restart = list(answer, "restart_up");
    if !restart.is_empty() {
        let _ = writeln!(out, "only after a restart of 'tombolo up':");
        restart.iter().for_each(|change| line(&mut out, change));
    }
    out
}

fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// One change: a sign, what it is about, and the values that differ.
fn line(out: &mut String, change: &Value) {
    let text = |of: &Value, name: &str| {
        of.get(name).and_then(Value::as_str).map(admin::plain).unwrap_or_default()
    };
    let sign = match change.get("change").and_then(Value::as_str) {
        Some("added") => '+',
        Some("removed") => '-',
        _ => '~',
    };
    let what = match text(change, "what").as_str() {
        "setting" => String::new(),
        what => format!("{what} "),
    };
    let _ = write!(out, "  {sign} {what}{}", text(change, "name"));
    if change.get("upstream").is_some() {
        let _ = write!(out, " of {}", text(change, "upstream"));
    }
    if change.get("to").is_some() {
        let _ = write!(out, ": {} -> {}", text(change, "from"), text(change, "to"));
    }
    let fields = change.get("fields").and_then(Value::as_object);
    for (key, values) in fields.into_iter().flatten() {
        let (from, to) = (text(values, "from"), text(values, "to"));
        let _ = write!(out, "; {}: {from} -> {to}", admin::plain(key));
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_in_lines() {
        let answer = json!({
            "changed": true,
            "changes": [
                {"what": "server", "upstream": "app", "name": "a:1", "change": "removed"},
                {"what": "route", "name": "/api", "change": "changed",
                 "fields": {"upstream": {"from": "app", "to": "api"}}},
                {"what": "setting", "name": "gateway.timeouts.idle", "change": "changed",
                 "from": "75s", "to": "60s"},
                {"what": "listener", "name": "http://\u{1b}[2J", "change": "added"},
            ],
            "kept": {"listeners": 1, "routes": 0, "upstreams": 2},
            "restart": [{"what": "setting", "name": "gateway.workers", "change": "changed",
                         "from": "1", "to": "2"}],
        });
        let expected = "\
reloaded: 4 changes
  - server a:1 of app
  ~ route /api; upstream: app -> api
  ~ gateway.timeouts.idle: 75s -> 60s
  + listener http://\u{fffd}[2J
as before: 1 listeners, 2 upstreams
only after a restart (or SIGUSR2, which loses no request):
  ~ gateway.workers: 1 -> 2
";
        assert_eq!(words(&answer), expected);
        let nothing = json!({"changed": false, "changes": [], "kept": {}, "restart": []});
        assert_eq!(words(&nothing), "reloaded: nothing has changed\n");
    }
}
