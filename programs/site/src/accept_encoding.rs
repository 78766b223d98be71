//! Which content coding to send (RFC 9110, section 12.5.3).

use crate::preference::{self, Weight};

/// A content coding for which a precompressed file may lie beside the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Brotli,
    Zstandard,
    Gzip,
}

impl Coding {
    /// In the order in which the server prefers them, where the client does not mind: by how
    /// small they usually make a page.
    pub(crate) const ALL: [Self; 3] = [Self::Brotli, Self::Zstandard, Self::Gzip];

    /// The name in `Accept-Encoding` and `Content-Encoding`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstandard => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// The extension of the precompressed file, appended to the original's name.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstandard => ".zst",
            Self::Gzip => ".gz",
        }
    }

    /// Whether an element of `Accept-Encoding` names this coding. `x-gzip` is an old name for
    /// gzip (RFC 9110, section 8.4.1.3).
    fn is_named(self, name: &[u8]) -> bool {
        name.eq_ignore_ascii_case(self.name().as_bytes())
            || (self == Self::Gzip && name.eq_ignore_ascii_case(b"x-gzip"))
    }
}

/// What was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The original, without coding.
    Identity,
    Coded(Coding),
    /// The client refuses all there is, `identity` too.
    NotAcceptable,
}

/// Chooses among the original and the `available` codings. `field` is the value of
/// `Accept-Encoding`; a client that sends none gets the original, since it may know no coding.
pub(crate) fn choose(field: Option<&[u8]>, available: &[Coding]) -> Choice {
    let Some(field) = field else {
        return Choice::Identity;
    };
    // Not listed: identity is acceptable, only less welcome than anything that is listed.
    let identity = weight(field, |name| name.eq_ignore_ascii_case(b"identity"));
    let mut best = (identity.unwrap_or(0), Choice::Identity);
    for coding in Coding::ALL.into_iter().filter(|coding| available.contains(coding)) {
        let weight = weight(field, |name| coding.is_named(name)).unwrap_or(0);
        let tie = weight == best.0 && best.1 == Choice::Identity;
        if weight > 0 && (weight > best.0 || tie) {
            best = (weight, Choice::Coded(coding));
        }
    }
    match best {
        (0, Choice::Identity) if identity == Some(0) => Choice::NotAcceptable,
        (_, choice) => choice,
    }
}

/// The weight of the element that is `named`, else that of `*`, else None.
fn weight(field: &[u8], named: impl Fn(&[u8]) -> bool) -> Option<Weight> {
    let mut star = None;
    for preference in preference::read(field) {
        if named(preference.name) {
            return Some(preference.weight);
        }
        if preference.name == b"*" {
            star = star.or(Some(preference.weight));
        }
    }
    star
}

#[cfg(test)]
mod tests {
    use super::*;
    use Choice::{Coded, Identity, NotAcceptable};
    use Coding::{Brotli, Gzip, Zstandard};

    fn chosen(field: &str) -> Choice {
        choose(Some(field.as_bytes()), &[Gzip, Brotli, Zstandard])
    }

    #[test]
    fn the_heaviest_coding_wins_and_ties_go_to_the_smallest() {
        assert_eq!(chosen("gzip, deflate, br, zstd"), Coded(Brotli));
        assert_eq!(chosen("gzip, zstd"), Coded(Zstandard));
        assert_eq!(chosen("br;q=0.5, gzip;q=0.8"), Coded(Gzip));
        assert_eq!(chosen("X-GZIP"), Coded(Gzip));
        assert_eq!(chosen("*"), Coded(Brotli));
        assert_eq!(chosen("br;q=0, *"), Coded(Zstandard));
        assert_eq!(chosen("identity, br"), Coded(Brotli), "equal weight: the smaller answer");
    }

    #[test]
    fn identity_is_the_fallback_and_can_be_preferred() {
        assert_eq!(chosen(""), Identity);
        assert_eq!(chosen("deflate"), Identity);
        assert_eq!(chosen("br;q=0.5, identity;q=0.6"), Identity);
        assert_eq!(chosen("br;q=0"), Identity);
        assert_eq!(choose(None, &[Brotli]), Identity);
        assert_eq!(choose(Some(b"br"), &[]), Identity);
        assert_eq!(choose(Some(b"br"), &[Gzip]), Identity);
    }

    #[test]
    fn identity_can_be_refused() {
        assert_eq!(chosen("identity;q=0"), NotAcceptable);
        assert_eq!(chosen("*;q=0"), NotAcceptable);
        assert_eq!(chosen("gzip, *;q=0"), Coded(Gzip));
        assert_eq!(chosen("gzip, identity;q=0"), Coded(Gzip));
        assert_eq!(chosen("identity;q=0.1, *;q=0"), Identity);
        assert_eq!(choose(Some(b"br, identity;q=0"), &[]), NotAcceptable);
    }
}
