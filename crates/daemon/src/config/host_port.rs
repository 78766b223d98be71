//! A server's address as people write it: a name or an IP address, and a port.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// Where a server listens: a DNS name, an IPv4 address or an IPv6 address in brackets, and a
/// port from 1 to 65535. The only constructor is the checked one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    host: String,
    port: u16,
}

impl HostPort {
    /// The DNS name in lower case, or the IP address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; never 0.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address when the host is an IP address: then no name has to be resolved.
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        self.host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, self.port))
    }
}

impl From<SocketAddr> for HostPort {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port() }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only an IPv6 address can hold a colon.
        if self.host.contains(':') {
            write!(out, "[{}]:{}", self.host, self.port)
        } else {
            write!(out, "{}:{}", self.host, self.port)
        }
    }
}

/// Why a text is no server address, in words for its writer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHostPort {
    /// Nothing was written.
    #[error("the address is empty")]
    Empty,
    /// A URL was written where an address belongs.
    #[error("a URL is not an address")]
    Url,
    /// No `:PORT` at the end.
    #[error("the port is missing")]
    NoPort,
    /// The port is no number from 1 to 65535.
    #[error("the port must be a number from 1 to 65535")]
    BadPort,
    /// An IPv6 address without brackets cannot be told from its port.
    #[error("an IPv6 address needs brackets")]
    Unbracketed,
    /// Neither a DNS name nor an IP address.
    #[error("the host is neither a DNS name nor an IP address")]
    BadHost,
}

impl BadHostPort {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self, written: &str) -> String {
        let bare = written.split_once("://").map_or(written, |(_, rest)| rest);
        let bare = bare.split(['/', '?', '#']).next().unwrap_or_default();
        match self {
            Self::Url if bare.parse::<HostPort>().is_ok() => format!("write \"{bare}\""),
            Self::NoPort if format!("{bare}:80").parse::<HostPort>().is_ok() => {
                format!("write \"{bare}:80\", with the port the server listens on")
            }
            Self::Unbracketed => match written.rsplit_once(':') {
                Some((host, port))
                    if host.parse::<Ipv6Addr>().is_ok() && port.parse::<u16>().is_ok() =>
                {
                    format!("write \"[{host}]:{port}\"")
                }
                _ => format!("write \"[{written}]:80\", with the port the server listens on"),
            },
            _ => {
                "write HOST:PORT, say \"127.0.0.1:9001\", \"[::1]:9001\" or \"app.example.org:80\""
                    .to_owned()
            }
        }
    }
}

impl FromStr for HostPort {
    type Err = BadHostPort;

    fn from_str(text: &str) -> Result<Self, BadHostPort> {
        if text.is_empty() {
            return Err(BadHostPort::Empty);
        }
        if text.contains('/') {
            return Err(BadHostPort::Url);
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(BadHostPort::Unbracketed);
        }
        let (host, port) = split_port(text)?;
        let port = match port.parse::<u16>() {
            Ok(port) if port > 0 && !port_is_signed(text) => port,
            _ => return Err(BadHostPort::BadPort),
        };
        Ok(Self { host, port })
    }
}

/// `u16::from_str` takes a leading plus sign, an address does not.
fn port_is_signed(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(_, port)| port.starts_with('+'))
}

/// The host as [`HostPort`] keeps it, and the text of the port.
fn split_port(text: &str) -> Result<(String, &str), BadHostPort> {
    if let Some(rest) = text.strip_prefix('[') {
        let (inner, after) = rest.split_once(']').ok_or(BadHostPort::BadHost)?;
        let ip = inner.parse::<Ipv6Addr>().map_err(|_| BadHostPort::BadHost)?;
        let port = after.strip_prefix(':').ok_or(BadHostPort::NoPort)?;
        return Ok((ip.to_string(), port));
    }
    let (host, port) = text.rsplit_once(':').ok_or(BadHostPort::NoPort)?;
    if host.contains(':') {
        return Err(BadHostPort::Unbracketed);
    }
    if host.parse::<Ipv4Addr>().is_ok() {
        return Ok((host.to_owned(), port));
    }
    if is_dns_name(host) {
        Ok((host.to_ascii_lowercase(), port))
    } else {
        Err(BadHostPort::BadHost)
    }
}

/// Whether a text is a host name: letters, digits, hyphens and underscores (container names
/// have them) in labels of at most 63, in all at most 253 (RFC 1035 section 2.3.4). A name whose
/// last label is all digits would be a misspelt IPv4 address, so it is none.
pub(super) fn is_dns_name(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last_is_number = name
        .rsplit('.')
        .next()
        .is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    name.len() <= 253 && !last_is_number && name.split('.').all(label_ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (written, shown) in [
            ("127.0.0.1:9001", "127.0.0.1:9001"),
            ("App.Example.ORG:80", "app.example.org:80"),
            ("[::1]:8080", "[::1]:8080"),
            ("[2001:DB8:0:0::1]:65535", "[2001:db8::1]:65535"),
            ("localhost:1", "localhost:1"),
            ("my_app-1:80", "my_app-1:80"),
        ] {
            let read: HostPort = written.parse().unwrap_or_else(|e| panic!("{written}: {e}"));
            assert_eq!(read.to_string(), shown);
        }
    }

    #[test]
    fn only_an_ip_address_needs_no_resolver() {
        let ip: HostPort = "[::1]:80".parse().unwrap();
        assert_eq!(ip.socket_addr(), Some("[::1]:80".parse().unwrap()));
        let name: HostPort = "localhost:80".parse().unwrap();
        assert_eq!(name.socket_addr(), None);
    }

    #[test]
    fn says_what_is_wrong_and_what_to_write() {
        for (written, error, hint) in [
            ("", BadHostPort::Empty, "write HOST:PORT"),
            ("http://a.example:81/x", BadHostPort::Url, "write \"a.example:81\""),
            ("a.example", BadHostPort::NoPort, "write \"a.example:80\""),
            ("[::1]", BadHostPort::NoPort, "write \"[::1]:80\""),
            ("::1", BadHostPort::Unbracketed, "write \"[::1]:80\""),
            (
                "fe80::1:2:3:4:5:6:9001",
                BadHostPort::Unbracketed,
                "write \"[fe80::1:2:3:4:5:6]:9001\"",
            ),
            ("a:0", BadHostPort::BadPort, "write HOST:PORT"),
            ("a:+80", BadHostPort::BadPort, "write HOST:PORT"),
            ("a:65536", BadHostPort::BadPort, "write HOST:PORT"),
            ("127.0.0.256:80", BadHostPort::BadHost, "write HOST:PORT"),
            ("a b:80", BadHostPort::BadHost, "write HOST:PORT"),
            ("-a:80", BadHostPort::BadHost, "write HOST:PORT"),
            ("[1.2.3.4]:80", BadHostPort::BadHost, "write HOST:PORT"),
        ] {
            let got = written.parse::<HostPort>().unwrap_err();
            assert_eq!(got, error, "{written}");
            assert!(got.hint(written).starts_with(hint), "{written}: {}", got.hint(written));
        }
    }
}
