//! One exchange as it is written into a slot. The order of the words is that of `seen.rs`.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tombolo_cache::cache_status::CacheStatus;
use tombolo_cache::storability::NotStored;

use super::FAILURES;
use super::pen::Pen;
use super::reason::{Reason, forward_code, not_stored_code, reason_code};
use super::recorded::Traced;
use crate::metrics::Outcome;
use crate::timing::{Phase, Spent};

/// Most bytes of each text; a slot may hold less.
const ID: usize = 128;
const METHOD: usize = 16;
const HOST: usize = 96;
const TARGET: usize = 192;
const ERROR: usize = 200;
const VARIES_BY: usize = 64;

/// Words of a failed attempt without its text.
const FAILURE_WORDS: usize = 2;

/// The phases that share a word; that of the answer stands behind them.
pub(super) const PAIRS: [(Phase, Phase); 3] = [
    (Phase::Head, Phase::Queue),
    (Phase::Collapsed, Phase::Connect),
    (Phase::Upload, Phase::FirstByte),
];

/// What is remembered of an exchange.
pub(crate) struct Note<'a> {
    /// When it came, in milliseconds since 1970.
    pub(crate) unix_millis: u64,
    /// From the first byte of the request to the last of the answer.
    pub(crate) duration_micros: u64,
    /// From the first byte of the request to when the last server was asked.
    pub(crate) asked_micros: Option<u64>,
    /// From then to the head of its answer.
    pub(crate) upstream_micros: Option<u64>,
    /// Where the time went.
    pub(crate) spent: Spent,
    pub(crate) status: u16,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) route: Option<usize>,
    /// The upstream it is for.
    pub(crate) upstream: Option<usize>,
    pub(crate) backend: Option<(usize, usize)>,
    pub(crate) attempts: u32,
    pub(crate) client: SocketAddr,
    pub(crate) is_http10: bool,
    pub(crate) request_id: &'a [u8],
    pub(crate) method: &'a [u8],
    pub(crate) host: &'a [u8],
    pub(crate) target: &'a [u8],
    pub(crate) cache: Option<&'a CacheStatus<'static>>,
    pub(crate) reason: Option<Reason>,
    pub(crate) not_stored: Option<NotStored>,
    /// The fields that what is stored differs by, if no variant fitted; empty: that was not so.
    pub(crate) varies_by: &'a [u8],
    pub(crate) error: Option<&'a str>,
    pub(crate) failures: &'a [Failed],
    /// Its trace, if that is recorded.
    pub(crate) traced: Option<Traced>,
}

/// An attempt that failed.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    /// Index of the server in its upstream.
    pub(crate) server: usize,
    pub(crate) outcome: Outcome,
    /// From the first byte of the request to its begin, and how long it took.
    pub(crate) began_micros: u64,
    pub(crate) micros: u64,
    pub(crate) error: String,
}

/// What a bit of the flags says.
pub(super) mod flag {
    pub(in super::super) const HTTP_1_0: u64 = 1;
    pub(in super::super) const CACHE: u64 = 1 << 1;
    pub(in super::super) const HIT: u64 = 1 << 2;
    pub(in super::super) const STORED: u64 = 1 << 3;
    pub(in super::super) const COLLAPSED: u64 = 1 << 4;
    pub(in super::super) const TTL: u64 = 1 << 5;
    pub(in super::super) const TARGET_CUT: u64 = 1 << 6;
    pub(in super::super) const HOST_CUT: u64 = 1 << 7;
    pub(in super::super) const ERROR_CUT: u64 = 1 << 8;
}

/// Stands for "none" where a number of 16 or 32 bits is kept.
pub(super) const NONE_16: u64 = 0xffff;
pub(super) const NONE_32: u64 = 0xffff_ffff;

