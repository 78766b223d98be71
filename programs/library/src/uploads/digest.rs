//! SHA-256 of an upload, whose state is kept with each offset, and checksums of single requests.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha1::Sha1;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};

/// Written before a state: the version of its format, which is that of the library that makes it.
const FORMAT: u8 = 11;

/// The digest of the bytes so far. Unknown when a program that wrote the state kept it in another
/// form; then the content is read again at the end.
#[derive(Clone, Debug)]
pub(crate) struct Running(Option<Sha256>);

impl Running {
    /// Of no bytes.
    pub(crate) fn new() -> Self {
        Self(Some(Sha256::new()))
    }

    /// From what was kept.
    pub(crate) fn of_state(state: &[u8]) -> Self {
        let Some((&FORMAT, state)) = state.split_first() else { return Self(None) };
        let state = SerializedState::<Sha256>::try_from(state).ok();
        Self(state.and_then(|state| Sha256::deserialize(&state).ok()))
    }

    /// What is to be kept.
    pub(crate) fn state(&self) -> Vec<u8> {
        let Some(digest) = &self.0 else { return Vec::new() };
        let mut state = vec![FORMAT];
        state.extend_from_slice(&digest.serialize());
        state
    }

    /// Adds bytes.
    pub(crate) fn add(&mut self, bytes: &[Bytes]) {
        if let Some(digest) = &mut self.0 {
            bytes.iter().for_each(|piece| digest.update(piece));
        }
    }

    /// The digest, if it is known.
    pub(crate) fn finish(self) -> Option<[u8; 32]> {
        self.0.map(|digest| digest.finalize().into())
    }
}

/// What a request says of its own body.
#[derive(Clone, Debug)]
pub(crate) struct Checksum {
    running: Kind,
    expected: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Kind {
    Sha1(Sha1),
    Sha256(Sha256),
}

/// Names of the algorithms, as `Tus-Checksum-Algorithm` lists them.
pub(crate) const ALGORITHMS: &str = "sha1,sha256";

impl Checksum {
    /// Reads `Upload-Checksum`: an algorithm's name and Base64. None if it cannot be read or the
    /// algorithm is not known.
    pub(crate) fn of_tus(field: &str) -> Option<Self> {
        let (name, text) = field.trim().split_once(' ')?;
        let running = match name {
            "sha1" => Kind::Sha1(Sha1::new()),
            "sha256" => Kind::Sha256(Sha256::new()),
            _ => return None,
        };
        let expected = STANDARD.decode(text.trim()).ok()?;
        let size = match running {
            Kind::Sha1(_) => 20,
            Kind::Sha256(_) => 32,
        };
        (expected.len() == size).then_some(Self { running, expected })
    }

    /// One that expects a SHA-256.
    pub(crate) fn of_sha256(expected: [u8; 32]) -> Self {
        Self { running: Kind::Sha256(Sha256::new()), expected: expected.into() }
    }

    /// Adds bytes.
    pub(crate) fn add(&mut self, bytes: &[Bytes]) {
        for piece in bytes {
            match &mut self.running {
                Kind::Sha1(digest) => digest.update(piece),
                Kind::Sha256(digest) => digest.update(piece),
            }
        }
    }

    /// Whether the bytes are those that were meant.
    pub(crate) fn matches(self) -> bool {
        match self.running {
            Kind::Sha1(digest) => digest.finalize().as_slice() == self.expected,
            Kind::Sha256(digest) => digest.finalize().as_slice() == self.expected,
        }
    }
}

/// Reads the SHA-256 of `Repr-Digest` or `Content-Digest` (RFC 9530): `sha-256=:BASE64:`. Others in
/// the field are passed over.
///
/// # Errors
/// When there is a SHA-256 that is none.
pub fn sha256_of_field(field: &str) -> Result<Option<[u8; 32]>, NotADigest> {
    for entry in field.split(',') {
        let Some((name, value)) = entry.trim().split_once('=') else { continue };
        if name.trim() != "sha-256" {
            continue;
        }
        let text = value.split(';').next().unwrap_or_default().trim();
        let text = text.strip_prefix(':').and_then(|text| text.strip_suffix(':'));
        let bytes = text.and_then(|text| STANDARD.decode(text).ok()).ok_or(NotADigest)?;
        return bytes.try_into().map(Some).map_err(|_| NotADigest);
    }
    Ok(None)
}

/// A digest that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 is 32 bytes in Base64 between colons")]
pub struct NotADigest;

/// Writes a digest as `Repr-Digest` has it.
pub(crate) fn field(sha256: &[u8; 32]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(sha256))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn unknown_states_are_told_and_not_guessed() {
        for state in [&b""[..], b"x", &[FORMAT], &[12; 105]] {
            assert_eq!(Running::of_state(state).finish(), None);
        }
        assert!(Running::of_state(b"").state().is_empty(), "and stay unknown");
    }

    #[test]
    fn checksums_are_read_and_checked() {
        let sha1 = "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=";
        let mut right = Checksum::of_tus(sha1).unwrap();
        let mut wrong = right.clone();
        right.add(&[Bytes::from_static(b"hello "), Bytes::from_static(b"world")]);
        wrong.add(&[Bytes::from_static(b"hello world!")]);
        assert!(right.matches() && !wrong.matches());
        for bad in ["", "sha1", "md5 XrY7u+Ae7tCTyyK7j1rNww==", "sha1 AAAA", "sha1 ???", "SHA1 x"] {
            assert!(Checksum::of_tus(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn digest_fields_are_read() {
        let digest: [u8; 32] = Sha256::digest(b"x").into();
        let text = field(&digest);
        assert_eq!(sha256_of_field(&text), Ok(Some(digest)));
        assert_eq!(sha256_of_field(&format!("sha-512=:AA==:, {text};q=1")), Ok(Some(digest)));
        assert_eq!(sha256_of_field("sha-512=:AA==:"), Ok(None));
        assert_eq!(sha256_of_field("sha-256=:AA==:"), Err(NotADigest));
        assert_eq!(sha256_of_field("sha-256=x"), Err(NotADigest));
    }

    proptest! {
        #[test]
        fn a_digest_goes_on_from_its_state(
            bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0_usize..400,
        ) {
            let cut = cut.min(bytes.len());
            let mut first = Running::new();
            first.add(&[Bytes::copy_from_slice(&bytes[..cut])]);
            let mut second = Running::of_state(&first.state());
            second.add(&[Bytes::copy_from_slice(&bytes[cut..])]);
            let whole: [u8; 32] = Sha256::digest(&bytes).into();
            prop_assert_eq!(second.finish(), Some(whole));
        }

        #[test]
        fn any_text_gives_an_answer(text in ".*") {
            let _ = (Checksum::of_tus(&text), sha256_of_field(&text), Running::of_state(text.as_bytes()));
        }
    }
}
