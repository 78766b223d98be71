//! `X-Request-Id`: kept from a trusted hop, otherwise made anew (a version 7 UUID, RFC 9562).

/// The longest id that is kept from a trusted hop.
const LONGEST: usize = 128;

/// Where the two digits of each byte stand in the text of a UUID, and where its dashes.
const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// A byte in hexadecimal.
#[inline]
const fn digits(byte: u8) -> [u8; 2] {
    [digit(byte >> 4), digit(byte & 0xf)]
}

#[inline]
const fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
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
        let bytes = high.to_be_bytes().into_iter().chain(low.to_be_bytes());
        for (byte, at) in bytes.zip(PLACES) {
            if let Some(place) = self.text.get_mut(at..at + 2) {
                place.copy_from_slice(&digits(byte));
            }
        }
        for at in DASHES {
            if let Some(place) = self.text.get_mut(at) {
                *place = b'-';
            }
        }
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
    fn ids_from_outside_are_bounded_and_plain() {
        let mut id = RequestId::NONE;
        for bad in [&b""[..], b"a b", b"a\xff", &[b'x'; 129]] {
            assert!(!id.keep(bad) && id.as_str().is_empty());
        }
        assert!(id.keep(&[b'x'; 128]) && id.as_str().len() == 128);
        assert!(id.keep(b"abc-123") && id.as_str() == "abc-123");
    }
}
