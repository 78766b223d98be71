//! What one data-plane thread counts of all its exchanges. Only that thread writes here.

use super::count::Count;
use super::error_reason::ErrorReason;
use super::labels::CACHE_RESULTS;

/// A finished exchange, as far as it is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange<'a> {
    /// What the client was sent; 499 if it left before.
    pub(crate) status: u16,
    /// From the first byte of the request to the last of the answer.
    pub(crate) duration_micros: u64,
    /// Bytes of the request's body.
    pub(crate) bytes_in: u64,
    /// Bytes of the answer's body.
    pub(crate) bytes_out: u64,
    /// What the cache did, in a word; none: it had no part.
    pub(crate) cache: Option<&'a str>,
    /// What made an answer that tells of trouble.
    pub(crate) error: Option<ErrorReason>,
}

/// One thread's counters, on lines of their own (128 bytes, since processors fetch lines of 64 in
/// pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Row {
    requests: Count,
    client_errors: Count,
    server_errors: Count,
    cache: [Count; CACHE_RESULTS.len()],
    errors: [Count; ErrorReason::COUNT],
}

impl Row {
    /// Counts an exchange that has ended.
    #[inline]
    pub(crate) fn record(&self, exchange: &Exchange<'_>) {
        self.requests.add(1);
        match exchange.status {
            400..500 => self.client_errors.add(1),
            500.. => self.server_errors.add(1),
            _ => {}
        }
        if let Some(reason) = exchange.error {
            self.fails(reason);
        }
        if let Some(result) = exchange.cache {
            let place = CACHE_RESULTS.iter().position(|known| *known == result);
            if let Some(count) = self.cache.get(place.unwrap_or(CACHE_RESULTS.len() - 1)) {
                count.add(1);
            }
        }
    }

    /// Counts an answer that tells of trouble, where that is no exchange too.
    #[cold]
    pub(crate) fn fails(&self, reason: ErrorReason) {
        if let Some(count) = self.errors.get(reason as usize) {
            count.add(1);
        }
    }

    pub(super) fn errors(&self, reason: ErrorReason) -> u64 {
        self.errors.get(reason as usize).map_or(0, Count::get)
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.get()
    }

    pub(super) fn client_errors(&self) -> u64 {
        self.client_errors.get()
    }

    pub(super) fn server_errors(&self) -> u64 {
        self.server_errors.get()
    }

    pub(super) fn cache(&self, result: usize) -> u64 {
        self.cache.get(result).map_or(0, Count::get)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_the_cache_are_a_closed_set() {
        let exchange = Exchange {
            status: 200,
            duration_micros: 1,
            bytes_in: 0,
            bytes_out: 0,
            cache: None,
            error: None,
        };
        let row = Row::default();
        for cache in ["hit", "hit", "uri-miss", "anything else"] {
            row.record(&Exchange { cache: Some(cache), ..exchange });
        }
        row.record(&exchange);
        assert_eq!(row.cache(0), 2);
        assert_eq!(row.cache(1), 1);
        assert_eq!(row.cache(CACHE_RESULTS.len() - 1), 1);
        assert_eq!(row.requests(), 5);
    }
}
