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
}

/// Appends the codings in order of their names, in lower case, `x-gzip` as `gzip`, each weight
/// other than 1 in thousandths. Does nothing and tells `false` if the field is malformed or long.
pub(super) fn write<'a>(lines: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) -> bool {
    let mut found = [Coding { name: b"", weight: 0 }; CODINGS_MAX];
    let mut count = 0;
    for member in lines.flat_map(members) {
        let (Some(coding), Some(slot)) = (read(member), found.get_mut(count)) else { return false };
        *slot = coding;
        count += 1;
    }
    let found = found.get_mut(..count).unwrap_or_default();
    found.sort_unstable_by(|a, b| {
        let lower = |coding: &Coding<'a>| coding.name.iter().map(u8::to_ascii_lowercase);
        lower(a).cmp(lower(b)).then(a.weight.cmp(&b.weight))
    });
    for (index, coding) in found.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend(coding.name.iter().map(u8::to_ascii_lowercase));
        if coding.weight != 1000 {
            out.push(b';');
            tombolo_http1::write::number(out, u64::from(coding.weight));
        }
    }
    true
}

fn read(member: &[u8]) -> Option<Coding<'_>> {
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
    Some(Coding { name, weight })
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
