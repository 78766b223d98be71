//! The months of a subscription.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A month of a subscription, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    /// Its first millisecond.
    pub(crate) start: i64,
    /// The first millisecond after it.
    pub(crate) end: i64,
}

impl Period {
    /// Month number `n` of a subscription that began at `anchor`: from `n` to `n + 1` months after
    /// it, each counted from the anchor. So one that began on 31 January ends its months on
    /// 28 February, 31 March, 30 April, and never drifts to the 28th.
    ///
    /// None for times beyond the calendar.
    pub(crate) fn of(anchor: i64, n: i64) -> Option<Self> {
        let start = after_months(anchor, n)?;
        let end = after_months(anchor, n.checked_add(1)?)?;
        Some(Self { start, end })
    }

    /// What is left, of what `price` paid for the whole period, at a moment of it: rounded down
    /// once, in whole minor units.
    pub(crate) fn credit(self, price: i64, now: i64) -> i64 {
        let whole = i128::from(self.end) - i128::from(self.start);
        let left = (i128::from(self.end) - i128::from(now)).clamp(0, whole.max(0));
        let credit = i128::from(price).checked_mul(left).and_then(|part| part.checked_div(whole));
        credit.and_then(|credit| i64::try_from(credit).ok()).unwrap_or_default()
    }
}

/// The same time of day so many months later, on the last day of a month that is too short. Days
/// are those of UTC.
fn after_months(anchor: i64, months: i64) -> Option<i64> {
    let anchor = Timestamp::from_millisecond(anchor).ok()?;
    let civil: DateTime = TimeZone::UTC.to_datetime(anchor);
    let later = civil.checked_add(Span::new().try_months(months).ok()?).ok()?;
    Some(later.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn days(anchor: &str, months: i64) -> Vec<String> {
        let anchor = anchor.parse::<Timestamp>().unwrap().as_millisecond();
        let start = |n| Period::of(anchor, n).unwrap().start;
        let day = |n| Timestamp::from_millisecond(start(n)).unwrap().to_string();
        (0..months).map(|n| day(n).chars().take(10).collect()).collect()
    }

    #[test]
    fn thirty_six_months_from_each_late_day_of_january() {
        for day in 28..=31 {
            let days = days(&format!("2027-01-{day}T12:34:56Z"), 37);
            for (n, month) in days.iter().enumerate() {
                let (year, number) = (2027 + n / 12, n % 12 + 1);
                let leap = year.is_multiple_of(4);
                let last = match number {
                    2 if leap => 29,
                    2 => 28,
                    4 | 6 | 9 | 11 => 30,
                    _ => 31,
                };
                assert_eq!(*month, format!("{year}-{number:02}-{:02}", day.min(last)));
            }
        }
    }

    #[test]
    fn credit_is_rounded_down_once() {
        let period = Period { start: 0, end: 3 };
        for (price, now, credit) in [
            (100, 0, 100),
            (100, 1, 66),
            (100, 2, 33),
            (100, 3, 0),
            (100, 4, 0),
            (100, -5, 100),
            (0, 1, 0),
            (i64::MAX, 0, i64::MAX),
        ] {
            assert_eq!(period.credit(price, now), credit, "{price} at {now}");
        }
        assert_eq!(Period { start: 5, end: 5 }.credit(100, 5), 0);
    }

    proptest! {
        #[test]
        fn months_adjoin_and_the_credit_never_exceeds_the_price(
            anchor in 0..4_102_444_800_000_i64, n in 0..600_i64, price in 0..=i64::MAX, part in 0..=100_i64,
        ) {
            let period = Period::of(anchor, n).unwrap();
            let next = Period::of(anchor, n + 1).unwrap();
            prop_assert_eq!(period.end, next.start);
            prop_assert!(period.start < period.end);
            let now = period.start + (period.end - period.start) * part / 100;
            prop_assert!((0..=price).contains(&period.credit(price, now)));
        }

        #[test]
        fn no_number_panics(anchor: i64, n: i64, price: i64, now: i64) {
            if let Some(period) = Period::of(anchor, n) {
                period.credit(price, now);
            }
        }
    }
}
