//! Plain arithmetic without an evaluator: exact fractions, and a bound on the cost known beforehand.
//!
//! Takes decimal numbers, variables that hold fractions, `+ - * / ^` and round brackets; a power
//! has a whole exponent of at most [`EXPONENT`]. Each step of reading takes at least one byte of a
//! line of bounded length and does one operation on numbers below [`PARTS_BELOW`], so the whole
//! costs microseconds. Whatever else is in an expression, goes beyond those numbers, or has no
//! short decimal expansion is left to an evaluator, which gives the same result for everything
//! that is taken here: a test of the evaluator sees to that.

use num_rational::Ratio;
use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, CheckedSub, Zero};

use crate::limits::NESTING;

/// An exact fraction of small whole numbers.
pub(crate) type Fraction = Ratio<i128>;

/// Above the numerators and denominators that are worked with here.
const PARTS_BELOW: i128 = 10_i128.pow(36);

/// The digits of a number as it is written here.
const DIGITS: usize = 30;

/// The largest exponent.
const EXPONENT: i128 = 128;

/// Digits behind the point of a result.
const DECIMALS: u32 = 18;

/// The value of an expression that is plain arithmetic; None for every other. `variable` knows
/// the variables that hold fractions.
pub(crate) fn value(
    expression: &str,
    variable: impl Fn(&str) -> Option<Fraction>,
) -> Option<Fraction> {
    let mut reader = Reader { rest: expression.as_bytes(), depth: 0, variable };
    let value = reader.sum()?;
    reader.peek().is_none().then_some(value)
}

/// Writes a fraction as a decimal number; None if it has no end, or only after many digits.
pub(crate) fn decimal(fraction: &Fraction) -> Option<String> {
    let sign = if *fraction.numer() < 0 { "-" } else { "" };
    let (numerator, denominator) = (fraction.numer().checked_abs()?, *fraction.denom());
    let mut text = format!("{sign}{}", numerator.checked_div(denominator)?);
    let mut rest = numerator.checked_rem(denominator)?;
    if rest == 0 {
        return Some(text);
    }
    text.push('.');
    for _ in 0..DECIMALS {
        rest = rest.checked_mul(10)?;
        let digit = u32::try_from(rest.checked_div(denominator)?).ok()?;
        text.push(char::from_digit(digit, 10)?);
        rest = rest.checked_rem(denominator)?;
        if rest == 0 {
            return Some(text);
        }
    }
    None
}

/// Reads and works out in one go. Every method gives None for what is not taken here.
struct Reader<'a, V> {
    rest: &'a [u8],
    depth: usize,
    variable: V,
}

impl<'a, V: Fn(&str) -> Option<Fraction>> Reader<'a, V> {
    fn sum(&mut self) -> Option<Fraction> {
        let mut value = self.product()?;
        loop {
            value = match self.peek() {
                Some(b'+') => small(value.checked_add(&self.after_operator(Self::product)?)?)?,
                Some(b'-') => small(value.checked_sub(&self.after_operator(Self::product)?)?)?,
                _ => return Some(value),
            };
        }
    }

    fn product(&mut self) -> Option<Fraction> {
        let mut value = self.signed()?;
        loop {
            value = match self.peek() {
                Some(b'*') => small(value.checked_mul(&self.after_operator(Self::signed)?)?)?,
                Some(b'/') => {
                    let divisor = self.after_operator(Self::signed)?;
                    small(value.checked_div(&divisor)?)?
                }
                _ => return Some(value),
            };
        }
    }

    /// Signs bind less than powers: `-2^2` is -4.
    fn signed(&mut self) -> Option<Fraction> {
        let mut negative = false;
        while let Some(sign @ (b'+' | b'-')) = self.peek() {
            negative ^= sign == b'-';
            self.step();
        }
        let value = self.power()?;
        Some(if negative { -value } else { value })
    }

    /// Powers group from the right: `2^3^2` is 512.
    fn power(&mut self) -> Option<Fraction> {
        let base = self.single()?;
        if self.peek() != Some(b'^') {
            return Some(base);
        }
        self.depth += 1;
        if self.depth > NESTING {
            return None;
        }
        let exponent = self.after_operator(Self::power)?;
        self.depth -= 1;
        raise(base, &exponent)
    }

