//! What `scale` and `restart` have in common: something long is begun, and followed to its end.

use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tombolo_daemon::exit::ExitCode;

use crate::admin::{self, Access, Refused};
use crate::console;

/// Between two looks at how far it has come.
const LOOK: Duration = Duration::from_millis(200);
/// Looks that may fail in a row before it is given up to follow: the gateway may be away a while.
const FAILURES_MAX: u32 = 25;

/// How to begin and to follow it.
#[derive(Args)]
pub(super) struct Following {
    #[command(flatten)]
    access: Access,

    /// Come back as soon as it has begun; `tombolo status` tells how far it is
    #[arg(long)]
    no_wait: bool,

    /// Print the last state as JSON in place of words
    #[arg(long)]
    json: bool,
}

/// Begins it by a `POST` and, unless told otherwise, waits for its end.
pub(super) fn begin(following: &Following, path: &str, order: &Value) -> ExitCode {
    let begun = match following.access.post(path, order) {
        Ok(begun) => begun,
        Err(refused) => return refused.tell(),
    };
    let operation = begun.get("operation").cloned().unwrap_or_default();
    if following.no_wait {
        return tell(following, &operation);
    }
    match follow(&following.access, operation, following.json) {
        Ok(operation) => tell(following, &operation),
        Err(refused) => refused.tell(),
    }
}

/// Looks again and again until it has ended.
pub(super) fn follow(access: &Access, mut operation: Value, quiet: bool) -> Result<Value, Refused> {
    let id = operation.get("id").cloned();
    let mut said = String::new();
    let mut failures = 0;
    while state(&operation) == "running" {
        let step = words(&operation, "step");
        if !quiet && !step.is_empty() && step != said {
            console::say(&step);
            said = step;
        }
        sleep(LOOK);
        let now = match access.get("/api/v1/status") {
            Ok(status) => current(&status, id.as_ref()),
            Err(refused) if failures >= FAILURES_MAX => return Err(refused),
            Err(_) => Value::Null,
        };
        if now.is_null() {
            // The gateway is there, and could not ask who carries it out; or is away itself.
            failures += 1;
            if failures > FAILURES_MAX {
                return Ok(json!({ "id": id, "what": operation.get("what"), "state": "unknown" }));
            }
        } else if now.get("id").cloned() == id {
            failures = 0;
            operation = now;
        } else {
            // Another has begun since: this one is over, and its end is not told any more.
            return Ok(json!({ "id": id, "what": operation.get("what"), "state": "unknown" }));
        }
    }
    Ok(operation)
}

fn tell(following: &Following, operation: &Value) -> ExitCode {
    let state = state(operation);
    let code = match state {
        "done" | "running" => ExitCode::Success,
        _ => ExitCode::Failure,
    };
    if following.json {
        let printed = console::json(operation);
        return if code == ExitCode::Success { printed } else { code };
    }
    let what = words(operation, "what");
    match state {
        "failed" => console::say(&format!("failed: {what}: {}", words(operation, "why"))),
        "running" => return console::result(format!("begun: {what}\n").as_bytes()),
        "done" => return console::result(format!("done: {what}\n").as_bytes()),
        _ => console::say(&format!(
            "{what}: the result is unknown, because tombolo up does not report it any more; see tombolo status"
        )),
    }
    code
}

/// The operation of this id, or else the last one that began.
fn current(status: &Value, id: Option<&Value>) -> Value {
    let all = status.get("operations").and_then(Value::as_array);
    let found = all.and_then(|all| all.iter().find(|one| one.get("id") == id));
    found.or(status.get("operation")).cloned().unwrap_or_default()
}

pub(super) fn state(operation: &Value) -> &str {
    operation.get("state").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn words(operation: &Value, name: &str) -> String {
    admin::plain(operation.get(name).and_then(Value::as_str).unwrap_or_default())
}
