//! The accounts of the ledger.

use std::fmt;

/// An account. A debit is positive, a credit negative.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Account {
    /// What a user owes; negative is what the user has paid too much. Known by the user's id, which
    /// says nothing of a person once the user is deleted.
    Receivable(String),
    /// What was earned; a credit, so negative.
    Revenue,
    /// What a payment provider holds for us.
    Cash(String),
    /// What will never be paid.
    Losses,
}

impl Account {
    /// The kind of account, as the database has it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Receivable(_) => "receivable",
            Self::Revenue => "revenue",
            Self::Cash(_) => "cash",
            Self::Losses => "losses",
        }
    }

    /// Whose it is: a user or a provider, or nobody's.
    pub(crate) fn owner(&self) -> &str {
        match self {
            Self::Receivable(owner) | Self::Cash(owner) => owner,
            Self::Revenue | Self::Losses => "",
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owner() {
            "" => f.write_str(self.kind()),
            owner => write!(f, "{}:{owner}", self.kind()),
        }
    }
}
