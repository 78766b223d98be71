//! `tombolo reload`: has a running gateway read its configuration file again.

use std::fmt::Write;

use clap::Args;
use serde_json::{Value, json};
use tombolo_daemon::exit::ExitCode;

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

EXIT STATUS
  0  reloaded
  1  not reloaded: no gateway there, it has no file, or a new address is not to be had
  2  not reloaded: the file has mistakes";

/// Have a running gateway read its configuration file again, without losing a connection
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    access: Access,

    /// Print the gateway's answer as JSON in place of words
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match arguments.access.post("/api/v1/reload", &json!({})) {
        Ok(answer) if arguments.json => console::result(format!("{answer:#}\n").as_bytes()),
        Ok(answer) => console::result(words(&answer).as_bytes()),
        Err(refused) => {
            if let (true, Some(problem)) = (arguments.json, refused.problem()) {
                let _ = console::result(format!("{problem:#}\n").as_bytes());
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
    let kept = ["listeners", "routes", "upstreams", "servers", "tcp"];
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
  + listener http:// [2J
as before: 1 listeners, 2 upstreams
only after a restart (or SIGUSR2, which loses no request):
  ~ gateway.workers: 1 -> 2
";
        assert_eq!(words(&answer), expected);
        let nothing = json!({"changed": false, "changes": [], "kept": {}, "restart": []});
        assert_eq!(words(&nothing), "reloaded: nothing has changed\n");
    }
}
