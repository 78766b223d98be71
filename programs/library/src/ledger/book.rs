//! A ledger in memory: what the rows hold, for the laws.

use std::collections::{BTreeMap, BTreeSet};

use super::{Account, Currency, Entry, Kind, Transaction};

/// A ledger in memory: what the database holds, for the laws.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    known: BTreeSet<(Kind, String)>,
    entries: Vec<(i64, Entry)>,
}

impl Book {
    /// Takes a transaction in, unless it is there already.
    pub(crate) fn post(&mut self, transaction: &Transaction) {
        let key = (transaction.kind(), transaction.reference().to_owned());
        if self.known.insert(key) {
            let time = transaction.time();
            self.entries.extend(transaction.entries().iter().map(|entry| (time, entry.clone())));
        }
    }

    /// The balances of all accounts over a time.
    pub(crate) fn balances(&self, from: i64, to: i64) -> BTreeMap<(Account, Currency), i128> {
        let mut balances = BTreeMap::new();
        let those = self.entries.iter().filter(|(time, _)| (from..to).contains(time));
        for (_, Entry { account, money }) in those {
            let balance = balances.entry((account.clone(), money.currency)).or_insert(0);
            *balance += i128::from(money.amount);
        }
        balances.retain(|_, balance| *balance != 0);
        balances
    }
}
