//! Writes the gateway's configuration as a file: what the gateway child is started with, and what
//! a person reads to learn what it was told.
//!
//! Every field is taken apart by name, so a new setting that is not written here does not compile.

mod cache;
mod health;
mod notation;
mod tcp;

use std::fmt::{self, Write};

use cache::{write_cache, write_route_cache};
use health::write_health;
use notation::{duration, list, named, quoted, size};
use tcp::write_tcp;
use tombolo_daemon::config::{
    AccessLog, Admin, Config, ExchangeLimits, ExchangeTimeouts, Gateway, HashKey, Limits, Policy,
    RateLimit, Route, Server, StateFile, Sticky, Timeouts, Traces, Upstream,
};

const HEADING: &str = "\
# Written by 'tombolo up' at every start: changes made here are lost.
# It is the whole configuration of the gateway, with every default filled in.
# To change something, give 'tombolo up -c FILE' a file of your own.
";

/// The configuration as a file that, read again, means the same to a gateway. What came from the
/// environment stands there as `${NAME:-value}`: the gateway has no such variable, and knows by it
/// what not to show.
pub(crate) fn render(config: &Config) -> String {
    let mut text = HEADING.to_owned();
    // Writing to a string cannot fail.
    let _ = write_config(&mut text, config);
    named(&text, &config.from_environment)
}

fn write_config(out: &mut String, config: &Config) -> fmt::Result {
    // Services are the orchestrator's business, and so are their database and the data folder.
    let Config { gateway, access_log, cache, upstreams, routes, tcp, traces, .. } = config;
    let Config { services: _, storage: _, up: _, data_dir: _, from_environment: _, .. } = config;
    write_gateway(out, gateway)?;
    write_access_log(out, access_log)?;
    if let Some(cache) = cache {
        write_cache(out, cache)?;
    }
    for upstream in upstreams {
        write_upstream(out, upstream)?;
    }
    for route in routes {
        write_route(out, route, upstreams)?;
    }
    for tcp in tcp {
        write_tcp(out, tcp, upstreams)?;
    }
    if let Some(traces) = traces {
        write_traces(out, traces)?;
    }
    Ok(())
}

fn write_gateway(out: &mut String, gateway: &Gateway) -> fmt::Result {
    let Gateway {
        listen,
        admin,
        admin_socket,
        orchestrator,
        proxy_protocol,
        state_file,
        workers,
        trusted,
        dns,
        served_by,
        // That of `up`, which reads its own file.
        watch: _,
        limits,
        timeouts,
    } = gateway;
    writeln!(out, "\n[gateway]")?;
    // A gateway for TCP alone has none.
    if !listen.is_empty() {
        writeln!(out, "listen = {}", list(listen))?;
    }
    if let Some(Admin { listen, token_file }) = admin {
        writeln!(out, "admin = {}", quoted(&listen.to_string()))?;
        if let Some(file) = token_file {
            writeln!(out, "admin_token_file = {}", quoted(&file.to_string_lossy()))?;
        }
    }
    for (key, path) in [("admin_socket", admin_socket), ("orchestrator", orchestrator)] {
        if let Some(path) = path {
            writeln!(out, "{key} = {}", quoted(&path.to_string_lossy()))?;
        }
    }
    match state_file {
        StateFile::Unsaid => {}
        StateFile::Off => writeln!(out, "state_file = false")?,
        StateFile::At(path) => writeln!(out, "state_file = {}", quoted(&path.to_string_lossy()))?,
    }
    writeln!(out, "proxy_protocol = {proxy_protocol}")?;
    writeln!(out, "workers = {workers}  # 0: one per usable core")?;
    writeln!(out, "trusted = {}  # hops whose forwarding fields are believed", list(trusted))?;
    if !dns.is_empty() {
        writeln!(out, "dns = {}", list(dns))?;
    }
    writeln!(out, "served_by = {served_by}  # X-Served-By on answers")?;
    write_limits(out, limits)?;
    write_timeouts(out, timeouts)
}

fn write_limits(out: &mut String, limits: &Limits) -> fmt::Result {
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
        recent_requests,
    } = limits;
    writeln!(out, "\n[gateway.limits]")?;
    writeln!(out, "head_bytes = {}", size(*head_bytes as u64))?;
    writeln!(out, "head_fields = {head_fields}")?;
    writeln!(out, "target_bytes = {}", size(*target_bytes as u64))?;
    writeln!(out, "body_bytes = {}  # 0: no limit", size(*body_bytes))?;
    writeln!(out, "trailer_bytes = {}", size(*trailer_bytes as u64))?;
    writeln!(out, "connections = {connections}")?;
    writeln!(out, "connections_per_client = {connections_per_client}")?;
    writeln!(out, "half_heads = {}", size(*half_heads as u64))?;
    writeln!(out, "upstream_idle = {upstream_idle}")?;
    writeln!(out, "interim_responses = {interim_responses}")?;
    writeln!(out, "attempts = {attempts}")?;
    writeln!(out, "client_rate = {}", size(*client_rate))?;
    writeln!(out, "recent_requests = {recent_requests}")
}

fn write_timeouts(out: &mut String, timeouts: &Timeouts) -> fmt::Result {
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
    } = timeouts;
    writeln!(out, "\n[gateway.timeouts]")?;
    for (key, time) in [
        ("head", head),
        ("idle", idle),
        ("connect", connect),
        ("first_byte", first_byte),
        ("body_gap", body_gap),
        ("client_stall", client_stall),
        ("tunnel_idle", tunnel_idle),
        ("upstream_idle", upstream_idle),
        ("linger", linger),
        ("drain_delay", drain_delay),
        ("drain", drain),
    ] {
        writeln!(out, "{key} = \"{}\"", duration(*time))?;
    }
    Ok(())
}

