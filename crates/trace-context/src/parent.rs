//! `traceparent` (section 3.2): `version-traceid-parentid-flags`, such as
//! `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`.

use std::num::{NonZeroU64, NonZeroU128};

use super::hex;

/// Bytes of a `traceparent` of version 00.
pub const TRACEPARENT_BYTES: usize = 55;

const FLAG_SAMPLED: u8 = 1;
/// Where the parts begin.
const TRACE_AT: usize = 3;
const SPAN_AT: usize = 36;
const FLAGS_AT: usize = 53;

/// Which trace; never zero (section 3.2.2.3).
pub type TraceId = NonZeroU128;

/// Which span; never zero (section 3.2.2.4).
pub type SpanId = NonZeroU64;

/// What a `traceparent` says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parent {
    /// The trace.
    pub trace: TraceId,
    /// Whoever sends it: the parent of what the receiver does.
    pub span: SpanId,
    /// The sender may have recorded it (section 3.2.2.5.1).
    pub sampled: bool,
}

impl Parent {
    /// Reads the value of the field. None: it breaks a rule, and is to be treated as if it were
    /// not there.
    ///
    /// Of a version to come only the parts that this one has are read (section 3.2.4).
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (head, rest) = value.split_at_checked(TRACEPARENT_BYTES)?;
        let version = hex::parse(head.get(..2)?, 2)?;
        let goes_on = rest.first() == Some(&b'-');
        if version == 0xff || version == 0 && !rest.is_empty() || !rest.is_empty() && !goes_on {
            return None;
        }
        let dashes = [TRACE_AT, SPAN_AT, FLAGS_AT].map(|at| head.get(at.checked_sub(1)?));
        if dashes.iter().any(|dash| *dash != Some(&b'-')) {
            return None;
        }
        let trace = hex::parse(head.get(TRACE_AT..SPAN_AT.checked_sub(1)?)?, 32)?;
        let span = hex::parse(head.get(SPAN_AT..FLAGS_AT.checked_sub(1)?)?, 16)?;
        let flags = hex::parse(head.get(FLAGS_AT..)?, 2)?;
        Some(Self {
            trace: TraceId::new(trace)?,
            span: SpanId::new(u64::try_from(span).ok()?)?,
            sampled: flags & u128::from(FLAG_SAMPLED) != 0,
        })
    }

    /// The value of the field, in version 00.
    #[must_use]
    pub fn text(&self) -> [u8; TRACEPARENT_BYTES] {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let flags = u128::from(if self.sampled { FLAG_SAMPLED } else { 0 });
        let parts = [
            (TRACE_AT, SPAN_AT - 1, self.trace.get()),
            (SPAN_AT, FLAGS_AT - 1, self.span.get().into()),
            (FLAGS_AT, TRACEPARENT_BYTES, flags),
        ];
        for (from, to, number) in parts {
            if let Some(part) = text.get_mut(from..to) {
                hex::write(number, part);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EXAMPLE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn section_3_2_the_example_is_read_and_written() {
        let parent = Parent::parse(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(parent.trace.get(), 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!(parent.span.get(), 0xb7ad_6b71_6920_3331);
        assert!(parent.sampled);
        assert_eq!(std::str::from_utf8(&parent.text()).unwrap(), EXAMPLE);
    }

    #[test]
    fn section_3_2_2_what_breaks_a_rule_is_no_parent() {
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319x-b7ad6b7169203331-01",
            "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
        ] {
            assert_eq!(Parent::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn section_3_2_4_of_a_later_version_the_known_parts_are_read() {
        for later in ["cc", "01"] {
            for end in ["", "-what-comes-then"] {
                let text = EXAMPLE.replacen("00", later, 1) + end;
                assert_eq!(Parent::parse(text.as_bytes()), Parent::parse(EXAMPLE.as_bytes()));
            }
        }
        let flags = EXAMPLE.replace("-01", "-fe");
        assert!(!Parent::parse(flags.as_bytes()).unwrap().sampled, "unknown flags are none");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(trace in 1_u128.., span in 1_u64.., sampled: bool) {
            let parent = Parent {
                trace: TraceId::new(trace).unwrap(),
                span: SpanId::new(span).unwrap(),
                sampled,
            };
            prop_assert_eq!(Parent::parse(&parent.text()), Some(parent));
        }

        #[test]
        fn any_bytes_are_a_parent_or_none(bytes: Vec<u8>) {
            if let Some(parent) = Parent::parse(&bytes) {
                prop_assert_eq!(Parent::parse(&parent.text()), Some(parent));
            }
        }
    }
}
