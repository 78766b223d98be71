//! Protocol version of a message. Owns the rule for minor versions above 1.

/// Version of an HTTP/1 message (RFC 9112 section 2.3).
///
/// A higher minor version than 1 is read as 1.1, as RFC 9110 section 2.5 asks; another major
/// version is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1, and 1.2 to 1.9
    Http11,
}

impl Version {
    /// From httparse's minor version digit.
    #[inline]
    pub(crate) fn from_minor(minor: Option<u8>) -> Self {
        if minor == Some(0) { Self::Http10 } else { Self::Http11 }
    }
}

/// What the eight bytes `HTTP/D.D` say, for the rare message that is neither 1.0 nor 1.1.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Unusual {
    /// HTTP/1.2 to 1.9: read as 1.1.
    LaterMinor,
    /// A well-formed version of another major.
    OtherMajor,
    /// Not a version at all.
    Malformed,
}

/// Reads a version field that httparse refused.
pub(crate) fn unusual(version: &[u8]) -> Unusual {
    match version {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0'..=b'9'] => Unusual::LaterMinor,
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => Unusual::OtherMajor,
        _ => Unusual::Malformed,
    }
}
