//! Version 2: a signature, four bytes that say what follows, and so many bytes of it (section 2.2).
//!
//! The type-length-values after the addresses are skipped; a checksum among them is not verified,
//! which the specification leaves to the receiver: TCP and the trust in the sender cover it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{Error, HEADER_BYTES_MAX, Header, Parsed};

/// The first twelve bytes: no protocol begins like this.
pub(crate) const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, version and command, family, length.
const FIXED: usize = 16;

/// Bytes of the two paths of unix sockets.
const UNIX: usize = 216;

pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed, Error> {
    if !bytes.iter().zip(SIGNATURE).all(|(byte, expected)| *byte == expected) {
        return Err(Error::Absent);
    }
    let Some((fixed, rest)) = bytes.split_first_chunk::<FIXED>() else {
        return Ok(Parsed::Partial);
    };
    let [.., command, family, high, low] = *fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let total = length.saturating_add(FIXED);
    let is_local = match command {
        0x20 => true,
        0x21 => false,
        _ if command >> 4 != 2 => return Err(Error::Binary("its version is not 2")),
        _ => return Err(Error::Binary("its command is neither LOCAL nor PROXY")),
    };
    if total > HEADER_BYTES_MAX {
        return Err(Error::TooLong(total));
    }
    let Some(rest) = rest.get(..length) else { return Ok(Parsed::Partial) };
    let named = addresses(family, rest)?;
    // A LOCAL header's addresses are to be ignored, whatever they are.
    let header = if is_local { Header::Own } else { named };
    Ok(Parsed::Whole { header, length: total })
}

fn addresses(family: u8, rest: &[u8]) -> Result<Header, Error> {
    const SHORT: Error = Error::Binary("it has no room for the addresses of its family");
    let (family, transport) = (family >> 4, family & 0x0f);
    if transport > 2 {
        return Err(Error::Binary("its transport is unknown"));
    }
    let (source, destination) = match family {
        0 => return Ok(Header::Own),
        1 => {
            let (&[a, b, c, d, e, f, g, h, i, j, k, l], _) =
                rest.split_first_chunk::<12>().ok_or(SHORT)?;
            let ports = (u16::from_be_bytes([i, j]), u16::from_be_bytes([k, l]));
            let (from, to) = (Ipv4Addr::new(a, b, c, d), Ipv4Addr::new(e, f, g, h));
            (SocketAddr::from((from, ports.0)), SocketAddr::from((to, ports.1)))
        }
        2 => {
            let (from, rest) = rest.split_first_chunk::<16>().ok_or(SHORT)?;
            let (to, rest) = rest.split_first_chunk::<16>().ok_or(SHORT)?;
            let (&[i, j, k, l], _) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
            let ports = (u16::from_be_bytes([i, j]), u16::from_be_bytes([k, l]));
            let (from, to) = (Ipv6Addr::from(*from), Ipv6Addr::from(*to));
            (SocketAddr::from((from, ports.0)), SocketAddr::from((to, ports.1)))
        }
        3 if rest.len() < UNIX => return Err(SHORT),
        3 => return Ok(Header::Own),
        _ => return Err(Error::Binary("its address family is unknown")),
    };
    // Datagrams do not come over a stream: the addresses are of something else.
    Ok(if transport == 1 { Header::Proxied { source, destination } } else { Header::Own })
}
