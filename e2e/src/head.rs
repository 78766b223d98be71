//! Message heads, read strictly and independently of the product's codec.
//!
//! What the gateway sends must satisfy the narrowest reading of RFC 9112: anything here that looks
//! like a second opinion is one on purpose.

/// Names and values of fields, in order.
pub type Fields = Vec<(String, String)>;

/// A start line and its fields, with the bytes they were read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Request line or status line, without its line end.
    pub start: String,
    /// Names as spelled and values without surrounding blanks, in order. Bytes are read as Latin-1.
    pub fields: Fields,
    /// The bytes, the blank line included.
    pub raw: Vec<u8>,
}

/// How the end of a message's body is told (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// No body at all.
    None,
    /// So many bytes.
    Length(u64),
    /// In chunks.
    Chunked,
    /// Until the connection closes; responses only.
    UntilClose,
}

impl Head {
    /// Reads one head from the start of `bytes`: `None` when it is not complete yet, otherwise the
    /// head and its length. An error says which rule the bytes break.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, String> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = latin1(&bytes[..end]);
        let mut lines = text.split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        let fields = lines.map(field).collect::<Result<Vec<_>, _>>()?;
        if start.chars().any(char::is_control) {
            return Err(format!("control character in the start line {start:?}"));
        }
        let raw = bytes[..end + 4].to_vec();
        Ok(Some((Self { start, fields, raw }, end + 4)))
    }

    /// Every value of the named field, in order; names compare without case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let same = |(n, _): &&(String, String)| n.eq_ignore_ascii_case(name);
        self.fields.iter().filter(same).map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a field that may occur at most once.
    pub fn one(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() < 2, "{name} occurs {} times in {self:?}", all.len());
        all.first().copied()
    }

    /// Whether the field occurs.
    pub fn has(&self, name: &str) -> bool {
        !self.all(name).is_empty()
    }

    /// The method of a request.
    pub fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    /// The target of a request.
    pub fn target(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// The status of a response.
    pub fn status(&self) -> u16 {
        let number = self.start.split(' ').nth(1).unwrap_or_default();
        number.parse().unwrap_or_else(|_| panic!("no status in {:?}", self.start))
    }

    /// The protocol version of a request or a response, such as `HTTP/1.1`.
    pub fn version(&self) -> &str {
        let place = if self.start.starts_with("HTTP/") { 0 } else { 2 };
        self.start.split(' ').nth(place).unwrap_or_default()
    }

    /// How the body of a request ends.
    pub fn request_framing(&self) -> Result<Framing, String> {
        Ok(self.declared()?.unwrap_or(Framing::None))
    }

    /// How the body of a response to `method` ends.
    pub fn response_framing(&self, method: &str) -> Result<Framing, String> {
        let status = self.status();
        let declared = self.declared()?;
        if method == "HEAD" || (100..200).contains(&status) || status == 204 || status == 304 {
            let bare = method != "HEAD" && status != 304;
            if bare && declared.is_some() {
                return Err(format!("{declared:?} in a {status} response (RFC 9110 section 8.6)"));
            }
            return Ok(Framing::None);
        }
        Ok(declared.unwrap_or(Framing::UntilClose))
    }

    fn declared(&self) -> Result<Option<Framing>, String> {
        let (codings, lengths) = (self.all("transfer-encoding"), self.all("content-length"));
        match (codings.as_slice(), lengths.as_slice()) {
            ([], []) => Ok(None),
            (["chunked"], []) => Ok(Some(Framing::Chunked)),
            ([], [n]) if n.len() < 20 && !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) => {
                if n.len() > 1 && n.starts_with('0') {
                    return Err(format!("leading zero in Content-Length {n:?}"));
                }
                n.parse().map(|n| Some(Framing::Length(n))).map_err(|_| format!("bad length {n:?}"))
            }
            _ => Err(format!("framing is not plain: codings {codings:?}, lengths {lengths:?}")),
        }
    }
}

fn field(line: &str) -> Result<(String, String), String> {
    let (name, value) = line.split_once(':').ok_or_else(|| format!("no colon in {line:?}"))?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err(format!("field name {name:?} is not a token"));
    }
    if value.chars().any(|c| c != '\t' && (c < ' ' || c == '\u{7f}')) {
        return Err(format!("control character in the value of {line:?}"));
    }
    Ok((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
}

/// Each byte as the character of the same number, so that nothing is lost.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Head {
        Head::parse(bytes).unwrap().unwrap().0
    }

    #[test]
    fn reads_names_as_spelled_and_values_trimmed() {
        let head = read(b"GET /a HTTP/1.1\r\nHoSt: \tx \r\nEmpty:\r\n\r\nrest");
        assert_eq!((head.method(), head.target(), head.version()), ("GET", "/a", "HTTP/1.1"));
        assert_eq!(head.fields[0], ("HoSt".into(), "x".into()));
        assert_eq!(head.one("empty"), Some(""));
    }

    #[test]
    fn waits_for_the_blank_line() {
        assert_eq!(Head::parse(b"GET / HTTP/1.1\r\nHost: x\r\n").unwrap(), None);
    }

    #[test]
    fn refuses_what_a_gateway_must_never_send() {
        for bad in [
            &b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n"[..],
            b"GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n",
            b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
            b"GET / HTTP/1.1\n\r\n\r\n",
            b"GET / HTTP/1.1\r\n: b\r\n\r\n",
        ] {
            assert!(Head::parse(bad).is_err(), "{:?}", latin1(bad));
        }
    }

    #[test]
    fn refuses_framing_that_two_readers_could_read_differently() {
        for bad in [
            "Content-Length: 5\r\nContent-Length: 5",
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Content-Length: 05",
            "Content-Length: +5",
            "Transfer-Encoding: Chunked ,",
            "Transfer-Encoding: gzip, chunked",
        ] {
            let head = read(format!("GET / HTTP/1.1\r\n{bad}\r\n\r\n").as_bytes());
            assert!(head.request_framing().is_err(), "{bad}");
        }
    }

    #[test]
    fn response_framing_follows_method_and_status() {
        let ok = read(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
        assert_eq!(ok.response_framing("GET"), Ok(Framing::Length(3)));
        assert_eq!(ok.response_framing("HEAD"), Ok(Framing::None));
        let unchanged = read(b"HTTP/1.1 304 x\r\nContent-Length: 3\r\n\r\n");
        assert_eq!(unchanged.response_framing("GET"), Ok(Framing::None));
        let open = read(b"HTTP/1.1 200 OK\r\n\r\n");
        assert_eq!(open.response_framing("GET"), Ok(Framing::UntilClose));
    }
}
