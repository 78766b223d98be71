//! A server's address as people write it: a host and a port, or the path of a Unix socket.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{BadHostPort, HostPort};

/// What the path of a Unix socket begins with.
const PREFIX: &str = "unix:";

/// Where a server of an upstream listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ServerAddress {
    /// A name or an IP address, and a port.
    Host(HostPort),
    /// A Unix socket of this machine: `unix:/run/app.sock`.
    Unix(UnixPath),
}

impl ServerAddress {
    /// The host whose name has to be resolved before it can be connected to. None: an IP address
    /// or a path.
    #[must_use]
    pub fn name_to_resolve(&self) -> Option<&HostPort> {
        match self {
            Self::Host(host) if host.socket_addr().is_none() => Some(host),
            Self::Host(_) | Self::Unix(_) => None,
        }
    }
}

impl From<SocketAddr> for ServerAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Host(HostPort::from(address))
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => host.fmt(out),
            Self::Unix(path) => path.fmt(out),
        }
    }
}

impl FromStr for ServerAddress {
    type Err = BadServerAddress;

    fn from_str(text: &str) -> Result<Self, BadServerAddress> {
        match text.strip_prefix(PREFIX) {
            Some(path) => UnixPath::new(path).map(Self::Unix),
            None if text.starts_with(['/', '.']) => Err(BadServerAddress::BarePath),
            None => text.parse().map(Self::Host).map_err(BadServerAddress::Host),
        }
    }
}

/// The path of a Unix socket, absolute or relative to the working directory: 1 to
/// [`UnixPath::BYTES_MAX`] bytes without control characters. The only constructor is the checked
/// one. Shown with `unix:` before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnixPath(PathBuf);

impl UnixPath {
    /// The most bytes a path can have: `sun_path` of unix(7) has 108, the last of them NUL.
    pub const BYTES_MAX: usize = 107;

    fn new(path: &str) -> Result<Self, BadServerAddress> {
        if path.is_empty() {
            return Err(BadServerAddress::NoPath);
        }
        if path.len() > Self::BYTES_MAX {
            return Err(BadServerAddress::LongPath(path.len()));
        }
        // The path is the server's name, which is sent in a header and written in logs.
        if path.chars().any(char::is_control) {
            return Err(BadServerAddress::ControlCharacter);
        }
        if path.parse::<u16>().is_ok() {
            return Err(BadServerAddress::PathOrPort);
        }
        Ok(Self(PathBuf::from(path)))
    }

    /// The path alone.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl fmt::Display for UnixPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{PREFIX}{}", self.0.display())
    }
}

/// Why a text is no address of a server, in words for its writer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadServerAddress {
    /// It has no `unix:`, and is no host and port.
    #[error(transparent)]
    Host(BadHostPort),
    /// A path without `unix:`.
    #[error("a path is no address")]
    BarePath,
    /// Nothing after `unix:`.
    #[error("the path of the Unix socket is empty")]
    NoPath,
    /// More bytes than a system takes; how many.
    #[error("the path has {0} bytes, and that of a Unix socket has at most {max}", max = UnixPath::BYTES_MAX)]
    LongPath(usize),
    /// NUL, a line break or another control character.
    #[error("the path has a control character")]
    ControlCharacter,
    /// A number: a socket in the working directory, or a port of a host called `unix`.
    #[error("a number after \"unix:\" may be a path or a port")]
    PathOrPort,
}

impl BadServerAddress {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self, written: &str) -> String {
        match self {
            Self::Host(BadHostPort::Url) if written.contains("unix:/") => {
                let path = written.split_once(PREFIX).map_or("", |(_, path)| path);
                format!("write \"{PREFIX}{path}\"")
            }
            Self::Host(error) => error.hint(written),
            Self::BarePath => format!("write \"{PREFIX}{written}\" for a Unix socket"),
            Self::LongPath(_) => {
                "let the server listen on a shorter path, or write the path relative to the directory the gateway runs in".to_owned()
            }
            Self::PathOrPort => {
                let number = written.strip_prefix(PREFIX).unwrap_or_default();
                format!("write \"unix:./{number}\" for a socket, \"unix.:{number}\" for a host")
            }
            Self::NoPath | Self::ControlCharacter => {
                "write unix:PATH, say \"unix:/run/app.sock\"".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> ServerAddress {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn reads_what_people_write() {
        for text in ["127.0.0.1:9001", "[::1]:80", "unix:/run/app.sock", "unix:run/a b.sock"] {
            assert_eq!(read(text).to_string(), text);
        }
        assert_eq!(read("unix:///run//app.sock"), read("unix:/run/app.sock"));
        assert_ne!(read("unix:run/app.sock"), read("unix:/run/app.sock"));
        assert!(matches!(read("unix.:80"), ServerAddress::Host(_)));
        read(&format!("unix:/{}", "a".repeat(106)));
    }

    #[test]
    fn only_a_name_has_to_be_resolved() {
        assert!(read("app:80").name_to_resolve().is_some());
        assert!(read("10.0.0.1:80").name_to_resolve().is_none());
        assert!(read("unix:/run/app.sock").name_to_resolve().is_none());
    }

    #[test]
    fn says_what_is_wrong_and_what_to_write() {
        let long = format!("unix:/{}", "a".repeat(107));
        for (written, error, hint) in [
            ("unix:", BadServerAddress::NoPath, "write unix:PATH"),
            (&long, BadServerAddress::LongPath(108), "let the server listen on a shorter path"),
            ("unix:/run/a\0b", BadServerAddress::ControlCharacter, "write unix:PATH"),
            ("unix:/run/a\r\nX: b", BadServerAddress::ControlCharacter, "write unix:PATH"),
            ("unix:9001", BadServerAddress::PathOrPort, "write \"unix:./9001\""),
            ("a", BadServerAddress::Host(BadHostPort::NoPort), "write \"a:80\""),
            ("/run/a", BadServerAddress::BarePath, "write \"unix:/run/a\""),
            ("http://unix:/a", BadServerAddress::Host(BadHostPort::Url), "write \"unix:/a\""),
        ] {
            let got = written.parse::<ServerAddress>().unwrap_err();
            assert_eq!(got, error, "{written}");
            assert!(got.hint(written).starts_with(hint), "{written}: {}", got.hint(written));
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_as_the_same(text in "(unix:)?.{0,120}") {
            if let Ok(address) = text.parse::<ServerAddress>() {
                prop_assert_eq!(read(&address.to_string()), address);
            }
        }
    }
}
