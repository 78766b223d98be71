//! Age arithmetic (RFC 9111 sections 4.2.3 and 5.1).

use tombolo_http1::FieldId;

use crate::directives::delta_seconds;
use crate::message::{Response, members};
use crate::metadata::Metadata;
use crate::time::Timestamp;

/// When an exchange with the origin took place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// When the request was sent.
    pub request_time: Timestamp,
    /// When the response's head came.
    pub response_time: Timestamp,
}

/// Age's value in seconds; 0 if it is absent. Of a list the first member counts, and what is no
/// number is ignored (RFC 9111 section 5.1).
pub fn age_field(response: &Response<'_>) -> u32 {
    let first = response.first(FieldId::Age).and_then(|value| members(value).next());
    first.and_then(delta_seconds).unwrap_or(0)
}

/// `corrected_initial_age` in milliseconds: what the response's Date says, or what its Age says
/// plus the time the exchange took, whichever is more.
///
/// Date has whole seconds, so the apparent age is counted in those: a response is not taken to be
/// older for having been made late in a second.
pub fn initial_age_ms(age: u32, date: Timestamp, arrival: Arrival) -> u64 {
    let apparent = arrival.response_time.secs().saturating_sub(date.secs()).max(0).unsigned_abs();
    let delay = arrival.response_time.since(arrival.request_time);
    let corrected = u64::from(age).saturating_mul(1000).saturating_add(delay);
    apparent.saturating_mul(1000).max(corrected)
}

/// `current_age` in milliseconds.
#[inline]
pub fn current_age_ms(meta: &Metadata, now: Timestamp) -> u64 {
    meta.initial_age_ms.saturating_add(now.since(meta.response_time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::response;

    fn at(request: i64, response: i64) -> Arrival {
        Arrival {
            request_time: Timestamp::from_millis(request),
            response_time: Timestamp::from_millis(response),
        }
    }

    #[test]
    fn rfc9111_4_2_3_the_greater_of_apparent_and_corrected_age() {
        let date = Timestamp::from_secs(100);
        assert_eq!(initial_age_ms(0, date, at(130_000, 130_000)), 30_000);
        assert_eq!(initial_age_ms(40, date, at(130_000, 130_500)), 40_500);
        assert_eq!(initial_age_ms(0, date, at(90_000, 90_000)), 0, "a Date ahead is not an age");
        assert_eq!(initial_age_ms(0, date, at(100_900, 100_950)), 50);
    }

    #[test]
    fn rfc9111_4_2_3_time_in_the_cache_is_added() {
        let meta = Metadata {
            initial_age_ms: 1500,
            response_time: Timestamp::from_secs(10),
            ..Metadata::default()
        };
        assert_eq!(current_age_ms(&meta, Timestamp::from_secs(12)), 3500);
        assert_eq!(current_age_ms(&meta, Timestamp::from_secs(5)), 1500);
    }

    #[test]
    fn rfc9111_5_1_the_age_field() {
        let age = |fields: &str| age_field(&response(fields).as_response());
        assert_eq!(age("Age: 7\r\n"), 7);
        assert_eq!(age("Age: 7, 0\r\n"), 7);
        assert_eq!(age("Age: 7\r\nAge: 0\r\n"), 7);
        assert_eq!(age("Age: 99999999999\r\n"), 1 << 31);
        for junk in ["abc", "-7200", "7200.0", "", "\"7\""] {
            assert_eq!(age(&format!("Age: {junk}\r\n")), 0, "{junk}");
        }
    }
}
