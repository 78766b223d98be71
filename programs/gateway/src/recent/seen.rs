//! One exchange as it is read from a slot, for who asks. The order of the words is that of
//! `note.rs`.

use std::net::{Ipv6Addr, SocketAddr};

use tombolo_cache::cache_status::CacheStatus;
use tombolo_cache::storability::NotStored;

use super::note::{NONE_16, NONE_32, PAIRS, flag, times};
use super::pen::Reading;
use super::reason::{Reason, explain, forward, not_stored, reason};
use super::{FAILURES, Names};
use crate::metrics::Outcome;
use crate::timing::{Phase, Spent};

/// An exchange of the past.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// When it came, in milliseconds since 1970.
    pub(crate) unix_millis: u64,
    pub(crate) duration_micros: u64,
    pub(crate) asked_micros: Option<u64>,
    pub(crate) upstream_micros: Option<u64>,
    /// Where the time went.
    pub(crate) spent: Spent,
    pub(crate) status: u16,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) route: Option<String>,
    pub(crate) upstream: Option<String>,
    pub(crate) backend: Option<String>,
    pub(crate) attempts: u64,
    pub(crate) client: SocketAddr,
    pub(crate) protocol: &'static str,
    pub(crate) request_id: String,
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) target: String,
    pub(crate) cache: Option<CacheStatus<'static>>,
    pub(crate) reason: Option<Reason>,
    pub(crate) not_stored: Option<NotStored>,
    /// The fields that what is stored differs by, if no variant fitted.
    pub(crate) varies_by: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) failures: Vec<Failure>,
}

/// A failed attempt of the past.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) backend: Option<String>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) began_micros: u64,
    pub(crate) micros: u64,
    pub(crate) error: String,
}

/// The serial of the names that the words of a record were written with.
pub(super) fn serial(words: &[u64]) -> u32 {
    words.get(6).map_or(0, |word| u32::try_from(word >> 32).unwrap_or(0))
}

impl Seen {
    /// Reads the words of a slot, its number first. Without names it tells none.
    pub(super) fn read(words: &[u64], names: Option<&Names>) -> Self {
        let mut from = Reading::new(words.get(1..).unwrap_or_default());
        let unix_millis = from.word();
        let (duration_micros, status) = times(from.word());
        let upstream_times = from.word();
        let (bytes_in, bytes_out) = (from.word(), from.word());
        let places = from.word();
        let flags = from.word();
        let client = (u128::from(from.word()) << 64) | u128::from(from.word());
        let cache = from.word();
        let (spent, varies_by) = spent(&mut from);
        let lengths = from.word();
        let is = |bit| flags & bit != 0;
        let route = place(places >> 16);
        let upstream = place(places);
        let server = place(flags >> 48);
        let named = |index| Some(names?.server(upstream?, index)?.to_owned());
        let cut = |text: String, bit| if is(bit) { text + "…" } else { text };
        let request_id = from.text(byte(lengths));
        let method = from.text(byte(lengths >> 8));
        let host = cut(from.text(byte(lengths >> 16)), flag::HOST_CUT);
        let target = cut(from.text(short(lengths >> 32)), flag::TARGET_CUT);
        let error = cut(from.text(byte(lengths >> 24)), flag::ERROR_CUT);
        let varies_by = from.text(varies_by);
        let failures = byte(lengths >> 48).min(FAILURES);
        Self {
            unix_millis,
            duration_micros,
            asked_micros: micros(upstream_times >> 32),
            upstream_micros: micros(upstream_times),
            spent,
            status,
            bytes_in,
            bytes_out,
            route: route.and_then(|route| Some(names?.route(route)?.to_owned())),
            upstream: upstream.and_then(|one| Some(names?.upstream(one)?.to_owned())),
            backend: server.and_then(named),
            attempts: flags >> 32 & NONE_16,
            client: SocketAddr::new(
                Ipv6Addr::from_bits(client).to_canonical(),
                (flags >> 16 & NONE_16) as u16,
            ),
            protocol: if is(flag::HTTP_1_0) { "HTTP/1.0" } else { "HTTP/1.1" },
            request_id,
            method,
            host,
            target,
            cache: is(flag::CACHE).then(|| cache_status(cache, flags)),
            reason: reason(cache as u8),
            varies_by: (!varies_by.is_empty()).then_some(varies_by),
            not_stored: not_stored((lengths >> 56) as u8),
            error: (!error.is_empty()).then_some(error),
            failures: (0..failures).map(|_| Failure::read(&mut from, named)).collect(),
        }
    }

    /// Why the cache did what it did, and by which clause.
    pub(crate) fn cache_reason(&self) -> Option<(&'static str, Option<&'static str>)> {
        Some(explain(&self.cache?, self.reason))
    }
}

impl Failure {
    fn read(from: &mut Reading<'_>, named: impl Fn(usize) -> Option<String>) -> Self {
        let times = from.word();
        let what = from.word();
        Self {
            backend: place(what >> 32).and_then(named),
            outcome: Outcome::ALL.get(byte(what >> 16)).copied(),
            began_micros: times >> 32,
            micros: times & NONE_32,
            error: from.text(short(what)),
        }
    }
}

/// Two phases to a word; and the length that stands in the last.
fn spent(from: &mut Reading<'_>) -> (Spent, usize) {
    let mut spent = Spent::default();
    for (first, second) in PAIRS {
        let word = from.word();
        spent = spent.with(first, micros(word >> 32)).with(second, micros(word));
    }
    let word = from.word();
    (spent.with(Phase::Download, micros(word >> 32)), byte(word))
}

fn cache_status(word: u64, flags: u64) -> CacheStatus<'static> {
    let is = |bit| flags & bit != 0;
    let ttl = i64::from((word >> 32) as u32 as i32);
    CacheStatus {
        hit: is(flag::HIT),
        fwd: forward((word >> 8) as u8),
        fwd_status: Some((word >> 16) as u16).filter(|status| *status != 0),
        ttl: is(flag::TTL).then_some(ttl),
        stored: is(flag::STORED),
        collapsed: is(flag::COLLAPSED),
        detail: None,
    }
}

fn byte(word: u64) -> usize {
    usize::from(word as u8)
}

fn short(word: u64) -> usize {
    usize::from(word as u16)
}

fn place(word: u64) -> Option<usize> {
    Some(short(word)).filter(|place| *place as u64 != NONE_16)
}

fn micros(word: u64) -> Option<u64> {
    Some(word & NONE_32).filter(|micros| *micros != NONE_32)
}
