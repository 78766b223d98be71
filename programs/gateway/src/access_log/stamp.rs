//! The time of a line. Owns the text of the current second, so that the calendar is consulted once
//! a second and not once a request. Always UTC; reads no clock.

use jiff::Timestamp;
use jiff::tz::Offset;

use super::number;

/// The text of one second, kept until a line of another second comes.
#[derive(Debug, Default)]
pub(super) struct Stamp {
    second: Option<u64>,
    text: String,
}

impl Stamp {
    /// Appends RFC 3339 with milliseconds: `2026-02-28T23:59:59.123Z`.
    pub(super) fn push_rfc3339(&mut self, line: &mut Vec<u8>, unix_millis: u64) {
        self.turn_to(unix_millis / 1000, "%Y-%m-%dT%H:%M:%S");
        line.extend_from_slice(self.text.as_bytes());
        line.push(b'.');
        number::push_padded::<3>(line, unix_millis % 1000);
        line.push(b'Z');
    }

    /// Appends the form of the Common Log Format: `28/Feb/2026:23:59:59 +0000`.
    pub(super) fn push_common(&mut self, line: &mut Vec<u8>, unix_millis: u64) {
        self.turn_to(unix_millis / 1000, "%d/%b/%Y:%H:%M:%S +0000");
        line.extend_from_slice(self.text.as_bytes());
    }

    /// One stamp serves one form, since a lane writes one form.
    fn turn_to(&mut self, second: u64, form: &str) {
        if self.second == Some(second) {
            return;
        }
        // The calendar ends with the year 9999; a clock beyond it is shown as its last second.
        let known = i64::try_from(second).ok().and_then(|it| Timestamp::from_second(it).ok());
        let time = Offset::UTC.to_datetime(known.unwrap_or(Timestamp::MAX));
        self.text = time.strftime(form).to_string();
        self.second = Some(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc3339(stamp: &mut Stamp, unix_millis: u64) -> String {
        let mut line = Vec::new();
        stamp.push_rfc3339(&mut line, unix_millis);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn the_text_follows_seconds_midnights_and_leap_days() {
        let stamp = &mut Stamp::default();
        for (unix_millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (999, "1970-01-01T00:00:00.999Z"),
            (1000, "1970-01-01T00:00:01.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_001, "2024-02-29T23:59:59.001Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (1_772_323_199_999, "2026-02-28T23:59:59.999Z"),
            (1_772_323_200_000, "2026-03-01T00:00:00.000Z"),
            (1_798_761_599_999, "2026-12-31T23:59:59.999Z"),
            (1_798_761_600_000, "2027-01-01T00:00:00.000Z"),
            // A clock set back.
            (1_798_761_599_998, "2026-12-31T23:59:59.998Z"),
        ] {
            assert_eq!(rfc3339(stamp, unix_millis), text);
        }
    }

    #[test]
    fn the_common_form_names_months_in_english() {
        let mut line = Vec::new();
        Stamp::default().push_common(&mut line, 1_772_323_199_999);
        assert_eq!(String::from_utf8(line).unwrap(), "28/Feb/2026:23:59:59 +0000");
    }

    #[test]
    fn a_clock_out_of_all_bounds_does_no_harm() {
        assert_eq!(rfc3339(&mut Stamp::default(), u64::MAX), "9999-12-30T22:00:00.615Z");
    }
}
