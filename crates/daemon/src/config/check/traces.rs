//! `[traces]`.

use super::super::mistake::Kind;
use super::super::written::context::At;
use super::super::written::reader::Reader;
use super::super::{HostPort, Traces};

const EXAMPLE: &str = "write the collector's address, say \"http://127.0.0.1:4318\"";

pub(super) fn traces(root: &Reader<'_>) -> Option<Traces> {
    let reader = root.table("traces")?;
    let endpoint = reader.text("endpoint").and_then(|text| endpoint(&reader, &text));
    let ratio = reader.text("ratio").map(|text| ratio(&reader, &text));
    let service = reader.text("service").map_or_else(|| Traces::SERVICE.into(), |text| text.value);
    let (collector, path) = endpoint?;
    let per_million = ratio.unwrap_or(Some(Traces::PER_MILLION))?;
    Some(Traces { collector, path, per_million, service })
}

/// The address and the path of `http://host:port/path`.
fn endpoint(reader: &Reader<'_>, text: &At<String>) -> Option<(HostPort, String)> {
    let written = reader.context.written(&text.span);
    if text.value.starts_with("https:") {
        let words = format!("{written} asks for TLS, which is not in this version yet");
        let hint = "let a collector on this machine take spans and send them on: \
                    \"http://127.0.0.1:4318\"";
        return reader.bad(&text.span, words, hint);
    }
    let Some(rest) = text.value.strip_prefix("http://") else {
        return reader.bad(&text.span, format!("{written} is no http:// address"), EXAMPLE);
    };
    if rest.split('/').next().is_some_and(|authority| authority.contains('@')) {
        let words = format!("{written} names a user, which the gateway does not send");
        let hint = "leave out what is before the \"@\", or let a collector on this machine send spans on \
                    with it";
        return reader.bad(&text.span, words, hint);
    }
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) if !path.is_empty() => (authority, format!("/{path}")),
        Some((authority, _)) => (authority, Traces::PATH.to_owned()),
        None => (rest, Traces::PATH.to_owned()),
    };
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return reader.bad(&text.span, format!("{written} has a path that is none"), EXAMPLE);
    }
    match authority.parse::<HostPort>() {
        Ok(collector) => Some((collector, path)),
        Err(error) => reader.bad(&text.span, format!("{written}: {error}"), EXAMPLE),
    }
}

/// A share as parts in a million.
fn ratio(reader: &Reader<'_>, text: &At<String>) -> Option<u32> {
    let share = text.value.trim().parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    match share {
        Some(share) => Some((share * 1e6).round() as u32),
        None => {
            let words = format!("{} is no share", reader.context.written(&text.span));
            reader.context.mistake(
                Kind::BadValue,
                &text.span,
                words,
                "write \"0.01\" for one request in a hundred, \"1\" for all",
            );
            None
        }
    }
}
