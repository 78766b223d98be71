//! The quantities in a sentence, as a person reads them: `64 KiB`, `10 000`, `1.5 s`.

/// What a unit stands for. Times are in milliseconds, sizes in bytes; whatever else is counted is itself.
const UNITS: [(&str, u64); 14] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("ms", 1),
    ("s", 1000),
    ("second", 1000),
    ("seconds", 1000),
    ("min", 60_000),
    ("minute", 60_000),
    ("minutes", 60_000),
    ("hour", 3_600_000),
    ("hours", 3_600_000),
    ("day", 86_400_000),
    ("days", 86_400_000),
];

/// The quantities of a text, in their order.
pub(super) fn quantities(text: &str) -> Vec<u64> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|one: char| one.is_ascii_digit()) {
        // The 6 of IPv6 is no quantity, and neither is an exponent.
        let before = rest[..start].chars().next_back();
        let (digits, after) = number(&rest[start..]);
        if !before.is_some_and(|one| one.is_alphanumeric() || one == '^') {
            let word: String =
                after.trim_start().chars().take_while(|one| one.is_alphabetic()).collect();
            let unit =
                UNITS.iter().find(|(name, _)| *name == word).map_or(1, |(_, factor)| *factor);
            let value: f64 = digits.parse().unwrap();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "limits are far below 2^52"
            )]
            found.push((value * unit as f64).round() as u64);
        }
        rest = after;
    }
    found
}

/// A number at the start of a text without what separates its thousands, and what follows it.
fn number(text: &str) -> (String, &str) {
    let mut digits = String::new();
    let mut rest = text;
    loop {
        let end = rest.find(|one: char| !one.is_ascii_digit()).unwrap_or(rest.len());
        digits.push_str(&rest[..end]);
        rest = &rest[end..];
        let next = rest.get(1..).unwrap_or_default();
        let run = next.bytes().take_while(u8::is_ascii_digit).count();
        if rest.starts_with([',', ' ']) && run == 3 {
            rest = next;
        } else if rest.starts_with('.') && run > 0 {
            digits.push('.');
            rest = next;
        } else {
            return (digits, rest);
        }
    }
}

#[test]
fn quantities_are_read_as_people_do() {
    let read = |text: &str| quantities(text);
    assert_eq!(read("64 KiB, within 20 s"), [65_536, 20_000]);
    assert_eq!(read("10 000 (`--history`), or 65,536 in 1.5 s"), [10_000, 65_536, 1500]);
    assert_eq!(read("with IPv6 2^63 - 1, 30 days"), [2, 1, 2_592_000_000]);
    assert_eq!(read("100 ms at most. 4096 bytes"), [100, 4096]);
}
