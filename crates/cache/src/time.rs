//! Points in time and HTTP dates. Owns reading and writing of dates (RFC 9110 section 5.6.7);
//! refuses to ask a clock.

use std::time::{Duration, UNIX_EPOCH};

/// A point in time: milliseconds since the Unix epoch, as the caller's clock has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the Unix epoch; saturates.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Milliseconds from `earlier` to this, never negative: a clock that was set back must not
    /// make a response younger than it was.
    pub const fn since(self, earlier: Self) -> u64 {
        let distance = self.0.saturating_sub(earlier.0);
        if distance < 0 { 0 } else { distance.unsigned_abs() }
    }

    /// Reads an HTTP date in any of its three forms. `now` settles the century of a two-digit
    /// year: one that seems more than 50 years ahead is in the past (RFC 9110 section 5.6.7).
    /// `None`: it is none of the three.
    pub fn parse(date: &[u8], now: Self) -> Option<Self> {
        let civil = match date.iter().position(|&byte| byte == b',') {
            Some(3) => imf_fixdate(date)?,
            Some(_) => rfc850(date, now)?,
            None => asctime(date)?,
        };
        civil.timestamp()
    }

    /// Writes the preferred form of an HTTP date, in whole seconds. Before 1970 and after 9999
    /// the nearest date that can be written.
    pub fn write(self, out: &mut Vec<u8>) {
        const LAST: u64 = 253_402_300_799;
        let secs = u64::try_from(self.secs()).unwrap_or(0).min(LAST);
        let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(secs));
        out.extend_from_slice(text.as_bytes());
    }
}