    /// A number, a variable or a bracket.
    fn single(&mut self) -> Option<Fraction> {
        match self.peek()? {
            b'(' => {
                self.depth += 1;
                if self.depth > NESTING {
                    return None;
                }
                let value = self.after_operator(Self::sum)?;
                self.depth -= 1;
                let closed = self.peek()? == b')';
                self.step();
                closed.then_some(value)
            }
            b'0'..=b'9' => self.number(),
            first if first.is_ascii_alphabetic() => {
                let name = self.take(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                (self.variable)(std::str::from_utf8(name).ok()?)
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<Fraction> {
        let text = self.take(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'));
        let whole = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let decimals = match text.get(whole..)? {
            [] => 0,
            [b'.', decimals @ ..] if !decimals.is_empty() => decimals.len(),
            _ => return None,
        };
        let is_plain = text.iter().filter(|byte| !byte.is_ascii_digit()).count() <= 1;
        if text.len() > DIGITS || !is_plain {
            return None;
        }
        let mut numerator = 0_i128;
        for byte in text.iter().filter(|byte| **byte != b'.') {
            let digit = char::from(*byte).to_digit(10)?;
            numerator = numerator.checked_mul(10)?.checked_add(i128::from(digit))?;
        }
        let denominator = 10_i128.checked_pow(u32::try_from(decimals).ok()?)?;
        Some(Ratio::new(numerator, denominator))
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn step(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    fn after_operator(
        &mut self,
        read: impl FnOnce(&mut Self) -> Option<Fraction>,
    ) -> Option<Fraction> {
        self.step();
        read(self)
    }

    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let length = self.rest.iter().take_while(|byte| wanted(**byte)).count();
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }
}

fn raise(base: Fraction, exponent: &Fraction) -> Option<Fraction> {
    let whole = exponent.is_integer().then(|| *exponent.numer())?;
    // Zero to the power of zero is for the evaluator to refuse.
    if !(0..=EXPONENT).contains(&whole) || (whole == 0 && base.is_zero()) {
        return None;
    }
    let exponent = u32::try_from(whole).ok()?;
    let numerator = base.numer().checked_pow(exponent)?;
    let denominator = base.denom().checked_pow(exponent)?;
    small(Ratio::new(numerator, denominator))
}

/// The value, unless it is outside of what is worked with here.
fn small(value: Fraction) -> Option<Fraction> {
    let inside =
        (-PARTS_BELOW..PARTS_BELOW).contains(value.numer()) && *value.denom() < PARTS_BELOW;
    inside.then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn result(expression: &str) -> Option<String> {
        let variable = |name: &str| match name {
            "x" => Some(Ratio::new(5, 1)),
            "third" => Some(Ratio::new(1, 3)),
            _ => None,
        };
        decimal(&value(expression, variable)?)
    }

    #[test]
    fn plain_arithmetic_is_exact() {
        for (expression, expected) in [
            ("2+3*4", "14"),
            (" ( 2 + 3 ) * 4 ", "20"),
            ("0.1+0.2", "0.3"),
            ("x^2", "25"),
            ("third*3", "1"),
            ("-2^2", "-4"),
            ("2^3^2", "512"),
            ("100/8/2", "6.25"),
            ("5 - -3", "8"),
            ("2*-3", "-6"),
            ("0-0.5", "-0.5"),
            ("1.50", "1.5"),
            ("2^100", "1267650600228229401496703205376"),
        ] {
            assert_eq!(result(expression).as_deref(), Some(expected), "{expression}");
        }
    }

    #[test]
    fn everything_else_is_left_to_the_evaluator() {
        for expression in [
            "", "1/3", "1/0", "0^0", "2^0.5", "2^-1", "y", "2x", "2 3", "5 km", "1e3", "0x10",
            "1_000", "1,000", "5!", "50%", "(1", "1)", "5.", ".5", "1.2.3", "9^9^9", "2^200",
            "third", "1/2^40", "sqrt 4", "2 == 2",
        ] {
            assert_eq!(result(expression), None, "{expression}");
        }
        let deep = format!("{}1{}", "(".repeat(2000), ")".repeat(2000));
        assert_eq!(result(&deep), None);
        assert_eq!(result(&"1^".repeat(2000)), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(expression in "[-+*/^(). x0-9]{0,60}|\\PC{0,30}") {
            let _ = result(&expression);
        }
    }
}
