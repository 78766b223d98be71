//! The families of services' replicas, of what `tombolo up` tells.

use serde_json::Value;

use super::exposition::{Exposition, Kind};

/// The states of a replica, as the status has them.
const STATES: [&str; 7] =
    ["up", "starting", "restarting", "stopping", "stopped", "failed", "waiting"];

/// Writes what is told of the services; `told` has the members of the status.
pub(crate) fn write_replicas(out: &mut Exposition, told: &Value) {
    let trouble = told.pointer("/orchestrator/trouble").is_some();
    let help = "1 while tombolo up, which runs this gateway, answers it.";
    out.family("tombolo_orchestrator_up", Kind::Gauge, "", help).sample(&[], u8::from(!trouble));
    let services = list(told, "services");
    let help = "Replicas there are to be.";
    let mut family = out.family("tombolo_service_replicas", Kind::Gauge, "", help);
    for service in services {
        family.sample(&[("service", text(service, "name"))], number(service, "replicas"));
    }
    let replicas: Vec<(&str, &str, &Value)> = services
        .iter()
        .flat_map(|service| {
            let of = move |process| (text(service, "name"), text(process, "name"), process);
            list(service, "processes").iter().map(of)
        })
        .collect();
    let help = "1 for the state a replica is in, 0 for the others.";
    let mut family = out.family("tombolo_replica_state", Kind::Gauge, "", help);
    for (service, replica, process) in &replicas {
        for state in STATES {
            let labels = [("service", *service), ("replica", *replica), ("state", state)];
            family.sample(&labels, u8::from(text(process, "state") == state));
        }
    }
    let help = "Times a replica was started again, of all its life.";
    let mut family = out.family("tombolo_replica_restarts", Kind::Counter, "", help);
    for (service, replica, process) in &replicas {
        let labels = [("service", *service), ("replica", *replica)];
        family.sample(&labels, number(process, "restarts"));
    }
    let help = "Memory of a replica that is in use; none while there is no process.";
    let name = "tombolo_replica_resident_memory_bytes";
    let mut family = out.family(name, Kind::Gauge, "bytes", help);
    for (service, replica, process) in &replicas {
        if let Some(bytes) = process.get("memory_bytes").and_then(Value::as_u64) {
            family.sample(&[("service", service), ("replica", replica)], bytes);
        }
    }
    let help = "Open file descriptors of a replica; none while there is no process.";
    let mut family = out.family("tombolo_replica_open_fds", Kind::Gauge, "", help);
    for (service, replica, process) in &replicas {
        if let Some(open) = process.get("open_files").and_then(Value::as_u64) {
            family.sample(&[("service", service), ("replica", replica)], open);
        }
    }
}

fn list<'v>(value: &'v Value, member: &str) -> &'v [Value] {
    value.get(member).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, member: &str) -> u64 {
    value.get(member).and_then(Value::as_u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::Form;
    use super::*;
    use serde_json::json;

    #[test]
    fn each_replica_is_told_and_one_without_a_process_has_no_memory() {
        let told = json!({ "orchestrator": { "pid": 7 }, "services": [{
            "name": "site", "replicas": 2, "processes": [
                { "name": "site-1", "state": "up", "restarts": 3, "memory_bytes": 4096, "open_files": 9 },
                { "name": "site-2", "state": "failed", "restarts": 10, "memory_bytes": null, "open_files": null },
            ],
        }]});
        let mut out = Exposition::new(Form::Text);
        write_replicas(&mut out, &told);
        let text = out.finish();
        for line in [
            "tombolo_orchestrator_up 1",
            "tombolo_service_replicas{service=\"site\"} 2",
            "tombolo_replica_state{service=\"site\",replica=\"site-2\",state=\"failed\"} 1",
            "tombolo_replica_state{service=\"site\",replica=\"site-2\",state=\"up\"} 0",
            "tombolo_replica_restarts_total{service=\"site\",replica=\"site-1\"} 3",
            "tombolo_replica_resident_memory_bytes{service=\"site\",replica=\"site-1\"} 4096",
            "tombolo_replica_open_fds{service=\"site\",replica=\"site-1\"} 9",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} in\n{text}");
        }
        assert!(!text.contains("memory_bytes{service=\"site\",replica=\"site-2\""), "{text}");
    }

    #[test]
    fn an_orchestrator_that_does_not_answer_is_told() {
        let mut out = Exposition::new(Form::Text);
        write_replicas(
            &mut out,
            &json!({ "orchestrator": { "trouble": "gone" }, "services": null }),
        );
        assert!(out.finish().contains("tombolo_orchestrator_up 0\n"));
    }
}
