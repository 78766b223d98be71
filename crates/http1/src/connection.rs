//! The Connection field (RFC 9110 section 7.6.1): options, and the names it nominates.

use crate::error::Fault;
use crate::forward::{HOP_BY_HOP, PROTECTED};
use crate::framing::is_token;
use crate::limits::MAX_CONNECTION_OPTIONS;
use crate::{FieldId, name::classify};

/// What all Connection fields of a message say together.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct ConnectionOptions {
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: bool,
    /// Names a field beyond those that are dropped or kept in any case.
    pub(crate) nominates: bool,
    count: u8,
}

impl ConnectionOptions {
    /// Adds the options of one Connection field.
    #[inline]
    pub(crate) fn note(&mut self, value: &[u8]) -> Result<(), Fault> {
        // The two values that nearly every message has.
        if value.eq_ignore_ascii_case(b"keep-alive") {
            self.keep_alive = true;
        } else if value.eq_ignore_ascii_case(b"close") {
            self.close = true;
        } else {
            return self.note_list(value);
        }
        Ok(())
    }

    fn note_list(&mut self, value: &[u8]) -> Result<(), Fault> {
        for option in options(value) {
            if !is_token(option) {
                return Err(Fault::OPTIONS_MALFORMED);
            }
            self.count += 1;
            if usize::from(self.count) > MAX_CONNECTION_OPTIONS {
                return Err(Fault::OPTIONS_TOO_MANY);
            }
            match classify(option) {
                FieldId::KeepAlive => self.keep_alive = true,
                FieldId::Upgrade => self.upgrade = true,
                id if HOP_BY_HOP.contains(id) || PROTECTED.contains(id) => {}
                _ if option.eq_ignore_ascii_case(b"close") => self.close = true,
                _ => self.nominates = true,
            }
        }
        Ok(())
    }
}

/// The members of a Connection value; empty ones are allowed and skipped (RFC 9110 section 5.6.1).
pub(crate) fn options(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&b| b == b',').map(trim_whitespace).filter(|option| !option.is_empty())
}

/// Removes spaces and tabs at both ends.
pub(crate) fn trim_whitespace(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<ConnectionOptions, Fault> {
        let mut options = ConnectionOptions::default();
        options.note(value.as_bytes()).map(|()| options)
    }

    #[test]
    fn usual_lists_nominate_nothing() {
        for value in ["close", "Keep-Alive", "keep-alive, TE", "Upgrade, HTTP2-Settings", ", ,"] {
            assert!(!read(value).unwrap().nominates, "{value}");
        }
        assert!(read("Foo ,\tCLOSE").unwrap().close);
        let options = read("keep-alive, Upgrade").unwrap();
        assert!(options.keep_alive && options.upgrade && !options.close);
    }

    #[test]
    fn row_25_nominations() {
        assert!(read("X-Internal-Auth").unwrap().nominates);
        assert!(!read("Host, Authorization, X-Forwarded-For").unwrap().nominates);
        assert_eq!(read("a b").unwrap_err(), Fault::OPTIONS_MALFORMED);
        assert!(read(&"a,".repeat(32)).is_ok());
        assert_eq!(read(&"a,".repeat(33)).unwrap_err(), Fault::OPTIONS_TOO_MANY);
    }
}
