//! Dates as HTTP writes them (RFC 9110 section 5.6.7), so many seconds from now.

use std::time::{SystemTime, UNIX_EPOCH};

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The time `seconds` from now; negative: ago.
pub(crate) fn from_now(seconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    imf_fixdate(now.cast_signed() + seconds)
}

fn imf_fixdate(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let weekday = DAYS[usize::try_from(days.rem_euclid(7)).expect("less than 7")];
    let (mut year, mut left) = (1970, days);
    while left >= length_of_year(year) {
        left -= length_of_year(year);
        year += 1;
    }
    let mut month = 0;
    while left >= length_of_month(year, month) {
        left -= length_of_month(year, month);
        month += 1;
    }
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let name = MONTHS[month];
    format!("{weekday}, {:02} {name} {year} {hour:02}:{minute:02}:{second:02} GMT", left + 1)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn length_of_year(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

fn length_of_month(year: i64, month: usize) -> i64 {
    match month {
        1 if is_leap(year) => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

#[test]
fn dates_are_those_of_the_calendar() {
    assert_eq!(imf_fixdate(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(imf_fixdate(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
}
