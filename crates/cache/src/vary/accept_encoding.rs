//! Accept-Encoding in a normal form (RFC 9110 section 12.5.3): the order of codings means nothing,
//! weights do, and both are written in many ways by clients that want the same.

use crate::message::{is_token, members, trim};

/// Most codings that are sorted; browsers send four.
const CODINGS_MAX: usize = 12;

/// A coding and its weight in thousandths.
#[derive(Clone, Copy)]
struct Coding<'a> {
    name: &'a [u8],
    weight: u16,
    /// The first eight bytes of the name in lower case: nearly all there is to sort by.
    order: u64,
}

impl Coding<'_> {
    /// Whole names in lower case, then weights.
    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        let lower = |coding: &Self| coding.name.to_ascii_lowercase();
        lower(self).cmp(&lower(other)).then(self.weight.cmp(&other.weight))
    }
}

/// Appends the codings in order of their names, in lower case, `x-gzip` as `gzip`, each weight
/// other than 1 in thousandths. Does nothing and tells `false` if the field is malformed or long.
pub(super) fn write<'a>(lines: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) -> bool {
    let mut found = [Coding { name: b"", weight: 0, order: 0 }; CODINGS_MAX];
    let mut count = 0;
    for member in lines.flat_map(members) {
        let (Some(coding), Some(slot)) = (read(member), found.get_mut(count)) else { return false };
        *slot = coding;
        count += 1;
    }
    let found = found.get_mut(..count).unwrap_or_default();
    found.sort_unstable_by(|a, b| a.order.cmp(&b.order).then_with(|| a.compare(b)));
    let start = out.len();
    for (index, coding) in found.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(coding.name);
        if coding.weight != 1000 {
            out.push(b';');
            tombolo_http1::write::number(out, u64::from(coding.weight));
        }
    }
    if let Some(written) = out.get_mut(start..) {
        written.make_ascii_lowercase();
    }
    true
}

#[inline]
fn order(name: &[u8]) -> u64 {
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(name) {
        *to = from.to_ascii_lowercase();
    }
    u64::from_be_bytes(first)
}

#[inline]
fn read(member: &[u8]) -> Option<Coding<'_>> {
    if is_token(member) && !matches!(member, [b'x' | b'X', ..]) {
        return Some(Coding { name: member, weight: 1000, order: order(member) });
    }
    let mut parts = member.split(|&byte| byte == b';').map(trim);
    let name = parts.next().filter(|name| is_token(name))?;
    let name: &[u8] = match name {
        _ if name.eq_ignore_ascii_case(b"x-gzip") => b"gzip",
        _ if name.eq_ignore_ascii_case(b"x-compress") => b"compress",
        _ => name,
    };
    let weight = match (parts.next(), parts.next()) {
        (None, _) => 1000,
        (Some([b'q' | b'Q', b'=', weight @ ..]), None) => thousandths(weight)?,
        _ => return None,
    };
    Some(Coding { name, weight, order: order(name) })
}

/// A weight (RFC 9110 section 12.4.2): 0 to 1 with up to three decimals.
fn thousandths(weight: &[u8]) -> Option<u16> {
    let (whole, decimals) = match weight {
        [whole] => (*whole, &b""[..]),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (*whole, decimals),
        _ => return None,
    };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let mut sum = digit(whole)?;
    for index in 0..3 {
        sum = sum * 10 + decimals.get(index).map_or(Some(0), |&byte| digit(byte))?;
    }
    (sum <= 1000).then_some(sum)
}
