//! Variants (RFC 9111 section 4.1): which request fields choose among the stored responses of a
//! key, and when two requests agree in them.
//!
//! A [`Vary`] is the list of names that a response nominates; a [`VariantKey`] is what one request
//! says in those fields, in a normal form. A stored response matches a request if the variant key
//! of the request, by the stored response's Vary, is the one it was stored under.

mod accept_encoding;
mod normal_form;

use tombolo_http1::FieldId;

use crate::key::KeyHash;
use crate::message::{Request, Response, is_token, members};
use crate::metadata::Metadata;

/// The names a response nominates: in lower case, sorted, each once, with commas between them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Vary {
    names: Vec<u8>,
}

/// What a response says of its selection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selecting {
    /// By these fields; maybe none.
    By(Vary),
    /// By things that are in no request field (`*`), or in a way that cannot be read: it matches
    /// no other request.
    Unknown,
}

/// How fields of a request go upstream where that is not as the client sent them. What an answer is
/// selected by is what upstream was sent; so variants are made of that.
pub trait Onward {
    /// Writes what upstream is sent for the field `name`, which is in lower case and known as `id`: nothing if it is not sent
    /// at all, else `:` and a text that differs wherever what is sent does. False: the field goes
    /// upstream as it is.
    fn write(&self, request: &Request<'_>, name: &[u8], id: FieldId, out: &mut Vec<u8>) -> bool;
}

/// All fields go upstream as they are, but for those that end at this hop.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AsSent;

impl Onward for AsSent {
    #[inline]
    fn write(&self, _: &Request<'_>, _: &[u8], _: FieldId, _: &mut Vec<u8>) -> bool {
        false
    }
}

/// What one request says in the fields of a [`Vary`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VariantKey<'a> {
    /// Hash of the text.
    pub hash: KeyHash,
    /// The values in normal form; not for display. What is equal is the same variant.
    pub text: &'a [u8],
}

impl Vary {
    /// Most names that are looked at; a response that nominates more matches no other request.
    pub const NAMES_MAX: usize = 32;

    /// Reads the Vary of a response.
    pub fn of(response: &Response<'_>) -> Selecting {
        let mut names: Vec<Vec<u8>> = Vec::new();
        for name in response.lines(FieldId::Vary).flat_map(members) {
            if name == b"*" || !is_token(name) || names.len() >= Self::NAMES_MAX {
                return Selecting::Unknown;
            }
            names.push(name.to_ascii_lowercase());
        }
        names.sort_unstable();
        names.dedup();
        Selecting::By(Self { names: names.join(&b","[..]) })
    }

    /// From bytes that [`as_bytes`](Self::as_bytes) gave. `None`: they are not such bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let good = bytes.is_empty() || bytes.split(|&byte| byte == b',').all(is_token);
        good.then(|| Self { names: bytes.to_vec() })
    }

    /// The form to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.names
    }

    /// Whether no field is nominated: there is one variant only.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names, in lower case.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.names.split(|&byte| byte == b',').filter(|name| !name.is_empty())
    }

    /// What a request says in these fields, as it goes upstream. Writes into `out`, which is cleared
    /// and reused.
    ///
    /// A field that does not go upstream is absent: its client could otherwise choose the variant by
    /// a field that the answer was not made by.
    /// A field that is absent differs from one that is empty, as RFC 9111 section 4.1 has it.
    pub fn variant<'o>(
        &self,
        request: &Request<'_>,
        onward: &impl Onward,
        out: &'o mut Vec<u8>,
    ) -> VariantKey<'o> {
        out.clear();
        for name in self.names() {
            out.extend_from_slice(name);
            let id = FieldId::of_name(name);
            let sent = request.head.sends_on(request.buf, name, id);
            if sent && !onward.write(request, name, id, out) {
                normal_form::write(request, name, id, out);
            }
            out.push(b'\n');
        }
        VariantKey { hash: KeyHash::of(out), text: out }
    }
}

/// Whether `this` is to be preferred to `other` where both match a request: the one with the
/// later Date, then the one that came later (RFC 9111 section 4.1).
pub fn is_preferred(this: &Metadata, other: &Metadata) -> bool {
    (this.date, this.response_time) > (other.date, other.response_time)
}

#[cfg(test)]
mod tests;