impl Note<'_> {
    /// Whether it is one that an operator may look for later.
    pub(super) fn is_trouble(&self) -> bool {
        self.status >= 500 || self.error.is_some() || !self.failures.is_empty()
    }

    #[inline]
    pub(super) fn write(&self, pen: &mut Pen<'_>, names: u32) {
        let upstream = index(self.upstream);
        let server = index(self.backend.map(|(_, server)| server));
        pen.word(self.unix_millis);
        pen.word(pack([(self.duration_micros.min((1 << 48) - 1), 16), (self.status.into(), 0)]));
        pen.word(pack([(micros(self.asked_micros), 32), (micros(self.upstream_micros), 0)]));
        pen.word(self.bytes_in);
        pen.word(self.bytes_out);
        pen.word(pack([(names.into(), 32), (index(self.route), 16), (upstream, 0)]));
        let flags = pen.later();
        self.write_client(pen);
        self.write_cache(pen);
        let last_spent = self.write_spent(pen);
        let lengths = pen.later();
        let id = pen.bytes(self.request_id, ID) as u64;
        let method = pen.bytes(self.method, METHOD) as u64;
        let host = pen.bytes(self.host, HOST) as u64;
        let target = pen.bytes(self.target, TARGET) as u64;
        let error = self.error.unwrap_or_default().as_bytes();
        let error_length = pen.bytes(error, ERROR) as u64;
        let varies_by = pen.bytes(self.varies_by, VARIES_BY) as u64;
        if let Some(word) = last_spent {
            let spent = micros(self.spent.in_phase(Phase::Download));
            word.store(pack([(spent, 32), (varies_by, 0)]), Relaxed);
        }
        let failures = if self.failures.is_empty() { 0 } else { self.write_failures(pen) };
        if let Some(lengths) = lengths {
            let not_stored = u64::from(not_stored_code(self.not_stored));
            let sizes = [(id, 0), (method, 8), (host, 16), (error_length, 24)];
            let more = [(target, 32), (failures, 48), (not_stored, 56)];
            lengths.store(pack(sizes) | pack(more), Relaxed);
        }
        if let Some(word) = flags {
            let cut = |kept: u64, all: &[u8], flag| if kept < all.len() as u64 { flag } else { 0 };
            let cut = cut(target, self.target, flag::TARGET_CUT)
                | cut(host, self.host, flag::HOST_CUT)
                | cut(error_length, error, flag::ERROR_CUT);
            let attempts = u64::from(self.attempts).min(NONE_16);
            let port = u64::from(self.client.port());
            let flags = self.flags() | cut;
            word.store(pack([(server, 48), (attempts, 32), (port, 16), (flags, 0)]), Relaxed);
        }
    }

    #[inline]
    fn flags(&self) -> u64 {
        let given = |is: bool, flag| if is { flag } else { 0 };
        let cache = self.cache.map_or(0, |status| {
            flag::CACHE
                | given(status.hit, flag::HIT)
                | given(status.stored, flag::STORED)
                | given(status.collapsed, flag::COLLAPSED)
                | given(status.ttl.is_some(), flag::TTL)
        });
        cache | given(self.is_http10, flag::HTTP_1_0)
    }

    #[inline]
    fn write_client(&self, pen: &mut Pen<'_>) {
        let address = match self.client.ip() {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        let (high, low) = ((address.to_bits() >> 64) as u64, address.to_bits() as u64);
        pen.word(high);
        pen.word(low);
    }

    #[inline]
    fn write_cache(&self, pen: &mut Pen<'_>) {
        let Some(status) = self.cache else { return pen.word(0) };
        let bounds = (i64::from(i32::MIN), i64::from(i32::MAX));
        let ttl = status.ttl.unwrap_or(0).clamp(bounds.0, bounds.1) as u32;
        let fwd_status = u64::from(status.fwd_status.unwrap_or(0));
        let fwd = u64::from(forward_code(status.fwd));
        let reason = u64::from(reason_code(self.reason));
        pen.word(pack([(ttl.into(), 32), (fwd_status, 16), (fwd, 8), (reason, 0)]));
    }

    /// Two phases to a word. The last has a word with a length, which is known later.
    #[inline]
    fn write_spent<'s>(&self, pen: &mut Pen<'s>) -> Option<&'s AtomicU64> {
        let spent = |phase| micros(self.spent.in_phase(phase));
        for (first, second) in PAIRS {
            pen.word(pack([(spent(first), 32), (spent(second), 0)]));
        }
        pen.later()
    }

    /// Tells how many had room.
    #[cold]
    fn write_failures(&self, pen: &mut Pen<'_>) -> u64 {
        let mut written = 0;
        for failed in self.failures.iter().take(FAILURES) {
            if pen.room() < FAILURE_WORDS {
                break;
            }
            let times = (micros(Some(failed.began_micros)), micros(Some(failed.micros)));
            pen.word(pack([(times.0, 32), (times.1, 0)]));
            let word = pen.later();
            let length = pen.bytes(failed.error.as_bytes(), ERROR) as u64;
            if let Some(word) = word {
                let outcome = failed.outcome as u64;
                let server = index(Some(failed.server));
                word.store(pack([(server, 32), (outcome, 16), (length, 0)]), Relaxed);
            }
            written += 1;
        }
        written
    }
}

/// Duration in microseconds and status, from the word that has both.
#[inline]
pub(super) fn times(word: u64) -> (u64, u16) {
    (word >> 16, (word & NONE_16) as u16)
}

/// Numbers side by side; each fits below the next.
#[inline]
fn pack<const N: usize>(parts: [(u64, u32); N]) -> u64 {
    parts.into_iter().fold(0, |word, (value, shift)| word | value << shift)
}

/// A place in a list; one that cannot be kept is none.
#[inline]
fn index(index: Option<usize>) -> u64 {
    index.map_or(NONE_16, |index| (index as u64).min(NONE_16))
}

/// Microseconds, up to an hour; beyond that they are that.
#[inline]
fn micros(micros: Option<u64>) -> u64 {
    micros.map_or(NONE_32, |micros| micros.min(NONE_32 - 1))
}
