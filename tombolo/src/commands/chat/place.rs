//! Where a conversation is: the server, the room, the name.

use std::fmt::{self, Write};

use tombolo_chat::said::{Author, RoomName};

/// The chat's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// Host and port, as in `Host`.
    pub(super) authority: String,
    /// What stands before `/chat`.
    prefix: String,
}

/// Where to talk, and as whom.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) server: Server,
    pub(super) room: RoomName,
    pub(super) name: Author,
}

impl Server {
    /// Reads `http://HOST[:PORT][/PREFIX]`, or a host and port alone.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let example = "http://127.0.0.1:8080, http://chat.example";
        if text.starts_with("https://") {
            return Err("TLS is not in this version yet; give an http:// address".to_owned());
        }
        let rest = text.strip_prefix("http://").unwrap_or(text);
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        let uri = format!("http://{authority}").parse::<http::Uri>();
        let host = uri.ok().filter(|uri| uri.host().is_some_and(|host| !host.is_empty()));
        if rest.contains("://") || !authority.bytes().all(plain) || host.is_none() {
            return Err(format!("this is no address of a chat (examples: {example})"));
        }
        let path = path.trim_end_matches('/');
        let prefix = path.strip_suffix("/chat").unwrap_or(path);
        if prefix.bytes().any(|byte| !byte.is_ascii_graphic() || b"?#".contains(&byte)) {
            return Err(format!("leave out what follows the path (examples: {example})"));
        }
        Ok(Self { authority: authority.to_owned(), prefix: prefix.to_owned() })
    }

    /// Host and port to connect to.
    pub(super) fn address(&self) -> String {
        let has_port = self.authority.rsplit_once(':').is_some_and(|(_, port)| {
            !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
        });
        let default = if has_port { "" } else { ":80" };
        format!("{}{default}", self.authority)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "http://{}{}", self.authority, self.prefix)
    }
}

impl Place {
    /// A target below the room, from `scheme` on.
    pub(super) fn url(&self, scheme: &str, rest: &str) -> String {
        let Server { authority, prefix } = &self.server;
        let room = encoded(self.room.as_str());
        format!("{scheme}://{authority}{prefix}/chat/rooms/{room}/{rest}")
    }

    /// The WebSocket's address, after an event.
    pub(super) fn socket(&self, after: &str) -> String {
        let (after, name) = (encoded(after), encoded(self.name.as_str()));
        self.url("ws", &format!("ws?after={after}&name={name}"))
    }
}

/// Percent-encodes all but unreserved characters (RFC 3986, section 2.3).
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, address, shown) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("127.0.0.1:9301", "127.0.0.1:9301", "http://127.0.0.1:9301"),
            ("http://chat.example/", "chat.example:80", "http://chat.example"),
            ("http://chat.example/chat/", "chat.example:80", "http://chat.example"),
            ("http://[::1]:8080/a/chat", "[::1]:8080", "http://[::1]:8080/a"),
            ("http://[::1]", "[::1]:80", "http://[::1]"),
        ] {
            let server = Server::read(text).unwrap();
            assert_eq!((server.address().as_str(), server.to_string().as_str()), (address, shown));
        }
        for text in ["", "http://", "https://a", "ftp://a", "a b", "http://u:p@a", "http://a/?x"] {
            assert!(Server::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_encoded() {
        let place = Place {
            server: Server::read("localhost:1").unwrap(),
            room: RoomName::new("café").unwrap(),
            name: Author::new("A&B c").unwrap(),
        };
        let expected = "ws://localhost:1/chat/rooms/caf%C3%A9/ws?after=a-1&name=A%26B%20c";
        assert_eq!(place.socket("a-1"), expected);
    }
}
