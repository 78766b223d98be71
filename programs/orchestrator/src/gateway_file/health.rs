//! What an upstream does about servers that fail.

use std::fmt::{self, Write};

use tombolo_daemon::config::{
    Adaptive, Ejection, HealthCheck, Probe, RetryBudget, Upstream, UpstreamLimit,
};

use super::notation::{duration, list, quoted};

/// Writes the keys of an `[[upstream]]` that are about health.
pub(super) fn write_health(out: &mut String, upstream: &Upstream) -> fmt::Result {
    if let Some(check) = &upstream.health {
        write_check(out, check)?;
    }
    match &upstream.ejection {
        None => writeln!(out, "ejection = false")?,
        Some(ejection) => write_ejection(out, ejection)?,
    }
    if let Some(limit) = &upstream.limit {
        write_limit(out, limit)?;
    }
    writeln!(out, "slow_start = \"{}\"", duration(upstream.slow_start))?;
    match upstream.retry_budget {
        None => writeln!(out, "retry_budget = false")?,
        Some(RetryBudget { percent, per_second }) => {
            writeln!(out, "retry_budget = {{ percent = {percent}, per_second = {per_second} }}")?
        }
    }
    if let Some(statuses) = &upstream.retry_on {
        writeln!(out, "retry_on = {}", list(&statuses.words()))?;
    }
    Ok(())
}

fn write_limit(out: &mut String, limit: &UpstreamLimit) -> fmt::Result {
    let UpstreamLimit { in_flight, queue, wait, adaptive } = limit;
    let wait = duration(*wait);
    write!(out, "limit = {{ in_flight = {in_flight}, queue = {queue}, wait = \"{wait}\"")?;
    if let Some(Adaptive { min }) = adaptive {
        write!(out, ", adaptive = true, min = {min}")?;
    }
    writeln!(out, " }}")
}

fn write_check(out: &mut String, check: &HealthCheck) -> fmt::Result {
    let HealthCheck { probe, writes, interval, timeout, healthy, unhealthy } = check;
    let mut probe = match probe {
        Probe::Tcp => "tcp = true".to_owned(),
        Probe::Http { path, host, status, body } => {
            let mut text = format!("path = {}, status = {}", quoted(path), list(&status.words()));
            for (name, value) in [("host", host), ("body", body), ("writes", writes)] {
                if let Some(value) = value {
                    write!(text, ", {name} = {}", quoted(value))?;
                }
            }
            text
        }
    };
    write!(
        probe,
        ", interval = \"{}\", timeout = \"{}\", healthy = {healthy}, unhealthy = {unhealthy}",
        duration(*interval),
        duration(*timeout)
    )?;
    writeln!(out, "health = {{ {probe} }}")
}

fn write_ejection(out: &mut String, Ejection { rules, status }: &Ejection) -> fmt::Result {
    writeln!(
        out,
        "ejection = {{ failures = {}, rate = {}, requests = {}, window = \"{}\", time = \"{}\", \
         max_time = \"{}\", probes = {}, max_ejected = {}, status = {} }}",
        rules.failures,
        rules.rate_percent,
        rules.requests,
        duration(rules.window),
        duration(rules.time),
        duration(rules.max_time),
        rules.probes,
        rules.max_ejected.0,
        list(&status.words())
    )
}
