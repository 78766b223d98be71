//! Sizes and durations as people write them: `"32KiB"`, `"1GiB"`; `"500ms"`, `"1h30m"`.

use std::time::Duration;

/// The units of sizes. Both families are exact: a KiB has 1024 bytes, a KB (or kB) 1000.
const SIZES: [(&str, u64); 10] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("kB", 1_000),
    ("B", 1),
];

/// The units of durations in milliseconds, greatest first.
const TIMES: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// The pattern of a size, for the schema.
pub(crate) const SIZE_PATTERN: &str = "^[0-9]+ ?([KMGT]iB|[KkMGT]?B)?$";
/// The pattern of a duration, for the schema.
pub(crate) const TIME_PATTERN: &str = "^([0-9]+(d|h|ms|m|s))+$";

/// Reads a size in bytes: a whole number and a unit, with at most one space between; without a
/// unit it is bytes.
pub(crate) fn size(text: &str) -> Option<u64> {
    let (digits, unit) = split_digits(text);
    let number: u64 = digits.parse().ok()?;
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    if unit.is_empty() {
        return (digits.len() == text.len()).then_some(number);
    }
    let (_, bytes) = SIZES.iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(*bytes)
}

/// What the writer of an unreadable size seems to have meant.
pub(crate) fn size_meant(text: &str) -> Option<String> {
    let text = text.trim();
    let (digits, unit) = split_digits(text);
    if digits.is_empty() {
        return None;
    }
    let letter = unit.trim_start().chars().next()?.to_ascii_uppercase();
    let unit = match letter {
        'K' => "KiB",
        'M' => "MiB",
        'G' => "GiB",
        'T' => "TiB",
        'B' => "B",
        _ => return None,
    };
    Some(format!("{digits}{unit}"))
}

/// A size in the greatest unit that holds it without a remainder.
pub(crate) fn show_size(bytes: u64) -> String {
    let binary = SIZES.iter().filter(|(name, _)| name.ends_with("iB"));
    for (name, unit) in binary {
        if bytes > 0 && bytes.is_multiple_of(*unit) {
            return format!("{}{name}", bytes / unit);
        }
    }
    if bytes == 0 { "0".to_owned() } else { format!("{bytes}B") }
}

/// Reads a duration: one or more whole numbers, each with its unit, greatest unit first.
pub(crate) fn time(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut smaller_than = u64::MAX;
    while !rest.is_empty() {
        let (digits, after) = split_digits(rest);
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at_checked(letters)?;
        let (_, millis) = TIMES.iter().find(|(name, _)| *name == unit)?;
        if *millis >= smaller_than {
            return None;
        }
        smaller_than = *millis;
        let number: u64 = digits.parse().ok()?;
        total = total.checked_add(number.checked_mul(*millis)?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(Duration::from_millis(total))
}

/// A duration in whole seconds, rounded up: how caches count time.
pub(crate) fn whole_seconds(duration: Duration) -> u32 {
    let more = u64::from(duration.subsec_nanos() > 0);
    u32::try_from(duration.as_secs().saturating_add(more)).unwrap_or(u32::MAX)
}

/// A duration in the greatest unit that says it exactly (to the millisecond).
pub(crate) fn show_time(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    // No days: "24h" is what people write.
    for (name, unit) in TIMES.iter().skip(1) {
        if millis.is_multiple_of(*unit) {
            return format!("{}{name}", millis / unit);
        }
    }
    format!("{millis}ms")
}

fn split_digits(text: &str) -> (&str, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(digits).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_exact() {
        for (text, bytes) in [
            ("0", 0),
            ("512", 512),
            ("512B", 512),
            ("32KiB", 32768),
            ("32 KiB", 32768),
            ("10kB", 10_000),
            ("10MB", 10_000_000),
            ("1GiB", 1 << 30),
        ] {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in ["", "KiB", "1.5MiB", "-1B", "32K", "32kib", "1  B", "1 ", "99999999TiB", "１B"]
        {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn a_near_miss_is_understood() {
        assert_eq!(size_meant("32k").as_deref(), Some("32KiB"));
        assert_eq!(size_meant("1 gb").as_deref(), Some("1GiB"));
        assert_eq!(size_meant("big"), None);
    }

    #[test]
    fn durations_are_exact() {
        for (text, millis) in
            [("0s", 0), ("500ms", 500), ("10s", 10_000), ("1h30m", 5_400_000), ("1d", 86_400_000)]
        {
            assert_eq!(time(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "10", "s", "1.5s", "1s1h", "1s1s", "-1s", "1 s", "1S", "9999999999999999d"]
        {
            assert_eq!(time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(number in 0..u64::from(u32::MAX)) {
            prop_assert_eq!(size(&show_size(number)), Some(number));
            let duration = Duration::from_millis(number);
            prop_assert_eq!(time(&show_time(duration)), Some(duration));
        }

        #[test]
        fn nothing_panics(text in ".*") {
            let _ = (size(&text), size_meant(&text), time(&text));
        }
    }
}
