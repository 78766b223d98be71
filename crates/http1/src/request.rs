//! The head of a request: start line, fields, framing, and what the client asked of the
//! connection. Owns the questions one can ask of it; `parse` owns the reading. Refuses to decide
//! routing or policy.

mod parse;

use crate::forward::REQUEST_ONLY;
use crate::framing::Framing;
use crate::normal::NormalPath;
use crate::scan::Scan;
use crate::section::Section;
use crate::target::Target;
use crate::{Field, FieldId, FieldSet, Method, Span, TargetForm, Version};

/// A request head (RFC 9112 sections 2 to 3).
///
/// Reusable: [`parse`](Self::parse) refills it and keeps its allocation, so a connection's
/// second request allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    scan: Scan,
    section: Section,
    line: Line,
    target: Target,
    path: NormalPath,
    authority: Span,
    framing: Framing,
    expects_continue: bool,
    accepts_trailers: bool,
    upgrade: Option<Span>,
}

/// The request line.
#[derive(Clone, Copy, Debug)]
struct Line {
    method: Method,
    method_span: Span,
    target: Span,
    version: Version,
}

impl Default for Line {
    fn default() -> Self {
        let method_span = Span::default();
        Self { method: Method::Get, method_span, target: method_span, version: Version::Http11 }
    }
}

impl RequestHead {
    /// An empty head.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything, progress through an unfinished head included.
    pub fn reset(&mut self) {
        let mut section = std::mem::take(&mut self.section);
        section.clear();
        let mut path = std::mem::take(&mut self.path);
        path.clear();
        *self = Self { section, path, ..Self::default() };
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.line.method
    }

    /// The method as it was sent.
    pub fn method_span(&self) -> Span {
        self.line.method_span
    }

    /// The request target as it was sent.
    pub fn target(&self) -> Span {
        self.line.target
    }

    /// Form of the request target.
    pub fn form(&self) -> TargetForm {
        self.target.form
    }

    /// Path and query to send on in origin-form. For an absolute-form target without a path it is
    /// empty (send `/`, or `*` for OPTIONS: RFC 9112 section 3.2.4) or begins with `?` (put `/`
    /// before it); for CONNECT it is empty.
    pub fn path_and_query(&self) -> Span {
        self.target.path_and_query
    }

    /// Path and query in the form in which they are compared: the path in normal form
    /// ([`normal`](crate::normal)), the query as it was sent. It begins with `/`; `*` and CONNECT
    /// have `/`.
    #[inline]
    pub fn normal_path<'a>(&'a self, buf: &'a [u8]) -> &'a [u8] {
        self.path.normal(self.target.path_and_query.of(buf))
    }

    /// [`path_and_query`](Self::path_and_query) without dot segments, all else byte for byte.
    #[inline]
    pub fn resolved_path<'a>(&'a self, buf: &'a [u8]) -> &'a [u8] {
        self.path.resolved(self.target.path_and_query.of(buf))
    }

    /// Whether the path has dot segments, plain or encoded.
    pub fn has_dot_segments(&self) -> bool {
        self.path.has_dots()
    }

    /// Whether the path is spelled in a way that a server may take for another path than its
    /// normal form, dot segments aside ([`NormalPath::is_respelled`]).
    pub fn is_respelled(&self) -> bool {
        self.path.is_respelled()
    }

    /// The authority that counts: the target's if it has one, else Host's value. Empty for an
    /// HTTP/1.0 request without either.
    pub fn authority(&self) -> Span {
        self.authority
    }

    /// Protocol version of the sender.
    pub fn version(&self) -> Version {
        self.line.version
    }

    /// All fields in order.
    pub fn fields(&self) -> &[Field] {
        &self.section.fields
    }

    /// How the body is framed; never [`Framing::UntilClose`].
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Whether the body has, or may turn out to have, bytes.
    pub fn has_content(&self) -> bool {
        !matches!(self.framing, Framing::None | Framing::Length(0))
    }

    /// Whether the client would keep the connection (RFC 9112 section 9.3).
    pub fn keep_alive(&self) -> bool {
        self.section.keep_alive(self.line.version)
    }

    /// Whether the client waits for 100 before it sends its content. True for HTTP/1.1 with
    /// exactly `Expect: 100-continue` and content to come.
    pub fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    /// Protocols the client would switch to (RFC 9110 section 7.8): Connection nominates Upgrade,
    /// which is present once, in HTTP/1.1, without content. `h2c` is never reported.
    pub fn upgrade(&self) -> Option<Span> {
        self.upgrade
    }

    /// Whether the client takes trailers: `TE` lists `trailers` (RFC 9110 section 10.1.4).
    pub fn accepts_trailers(&self) -> bool {
        self.accepts_trailers
    }

    /// Value of the first field known as `id`.
    #[inline]
    pub fn field(&self, id: FieldId) -> Option<Span> {
        self.section.value(id)
    }

    /// Whether fields called `name`, which is known as `id`, are among those to send on: no, if they belong to this hop, or
    /// if Connection nominates them and may (RFC 9110 section 7.6.1).
    #[inline]
    pub fn sends_on(&self, buf: &[u8], name: &[u8], id: FieldId) -> bool {
        crate::forward::goes_on(&self.section, buf, name, id)
    }

    /// The fields to send on, in order.
    ///
    /// Left out: hop-by-hop and Connection-nominated fields, Content-Length and
    /// Transfer-Encoding and Host (written anew), `Proxy`, names that fold onto known ones, and
    /// Expect unless [`expects_continue`](Self::expects_continue).
    pub fn forwardable<'h>(&'h self, buf: &'h [u8]) -> impl Iterator<Item = Field> + 'h {
        const WITHOUT_EXPECT: FieldSet = REQUEST_ONLY.and(FieldSet::of(&[FieldId::Expect]));
        let also = if self.expects_continue { REQUEST_ONLY } else { WITHOUT_EXPECT };
        self.section.forwardable(buf, also)
    }
}

#[cfg(test)]
mod tests;
