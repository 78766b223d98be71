//! Cache-Control of requests and responses (RFC 9111 section 5.2), and the targeted form of RFC
//! 9213. Owns the reading: strict where a wrong one would store or serve too much. Refuses to
//! decide anything.
//!
//! What is not as it should be is read so that less is stored and for a shorter time:
//! - of several values of one directive the smallest counts, of several scopes the widest;
//! - a lifetime that is no number is 0; one beyond 2^31 is 2^31 (RFC 9111 section 1.2.2);
//! - a known directive with an argument it cannot have, or with blanks around `=`, still forbids
//!   what it forbids, and allows nothing;
//! - a quoted string without end makes a whole field allow nothing.
//!
//! Unknown directives are ignored (RFC 9111 section 5.2.3).

mod request;
mod response;
mod structured;
mod targeted;

pub use request::RequestDirectives;
pub use response::{ResponseDirectives, Scope, Source};

use crate::message::{is_token, members, trim};

/// The longest lifetime: what overflows is this (RFC 9111 section 1.2.2). Seconds.
pub const DELTA_SECONDS_MAX: u32 = 1 << 31;

/// One directive as it stands in the field.
#[derive(Clone, Copy, Debug)]
struct Directive<'a> {
    name: &'a [u8],
    argument: Argument<'a>,
}

/// What follows the `=` of a directive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Argument<'a> {
    /// There is no `=`.
    None,
    /// A token, or what stands in for one.
    Plain(&'a [u8]),
    /// The inside of a quoted string, escapes not resolved.
    Quoted(&'a [u8]),
    /// Anything else.
    Malformed,
}

impl<'a> Directive<'a> {
    /// Takes a member apart.
    #[inline]
    fn read(member: &'a [u8]) -> Self {
        let Some(equals) = memchr::memchr(b'=', member) else {
            return Self { name: member, argument: Argument::None };
        };
        let (name, rest) = member.split_at_checked(equals).unwrap_or((member, b"="));
        let value = rest.get(1..).unwrap_or_default();
        let spaced = trim(name).len() != name.len() || trim(value).len() != value.len();
        let argument = match value {
            _ if spaced => Argument::Malformed,
            [b'"', inside @ .., b'"'] => Argument::Quoted(inside),
            _ if is_token(value) => Argument::Plain(value),
            _ => Argument::Malformed,
        };
        Self { name: trim(name), argument }
    }

    #[inline]
    fn is(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl Argument<'_> {
    /// Seconds. `None`: it is not a number.
    #[inline]
    fn seconds(self) -> Option<u32> {
        match self {
            Self::Plain(digits) | Self::Quoted(digits) => delta_seconds(digits),
            Self::None | Self::Malformed => None,
        }
    }
}

/// Reads delta-seconds (RFC 9111 section 1.2.2): digits only, saturating.
#[inline]
pub(crate) fn delta_seconds(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0_u32, |number, digit| {
        number.saturating_mul(10).saturating_add(u32::from(digit - b'0'))
    });
    Some(number.min(DELTA_SECONDS_MAX))
}

/// The directives of one field line, and whether quotes in it are balanced.
#[inline]
fn directives(line: &[u8]) -> (impl Iterator<Item = Directive<'_>>, bool) {
    let balanced = memchr::memchr(b'"', line).is_none() || is_balanced(line);
    // Inside a quoted string without end commas part as well, or it would hide what forbids.
    let parts = balanced.then(|| members(line)).into_iter().flatten();
    let plain = (!balanced).then(|| line.split(|&byte| byte == b',')).into_iter().flatten();
    let all = parts.chain(plain.map(trim).filter(|part| !part.is_empty()));
    (all.map(Directive::read), balanced)
}

/// Whether every quoted string ends.
fn is_balanced(line: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for &byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    !quoted
}

/// The smaller of what was there and what comes.
#[inline]
fn smallest(slot: &mut Option<u32>, value: u32) {
    *slot = Some(slot.map_or(value, |before| before.min(value)));
}

#[cfg(test)]
mod tests;
