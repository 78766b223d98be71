//! Version 1: `PROXY TCP4 192.0.2.1 192.0.2.2 50000 443`, ended by CR and LF (section 2.1).
//!
//! Read as strictly as it is specified: one space between words, addresses of the family that is
//! named, ports without leading zeros. Two readers that differ on a line would differ on the client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{Error, Header, Parsed};

/// How a line begins.
const PREFIX: &[u8] = b"PROXY ";

/// The longest line, CR and LF included (section 2.1).
const LINE_BYTES_MAX: usize = 107;

pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed, Error> {
    if !bytes.iter().zip(PREFIX).all(|(byte, expected)| byte == expected) {
        return Err(Error::Absent);
    }
    let within = bytes.get(..LINE_BYTES_MAX).unwrap_or(bytes);
    let Some(end) = within.iter().position(|byte| *byte == b'\n') else {
        let is_full = within.len() == LINE_BYTES_MAX;
        return if is_full { Err(Error::Line("it is too long")) } else { Ok(Parsed::Partial) };
    };
    let line = within.get(..end).and_then(|line| line.strip_suffix(b"\r"));
    let line = line.ok_or(Error::Line("it does not end with CR and LF"))?;
    let rest = line.strip_prefix(PREFIX).ok_or(Error::Absent)?;
    let rest = std::str::from_utf8(rest).map_err(|_| Error::Line("it is not ASCII"))?;
    Ok(Parsed::Whole { header: addresses(rest)?, length: end.saturating_add(1) })
}

fn addresses(rest: &str) -> Result<Header, Error> {
    let mut words = rest.split(' ');
    let family = match words.next() {
        // What follows is to be ignored.
        Some("UNKNOWN") => return Ok(Header::Own),
        Some("TCP4") => ip::<Ipv4Addr>,
        Some("TCP6") => ip::<Ipv6Addr>,
        _ => return Err(Error::Line("it names no protocol but TCP4, TCP6 and UNKNOWN")),
    };
    let mut next = || words.next().ok_or(Error::Line("it ends too early"));
    let (from, to) = (family(next()?)?, family(next()?)?);
    let (from_port, to_port) = (port(next()?)?, port(next()?)?);
    if words.next().is_some() {
        return Err(Error::Line("it has too many words"));
    }
    let source = SocketAddr::new(from, from_port);
    Ok(Header::Proxied { source, destination: SocketAddr::new(to, to_port) })
}

fn ip<F: std::str::FromStr + Into<IpAddr>>(word: &str) -> Result<IpAddr, Error> {
    let wrong = Error::Line("an address is not of the family it names");
    word.parse::<F>().map(Into::into).map_err(|_| wrong)
}

fn port(word: &str) -> Result<u16, Error> {
    let wrong = Error::Line("a port is no number from 0 to 65535");
    let is_plain = word.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain || (word.len() > 1 && word.starts_with('0')) {
        return Err(wrong);
    }
    word.parse().map_err(|_| wrong)
}
