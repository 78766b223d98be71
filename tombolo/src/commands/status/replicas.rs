//! The part of the status that `tombolo up` tells: replicas, and what is being done to them.

use std::fmt::Write;

use serde_json::Value;

use super::report::{list, number, words};
use super::table::Table;
use super::units::{bytes, count};

/// What an operator must not overlook.
pub(super) fn alarms(text: &mut String, status: &Value) {
    let trouble = words(status, "/orchestrator/trouble");
    if !trouble.is_empty() {
        let _ = writeln!(text, "\nNO ORCHESTRATOR: {trouble}");
    }
    for process in list(status, "/services").iter().flat_map(|service| list(service, "/processes"))
    {
        if words(process, "/state") == "failed" {
            let _ =
                writeln!(text, "\n{} FAILED: {}", words(process, "/name"), words(process, "/why"));
            for line in list(process, "/last_exit/output") {
                let _ = writeln!(text, "  | {}", words(line, ""));
            }
        }
    }
    if words(status, "/operation/state") == "running" {
        let _ = writeln!(
            text,
            "\nUNDER WAY: {}: {} ({} of {} done)",
            words(status, "/operation/what"),
            words(status, "/operation/step"),
            number(status, "/operation/done"),
            number(status, "/operation/of"),
        );
    }
}

/// A row for each replica; nothing for a gateway that runs alone.
pub(super) fn report(text: &mut String, status: &Value) {
    let services = list(status, "/services");
    if services.is_empty() {
        return;
    }
    let mut table =
        Table::new(["REPLICA", "STATE", "PID", "RESTARTS", "MEMORY", "FILES", "ADDRESS"]);
    for process in services.iter().flat_map(|service| list(service, "/processes")) {
        let told = |place: &str, how: fn(u64) -> String| {
            process.pointer(place).and_then(Value::as_u64).map_or_else(|| "-".to_owned(), how)
        };
        let addresses: Vec<_> =
            list(process, "/addresses").iter().map(|one| words(one, "")).collect();
        let cells = vec![
            words(process, "/name"),
            words(process, "/state"),
            told("/pid", |pid| pid.to_string()),
            told("/restarts", count),
            told("/memory_bytes", bytes),
            told("/open_files", count),
            addresses.join(" "),
        ];
        table.row(cells, words(process, "/why"));
    }
    text.push('\n');
    text.push_str(&table.lines());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn replicas_have_rows_and_trouble_comes_first() {
        let status = json!({
            "operation": { "state": "running", "what": "restart of site", "step": "stopping site-1", "done": 0, "of": 2 },
            "services": [{ "name": "site", "processes": [
                { "name": "site-1", "state": "up", "pid": 7, "restarts": 0, "memory_bytes": 5 << 20,
                  "open_files": 12, "addresses": ["http://127.0.0.1:9101"], "why": null },
                { "name": "site-2", "state": "failed", "pid": null, "restarts": 10, "memory_bytes": null,
                  "open_files": null, "addresses": ["http://127.0.0.1:9102"], "why": "it died",
                  "last_exit": { "how": "ended", "output": ["no such\u{1b}folder"] } },
            ] }],
        });
        let mut text = String::new();
        alarms(&mut text, &status);
        assert_eq!(
            text,
            "\nsite-2 FAILED: it died\n  | no such\u{fffd}folder\n\nUNDER WAY: restart of site: stopping site-1 (0 of 2 done)\n"
        );
        let mut text = String::new();
        report(&mut text, &status);
        let expected = "
REPLICA  STATE   PID  RESTARTS  MEMORY   FILES  ADDRESS
site-1   up      7    0         5.0 MiB  12     http://127.0.0.1:9101
site-2   failed  -    10        -        -      http://127.0.0.1:9102
    it died
";
        assert_eq!(text, expected);
    }

    #[test]
    fn gateway_alone_tells_nothing_of_replicas() {
        let mut text = String::new();
        report(&mut text, &json!({ "services": null, "orchestrator": null }));
        alarms(&mut text, &json!({ "services": null, "orchestrator": null }));
        assert_eq!(text, "");
    }
}
