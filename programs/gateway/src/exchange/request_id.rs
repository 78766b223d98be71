//! `X-Request-Id`: kept from a trusted hop, otherwise made anew (a version 7 UUID, RFC 9562).

/// The longest id that is kept from a trusted hop.
const LONGEST: usize = 128;

/// A number in hexadecimal, all eight digits at once: its nibbles are spread over the bytes of a
/// word, and each becomes a digit by additions that do not carry over.
#[inline]
const fn digits(number: u32) -> [u8; 8] {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut nibbles = number as u64;
    nibbles = (nibbles << 16 | nibbles) & 0x0000_ffff_0000_ffff;
    nibbles = (nibbles << 8 | nibbles) & 0x00ff_00ff_00ff_00ff;
    nibbles = (nibbles << 4 | nibbles) & 0x0f0f_0f0f_0f0f_0f0f;
    let letters = (nibbles + 6 * ONES) >> 4 & ONES;
    let to_letter = (b'a' - b'0' - 10) as u64;
    (nibbles + b'0' as u64 * ONES + letters * to_letter).to_be_bytes()
}

/// Puts bytes at the front of a place; gives what is left of it.
#[inline]
fn put<'p, const N: usize>(place: &'p mut [u8], bytes: &[u8; N]) -> &'p mut [u8] {
    match place.split_first_chunk_mut() {
        Some((front, rest)) => {
            *front = *bytes;
            rest
        }
        None => &mut [],
    }
}

/// The id of one request, as text.
#[derive(Clone, Copy)]
pub(crate) struct RequestId {
    text: [u8; LONGEST],
    length: u8,
}

impl RequestId {
    /// No id yet.
    pub(crate) const NONE: Self = Self { text: [0; LONGEST], length: 0 };

    /// Becomes a new id: the time in milliseconds, then 74 random bits.
    pub(crate) fn renew(&mut self, unix_millis: u64, random: &mut fastrand::Rng) {
        let high = (unix_millis << 16) | 0x7000 | (random.u64(..) & 0x0fff);
        let low = (random.u64(..) & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
        let [a, b, c, d] = [high >> 32, high, low >> 32, low].map(|half| {
            #[allow(clippy::cast_possible_truncation)]
            let half = half as u32;
            digits(half)
        });
        // 8-4-4-4-12 digits (RFC 9562 section 4).
        let mut rest = put(&mut self.text, &a);
        for eight in [b, c] {
            let (four, last) = eight.split_at(4);
            for part in [four, last] {
                let part = part.first_chunk::<4>().copied().unwrap_or_default();
                rest = put(put(rest, b"-"), &part);
            }
        }
        put(rest, &d);
        self.length = 36;
    }

    /// Becomes the id that a trusted hop sent, if it is one: visible ASCII of a bounded length.
    /// False: it is none, and nothing has changed.
    pub(crate) fn keep(&mut self, sent: &[u8]) -> bool {
        let (Some(place), Ok(length)) = (self.text.get_mut(..sent.len()), u8::try_from(sent.len()))
        else {
            return false;
        };
        let good = !sent.is_empty() && sent.iter().all(u8::is_ascii_graphic);
        if good {
            place.copy_from_slice(sent);
            self.length = length;
        }
        good
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.get(..usize::from(self.length)).unwrap_or_default()
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(random: &mut fastrand::Rng) -> RequestId {
        let mut id = RequestId::NONE;
        id.renew(0x0199_aabb_ccdd, random);
        id
    }

    #[test]
    fn new_ids_are_version_7_and_differ() {
        let mut random = fastrand::Rng::with_seed(7);
        let (one, two) = (new(&mut random), new(&mut random));
        let text = one.as_str();
        assert!(text.starts_with("0199aabb-ccdd-7"), "{text}");
        assert_eq!(text.len(), 36);
        assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"), "{text}");
        assert_eq!(text.bytes().filter(|byte| *byte == b'-').count(), 4);
        assert_ne!(text, two.as_str());
    }

    #[test]
    fn digits_are_those_of_the_number() {
        for number in [0, 9, 10, 0x0123_4567, 0x89ab_cdef, u32::MAX] {
            assert_eq!(digits(number), format!("{number:08x}").as_bytes());
        }
    }

    #[test]
    fn ids_from_outside_are_bounded_and_plain() {
        let mut id = RequestId::NONE;
        for bad in [&b""[..], b"a b", b"a\xff", &[b'x'; 129]] {
            assert!(!id.keep(bad) && id.as_str().is_empty());
        }
        assert!(id.keep(&[b'x'; 128]) && id.as_str().len() == 128);
        assert!(id.keep(b"abc-123") && id.as_str() == "abc-123");
    }
}
