//! Reads `--listen` and `--admin`: an address, or a port alone for one that only this machine reaches.
//!
//! Refuses host names: a name can stand for several addresses, and a program that listens must not
//! guess which of them was meant.

use std::net::{Ipv4Addr, SocketAddr};

use tombolo_daemon::config::{BadHostPort, HostPort};

/// Reads `127.0.0.1:8080`, `[::1]:8080`, or `8080` for port 8080 of 127.0.0.1.
pub(crate) fn listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    Err(format!("{} (examples: 127.0.0.1:8080, 0.0.0.0:8080, [::1]:8080, 8080)", fault(text)))
}

/// Reads where something listens that is to be asked: `127.0.0.1:8081`, `gateway.example:8081`, or
/// `8081` for port 8081 of 127.0.0.1; also behind `http://`, as it may have been copied.
pub(crate) fn ask(text: &str) -> Result<HostPort, String> {
    if let Ok(port @ 1..) = text.parse::<u16>() {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into());
    }
    let bare = text.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let bare = bare.unwrap_or(text);
    bare.parse().map_err(|error: BadHostPort| {
        format!("{error} (examples: 127.0.0.1:8081, [::1]:8081, gateway.example:8081, 8081)")
    })
}

/// Says what is wrong with an address that could not be read.
fn fault(text: &str) -> String {
    if let Some(port) = text.strip_prefix(':').filter(|port| port.parse::<u16>().is_ok()) {
        return format!("say which interface: 127.0.0.1:{port} or 0.0.0.0:{port}");
    }
    if let Some(port) = text.strip_prefix("localhost:") {
        return format!("a host name is not taken here; write 127.0.0.1:{port}");
    }
    if text.parse::<std::net::IpAddr>().is_ok() {
        return "the port is missing".to_owned();
    }
    match text.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_err() && !host.contains(':') => {
            format!("'{port}' is not a port, a number from 0 to 65535")
        }
        Some((host, _)) => format!("'{host}' is not an IP address"),
        None => "expected an IP address and a port".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{ask, listen};

    #[test]
    fn addresses_and_bare_ports_are_read() {
        for (text, meant) in [
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:8080", "[::1]:8080"),
            ("8080", "127.0.0.1:8080"),
            ("0", "127.0.0.1:0"),
        ] {
            assert_eq!(listen(text).map(|address| address.to_string()), Ok(meant.to_owned()));
        }
    }

    #[test]
    fn each_mistake_is_named() {
        for (text, words) in [
            (":8080", "127.0.0.1:8080 or 0.0.0.0:8080"),
            ("localhost:80", "127.0.0.1:80"),
            ("127.0.0.1", "port is missing"),
            ("::1", "port is missing"),
            ("127.0.0.1:99999", "'99999' is not a port"),
            ("example.org:80", "'example.org' is not an IP address"),
            ("", "expected an IP address"),
        ] {
            let refusal = listen(text).expect_err(text);
            assert!(refusal.contains(words), "{text}: {refusal}");
        }
    }

    #[test]
    fn who_is_asked_may_have_a_name() {
        for (text, meant) in [
            ("8081", "127.0.0.1:8081"),
            ("http://127.0.0.1:8081/", "127.0.0.1:8081"),
            ("localhost:8081", "localhost:8081"),
            ("[::1]:8081", "[::1]:8081"),
        ] {
            assert_eq!(ask(text).map(|address| address.to_string()), Ok(meant.to_owned()));
        }
        for text in ["0", "", "localhost", "https://a:1", "a:99999", "a:1/path"] {
            assert!(ask(text).is_err(), "{text}");
        }
    }
}
