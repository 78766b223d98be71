//! What follows from what a provider says of a payment. Pure.
//!
//! The provider's answer says all that was ever taken and given back, and each of these is a
//! transaction that is known by the provider's name for it. So answers may come in any order and
//! any number of times, old ones after new ones: what was once known is never taken back, and any
//! fetch after the last change completes it.

use super::provider::{Remote, RemoteState};
use crate::ledger::{Money, Transaction, Unbalanced};

/// How far a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// It is to be made at the provider.
    Asked,
    /// It was made there, and may be paid.
    Open,
    /// Nothing came of it.
    Failed,
    /// The money was taken.
    Captured,
    /// What was taken or given back is not what was asked for: somebody has to look at it.
    Mismatch,
}

impl State {
    /// As the API and the database have it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Open => "open",
            Self::Failed => "failed",
            Self::Captured => "captured",
            Self::Mismatch => "mismatch",
        }
    }

    /// As the database has it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let all = [Self::Asked, Self::Open, Self::Failed, Self::Captured, Self::Mismatch];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// A payment as we know it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) provider: String,
    pub(crate) user: String,
    /// What was asked for.
    pub(crate) money: Money,
    pub(crate) state: State,
    /// Whether what it pays is owed: of a void invoice, nothing is left to be credited.
    pub(crate) is_owed: bool,
}

/// What is to be noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) state: State,
    /// The money that was taken, with the name that the ledger knows it by.
    pub(crate) capture: Option<Transaction>,
    /// What was given back.
    pub(crate) refunds: Vec<Refunded>,
}

/// Money that was given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refunded {
    /// The provider's name for it.
    pub(crate) id: String,
    pub(crate) money: Money,
    pub(crate) refund: Transaction,
    /// What is no longer owed for that reason; none when nothing was owed.
    pub(crate) credit: Option<Transaction>,
}

/// What follows from the provider's answer, noted at `now`.
pub(crate) fn settle(known: &Known, remote: &Remote, now: i64) -> Result<Settled, Unbalanced> {
    let Known { provider, user, money, .. } = known;
    let mut settled = Settled {
        state: match remote.state {
            RemoteState::Open => State::Open,
            RemoteState::Failed => State::Failed,
            RemoteState::Captured => State::Captured,
        }
        .max(known.state),
        capture: None,
        refunds: Vec::new(),
    };
    let Some(intent) = remote.intent.as_deref().filter(|_| remote.captured.amount > 0) else {
        return Ok(settled);
    };
    let reference = format!("{provider}:{intent}");
    let capture = Transaction::capture(&reference, provider, user, now, remote.captured)?;
    settled.capture = Some(capture);
    if remote.captured != *money {
        settled.state = State::Mismatch;
    }
    let done = remote.refunds.iter().filter(|refund| refund.is_done);
    let sum: i128 = done.clone().map(|refund| i128::from(refund.money.amount)).sum();
    let is_foreign = |money: Money| money.currency != remote.captured.currency || money.amount <= 0;
    if sum > i128::from(remote.captured.amount) || done.clone().any(|one| is_foreign(one.money)) {
        // No provider gives back more than it took: none of it is believed.
        settled.state = State::Mismatch;
        return Ok(settled);
    }
    for refund in done {
        let reference = format!("{provider}:{}", refund.id);
        let back = Transaction::refund(&reference, provider, user, now, refund.money)?;
        let credit = match known.is_owed {
            true => Some(Transaction::credit(&reference, user, now, refund.money)?),
            false => None,
        };
        let (id, money) = (refund.id.clone(), refund.money);
        settled.refunds.push(Refunded { id, money, refund: back, credit });
    }
    Ok(settled)
}
