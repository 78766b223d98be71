//! HTTP/1.1 and 1.0 on bytes: parse, frame, write. No I/O, no clock, no async.
//!
//! Owns the wire format of RFC 9112: heads are read into offsets ([`RequestHead`],
//! [`ResponseHead`]), bodies are cut into pieces in place ([`BodyDecoder`]), and messages are
//! written anew ([`write`](mod@write)). Nothing here forwards a byte of framing it did not
//! understand: what is ambiguous is an error, and the caller answers it and closes.
//!
//! Refuses to know: sockets, time, routing, what a header means to an application, HTTP/2.
//! `docs/protocols/http1.md` lists what is accepted, refused and rewritten, rule by rule.
//!
//! A request, read and written on:
//! ```
//! use tombolo_http1::{HeadLimits, RequestHead, write};
//!
//! let received = b"GET /a HTTP/1.1\r\nHost: example.org\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n";
//! let mut head = RequestHead::new();
//! let taken = head.parse(received, &HeadLimits::default())?.ok_or("incomplete")?;
//! assert_eq!(taken, received.len());
//!
//! let mut sent = Vec::new();
//! write::request_line(&mut sent, head.method_span().of(received), head.target().of(received));
//! write::field(&mut sent, b"Host", head.authority().of(received));
//! for field in head.forwardable(received) {
//!     write::field(&mut sent, field.name.of(received), field.value.of(received));
//! }
//! write::framing(&mut sent, head.framing());
//! write::end(&mut sent);
//! assert_eq!(sent, b"GET /a HTTP/1.1\r\nHost: example.org\r\n\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod chunked;
mod connection;
mod error;
mod field;
mod forward;
mod forwarded;
mod framing;
mod host;
mod limits;
mod method;
mod name;
pub mod normal;
mod other;
mod request;
mod response;
mod scan;
mod section;
mod span;
mod target;
mod trailer;
mod upgrade;
mod version;
pub mod write;

pub use body::{BodyDecoder, Piece};
pub use error::{BodyError, BodyErrorKind, RequestError, ResponseError};
pub use field::{Field, FieldId, FieldSet};
pub use forward::{HOP_BY_HOP, PROTECTED};
pub use forwarded::{forwarded_parameters, is_forwarded};
pub use framing::Framing;
pub use limits::{BodyLimits, HeadLimits, MAX_CONNECTION_OPTIONS, MAX_FIELDS, MAX_LEADING_CRLF};
pub use method::Method;
pub use other::OtherProtocol;
pub use request::RequestHead;
pub use response::ResponseHead;
pub use span::Span;
pub use target::TargetForm;
pub use version::Version;
