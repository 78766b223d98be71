//! The PROXY protocol on bytes: a header before the first byte of a connection, by which a proxy
//! says whom the connection is from. As its specification says (The PROXY protocol, versions 1 & 2,
//! <https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>); sections below are of that.
//!
//! Owns parsing and writing of both versions. Refuses: reading from sockets, and knowing whose
//! header is to be believed. That is for whoever accepts connections: anyone can write a header.
//!
//! | file | one idea |
//! |---|---|
//! | `text.rs` | version 1: a line of text |
//! | `binary.rs` | version 2: a fixed head, addresses, and values that are skipped |
//! | `write.rs` | both, the other way round |

mod binary;
mod text;
mod write;

use std::net::SocketAddr;

pub use write::write;

/// The most bytes a header may have. A version 1 header has 107 at most (section 2.1); one of
/// version 2 has 52 for the addresses of a connection, 232 for unix paths, and the rest is for what
/// senders add: certificates' names, cloud endpoints.
pub const HEADER_BYTES_MAX: usize = 4096;

/// The two forms of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// A line of text (section 2.1).
    One,
    /// Binary (section 2.2).
    Two,
}

/// What a header says of the connection it stands before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// It is from `source`, who meant to reach `destination`.
    Proxied {
        /// Who connected to the proxy.
        source: SocketAddr,
        /// Where the proxy was reached.
        destination: SocketAddr,
    },
    /// It is the proxy's own (`LOCAL`, such as a health check), or of a kind that has no IP
    /// addresses (`UNKNOWN`, unix sockets): who is connected is who it is from.
    Own,
}

/// How far the bytes reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The header is whole: its first `length` bytes are it, what follows is the connection's.
    Whole {
        /// What it says.
        header: Header,
        /// How many bytes it has.
        length: usize,
    },
    /// It may become a header with more bytes; fewer than [`HEADER_BYTES_MAX`] are there.
    Partial,
}

/// Why bytes are no header. The sender is at fault, and no byte more will mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// They begin like neither version.
    #[error("the connection does not begin with a PROXY protocol header")]
    Absent,
    /// A line of version 1 that is not as section 2.1 says.
    #[error("the PROXY protocol line is malformed: {0}")]
    Line(&'static str),
    /// A version 2 header that is not as section 2.2 says.
    #[error("the PROXY protocol header is malformed: {0}")]
    Binary(&'static str),
    /// A version 2 header beyond [`HEADER_BYTES_MAX`].
    #[error("the PROXY protocol header has {0} bytes; {HEADER_BYTES_MAX} are accepted at most")]
    TooLong(usize),
}

/// Looks for a header at the beginning of `bytes`.
///
/// # Errors
/// When `bytes` are no header and cannot become one, as soon as that is known.
pub fn parse(bytes: &[u8]) -> Result<Parsed, Error> {
    match bytes.first() {
        None => Ok(Parsed::Partial),
        Some(b'P') => text::parse(bytes),
        Some(_) => binary::parse(bytes),
    }
}
