//! The ledger's rows: written once, never changed.

use serde_json::json;
use tombolo_storage::{Error, Query, Work};

use super::money::Money;
use super::transaction::Transaction;

/// Writes a transaction, unless it is there already; tells whether it was new.
pub(crate) async fn post(work: &mut Work<'_>, transaction: &Transaction) -> Result<bool, Error> {
    let (kind, reference) = (transaction.kind().as_str(), transaction.reference());
    let insert = "INSERT INTO library_ledger (kind, reference, time) VALUES ($1, $2, $3)
        ON CONFLICT (kind, reference) DO NOTHING";
    let insert = Query::new(insert).bind(kind).bind(reference).bind(transaction.time());
    if work.run(insert).await? == 0 {
        return Ok(false);
    }
    let lines: Vec<_> = transaction
        .entries()
        .iter()
        .enumerate()
        .map(|(line, entry)| {
            let (account, Money { amount, currency }) = (&entry.account, entry.money);
            json!([line, account.kind(), account.owner(), amount, currency.as_str()])
        })
        .collect();
    let insert = Query::of_each(
        "INSERT INTO library_ledger_entry
            (kind, reference, line, account, owner, amount, currency, time)
        SELECT $1, $2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, $4
        FROM json_each($3)",
        "INSERT INTO library_ledger_entry
            (kind, reference, line, account, owner, amount, currency, time)
        SELECT $1, $2, (value ->> 0)::bigint, value ->> 1, value ->> 2, (value ->> 3)::bigint,
            value ->> 4, $4
        FROM json_array_elements($3::json)",
    );
    let lines = serde_json::Value::from(lines).to_string();
    let insert = insert.bind(kind).bind(reference).bind(lines).bind(transaction.time());
    work.run(insert).await?;
    Ok(true)
}
