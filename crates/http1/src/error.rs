//! What can be wrong with a message. Owns every reason that this crate can give, with the
//! status to answer and the rule that was broken.

use std::fmt;

use crate::normal::PathError;

/// One finding: the words are written once, below, and shared by requests and responses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) reason: &'static str,
    pub(crate) rule: &'static str,
}

macro_rules! faults {
    ($($name:ident = $status:literal, $reason:literal, $rule:literal;)*) => {
        impl Fault {
            $(pub(crate) const $name: Self = Self {
                status: $status, reason: $reason, rule: $rule,
            };)*
        }
    };
}

faults! {
    BARE_LF = 400, "a line ends with LF alone instead of CRLF", "RFC 9112 section 2.2";
    BARE_CR = 400, "a CR is not followed by LF", "RFC 9112 section 2.2";
    LEADING_LINES = 400, "there are too many empty lines before the start line", "RFC 9112 section 2.2";
    REQUEST_LINE = 400, "the request line is not 'method target version'", "RFC 9112 section 3";
    METHOD_TOO_LONG = 501, "the method is too long to be one we know", "RFC 9110 section 15.6.2";
    STATUS_LINE = 400, "the status line is not 'version status reason'", "RFC 9112 section 4";
    STATUS_RANGE = 400, "the status code is below 100", "RFC 9110 section 15";
    VERSION = 400, "the protocol version is not of the form HTTP/1.1", "RFC 9112 section 2.3";
    MAJOR_VERSION = 505, "the protocol version is not HTTP/1", "RFC 9110 section 15.6.6";
    FIELD_LINE = 400, "a field line is malformed", "RFC 9112 section 5";
    FIELD_NAME = 400, "a field name is empty or holds a byte that is not allowed there", "RFC 9110 section 5.1";
    FIELD_VALUE = 400, "a field value holds a control byte", "RFC 9110 section 5.5";
    NO_COLON = 400, "a field line has no colon", "RFC 9112 section 5";
    SPACE_BEFORE_COLON = 400, "there is whitespace between a field name and its colon", "RFC 9112 section 5.1";
    FOLDED_LINE = 400, "a field line begins with whitespace (obsolete line folding)", "RFC 9112 section 5.2";
    SPACE_AFTER_START_LINE = 400, "there is whitespace between the start line and the first field", "RFC 9112 section 2.2";
    HEAD_TOO_LARGE = 431, "the header section is too large", "RFC 6585 section 5";
    TOO_MANY_FIELDS = 431, "there are too many fields", "RFC 6585 section 5";
    TARGET_TOO_LONG = 414, "the request target is too long", "RFC 9110 section 15.5.15";
    TARGET_BYTES = 400, "the request target holds a byte that must be percent-encoded, or a fragment", "RFC 9112 section 3.2";
    TARGET_FORM = 400, "the request target has no form that fits the method", "RFC 9112 section 3.2";
    TARGET_AUTHORITY = 400, "the host or port in the request target is malformed", "RFC 9110 section 4.2";
    HOST_MISSING = 400, "there is no Host field", "RFC 9112 section 3.2";
    HOST_TWICE = 400, "there is more than one Host field", "RFC 9112 section 3.2";
    HOST_MALFORMED = 400, "the Host field is not one host with an optional port", "RFC 9112 section 3.2";
    LENGTH_MALFORMED = 400, "Content-Length is not one plain decimal number below 2^63", "RFC 9110 section 8.6";
    LENGTH_TWICE = 400, "there is more than one Content-Length", "RFC 9112 section 6.3";
    LENGTH_AND_CODING = 400, "there are both Content-Length and Transfer-Encoding", "RFC 9112 section 6.1";
    CODING_TWICE = 400, "there is more than one Transfer-Encoding field", "RFC 9112 section 6.1";
    CODING_MALFORMED = 400, "Transfer-Encoding is not exactly 'chunked'", "RFC 9112 section 6.3";
    CODING_UNKNOWN = 501, "Transfer-Encoding names a coding other than 'chunked'", "RFC 9112 section 6.1";
    CODING_IN_HTTP10 = 400, "an HTTP/1.0 message has Transfer-Encoding", "RFC 9112 section 6.1";
    OPTIONS_MALFORMED = 400, "Connection is not a list of tokens", "RFC 9110 section 7.6.1";
    OPTIONS_TOO_MANY = 400, "Connection lists too many options", "RFC 9110 section 7.6.1";
    EXPECTATION = 417, "the expectation is not '100-continue'", "RFC 9110 section 10.1.1";
    TRACE_CONTENT = 400, "a TRACE request has content", "RFC 9110 section 9.3.8";
    CONTENT_FORBIDDEN = 400, "a 1xx or 204 response announces content", "RFC 9112 section 6.3";
}

