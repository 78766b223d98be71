//! `X-Request-Id`: kept from a trusted hop, otherwise made anew (a version 7 UUID, RFC 9562).

use std::time::{SystemTime, UNIX_EPOCH};

/// The longest id that is kept from a trusted hop.
const LONGEST: usize = 128;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The id of one request, as text.
#[derive(Clone, Copy)]
pub(crate) struct RequestId {
    text: [u8; LONGEST],
    length: u8,
}

impl RequestId {
    /// No id yet.
    pub(crate) const NONE: Self = Self { text: [0; LONGEST], length: 0 };

    /// A new id: the time in milliseconds, then 74 random bits.
    pub(crate) fn new(random: &mut fastrand::Rng) -> Self {
        let millis = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0));
        let high = (millis << 16) | 0x7000 | (random.u64(..) & 0x0fff);
        let low = (random.u64(..) & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
        let mut id = Self::NONE;
        let mut digits = (0..16_u32)
            .map(|digit| high >> (60 - 4 * digit))
            .chain((0..16_u32).map(|digit| low >> (60 - 4 * digit)));
        for (index, place) in id.text.iter_mut().take(36).enumerate() {
            *place = match index {
                8 | 13 | 18 | 23 => b'-',
                _ => {
                    let nibble = digits.next().unwrap_or_default() & 0xf;
                    HEX.get(nibble as usize).copied().unwrap_or(b'0')
                }
            };
        }
        id.length = 36;
        id
    }

    /// The id that a trusted hop sent, if it is one: visible ASCII of a bounded length.
    pub(crate) fn kept(sent: &[u8]) -> Option<Self> {
        let mut id = Self::NONE;
        if sent.is_empty() || !sent.iter().all(u8::is_ascii_graphic) {
            return None;
        }
        id.text.get_mut(..sent.len())?.copy_from_slice(sent);
        id.length = u8::try_from(sent.len()).ok()?;
        Some(id)
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

    #[test]
    fn new_ids_are_version_7_and_differ() {
        let mut random = fastrand::Rng::with_seed(7);
        let (one, two) = (RequestId::new(&mut random), RequestId::new(&mut random));
        let text = one.as_str();
        assert_eq!(text.len(), 36);
        assert_eq!(&text[14..15], "7");
        assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"), "{text}");
        assert_ne!(text, two.as_str());
    }

    #[test]
    fn ids_from_outside_are_bounded_and_plain() {
        assert_eq!(RequestId::kept(b"abc-123").unwrap().as_str(), "abc-123");
        assert!(RequestId::kept(b"").is_none());
        assert!(RequestId::kept(b"a b").is_none());
        assert!(RequestId::kept(b"a\xff").is_none());
        assert!(RequestId::kept(&[b'x'; 128]).is_some());
        assert!(RequestId::kept(&[b'x'; 129]).is_none());
    }
}
