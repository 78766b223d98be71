//! What speaks another protocol than HTTP/1, told by its first bytes. Owns no protocol: it names
//! what somebody else would have to parse.

/// A protocol that is sent to HTTP ports by mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OtherProtocol {
    /// A TLS record (RFC 8446 section 5.1): a handshake or an alert.
    Tls,
    /// HTTP/2, its preface (RFC 9113 section 3.4) or its first frame.
    Http2,
    /// SSH (RFC 4253 section 4.2).
    Ssh,
    /// A header of the PROXY protocol, version 1 or 2.
    Proxy,
}

impl OtherProtocol {
    /// Recognises the protocol by the first bytes of a connection. `None`: none of these, or too few
    /// bytes to tell.
    pub fn recognise(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x15 | 0x16, 3, 0..=4, ..] => Some(Self::Tls),
            // The length of its frame, then SETTINGS (RFC 9113 section 6.5) on stream 0.
            [0, _, _, 4, _, 0, 0, 0, 0, ..] => Some(Self::Http2),
            _ if bytes.starts_with(b"PRI * HTTP/2") => Some(Self::Http2),
            _ if bytes.starts_with(b"SSH-") => Some(Self::Ssh),
            _ if bytes.starts_with(b"PROXY ") => Some(Self::Proxy),
            _ if bytes.starts_with(b"\r\n\r\n\0\r\nQUIT\n") => Some(Self::Proxy),
            _ => None,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls => "TLS",
            Self::Http2 => "HTTP/2",
            Self::Ssh => "SSH",
            Self::Proxy => "the PROXY protocol",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_told_by_their_first_bytes() {
        for (bytes, protocol) in [
            (&b"\x16\x03\x01\x02\x00\x01"[..], Some(OtherProtocol::Tls)),
            (b"\x15\x03\x03\x00\x02\x02\x46", Some(OtherProtocol::Tls)),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Some(OtherProtocol::Http2)),
            (b"\0\0\x06\x04\0\0\0\0\0\0\x05", Some(OtherProtocol::Http2)),
            (b"SSH-2.0-OpenSSH_9.2\r\n", Some(OtherProtocol::Ssh)),
            (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n", Some(OtherProtocol::Proxy)),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x11", Some(OtherProtocol::Proxy)),
            (b"\x16", None),
            (b"", None),
            (b"GET / HTTP/1.1\r\n", None),
            (b"PRI", None),
        ] {
            assert_eq!(OtherProtocol::recognise(bytes), protocol, "{}", bytes.escape_ascii());
        }
    }
}
