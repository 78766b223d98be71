//! The laws of the ledger.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::book::Book;
use super::*;

fn money() -> impl Strategy<Value = Money> {
    let currency = prop_oneof!["EUR", "USD", "JPY"];
    (1..=i64::MAX, currency).prop_map(|(amount, code)| Money::new(amount, code.parse().unwrap()))
}

fn transaction() -> impl Strategy<Value = Transaction> {
    let parts = (0..7_u8, "[a-f]", "[uvw]", 0..1000_i64, money());
    parts.prop_map(|(kind, id, user, time, money)| {
        let made = match kind {
            0 => Transaction::invoice(&id, &user, time, money),
            1 => Transaction::void(&id, &user, time, money),
            2 => Transaction::loss(&id, &user, time, money),
            3 => Transaction::recovery(&id, &user, time, money),
            4 => Transaction::capture(&id, "p", &user, time, money),
            5 => Transaction::refund(&id, "p", &user, time, money),
            _ => Transaction::credit(&id, &user, time, money),
        };
        made.unwrap()
    })
}

/// One of each kind and reference: a repetition is the same thing.
fn history() -> impl Strategy<Value = Vec<Transaction>> {
    prop::collection::vec(transaction(), 0..40).prop_map(|all| {
        let mut seen = BTreeSet::new();
        let mut is_new = |one: &Transaction| seen.insert((one.kind(), one.reference().to_owned()));
        all.into_iter().filter(|one| is_new(one)).collect()
    })
}

proptest! {
    #[test]
    fn order_and_repetition_change_nothing(
        (all, posted) in history().prop_flat_map(|all| {
            let twice = all.iter().chain(&all).cloned().collect::<Vec<_>>();
            (Just(all), Just(twice).prop_shuffle())
        })
    ) {
        let (mut straight, mut shuffled) = (Book::default(), Book::default());
        all.iter().for_each(|one| straight.post(one));
        posted.iter().for_each(|one| shuffled.post(one));
        let everything = |book: &Book| book.balances(i64::MIN, i64::MAX);
        prop_assert_eq!(everything(&straight), everything(&shuffled));
    }

    #[test]
    fn all_balances_sum_to_nothing_in_each_currency(all in history()) {
        let mut book = Book::default();
        all.iter().for_each(|one| book.post(one));
        let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
        for ((_, currency), balance) in book.balances(i64::MIN, i64::MAX) {
            *sums.entry(currency).or_default() += balance;
        }
        prop_assert!(sums.values().all(|sum| *sum == 0), "{:?}", sums);
    }

    #[test]
    fn adjoining_times_add_up(all in history(), mut cuts in prop::array::uniform3(0..1000_i64)) {
        cuts.sort_unstable();
        let [from, middle, to] = cuts;
        let mut book = Book::default();
        all.iter().for_each(|one| book.post(one));
        let mut sum = book.balances(from, middle);
        for (key, balance) in book.balances(middle, to) {
            *sum.entry(key).or_insert(0) += balance;
        }
        sum.retain(|_, balance| *balance != 0);
        prop_assert_eq!(sum, book.balances(from, to));
    }

    #[test]
    fn what_does_not_sum_to_nothing_is_refused(a in money(), b in money()) {
        let entries = [a, b].map(|money| Entry { account: Account::Revenue, money });
        prop_assert_eq!(Transaction::new(Kind::Invoice, "a", 0, entries.into()), Err(Unbalanced));
    }
}

#[test]
fn nothing_is_no_transaction() {
    let nothing = Money::new(0, Currency::EUR);
    assert_eq!(Transaction::invoice("a", "u", 0, nothing), Err(Unbalanced));
    assert_eq!(Transaction::new(Kind::Invoice, "a", 0, Vec::new()), Err(Unbalanced));
    let most = Money::new(i64::MIN, Currency::EUR);
    assert_eq!(Transaction::invoice("a", "u", 0, most), Err(Unbalanced));
}
