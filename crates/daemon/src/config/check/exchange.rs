//! `timeouts` and `limits` of an `[[upstream]]` or a `[[route]]`.

use super::super::written::reader::Reader;
use super::super::{ExchangeLimits, ExchangeTimeouts};
use super::gateway::whole;

pub(super) fn timeouts(owner: &Reader<'_>) -> ExchangeTimeouts {
    let Some(reader) = owner.table("timeouts") else { return ExchangeTimeouts::default() };
    let time = |name| reader.time(name).map(|time| time.value);
    ExchangeTimeouts {
        connect: time("connect"),
        first_byte: time("first_byte"),
        total: time("total"),
        body_gap: time("body_gap"),
        client_stall: time("client_stall"),
        tunnel_idle: time("tunnel_idle"),
    }
}

pub(super) fn limits(owner: &Reader<'_>) -> ExchangeLimits {
    let Some(reader) = owner.table("limits") else { return ExchangeLimits::default() };
    ExchangeLimits {
        body_bytes: reader.size("body_bytes").map(|bytes| bytes.value),
        trailer_bytes: reader.size("trailer_bytes").map(whole),
        interim_responses: reader.count("interim_responses").map(whole),
        attempts: reader.count("attempts").map(whole),
        client_rate: reader.size("client_rate").map(|bytes| bytes.value),
    }
}
