//! Jobs and outcomes as bytes between a replica and its evaluators.
//!
//! A frame is a length of four bytes and as many bytes of fields, each with a length of four bytes.
//! Both sides are the same program, but the child has worked on a stranger's expression: what it
//! sends is read with the same care as what comes from a network.

use std::time::Duration;

use bytes::{Buf, BufMut};

use crate::limits::FRAME_BYTES;
use crate::protocol::Code;

/// What to evaluate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Job {
    /// The expression.
    pub(crate) expression: String,
    /// The name its value shall get; empty for none.
    pub(crate) name: String,
    /// The connection's values that are not fractions, in the evaluator's own form.
    pub(crate) values: Vec<u8>,
    /// The connection's fractions: name, numerator, denominator.
    pub(crate) fractions: Vec<(String, i128, i128)>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The result as text; and the values again, if one of them got a name.
    Value {
        /// The result.
        text: String,
        /// All values with the new one.
        values: Vec<u8>,
    },
    /// Why there is none.
    Refused(Code, String),
}

/// The bytes before a frame's fields.
pub(crate) const HEADING_BYTES: usize = 4;

/// The length that a frame's heading tells; None if no frame is that long.
pub(crate) fn length(heading: [u8; HEADING_BYTES]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(heading)).ok().filter(|length| *length <= FRAME_BYTES)
}

impl Job {
    /// As a frame, with the time that it may take; None if it is too long for one.
    pub(crate) fn encode(&self, time: Duration) -> Option<Vec<u8>> {
        let millis = u32::try_from(time.as_millis()).unwrap_or(u32::MAX).to_le_bytes();
        let mut fields: Vec<&[u8]> =
            vec![&millis, self.expression.as_bytes(), self.name.as_bytes(), &self.values];
        let fractions: Vec<_> = self
            .fractions
            .iter()
            .map(|(name, above, below)| (name, [above.to_le_bytes(), below.to_le_bytes()].concat()))
            .collect();
        for (name, parts) in &fractions {
            fields.extend([name.as_bytes(), parts.as_slice()]);
        }
        encode(&fields)
    }

    /// Reads a frame's fields: the job and its time.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(Self, Duration)> {
        let mut fields = Fields(bytes);
        let millis = u32::from_le_bytes(fields.next()?.try_into().ok()?);
        let (expression, name) = (fields.text()?, fields.text()?);
        let values = fields.next()?.to_vec();
        let mut fractions = Vec::new();
        while !fields.0.is_empty() {
            let name = fields.text()?;
            let (above, below) = fields.next()?.split_first_chunk::<16>()?;
            let below = i128::from_le_bytes(below.try_into().ok()?);
            fractions.push((name, i128::from_le_bytes(*above), below));
        }
        let job = Self { expression, name, values, fractions };
        Some((job, Duration::from_millis(millis.into())))
    }
}

impl Outcome {
    /// As a frame; None if it is too long for one.
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        match self {
            Self::Value { text, values } => encode(&[b"", text.as_bytes(), values]),
            Self::Refused(code, words) => encode(&[code.name().as_bytes(), words.as_bytes()]),
        }
    }

    /// Reads a frame's fields.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let code = fields.text()?;
        if code.is_empty() {
            return Some(Self::Value { text: fields.text()?, values: fields.next()?.to_vec() });
        }
        let code = Code::ALL.into_iter().find(|known| known.name() == code)?;
        Some(Self::Refused(code, fields.text()?))
    }
}

fn encode(fields: &[&[u8]]) -> Option<Vec<u8>> {
    let total: usize = fields.iter().map(|field| field.len() + HEADING_BYTES).sum();
    if total > FRAME_BYTES {
        return None;
    }
    let mut frame = Vec::with_capacity(total + HEADING_BYTES);
    frame.put_u32_le(u32::try_from(total).ok()?);
    for field in fields {
        frame.put_u32_le(u32::try_from(field.len()).ok()?);
        frame.put_slice(field);
    }
    Some(frame)
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.0.try_get_u32_le().ok()?).ok()?;
        let (field, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(field)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.next()?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn jobs_come_back_as_they_went(
            expression in ".{0,40}", name in "[a-z]{0,5}", values in prop::collection::vec(any::<u8>(), 0..50),
            fractions in prop::collection::vec(("[a-z]{1,5}", any::<i128>(), any::<i128>()), 0..4),
        ) {
            let job = Job { expression, name, values, fractions };
            let time = Duration::from_millis(50);
            let frame = job.encode(time).unwrap();
            let (heading, fields) = frame.split_first_chunk::<4>().unwrap();
            prop_assert_eq!(length(*heading), Some(fields.len()));
            prop_assert_eq!(Job::decode(fields), Some((job, time)));
        }

        #[test]
        fn outcomes_come_back_as_they_went(text in ".{0,40}", values in prop::collection::vec(any::<u8>(), 0..50), code in 0..10_usize) {
            let refused = Outcome::Refused(Code::ALL[code], text.clone());
            for outcome in [Outcome::Value { text, values }, refused] {
                let frame = outcome.encode().unwrap();
                prop_assert_eq!(Outcome::decode(&frame[4..]), Some(outcome));
            }
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (Job::decode(&bytes), Outcome::decode(&bytes));
        }
    }

    #[test]
    fn too_much_is_not_sent() {
        assert_eq!(
            Job { values: vec![0; FRAME_BYTES], ..Job::default() }.encode(Duration::ZERO),
            None
        );
        assert_eq!(length([0xff; 4]), None);
    }
}