fn write_traces(out: &mut String, traces: &Traces) -> fmt::Result {
    let Traces { collector, path, per_million, service } = traces;
    writeln!(out, "\n[traces]")?;
    writeln!(out, "endpoint = {}", quoted(&format!("http://{collector}{path}")))?;
    writeln!(out, "ratio = \"{}\"", f64::from(*per_million) / 1e6)?;
    writeln!(out, "service = {}", quoted(service))
}

fn write_access_log(out: &mut String, access_log: &AccessLog) -> fmt::Result {
    let AccessLog { stdout, file, format } = access_log;
    writeln!(out, "\n[access_log]")?;
    writeln!(out, "stdout = {stdout}")?;
    if let Some(file) = file {
        writeln!(out, "file = {}", quoted(&file.to_string_lossy()))?;
    }
    writeln!(out, "format = {}", quoted(format.name()))
}

fn write_upstream(out: &mut String, upstream: &Upstream) -> fmt::Result {
    let Upstream { name, policy, hash_on, sticky, servers, srv, service: _, .. } = upstream;
    let Upstream {
        health: _,
        ejection: _,
        limit: _,
        slow_start: _,
        retry_budget: _,
        retry_on: _,
        timeouts,
        limits,
        ..
    } = upstream;
    writeln!(out, "\n[[upstream]]")?;
    writeln!(out, "name = {}", quoted(name))?;
    writeln!(out, "policy = {}", quoted(policy.name()))?;
    // Without the policy it would be refused as having no effect.
    if *policy == Policy::Hash {
        let key = match hash_on {
            HashKey::Path => "path".to_owned(),
            HashKey::Header(name) => format!("header:{name}"),
            HashKey::Cookie(name) => format!("cookie:{name}"),
            HashKey::Client => "client".to_owned(),
        };
        writeln!(out, "hash_on = {}", quoted(&key))?;
    }
    if let Some(sticky) = sticky {
        let Sticky { cookie, path, same_site, secure, http_only, max_age } = sticky;
        let (cookie, path, same_site) = (quoted(cookie), quoted(path), quoted(same_site.name()));
        write!(out, "sticky = {{ cookie = {cookie}, path = {path}, same_site = {same_site}")?;
        write!(out, ", secure = {secure}, http_only = {http_only}")?;
        if let Some(max_age) = max_age {
            write!(out, ", max_age = \"{}\"", duration(*max_age))?;
        }
        writeln!(out, " }}")?;
    }
    write_health(out, upstream)?;
    write_exchange(out, timeouts, limits)?;
    if let Some(srv) = srv {
        return writeln!(out, "srv = {}", quoted(srv));
    }
    writeln!(out, "servers = [")?;
    for server in servers {
        let Server { address: _, weight, as_written } = server;
        writeln!(out, "  {{ address = {}, weight = {weight} }},", quoted(as_written))?;
    }
    writeln!(out, "]")
}

/// What an upstream or a route says of an exchange, if anything.
fn write_exchange(
    out: &mut String,
    timeouts: &ExchangeTimeouts,
    limits: &ExchangeLimits,
) -> fmt::Result {
    let times = timeouts.said().map(|(key, time)| format!("{key} = \"{}\"", duration(time)));
    let times: Vec<_> = times.collect();
    if !times.is_empty() {
        writeln!(out, "timeouts = {{ {} }}", times.join(", "))?;
    }
    let limit = |(key, value): (&str, u64)| match key {
        "interim_responses" | "attempts" => format!("{key} = {value}"),
        _ => format!("{key} = {}", size(value)),
    };
    let limits: Vec<_> = limits.said().map(limit).collect();
    if !limits.is_empty() {
        writeln!(out, "limits = {{ {} }}", limits.join(", "))?;
    }
    Ok(())
}

fn write_route(out: &mut String, route: &Route, upstreams: &[Upstream]) -> fmt::Result {
    let Route { host, path, upstream, forward_path, timeouts, limits, rate_limits, cache } = route;
    // The index comes from the same checked configuration.
    let Some(upstream) = upstreams.get(*upstream) else { return Ok(()) };
    writeln!(out, "\n[[route]]")?;
    if let Some(host) = host {
        writeln!(out, "host = {}", quoted(host))?;
    }
    writeln!(out, "path = {}", quoted(path))?;
    writeln!(out, "upstream = {}", quoted(&upstream.name))?;
    writeln!(out, "forward_path = {}", quoted(forward_path.name()))?;
    write_exchange(out, timeouts, limits)?;
    if !rate_limits.is_empty() {
        let limits: Vec<String> = rate_limits.iter().map(rate_limit).collect();
        writeln!(out, "rate_limit = [{}]", limits.join(", "))?;
    }
    write_route_cache(out, cache.as_ref())
}

fn rate_limit(limit: &RateLimit) -> String {
    let RateLimit { requests, per, burst, key, headers } = limit;
    let (per, key) = (duration(*per), quoted(&key.word()));
    let pace = format!("requests = {requests}, per = \"{per}\", burst = {burst}");
    format!("{{ {pace}, key = {key}, headers = {headers} }}")
}

#[cfg(test)]
mod tests;
