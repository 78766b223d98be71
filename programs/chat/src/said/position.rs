//! Where a reader is in a room: the id of an event.

use std::fmt;
use std::str::FromStr;

use super::Mistake;

/// Which log a sequence number belongs to. Another epoch is another log: the old numbers mean
/// nothing in it. Written as hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(pub(crate) u64);

/// A place in a room: after the message with this number, in this epoch. Written `<epoch>-<seq>`,
/// or as the number alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// None: whatever the epoch is now.
    pub epoch: Option<Epoch>,
    /// The number of the last message seen; 0 is before the first.
    pub seq: u64,
}

/// Databases count with a sign.
const SEQ_MAX: u64 = i64::MAX as u64;

/// Reads a sequence number: decimal digits alone.
pub(crate) fn seq(field: &'static str, text: &str) -> Result<u64, Mistake> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|seq| digits && *seq <= SEQ_MAX).ok_or_else(|| {
        Mistake::new(field, "This is no sequence number; write the \"seq\" of a message, or 0.")
    })
}

impl FromStr for Position {
    type Err = Mistake;

    fn from_str(text: &str) -> Result<Self, Mistake> {
        let Some((epoch, number)) = text.split_once('-') else {
            return Ok(Self { epoch: None, seq: seq("after", text)? });
        };
        let refuse =
            || Mistake::new("after", "This is no place in a room; write the \"id\" of an event.");
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if !epoch.bytes().all(hex) {
            return Err(refuse());
        }
        let epoch = u64::from_str_radix(epoch, 16).map_err(|_| refuse())?;
        let seq = seq("after", number).map_err(|_| refuse())?;
        Ok(Self { epoch: Some(Epoch(epoch)), seq })
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_are_read_and_no_other() {
        let read = |text: &str| text.parse::<Position>();
        assert_eq!(read("12"), Ok(Position { epoch: None, seq: 12 }));
        assert_eq!(read("ff-12"), Ok(Position { epoch: Some(Epoch(255)), seq: 12 }));
        for bad in ["", "-", "-1", "ff-", "x-1", "FF-1", "+1", "1.0", "ff--1", "1-+1"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read("9223372036854775807").is_ok() && read("9223372036854775808").is_err());
        assert!(read("11111111111111111-1").is_err());
    }

    proptest! {
        #[test]
        fn an_id_read_again_is_itself(epoch in any::<u64>(), seq in 0..=SEQ_MAX) {
            let text = format!("{}-{seq}", Epoch(epoch));
            prop_assert_eq!(text.parse(), Ok(Position { epoch: Some(Epoch(epoch)), seq }));
        }

        #[test]
        fn any_text_gives_an_answer(text in "\\PC{0,40}") {
            let _ = text.parse::<Position>();
        }
    }
}
