//! Events that are duplicate, late, reordered or lost leave the ledger right, whatever happens.

use proptest::prelude::*;

use super::provider::{Remote, RemoteRefund, RemoteState};
use super::settle::{Known, Settled, State, settle};
use crate::ledger::book::Book;
use crate::ledger::{Account, Currency, Money};

const PRICE: i64 = 1000;

fn eur(amount: i64) -> Money {
    Money::new(amount, Currency::EUR)
}

/// The provider's side of one payment: it is taken, then parts of it are given back. Each state is
/// what a fetch answers at some moment.
fn history(refunds: &[i64]) -> Vec<Remote> {
    let open = Remote {
        state: RemoteState::Open,
        intent: None,
        captured: eur(0),
        customer: None,
        method: None,
        refunds: Vec::new(),
        detail: String::new(),
    };
    let mut last = Remote {
        state: RemoteState::Captured,
        intent: Some("pi_1".to_owned()),
        captured: eur(PRICE),
        ..open.clone()
    };
    let mut all = vec![open, last.clone()];
    for (index, amount) in refunds.iter().enumerate() {
        let refund =
            RemoteRefund { id: format!("re_{index}"), money: eur(*amount), is_done: false };
        last.refunds.push(refund);
        all.push(last.clone());
        if let Some(refund) = last.refunds.last_mut() {
            refund.is_done = true;
        }
        all.push(last.clone());
    }
    all
}

/// Our side of it.
struct Side {
    known: Known,
    book: Book,
}

impl Side {
    fn new(is_owed: bool) -> Self {
        let (provider, user) = ("p".to_owned(), "u".to_owned());
        let known = Known { provider, user, money: eur(PRICE), state: State::Asked, is_owed };
        Self { known, book: Book::default() }
    }

    /// A fetch that some event, or nobody's event, has led to.
    fn hear(&mut self, remote: &Remote) {
        let Settled { state, capture, refunds } = settle(&self.known, remote, 1).unwrap();
        self.known.state = state;
        capture.iter().for_each(|one| self.book.post(one));
        for one in refunds {
            self.book.post(&one.refund);
            one.credit.iter().for_each(|credit| self.book.post(credit));
        }
    }

    fn balance(&self, account: &Account) -> i128 {
        let balances = self.book.balances(i64::MIN, i64::MAX);
        balances.get(&(account.clone(), Currency::EUR)).copied().unwrap_or_default()
    }
}

/// Parts that are together no more than the price.
fn refunds() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(1..=PRICE / 4, 0..=4)
}

proptest! {
    /// Each event is heard any number of times, or never, in any order; at the end there is one
    /// fetch, which is what reconciliation does.
    #[test]
    fn any_events_and_one_reconciliation_end_like_all_events_in_order(
        (refunds, heard, is_owed) in (refunds(), any::<bool>()).prop_flat_map(|(refunds, is_owed)| {
            let states = history(&refunds).len();
            (Just(refunds), prop::collection::vec(0..states, 0..20), Just(is_owed))
        })
    ) {
        let all = history(&refunds);
        let (mut straight, mut other) = (Side::new(is_owed), Side::new(is_owed));
        all.iter().for_each(|remote| straight.hear(remote));
        heard.iter().for_each(|index| other.hear(&all[*index]));
        other.hear(all.last().unwrap());
        prop_assert_eq!(straight.known.state, State::Captured);
        prop_assert_eq!(other.known.state, State::Captured);
        let everything = |side: &Side| side.book.balances(i64::MIN, i64::MAX);
        prop_assert_eq!(everything(&straight), everything(&other));
        // What the provider holds is what it took less what it gave back.
        let back: i64 = refunds.iter().sum();
        let cash = i128::from(PRICE - back);
        prop_assert_eq!(other.balance(&Account::Cash("p".into())), cash);
        // A credit note takes back what is owed with it; of a void invoice nothing was.
        let receivable = -i128::from(if is_owed { PRICE } else { PRICE - back });
        prop_assert_eq!(other.balance(&Account::Receivable("u".into())), receivable);
    }

    #[test]
    fn no_answer_makes_refunds_exceed_what_was_taken(
        captured: i64, parts in prop::collection::vec(any::<i64>(), 0..5), owed: bool,
    ) {
        let refund = |(index, amount): (usize, &i64)| {
            RemoteRefund { id: format!("re_{index}"), money: eur(*amount), is_done: true }
        };
        let mut remote = history(&[]).pop().unwrap();
        remote.captured = eur(captured);
        remote.refunds = parts.iter().enumerate().map(refund).collect();
        let mut side = Side::new(owed);
        side.hear(&remote);
        prop_assert!(side.balance(&Account::Cash("p".into())) >= 0);
    }
}

#[test]
fn what_was_not_asked_for_is_told() {
    for (captured, state) in [
        (eur(PRICE), State::Captured),
        (eur(PRICE - 1), State::Mismatch),
        (Money::new(PRICE, "USD".parse().unwrap()), State::Mismatch),
    ] {
        let mut remote = history(&[]).pop().unwrap();
        remote.captured = captured;
        let mut side = Side::new(true);
        side.hear(&remote);
        assert_eq!(side.known.state, state, "{captured}");
        // What was taken is in the ledger all the same.
        let cash = (Account::Cash("p".into()), captured.currency);
        let balances = side.book.balances(0, 2);
        assert_eq!(balances.get(&cash), Some(&i128::from(captured.amount)));
    }
}

#[test]
fn a_failure_that_is_heard_of_late_takes_nothing_back() {
    let mut side = Side::new(true);
    let all = history(&[]);
    let failed = Remote { state: RemoteState::Failed, ..all[0].clone() };
    side.hear(&failed);
    assert_eq!(side.known.state, State::Failed);
    side.hear(&all[1]);
    assert_eq!(side.known.state, State::Captured);
    side.hear(&failed);
    assert_eq!(side.known.state, State::Captured);
}
