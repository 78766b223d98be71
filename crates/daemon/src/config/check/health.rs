//! What an upstream says about servers that fail: `health`, `ejection`, `retry_budget`.

use tombolo_balance::{EjectionRules, MaxEjected};

use super::super::mistake::Kind;
use super::super::written::context::At;
use super::super::written::reader::{FlagOrTable, Reader};
use super::super::{Ejection, HealthCheck, Probe, RetryBudget, Statuses};

/// How the servers are checked. None: not at all, or it could not be read, which was noted.
pub(super) fn checks(upstream: &Reader<'_>) -> Option<HealthCheck> {
    let reader = upstream.table("health")?;
    let probe = probe(&reader);
    let time = |name, otherwise| reader.time(name).map_or(otherwise, |time| time.value);
    let number = |name, otherwise| reader.count(name).map_or(otherwise, |number| small(&number));
    let check = HealthCheck {
        probe: probe?,
        writes: reader.text("writes").and_then(|path| target(&reader, path)),
        interval: time("interval", HealthCheck::INTERVAL),
        timeout: time("timeout", HealthCheck::TIMEOUT),
        healthy: number("healthy", HealthCheck::HEALTHY),
        unhealthy: number("unhealthy", HealthCheck::UNHEALTHY),
    };
    Some(check)
}

fn probe(reader: &Reader<'_>) -> Option<Probe> {
    let is_tcp = reader.flag("tcp").is_some_and(|flag| flag.value);
    if !reader.has("path") {
        if is_tcp {
            for name in ["status", "body", "host", "writes"] {
                means_nothing(reader, name);
            }
            return Some(Probe::Tcp);
        }
        if !reader.context.is_broken(&reader.span) && !reader.has("tcp") {
            reader.context.mistake(
                Kind::Missing,
                &reader.span,
                "there is nothing to check",
                "add path = \"/health\", or tcp = true if it is enough that a server takes connections",
            );
        }
        return None;
    }
    let path = reader.text("path");
    if is_tcp && let Some(path) = &path {
        reader.context.mistake(
            Kind::Conflict,
            &path.span,
            "a check is either by \"path\" or by \"tcp\"",
            "remove one of them: a path is asked for over a connection anyway",
        );
    }
    let status = statuses(reader, "status").unwrap_or_else(Statuses::success);
    let host = reader.text("host").and_then(|host| visible(reader, host, "a host"));
    let body = reader.text("body").map(|body| body.value);
    let path = path.and_then(|path| target(reader, path))?;
    Some(Probe::Http { path, host, status, body })
}

fn means_nothing(reader: &Reader<'_>, name: &str) {
    let span = match name {
        "status" => reader.texts(name).map(|list| list.span),
        _ => reader.text(name).map(|text| text.span),
    };
    if let Some(span) = span {
        let words = format!("{name:?} means nothing with tcp = true");
        reader.context.mistake(Kind::Conflict, &span, words, "add a path, or remove it");
    }
}

/// The statuses of the key `name`, if they can be read.
fn statuses(reader: &Reader<'_>, name: &'static str) -> Option<Statuses> {
    let list = reader.texts(name)?;
    match Statuses::from_words(list.value.iter().map(|word| word.value.as_str())) {
        Ok(statuses) => Some(statuses),
        Err(word) => {
            let bad = list.value.iter().find(|at| at.value == word);
            let span = bad.map_or(&list.span, |at| &at.span);
            let words = format!("{} is no status", reader.context.written(span));
            reader.bad(span, words, "write \"200\", \"2xx\" or \"200-399\"")
        }
    }
}

/// A request target in origin form.
fn target(reader: &Reader<'_>, path: At<String>) -> Option<String> {
    if !path.value.starts_with('/') {
        let words = format!("{} is no path", reader.context.written(&path.span));
        let hint = format!("write \"/{}\"", path.value);
        return reader.bad(&path.span, words, hint);
    }
    visible(reader, path, "a path")
}

/// A text that can stand in a request head as it is.
fn visible(reader: &Reader<'_>, text: At<String>, what: &str) -> Option<String> {
    if text.value.len() <= 1024 && text.value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(text.value);
    }
    let words = format!("{} is not {what}", reader.context.written(&text.span));
    reader.bad(&text.span, words, "write at most 1024 visible ASCII characters, without spaces")
}

/// When servers are ejected. None: never.
pub(super) fn ejection(upstream: &Reader<'_>) -> Option<Ejection> {
    let reader = match upstream.flag_or_table("ejection") {
        None | Some(FlagOrTable::Flag(true)) => return Some(Ejection::default()),
        Some(FlagOrTable::Flag(false)) => return None,
        Some(FlagOrTable::Table(reader)) => reader,
    };
    let default = EjectionRules::DEFAULT;
    let number = |name, otherwise| reader.count(name).map_or(otherwise, |number| small(&number));
    let time = |name, otherwise| reader.time(name).map_or(otherwise, |time| time.value);
    let rules = EjectionRules {
        failures: number("failures", default.failures),
        rate_percent: number("rate", default.rate_percent),
        requests: reader.count("requests").map_or(default.requests, |number| number.value),
        window: time("window", default.window),
        time: time("time", default.time),
        max_time: time("max_time", default.max_time),
        probes: reader
            .count("probes")
            .and_then(|number| u16::try_from(number.value).ok())
            .unwrap_or(default.probes),
        max_ejected: MaxEjected(number("max_ejected", default.max_ejected.0)),
    };
    if let Some(longest) = reader.time("max_time").filter(|longest| longest.value < rules.time) {
        let words = "\"max_time\" is less than \"time\"";
        reader.context.mistake(Kind::Conflict, &longest.span, words, "raise it, or lower time");
    }
    Some(Ejection { rules, status: statuses(&reader, "status").unwrap_or_else(Statuses::failure) })
}

/// How many requests may be repeated. None: any number.
pub(super) fn retry_budget(upstream: &Reader<'_>) -> Option<RetryBudget> {
    let default = RetryBudget::default();
    let reader = match upstream.flag_or_table("retry_budget") {
        None | Some(FlagOrTable::Flag(true)) => return Some(default),
        Some(FlagOrTable::Flag(false)) => return None,
        Some(FlagOrTable::Table(reader)) => reader,
    };
    let number = |name, otherwise| reader.count(name).map_or(otherwise, |number| small(&number));
    Some(RetryBudget {
        percent: number("percent", default.percent),
        per_second: number("per_second", default.per_second),
    })
}

/// After which statuses a request goes to another server; none if nothing is written.
pub(super) fn retry_on(upstream: &Reader<'_>) -> Option<Statuses> {
    statuses(upstream, "retry_on")
}

/// A number within its key's bounds, which fit.
fn small(number: &At<u64>) -> u32 {
    u32::try_from(number.value).unwrap_or(u32::MAX)
}
