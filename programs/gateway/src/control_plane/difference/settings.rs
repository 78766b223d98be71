//! The settings that have no name of their own, compared: those that a reload changes, and those
//! that hold until the gateway starts anew.

use tombolo_daemon::config::{AccessLog, Admin, Cache, Config, Gateway, Limits, Timeouts, Traces};

use super::parts::shown;
use super::{Change, Field, How, field};

type Values = Vec<(&'static str, String)>;

/// Settings that a reload changes.
pub(super) fn live(before: &Config, after: &Config) -> Vec<Change> {
    let of = |config: &Config| {
        let mut values = of_gateway(&config.gateway);
        values.extend(of_limits(&config.gateway.limits));
        values.extend(of_timeouts(&config.gateway.timeouts));
        values.push(("cache", if config.cache.is_some() { "on" } else { "off" }.to_owned()));
        values
    };
    changes(&of(before), &of(after))
}

/// Settings that a reload does not change.
pub(super) fn of_a_restart(before: &Config, after: &Config) -> Vec<Change> {
    let of = |config: &Config| {
        let state_file = config.gateway.state_file.path();
        let state_file = state_file.map_or("none".to_owned(), |path| path.display().to_string());
        let mut values = vec![
            ("gateway.workers", config.gateway.workers.to_string()),
            ("gateway.state_file", state_file),
        ];
        values.extend(of_admin(config.gateway.admin.as_ref()));
        values.extend(of_access_log(&config.access_log));
        let remembered = config.gateway.limits.recent_requests;
        values.push(("gateway.limits.recent_requests", remembered.to_string()));
        values.extend(of_traces(config.traces.as_ref()));
        values
    };
    let (mut old, mut new) = (of(before), of(after));
    // A cache that is turned on is opened; one that is open stays as it is.
    if let (Some(before), Some(after)) = (&before.cache, &after.cache) {
        old.extend(of_cache(before));
        new.extend(of_cache(after));
    }
    changes(&old, &new)
}

/// Puts into `after` what holds of `before` until the gateway starts anew.
pub(in crate::control_plane) fn keep_what_needs_a_restart(before: &Config, after: &mut Config) {
    after.gateway.workers = before.gateway.workers;
    after.gateway.state_file.clone_from(&before.gateway.state_file);
    after.gateway.admin.clone_from(&before.gateway.admin);
    after.access_log = before.access_log.clone();
    after.gateway.limits.recent_requests = before.gateway.limits.recent_requests;
    after.traces.clone_from(&before.traces);
    after.from_environment.extend(&before.from_environment);
    if let (Some(before), Some(after)) = (&before.cache, &mut after.cache) {
        let Cache { dir, max_size, memory, max_object, policy: _ } = before.clone();
        *after = Cache { dir, max_size, memory, max_object, policy: after.policy.clone() };
    }
}

fn changes(before: &Values, after: &Values) -> Vec<Change> {
    let mut fields: Vec<Field> = Vec::new();
    for ((key, before), (_, after)) in before.iter().zip(after) {
        field(&mut fields, key, before.clone(), after.clone());
    }
    let change = |one: Field| Change {
        what: "setting",
        name: one.key.to_owned(),
        upstream: None,
        how: How::Changed,
        fields: vec![Field { key: "value", ..one }],
    };
    fields.into_iter().map(change).collect()
}

fn of_gateway(gateway: &Gateway) -> Values {
    vec![
        ("gateway.proxy_protocol", gateway.proxy_protocol.to_string()),
        ("gateway.trusted", shown(&gateway.trusted)),
        ("gateway.dns", shown(&gateway.dns)),
        ("gateway.served_by", gateway.served_by.to_string()),
        ("gateway.watch", gateway.watch.to_string()),
    ]
}

fn of_limits(limits: &Limits) -> Values {
    let Limits {
        head_bytes,
        head_fields,
        target_bytes,
        body_bytes,
        trailer_bytes,
        connections,
        connections_per_client,
        half_heads,
        upstream_idle,
        interim_responses,
        attempts,
        client_rate,
        recent_requests: _,
    } = limits;
    vec![
        ("gateway.limits.head_bytes", head_bytes.to_string()),
        ("gateway.limits.head_fields", head_fields.to_string()),
        ("gateway.limits.target_bytes", target_bytes.to_string()),
        ("gateway.limits.body_bytes", body_bytes.to_string()),
        ("gateway.limits.trailer_bytes", trailer_bytes.to_string()),
        ("gateway.limits.connections", connections.to_string()),
        ("gateway.limits.connections_per_client", connections_per_client.to_string()),
        ("gateway.limits.half_heads", half_heads.to_string()),
        ("gateway.limits.upstream_idle", upstream_idle.to_string()),
        ("gateway.limits.interim_responses", interim_responses.to_string()),
        ("gateway.limits.attempts", attempts.to_string()),
        ("gateway.limits.client_rate", client_rate.to_string()),
    ]
}

fn of_timeouts(times: &Timeouts) -> Values {
    let Timeouts {
        head,
        idle,
        connect,
        first_byte,
        body_gap,
        client_stall,
        tunnel_idle,
        upstream_idle,
        linger,
        drain_delay,
        drain,
    } = times;
    vec![
        ("gateway.timeouts.head", shown(head)),
        ("gateway.timeouts.idle", shown(idle)),
        ("gateway.timeouts.connect", shown(connect)),
        ("gateway.timeouts.first_byte", shown(first_byte)),
        ("gateway.timeouts.body_gap", shown(body_gap)),
        ("gateway.timeouts.client_stall", shown(client_stall)),
        ("gateway.timeouts.tunnel_idle", shown(tunnel_idle)),
        ("gateway.timeouts.upstream_idle", shown(upstream_idle)),
        ("gateway.timeouts.linger", shown(linger)),
        ("gateway.timeouts.drain_delay", shown(drain_delay)),
        ("gateway.timeouts.drain", shown(drain)),
    ]
}

fn of_admin(admin: Option<&Admin>) -> Values {
    let none = || "none".to_owned();
    let file = admin.and_then(|admin| admin.token_file.as_ref());
    vec![
        ("gateway.admin", admin.map_or_else(none, |admin| admin.listen.to_string())),
        ("gateway.admin_token_file", file.map_or_else(none, |file| file.display().to_string())),
    ]
}

fn of_access_log(log: &AccessLog) -> Values {
    let AccessLog { stdout, file, format } = log;
    let file = file.as_ref().map_or_else(|| "none".to_owned(), |file| file.display().to_string());
    vec![
        ("access_log.stdout", stdout.to_string()),
        ("access_log.file", file),
        ("access_log.format", format.name().to_owned()),
    ]
}

fn of_traces(traces: Option<&Traces>) -> Values {
    let Some(Traces { collector, path, per_million, service }) = traces else {
        return ["traces.endpoint", "traces.ratio", "traces.service"]
            .map(|key| (key, "none".to_owned()))
            .into();
    };
    vec![
        ("traces.endpoint", format!("http://{collector}{path}")),
        ("traces.ratio", (f64::from(*per_million) / 1e6).to_string()),
        ("traces.service", service.clone()),
    ]
}

fn of_cache(cache: &Cache) -> Values {
    vec![
        ("cache.dir", cache.dir.display().to_string()),
        ("cache.max_size", cache.max_size.to_string()),
        ("cache.memory", cache.memory.to_string()),
        ("cache.max_object", cache.max_object.to_string()),
    ]
}
