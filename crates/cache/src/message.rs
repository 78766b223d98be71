//! Messages as the policy sees them: a parsed head together with its bytes. Owns field look-up
//! over several lines and the walk through lists; refuses to know what a field means.

use tombolo_http1::{Field, FieldId, Method, RequestHead, ResponseHead};

/// A request head and the bytes it refers to.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The parsed head.
    pub head: &'a RequestHead,
    /// The buffer it was parsed from.
    pub buf: &'a [u8],
}

/// A response head and the bytes it refers to.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// The parsed head.
    pub head: &'a ResponseHead,
    /// The buffer it was parsed from.
    pub buf: &'a [u8],
}

impl<'a> Request<'a> {
    /// Request method.
    pub fn method(&self) -> Method {
        self.head.method()
    }

    /// Whether the field is present.
    #[inline]
    pub fn has(&self, id: FieldId) -> bool {
        self.head.field(id).is_some()
    }

    /// Value of the first line of the field.
    #[inline]
    pub fn first(&self, id: FieldId) -> Option<&'a [u8]> {
        self.head.field(id).map(|value| value.of(self.buf))
    }

    /// Values of all lines of the field, in order.
    #[inline]
    pub fn lines(&self, id: FieldId) -> Lines<'a> {
        Lines::new(self.head.fields(), self.buf, id, self.has(id))
    }

    /// Values of all lines called `name`, in order.
    pub fn named(&self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        named(self.head.fields(), self.buf, name)
    }
}

impl<'a> Response<'a> {
    /// Status code.
    pub fn status(&self) -> u16 {
        self.head.status()
    }

    /// Whether the field is present.
    #[inline]
    pub fn has(&self, id: FieldId) -> bool {
        self.head.field(id).is_some()
    }

    /// Value of the first line of the field.
    #[inline]
    pub fn first(&self, id: FieldId) -> Option<&'a [u8]> {
        self.head.field(id).map(|value| value.of(self.buf))
    }

    /// Values of all lines of the field, in order.
    #[inline]
    pub fn lines(&self, id: FieldId) -> Lines<'a> {
        Lines::new(self.head.fields(), self.buf, id, self.has(id))
    }

    /// Values of all lines called `name`, in order.
    pub fn named(&self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        named(self.head.fields(), self.buf, name)
    }
}

fn named<'a>(
    fields: &'a [Field],
    buf: &'a [u8],
    name: &'a [u8],
) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
    let matching = move |field: &&Field| field.name.of(buf).eq_ignore_ascii_case(name);
    fields.iter().filter(matching).map(|field| field.value.of(buf))
}

/// The values of all lines of one field.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    fields: std::slice::Iter<'a, Field>,
    buf: &'a [u8],
    id: FieldId,
}

impl<'a> Lines<'a> {
    #[inline]
    fn new(fields: &'a [Field], buf: &'a [u8], id: FieldId, present: bool) -> Self {
        let fields = if present { fields } else { &[] };
        Self { fields: fields.iter(), buf, id }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let Self { fields, buf, id } = self;
        fields.find(|field| field.id == *id).map(|field| field.value.of(buf))
    }
}

/// Removes spaces and tabs at both ends (OWS, RFC 9110 section 5.6.3).
#[inline]
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The members of a comma-separated list, without empty ones (RFC 9110 section 5.6.1). A comma
/// inside a quoted string does not part members.
#[inline]
pub(crate) fn members(list: &[u8]) -> Members<'_> {
    Members { rest: list }
}

/// Iterator of [`members`].
#[derive(Clone, Debug)]
pub(crate) struct Members<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Members<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let end = member_end(self.rest);
            let member = trim(self.rest.get(..end).unwrap_or_default());
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            if !member.is_empty() {
                return Some(member);
            }
        }
        None
    }
}

/// Where the first member ends: at its comma or at the end of the list.
#[inline]
fn member_end(list: &[u8]) -> usize {
    // Members are short: a loop is done before a vector search has begun.
    let plain = list.iter().position(|&byte| byte == b',' || byte == b'"');
    let Some(end) = plain else { return list.len() };
    if list.get(end) == Some(&b',') { end } else { quoted_member_end(list) }
}

/// The same for a member with quotes in it.
fn quoted_member_end(list: &[u8]) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (index, &byte) in list.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return index,
            _ => {}
        }
    }
    list.len()
}

/// Whether `bytes` are a token (RFC 9110 section 5.6.2).
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token_byte(byte))
}

/// Bytes of a token, a bit each.
const TOKEN_BYTES: u128 = {
    let mut bits = 0;
    let mut byte = 0_u8;
    while byte < 128 {
        let sign = matches!(
            byte,
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~'
        );
        if sign || byte.is_ascii_alphanumeric() {
            bits |= 1 << byte;
        }
        byte += 1;
    }
    bits
};

#[inline]
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte < 128 && TOKEN_BYTES >> byte & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9110_5_6_2_tokens() {
        let signs: Vec<u8> =
            (0..=255).filter(|b| is_token_byte(*b) && !b.is_ascii_alphanumeric()).collect();
        assert_eq!(signs, b"!#$%&'*+-.^_`|~");
        assert!(is_token(b"aZ09") && !is_token(b"") && !is_token(b"a b"));
    }

    #[test]
    fn rfc9110_5_6_1_lists() {
        let parts = |list: &'static str| members(list.as_bytes()).collect::<Vec<_>>();
        assert_eq!(parts("a, b\t,,c ,"), [b"a", b"b", b"c"]);
        assert_eq!(parts(r#"a="x,\",y" , b"#), [&br#"a="x,\",y""#[..], b"b"]);
        assert_eq!(parts(r#"a="x, b"#), [br#"a="x, b"#]);
        assert!(parts(" , ,").is_empty());
    }
}
