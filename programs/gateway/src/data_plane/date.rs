//! The text of a `Date` field (RFC 9110 section 5.6.7), made once a second for each thread.

use std::cell::{Cell, RefCell};

/// The current second in the form of an HTTP date.
pub(crate) struct DateText {
    second: Cell<i64>,
    text: RefCell<String>,
}

impl DateText {
    pub(crate) fn new() -> Self {
        Self { second: Cell::new(i64::MIN), text: RefCell::new(String::new()) }
    }

    /// Hands the date of `unix_second` to `use_it`.
    pub(crate) fn with<R>(&self, unix_second: i64, use_it: impl FnOnce(&[u8]) -> R) -> R {
        if self.second.replace(unix_second) != unix_second {
            *self.text.borrow_mut() = http_date(unix_second);
        }
        use_it(self.text.borrow().as_bytes())
    }
}

fn http_date(unix_second: i64) -> String {
    let time = jiff::Timestamp::from_second(unix_second).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_in_the_preferred_form() {
        let date = DateText::new();
        date.with(784_111_777, |text| assert_eq!(text, b"Sun, 06 Nov 1994 08:49:37 GMT"));
        date.with(784_111_778, |text| assert_eq!(text, b"Sun, 06 Nov 1994 08:49:38 GMT"));
    }
}
