//! An exchange whose trace is recorded: the ids go before what is remembered of any.

use super::Seen;
use super::pen::{Pen, Reading};

/// Words of the ids.
pub(super) const WORDS: usize = 4;

/// Which trace an exchange belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traced {
    pub(crate) trace: u128,
    /// The exchange's own span.
    pub(crate) span: u64,
    /// The span that it is a child of; 0: none.
    pub(crate) parent: u64,
}

/// A recorded exchange.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) traced: Traced,
    pub(crate) seen: Seen,
}

impl Traced {
    #[inline]
    pub(super) fn write(&self, pen: &mut Pen<'_>) {
        pen.word((self.trace >> 64) as u64);
        pen.word(self.trace as u64);
        pen.word(self.span);
        pen.word(self.parent);
    }

    /// Reads the words of a slot, its number first.
    pub(super) fn read(words: &[u64]) -> Self {
        let mut from = Reading::new(words.get(1..).unwrap_or_default());
        let trace = u128::from(from.word()) << 64 | u128::from(from.word());
        Self { trace, span: from.word(), parent: from.word() }
    }
}
