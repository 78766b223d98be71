//! The request target (RFC 9112 section 3.2): its form, its path and its authority.

use crate::error::Fault;
use crate::host::{is_host, is_host_with_port};
use crate::normal::{BAD, ODD, scan};
use crate::{Method, Span};

/// Form of a request target.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TargetForm {
    /// `/path?query`
    #[default]
    Origin,
    /// `http://host/path?query`
    Absolute,
    /// `host:port`, for CONNECT
    Authority,
    /// `*`, for OPTIONS
    Asterisk,
}

/// A request target taken apart.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Target {
    pub(crate) form: TargetForm,
    pub(crate) path_and_query: Span,
    /// Empty unless the form carries one.
    pub(crate) authority: Span,
    /// The path may not be in normal form.
    pub(crate) is_odd: bool,
}

impl Target {
    /// Takes apart the target at `span` of `buf`.
    #[inline]
    pub(crate) fn read(buf: &[u8], span: Span, method: Method) -> Result<Self, Fault> {
        let bytes = span.of(buf);
        let seen = scan(bytes);
        if seen & BAD != 0 {
            return Err(Fault::TARGET_BYTES);
        }
        let is_odd = seen & ODD != 0;
        match bytes {
            _ if method == Method::Connect => Self::authority_form(bytes, span),
            [b'/', ..] => Ok(Self { path_and_query: span, is_odd, ..Self::default() }),
            b"*" if method == Method::Options => {
                Ok(Self { form: TargetForm::Asterisk, path_and_query: span, ..Self::default() })
            }
            _ => Self::absolute_form(bytes, span),
        }
    }

    /// Path and query; empty where the form has none (RFC 9112 section 3.2.4).
    pub(crate) fn path<'b>(&self, buf: &'b [u8]) -> &'b [u8] {
        match self.form {
            TargetForm::Origin | TargetForm::Absolute => self.path_and_query.of(buf),
            TargetForm::Authority | TargetForm::Asterisk => b"",
        }
    }

    fn authority_form(bytes: &[u8], span: Span) -> Result<Self, Fault> {
        if !is_host_with_port(bytes) {
            return Err(Fault::TARGET_AUTHORITY);
        }
        let path_and_query = Span { start: span.end, end: span.end };
        Ok(Self { form: TargetForm::Authority, path_and_query, authority: span, is_odd: false })
    }

    fn absolute_form(bytes: &[u8], span: Span) -> Result<Self, Fault> {
        let scheme = [b"http://".as_slice(), b"https://"]
            .into_iter()
            .find(|scheme| {
                bytes.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
            })
            .ok_or(Fault::TARGET_FORM)?
            .len();
        let rest = bytes.get(scheme..).unwrap_or_default();
        let length = rest.iter().position(|&b| b == b'/' || b == b'?').unwrap_or(rest.len());
        let authority = rest.get(..length).unwrap_or_default();
        if !is_host(authority) {
            return Err(Fault::TARGET_AUTHORITY);
        }
        let start = span.start as usize + scheme;
        Ok(Self {
            form: TargetForm::Absolute,
            authority: Span::new(start, start + length),
            path_and_query: Span::new(start + length, span.end as usize),
            is_odd: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(target: &str, method: Method) -> Result<(TargetForm, &str, &str), Fault> {
        let buf = target.as_bytes();
        let read = Target::read(buf, Span::new(0, buf.len()), method)?;
        let text = |span: Span| std::str::from_utf8(span.of(target.as_bytes())).unwrap();
        Ok((read.form, text(read.authority), text(read.path_and_query)))
    }

    #[test]
    fn four_forms() {
        use TargetForm::*;
        assert_eq!(read("/a?b=|{}", Method::Get), Ok((Origin, "", "/a?b=|{}")));
        assert_eq!(read("//a", Method::Get), Ok((Origin, "", "//a")));
        assert_eq!(read("HTTP://h:1/a?b", Method::Get), Ok((Absolute, "h:1", "/a?b")));
        assert_eq!(read("https://h", Method::Options), Ok((Absolute, "h", "")));
        assert_eq!(read("http://h?a", Method::Get), Ok((Absolute, "h", "?a")));
        assert_eq!(read("*", Method::Options), Ok((Asterisk, "", "*")));
        assert_eq!(read("h:443", Method::Connect), Ok((Authority, "h:443", "")));
    }

    #[test]
    fn row_21_malformed_targets() {
        for bad in [
            "a",
            "*",
            "h:443",
            "ftp://h/",
            "http://",
            "http:///a",
            "http://u@h/",
            "http://h:b/",
            "http:/h/",
            "/a#b",
            "/é",
            "?a",
            "http://h\\@g/",
        ] {
            assert!(read(bad, Method::Get).is_err(), "{bad}");
        }
        for bad in ["/", "h", "*", "http://h/", "u@h:1"] {
            assert!(read(bad, Method::Connect).is_err(), "{bad}");
        }
    }
}