/// A date and time of day as written, in UTC.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Civil {
    fn timestamp(&self) -> Option<Timestamp> {
        let length = match self.month {
            2 if self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        // A leap second is read as the second before it.
        let valid = (1..=length).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second <= 60;
        if !valid {
            return None;
        }
        let days = days_from_epoch(self.year, self.month, self.day);
        let secs = days * 86_400 + self.hour * 3600 + self.minute * 60 + self.second.min(59);
        Some(Timestamp::from_secs(secs))
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar. Years begin in March, so that the
/// leap day is the last of its year.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn imf_fixdate(date: &[u8]) -> Option<Civil> {
    let [
        w0,
        w1,
        w2,
        b',',
        b' ',
        d0,
        d1,
        b' ',
        m0,
        m1,
        m2,
        b' ',
        year @ ..,
        b' ',
        h0,
        h1,
        b':',
        i0,
        i1,
        b':',
        s0,
        s1,
        b' ',
        z0,
        z1,
        z2,
    ] = date
    else {
        return None;
    };
    (is_weekday(&[*w0, *w1, *w2]) && [*z0, *z1, *z2].eq_ignore_ascii_case(b"GMT")).then_some(())?;
    (year.len() == 4).then_some(())?;
    Some(Civil {
        year: digits(year)?,
        month: month(&[*m0, *m1, *m2])?,
        day: digits(&[*d0, *d1])?,
        hour: digits(&[*h0, *h1])?,
        minute: digits(&[*i0, *i1])?,
        second: digits(&[*s0, *s1])?,
    })
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn rfc850(date: &[u8], now: Timestamp) -> Option<Civil> {
    let comma = date.iter().position(|&byte| byte == b',')?;
    let (weekday, rest) = date.split_at_checked(comma)?;
    is_long_weekday(weekday).then_some(())?;
    let [
        b',',
        b' ',
        d0,
        d1,
        b'-',
        m0,
        m1,
        m2,
        b'-',
        y0,
        y1,
        b' ',
        h0,
        h1,
        b':',
        i0,
        i1,
        b':',
        s0,
        s1,
        b' ',
        z0,
        z1,
        z2,
    ] = rest
    else {
        return None;
    };
    [*z0, *z1, *z2].eq_ignore_ascii_case(b"GMT").then_some(())?;
    let this_year = 1970 + now.secs().div_euclid(31_556_952);
    let mut year = this_year.div_euclid(100) * 100 + digits(&[*y0, *y1])?;
    if year > this_year + 50 {
        year -= 100;
    }
    Some(Civil {
        year,
        month: month(&[*m0, *m1, *m2])?,
        day: digits(&[*d0, *d1])?,
        hour: digits(&[*h0, *h1])?,
        minute: digits(&[*i0, *i1])?,
        second: digits(&[*s0, *s1])?,
    })
}

/// `Sun Nov  6 08:49:37 1994`
fn asctime(date: &[u8]) -> Option<Civil> {
    let [
        w0,
        w1,
        w2,
        b' ',
        m0,
        m1,
        m2,
        b' ',
        d0,
        d1,
        b' ',
        h0,
        h1,
        b':',
        i0,
        i1,
        b':',
        s0,
        s1,
        b' ',
        year @ ..,
    ] = date
    else {
        return None;
    };
    (is_weekday(&[*w0, *w1, *w2]) && year.len() == 4).then_some(())?;
    Some(Civil {
        year: digits(year)?,
        month: month(&[*m0, *m1, *m2])?,
        day: if *d0 == b' ' { digits(&[*d1])? } else { digits(&[*d0, *d1])? },
        hour: digits(&[*h0, *h1])?,
        minute: digits(&[*i0, *i1])?,
        second: digits(&[*s0, *s1])?,
    })
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];
const WEEKDAYS: [&[u8]; 7] =
    [b"Monday", b"Tuesday", b"Wednesday", b"Thursday", b"Friday", b"Saturday", b"Sunday"];

/// 1 to 12. Letter case is not looked at: no other reading is possible, and a date that is not
/// understood costs freshness.
fn month(name: &[u8; 3]) -> Option<i64> {
    let index = MONTHS.iter().position(|known| known.eq_ignore_ascii_case(name))?;
    i64::try_from(index + 1).ok()
}

/// Whether it is a weekday; not whether it is that date's: the date says which day it was.
fn is_weekday(name: &[u8; 3]) -> bool {
    WEEKDAYS.iter().any(|day| day.get(..3).is_some_and(|short| short.eq_ignore_ascii_case(name)))
}

fn is_long_weekday(name: &[u8]) -> bool {
    WEEKDAYS.iter().any(|day| day.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_763_683_200); // 2025-11-21

    fn parse(date: &str) -> Option<i64> {
        Timestamp::parse(date.as_bytes(), NOW).map(Timestamp::secs)
    }

    #[test]
    fn rfc9110_5_6_7_three_forms_of_one_date() {
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(parse("Sunday, 06-Nov-94 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(parse("Sun Nov  6 08:49:37 1994"), Some(784_111_777));
        assert_eq!(parse("sun, 06 nov 1994 08:49:37 gmt"), Some(784_111_777));
    }

    #[test]
    fn rfc9110_5_6_7_two_digit_years_are_within_fifty_years() {
        assert_eq!(
            parse("Tuesday, 18-Aug-50 02:01:18 GMT"),
            parse("Thu, 18 Aug 2050 02:01:18 GMT")
        );
        assert_eq!(
            parse("Tuesday, 18-Aug-76 02:01:18 GMT"),
            parse("Wed, 18 Aug 1976 02:01:18 GMT")
        );
    }

    #[test]
    fn what_is_no_date() {
        for bad in [
            "0",
            "",
            "-1",
            "Thu, 18 Aug 2050 02:01:18 UTC",
            "Thu, 18 Aug 2050 02:01:18 AEST",
            "Thu, 18 Aug 2050 02:01:18 +0000",
            "Thu, 18 Aug 50 02:01:18 GMT",
            "Thu 18 Aug 2050 02:01:18 GMT",
            "Thu, 18  Aug  2050  02:01:18 GMT",
            "Thu, 18-Aug-2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 02.01.18 GMT",
            "Thu, 18 Aug 2050 2:01:18 GMT",
            "Thu, 8 Aug 2050 02:01:18 GMT",
            "Thu, 31 Feb 2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 24:01:18 GMT",
            "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT",
            "2050-08-18T02:01:18Z",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for secs in [0, 951_782_400, 1_763_683_199, 4_102_444_800, 253_402_300_799] {
            let mut out = Vec::new();
            Timestamp::from_secs(secs).write(&mut out);
            assert_eq!(Timestamp::parse(&out, NOW), Some(Timestamp::from_secs(secs)));
        }
    }

    #[test]
    fn a_clock_set_back_makes_nothing_younger() {
        assert_eq!(Timestamp::from_secs(5).since(Timestamp::from_secs(9)), 0);
        assert_eq!(
            Timestamp::from_millis(i64::MAX).since(Timestamp::from_millis(i64::MIN)),
            i64::MAX as u64
        );
    }
}
