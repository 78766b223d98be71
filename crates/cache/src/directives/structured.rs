//! Dictionaries of Structured Fields (RFC 9651 section 4.2.2), as far as a cache needs them: the
//! grammar in full, the values only where a directive has one.

use super::DELTA_SECONDS_MAX;

/// A member's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    /// `?1`, or no value at all.
    True,
    /// A number without a fraction, below 0 as 0, above 2^31 as 2^31.
    Integer(u32),
    /// A string, escapes resolved.
    String(Vec<u8>),
    /// A well-formed value of another type.
    Other,
}

/// Reads a dictionary; of a key that occurs twice the last value counts. `None`: it is malformed.
pub(super) fn dictionary(input: &[u8]) -> Option<Vec<(&[u8], Value)>> {
    let mut reader = Reader { rest: input };
    let mut found: Vec<(&[u8], Value)> = Vec::new();
    reader.skip(b" ");
    while !reader.rest.is_empty() {
        let key = reader.key()?;
        let value = if reader.take(b'=') { reader.member()? } else { Value::True };
        reader.parameters()?;
        found.retain(|(known, _)| *known != key);
        found.push((key, value));
        reader.skip(b" \t");
        if reader.rest.is_empty() {
            break;
        }
        reader.take(b',').then_some(())?;
        reader.skip(b" \t");
        // A comma at the end has nothing after it.
        (!reader.rest.is_empty()).then_some(())?;
    }
    Some(found)
}

/// What is left to read.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn skip(&mut self, bytes: &[u8]) {
        while let [first, rest @ ..] = self.rest
            && bytes.contains(first)
        {
            self.rest = rest;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// The longest run of bytes that fit.
    fn run(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| !fits(byte)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
        self.rest = rest;
        run
    }

    fn key(&mut self) -> Option<&'a [u8]> {
        let starts = self.rest.first().is_some_and(|b| b.is_ascii_lowercase() || *b == b'*');
        starts.then(|| {
            self.run(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.*".contains(&b))
        })
    }

    /// An item or an inner list.
    fn member(&mut self) -> Option<Value> {
        if !self.take(b'(') {
            return self.bare_item();
        }
        loop {
            self.skip(b" ");
            if self.take(b')') {
                return Some(Value::Other);
            }
            self.bare_item()?;
            self.parameters()?;
            matches!(self.rest, [b' ' | b')', ..]).then_some(())?;
        }
    }

    fn parameters(&mut self) -> Option<()> {
        while self.take(b';') {
            self.skip(b" ");
            self.key()?;
            if self.take(b'=') {
                self.bare_item()?;
            }
        }
        Some(())
    }

    fn bare_item(&mut self) -> Option<Value> {
        match self.rest {
            [b'-' | b'0'..=b'9', ..] => self.number(),
            [b'"', ..] => self.string().map(Value::String),
            [b'?', b'1', rest @ ..] => {
                self.rest = rest;
                Some(Value::True)
            }
            [b'?', b'0', rest @ ..] => {
                self.rest = rest;
                Some(Value::Other)
            }
            [b'@', rest @ ..] => {
                self.rest = rest;
                (self.number()? != Value::Other).then_some(Value::Other)
            }
            [b':', rest @ ..] => {
                self.rest = rest;
                self.run(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
                self.take(b':').then_some(Value::Other)
            }
            [b'%', rest @ ..] => {
                self.rest = rest;
                self.string().map(|_| Value::Other)
            }
            [first, ..] if first.is_ascii_alphabetic() || *first == b'*' => {
                self.run(|b| crate::message::is_token_byte(b) || b":/".contains(&b));
                Some(Value::Other)
            }
            _ => None,
        }
    }

    /// An integer of up to 15 digits, or a decimal of up to 12 and 3.
    fn number(&mut self) -> Option<Value> {
        let negative = self.take(b'-');
        let whole = self.run(|byte| byte.is_ascii_digit());
        if self.take(b'.') {
            let fraction = self.run(|byte| byte.is_ascii_digit());
            let fits = (1..=12).contains(&whole.len()) && (1..=3).contains(&fraction.len());
            return fits.then_some(Value::Other);
        }
        (1..=15).contains(&whole.len()).then_some(())?;
        let number = super::delta_seconds(whole)?.min(DELTA_SECONDS_MAX);
        Some(Value::Integer(if negative { 0 } else { number }))
    }

    fn string(&mut self) -> Option<Vec<u8>> {
        self.take(b'"').then_some(())?;
        let mut text = Vec::new();
        loop {
            let (first, rest) = self.rest.split_first()?;
            self.rest = rest;
            match first {
                b'"' => return Some(text),
                b'\\' => {
                    let (escaped, rest) = self.rest.split_first()?;
                    matches!(escaped, b'"' | b'\\').then_some(())?;
                    self.rest = rest;
                    text.push(*escaped);
                }
                0x20..=0x7e => text.push(*first),
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read(text: &str) -> bool {
        dictionary(text.as_bytes()).is_some()
    }

    #[test]
    fn rfc9651_4_2_2_dictionaries() {
        for good in [
            "",
            "a",
            "a, b=1",
            "a=?0 ,\tb=\"x\\\"y\";q=1;r",
            "a=(1 \"b\";c  d), e=:Zm9v:, f=1.5, g=tok/en:x, h=@1",
            "*a=-3",
        ] {
            assert!(is_read(good), "{good}");
        }
        for bad in [
            "A=1",
            "a =1",
            "a= 1",
            "a=",
            "a=\"x",
            "a,",
            ",a",
            "a b",
            "a=1.",
            "a=&",
            "a=(1",
            "1a",
            "a=1234567890123456",
            "a=\"\u{e9}\"",
            "a=?2",
            "a=:x",
        ] {
            assert!(!is_read(bad), "{bad}");
        }
    }

    #[test]
    fn the_last_of_a_key_counts() {
        let found = dictionary(b"a=1, b=2, a=3").unwrap();
        assert_eq!(found, [(&b"b"[..], Value::Integer(2)), (b"a", Value::Integer(3))]);
    }
}
