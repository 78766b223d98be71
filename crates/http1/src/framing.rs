//! How long a body is (RFC 9112 section 6). Owns the reading of Content-Length and
//! Transfer-Encoding; whatever two readers could take differently is an error.

use crate::error::Fault;
use crate::limits::MAX_LENGTH;
use crate::{FieldId, Method, Version, name::eq_folded, section::Section};

/// How the end of a message body is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Framing {
    /// There is no body.
    #[default]
    None,
    /// The body has this many bytes.
    Length(u64),
    /// The body is sent in chunks (RFC 9112 section 7.1).
    Chunked,
    /// The body ends with the connection; responses only.
    UntilClose,
}

/// What the two framing fields of a message announce, before method and status are considered.
struct Announced {
    length: Option<u64>,
    chunked: bool,
}

/// Framing of a request (RFC 9112 section 6.3, rules 3 to 7).
#[inline]
pub(crate) fn of_request(
    section: &Section,
    buf: &[u8],
    version: Version,
) -> Result<Framing, Fault> {
    let announced = announced(section, buf, version)?;
    Ok(match announced.length {
        _ if announced.chunked => Framing::Chunked,
        Some(length) => Framing::Length(length),
        None => Framing::None,
    })
}

/// Framing of a response, and the Content-Length it declared (RFC 9112 section 6.3).
#[inline]
pub(crate) fn of_response(
    section: &Section,
    buf: &[u8],
    version: Version,
    status: u16,
    method: Method,
) -> Result<(Framing, Option<u64>), Fault> {
    let Announced { length, chunked } = announced(section, buf, version)?;
    let framing = match (status, method) {
        (100..=199 | 204, _) if chunked || length.unwrap_or(0) > 0 => {
            return Err(Fault::CONTENT_FORBIDDEN);
        }
        (100..=199 | 204 | 304, _) | (_, Method::Head) => Framing::None,
        (200..=299, Method::Connect) => Framing::None,
        _ if chunked => Framing::Chunked,
        _ => length.map_or(Framing::UntilClose, Framing::Length),
    };
    Ok((framing, length))
}

#[inline]
fn announced(section: &Section, buf: &[u8], version: Version) -> Result<Announced, Fault> {
    let coding = section.value(FieldId::TransferEncoding);
    let length = section.value(FieldId::ContentLength);
    let length = match (coding, length) {
        (Some(_), Some(_)) => return Err(Fault::LENGTH_AND_CODING),
        (None, Some(length)) => Some(content_length(length.of(buf))?),
        _ => None,
    };
    if let Some(coding) = coding {
        transfer_encoding(coding.of(buf))?;
        if version == Version::Http10 {
            return Err(Fault::CODING_IN_HTTP10);
        }
    }
    Ok(Announced { length, chunked: coding.is_some() })
}

/// Reads a Content-Length: digits only, no list, no leading zero (which some read as octal), and
/// nothing a signed 64-bit integer cannot hold.
fn content_length(value: &[u8]) -> Result<u64, Fault> {
    let plain = match value {
        [] | [b'0', _, ..] => false,
        digits => digits.len() <= 19 && digits.iter().all(u8::is_ascii_digit),
    };
    if !plain {
        return Err(Fault::LENGTH_MALFORMED);
    }
    // Nineteen digits fit into u64.
    let length = value.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    if length > MAX_LENGTH { Err(Fault::LENGTH_MALFORMED) } else { Ok(length) }
}

/// Accepts exactly `chunked`. A well-formed list that ends with it names a coding we do not
/// have (501); anything else is a length nobody can agree on.
fn transfer_encoding(value: &[u8]) -> Result<(), Fault> {
    if eq_folded(value, b"chunked") {
        return Ok(());
    }
    let mut codings = value.rsplit(|&b| b == b',').map(<[u8]>::trim_ascii);
    let last_is_chunked = codings.next().is_some_and(|last| eq_folded(last, b"chunked"));
    let others_are_codings =
        codings.all(|coding| is_token(coding) && !coding.eq_ignore_ascii_case(b"chunked"));
    if last_is_chunked && others_are_codings {
        return Err(Fault::CODING_UNKNOWN);
    }
    Err(Fault::CODING_MALFORMED)
}

/// Whether `bytes` are a token (RFC 9110 section 5.6.2).
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_2_to_5_content_length() {
        assert_eq!(content_length(b"0"), Ok(0));
        assert_eq!(content_length(b"10"), Ok(10));
        assert_eq!(content_length(b"9223372036854775807"), Ok(MAX_LENGTH));
        for bad in [
            "",
            "+5",
            "-0",
            "-1",
            "0x5",
            "1_0",
            "5 5",
            "1Z",
            "5, 5",
            "5,6",
            "010",
            "00",
            "5.0",
            "9223372036854775808",
            "18446744073709551616",
            "99999999999999999999",
        ] {
            assert_eq!(content_length(bad.as_bytes()), Err(Fault::LENGTH_MALFORMED), "{bad:?}");
        }
    }

    #[test]
    fn rows_6_to_8_transfer_encoding() {
        for good in ["chunked", "Chunked", "CHUNKED"] {
            assert_eq!(transfer_encoding(good.as_bytes()), Ok(()), "{good}");
        }
        assert_eq!(transfer_encoding(b"gzip, chunked"), Err(Fault::CODING_UNKNOWN));
        for bad in [
            &b""[..],
            b"xchunked",
            b"identity",
            b"gzip",
            b"chunked;a=b",
            b"chunked, gzip",
            b"chunked, chunked",
            b",chunked",
            b"chunked,",
            b"chunked\x0b",
            b"chunked\x85",
            b"chunked\xa0",
            b"\x0bchunked",
            b"chunke",
            b"\"chunked\"",
            b"chunked chunked",
            b"identity;q=1, chunked",
        ] {
            assert_eq!(transfer_encoding(bad), Err(Fault::CODING_MALFORMED), "{bad:?}");
        }
    }
}
