//! A reload under `tombolo up`: the configuration file is `up`'s, which has the gateway read what it
//! generates from it. So `up` is asked, and what it answers is logged and recorded here.

use std::path::Path;

use serde_json::Value;
use tombolo_daemon::orchestration::{Answer, RELOAD, Refusal, Request, ask_within};

use super::Reloads;
use super::reloads::first_of;
use super::succession::tell;

/// Has the `tombolo up` at this socket read its configuration file again: what that changed.
///
/// # Errors
/// Why nothing has changed, or that `up` cannot be asked.
pub(super) async fn reload(socket: &Path, reloads: &Reloads) -> Result<Value, Refusal> {
    tell::reloading();
    let outcome = match ask_within(socket, &Request::Reload, RELOAD).await {
        Ok(Answer::Done(told)) => Ok(told),
        Ok(Answer::Refused(refusal)) => Err(refusal),
        Err(error) => {
            let detail = format!("{error}. What became of the reload is in `tombolo status`.");
            Err(Refusal::new(503, detail))
        }
    };
    reloads.record(match &outcome {
        Ok(told) => Ok(told.get("changes").and_then(Value::as_array).map_or(0, Vec::len)),
        Err(refusal) => Err(line(refusal)),
    });
    if let Err(refusal) = &outcome {
        log(refusal);
    }
    outcome
}

/// Why, in one line.
fn line(refusal: &Refusal) -> String {
    match mistakes(refusal) {
        [] => refusal.detail.clone(),
        [first, ..] => {
            let count = refusal.mistakes.as_ref().and_then(|it| it.get("count")?.as_u64());
            first_of(&one_line(first), count.and_then(|it| it.try_into().ok()).unwrap_or(1))
        }
    }
}

fn log(refusal: &Refusal) {
    let mistakes = mistakes(refusal);
    if mistakes.is_empty() {
        tracing::error!(why = refusal.detail, "the configuration was not reloaded");
        return;
    }
    tracing::error!(
        mistakes = mistakes.len(),
        "the configuration was not reloaded, and nothing has changed"
    );
    for one in mistakes {
        let hint = one.get("hint").and_then(Value::as_str).unwrap_or_default();
        tracing::error!(%hint, "{}", one_line(one));
    }
}

fn mistakes(refusal: &Refusal) -> &[Value] {
    let list = refusal.mistakes.as_ref().and_then(|it| it.get("mistakes")?.as_array());
    list.map(Vec::as_slice).unwrap_or_default()
}

/// `FILE:LINE:COLUMN: what is wrong`.
fn one_line(mistake: &Value) -> String {
    let text = |name: &str| mistake.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| mistake.get(name).and_then(Value::as_u64);
    let place = match (number("line"), number("column")) {
        (Some(line), Some(column)) => format!(":{line}:{column}"),
        _ => String::new(),
    };
    format!("{}{place}: {}", text("file"), text("message"))
}

#[cfg(test)]
mod tests {
    use tombolo_daemon::config::{Overrides, ProcessEnvironment, parse};

    use super::*;

    #[test]
    fn mistakes_are_told_as_a_gateway_alone_tells_them() {
        let text =
            "[gateway]\nlisen = 1\n[[upstream]]\nname = \"a\"\nservers = [\"127.0.0.1:1\"]\n";
        let overrides = Overrides::default();
        let mistakes = parse(text, "up.toml", &ProcessEnvironment, &overrides).unwrap_err();
        let refusal = Refusal::of_configuration(&mistakes);
        let alone = crate::control_plane::Refused::Mistakes(mistakes);
        assert_eq!(line(&refusal), alone.line());
        assert!(line(&refusal).starts_with("up.toml:2:1: "), "{}", line(&refusal));
        assert_eq!(line(&Refusal::new(409, "Not now.")), "Not now.");
    }
}
