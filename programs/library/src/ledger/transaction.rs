//! Transactions: entries that sum to 0.

use std::collections::BTreeMap;

use super::account::Account;
use super::money::{Currency, Money};

/// What a transaction tells. Together with its reference it is known by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// An invoice was finalised; the reference is the invoice's id.
    Invoice,
    /// An invoice was voided: reverses the transaction of the invoice of this id.
    Void,
    /// An invoice will not be paid; the reference is its id.
    Loss,
    /// A late payment of a lost invoice: reverses its loss.
    Recovery,
    /// A provider has taken money; the reference is the provider's object.
    Capture,
    /// A provider has given money back; the reference is the provider's refund.
    Refund,
    /// A credit note was issued; the reference is its id.
    Credit,
}

impl Kind {
    /// As the database has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Void => "void",
            Self::Loss => "loss",
            Self::Recovery => "recovery",
            Self::Capture => "capture",
            Self::Refund => "refund",
            Self::Credit => "credit",
        }
    }
}

/// One line of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The account that changes.
    pub(crate) account: Account,
    /// By how much; never 0.
    pub(crate) money: Money,
}

/// Entries that belong together, and sum to 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transaction {
    kind: Kind,
    reference: String,
    time: i64,
    entries: Vec<Entry>,
}

/// Entries that do not sum to 0, or that are none: a fault of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the entries of a transaction do not sum to 0 in each currency, or one of them is 0")]
pub(crate) struct Unbalanced;

impl Transaction {
    /// Makes a transaction, at a time in milliseconds since 1970.
    pub(crate) fn new(
        kind: Kind,
        reference: impl Into<String>,
        time: i64,
        entries: Vec<Entry>,
    ) -> Result<Self, Unbalanced> {
        let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
        for Entry { money, .. } in &entries {
            *sums.entry(money.currency).or_default() += i128::from(money.amount);
        }
        let has_zero = entries.iter().any(|entry| entry.money.amount == 0);
        if entries.is_empty() || has_zero || sums.values().any(|sum| *sum != 0) {
            return Err(Unbalanced);
        }
        Ok(Self { kind, reference: reference.into(), time, entries })
    }

    /// Money that moves from the second account to the first.
    fn moving(
        kind: Kind,
        reference: &str,
        time: i64,
        money: Money,
        [to, from]: [Account; 2],
    ) -> Result<Self, Unbalanced> {
        let back = Money::new(money.amount.checked_neg().ok_or(Unbalanced)?, money.currency);
        let entries = [(to, money), (from, back)];
        let entries = entries.map(|(account, money)| Entry { account, money });
        Self::new(kind, reference, time, entries.into())
    }

    /// A user owes us what an invoice says.
    pub(crate) fn invoice(
        id: &str,
        user: &str,
        time: i64,
        money: Money,
    ) -> Result<Self, Unbalanced> {
        let accounts = [Account::Receivable(user.into()), Account::Revenue];
        Self::moving(Kind::Invoice, id, time, money, accounts)
    }

    /// A user does not owe what a void invoice said.
    pub(crate) fn void(id: &str, user: &str, time: i64, money: Money) -> Result<Self, Unbalanced> {
        let accounts = [Account::Revenue, Account::Receivable(user.into())];
        Self::moving(Kind::Void, id, time, money, accounts)
    }

    /// What an invoice said will never be paid.
    pub(crate) fn loss(id: &str, user: &str, time: i64, money: Money) -> Result<Self, Unbalanced> {
        let accounts = [Account::Losses, Account::Receivable(user.into())];
        Self::moving(Kind::Loss, id, time, money, accounts)
    }

    /// It was paid after all.
    pub(crate) fn recovery(
        id: &str,
        user: &str,
        time: i64,
        money: Money,
    ) -> Result<Self, Unbalanced> {
        let accounts = [Account::Receivable(user.into()), Account::Losses];
        Self::moving(Kind::Recovery, id, time, money, accounts)
    }

    /// A provider has taken money from a user.
    pub(crate) fn capture(
        reference: &str,
        provider: &str,
        user: &str,
        time: i64,
        money: Money,
    ) -> Result<Self, Unbalanced> {
        let accounts = [Account::Cash(provider.into()), Account::Receivable(user.into())];
        Self::moving(Kind::Capture, reference, time, money, accounts)
    }

    /// A provider has given money back to a user.
    pub(crate) fn refund(
        reference: &str,
        provider: &str,
        user: &str,
        time: i64,
        money: Money,
    ) -> Result<Self, Unbalanced> {
        let accounts = [Account::Receivable(user.into()), Account::Cash(provider.into())];
        Self::moving(Kind::Refund, reference, time, money, accounts)
    }

    /// A credit note takes back a part of what was invoiced.
    pub(crate) fn credit(
        id: &str,
        user: &str,
        time: i64,
        money: Money,
    ) -> Result<Self, Unbalanced> {
        let accounts = [Account::Revenue, Account::Receivable(user.into())];
        Self::moving(Kind::Credit, id, time, money, accounts)
    }

    /// What it tells.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What it is about.
    pub(crate) fn reference(&self) -> &str {
        &self.reference
    }

    /// When, in milliseconds since 1970.
    pub(crate) fn time(&self) -> i64 {
        self.time
    }

    /// Its lines.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}
