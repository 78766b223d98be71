//! Weighted lists of what a client would rather have (RFC 9110, section 12.4): `Accept-Encoding`
//! and `Accept-Language`.
//!
//! Reads and ranks; which representations there are to choose from is for others to know.

/// Elements read from one field. A client that sends more is served by its first ones.
const ELEMENTS: usize = 64;

/// A weight in thousandths, 0 to 1000. 0 means: not acceptable.
pub(crate) type Weight = u16;

/// One element: its name and its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Preference<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) weight: Weight,
}

/// Reads a list. Elements with a malformed weight are left out: they state no preference.
pub(crate) fn read(field: &[u8]) -> impl Iterator<Item = Preference<'_>> {
    field.split(|byte| *byte == b',').take(ELEMENTS).filter_map(|element| {
        let mut parts = element.split(|byte| *byte == b';');
        let name = parts.next().unwrap_or_default().trim_ascii();
        let mut weight = 1000;
        for parameter in parts {
            if let Some((b'q' | b'Q', value)) = parameter.trim_ascii().split_first() {
                weight = qvalue(value.strip_prefix(b"=")?)?;
            }
        }
        (!name.is_empty()).then_some(Preference { name, weight })
    })
}

/// `0`, `0.5`, `1.000`: at most three decimals, at most one.
fn qvalue(value: &[u8]) -> Option<Weight> {
    let (whole, decimals) = match value {
        [whole] => (whole, &[][..]),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (whole, decimals),
        _ => return None,
    };
    let mut weight = match whole {
        b'0' => 0,
        b'1' => 1000,
        _ => return None,
    };
    for (digit, scale) in decimals.iter().zip([100, 10, 1]) {
        weight += digit.is_ascii_digit().then(|| Weight::from(digit - b'0') * scale)?;
    }
    (weight <= 1000).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(field: &str) -> Vec<(String, Weight)> {
        read(field.as_bytes())
            .map(|one| (String::from_utf8_lossy(one.name).into_owned(), one.weight))
            .collect()
    }

    #[test]
    fn weights_are_read_in_thousandths() {
        let expected = [("br", 1000), ("gzip", 800), ("x", 0), ("y", 1000), ("z", 125)];
        assert_eq!(
            list("br, gzip;q=0.8 ,x;q=0,y;q=1.000,z ; Q=0.125"),
            expected.map(|(name, weight)| (name.to_owned(), weight))
        );
    }

    #[test]
    fn malformed_elements_are_left_out() {
        assert_eq!(list("a;q=2,b;q=0.1234,c;q=,d;q=1.5,e;q=-1,f;q=.5,,;q=1"), []);
        assert_eq!(list(""), []);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(field in proptest::collection::vec(any::<u8>(), 0..80)) {
            for one in read(&field) {
                prop_assert!(one.weight <= 1000 && !one.name.is_empty());
            }
        }
    }
}