impl From<PathError> for Fault {
    fn from(error: PathError) -> Self {
        Self { status: 400, reason: error.reason(), rule: "RFC 3986 section 6.2.2" }
    }
}

macro_rules! head_error {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct $name(pub(crate) Fault);

        impl $name {
            /// What is wrong, as one clause for a log line or an error page.
            pub fn reason(&self) -> &'static str {
                self.0.reason
            }

            /// The rule that was broken, such as `RFC 9112 section 6.3`.
            pub fn rule(&self) -> &'static str {
                self.0.rule
            }
        }

        impl From<Fault> for $name {
            fn from(fault: Fault) -> Self {
                Self(fault)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} ({})", self.0.reason, self.0.rule)
            }
        }

        impl std::error::Error for $name {}
    };
}

head_error! {
    /// A request that must be refused; the connection is to be closed after the answer, because
    /// where the next request would begin is not known.
    RequestError
}

head_error! {
    /// A response that must not be passed on; the gateway answers 502 and closes its upstream
    /// connection.
    ResponseError
}

impl RequestError {
    /// Status to answer: 400, 414, 417, 431, 501 or 505.
    pub fn status(&self) -> u16 {
        self.0.status
    }
}

/// Kind of a [`BodyError`]; decides the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyErrorKind {
    /// The framing is wrong (400 for a request, 502 for a response).
    Malformed,
    /// A limit was passed (413).
    TooLarge,
    /// The input ended before the body did.
    Truncated,
}

/// A body that cannot be read on; the connection is to be closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BodyError {
    kind: BodyErrorKind,
    reason: &'static str,
    rule: &'static str,
}

macro_rules! body_errors {
    ($($name:ident = $kind:ident, $reason:literal, $rule:literal;)*) => {
        impl BodyError {
            $(pub(crate) const $name: Self = Self {
                kind: BodyErrorKind::$kind, reason: $reason, rule: $rule,
            };)*
        }
    };
}

body_errors! {
    CHUNK_SIZE = Malformed, "a chunk size is not 1 to 16 plain hexadecimal digits", "RFC 9112 section 7.1";
    CHUNK_LINE_END = Malformed, "a chunk size line does not end with CRLF", "RFC 9112 section 7.1";
    CHUNK_EXTENSION = Malformed, "a chunk extension holds a control byte", "RFC 9112 section 7.1.1";
    CHUNK_DATA_END = Malformed, "chunk data is not followed by CRLF", "RFC 9112 section 7.1";
    TRAILER_LINE_END = Malformed, "a trailer line does not end with CRLF", "RFC 9112 section 2.2";
    TRAILER_FIELD = Malformed, "a trailer field is malformed", "RFC 9112 section 7.1.2";
    CHUNK_LINE_LONG = TooLarge, "a chunk size line is too long", "RFC 9112 section 7.1.1";
    EXTENSIONS_LONG = TooLarge, "the chunk extensions are too long in all", "RFC 9112 section 7.1.1";
    TINY_CHUNKS = TooLarge, "there are too many tiny chunks", "RFC 9112 section 7.1";
    TRAILERS_LONG = TooLarge, "the trailer section is too large", "RFC 9112 section 7.1.2";
    CONTENT_LARGE = TooLarge, "the content is too large", "RFC 9110 section 15.5.14";
    ENDED_EARLY = Truncated, "the connection ended before the message did", "RFC 9112 section 8";
}

impl BodyError {
    /// Which answer fits.
    pub fn kind(&self) -> BodyErrorKind {
        self.kind
    }

    /// What is wrong, as one clause.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// The rule that was broken.
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.rule)
    }
}

impl std::error::Error for BodyError {}
