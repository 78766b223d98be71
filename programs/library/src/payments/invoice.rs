//! Invoices and credit notes: draft, then open, then paid, void or uncollectible; numbered without
//! gaps. One that is finalised never changes, which the tables hold; only its state does.

use serde::Serialize;
use tombolo_storage::{Error, Query, Row, Work};
use utoipa::ToSchema;

use crate::ids::{InvoiceId, SubscriptionId, UserId};
use crate::ledger::{Money, Transaction, Unbalanced, store};
use crate::plans::period::Period;
use crate::time::Time;

/// How far an invoice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = InvoiceState)]
pub(crate) enum State {
    /// It has no number yet.
    Draft,
    /// It is to be paid.
    Open,
    /// It was paid; a credit note was settled.
    Paid,
    /// It is owed no longer.
    Void,
    /// It was not paid in time.
    Uncollectible,
}

impl State {
    const ALL: [Self; 5] = [Self::Draft, Self::Open, Self::Paid, Self::Void, Self::Uncollectible];

    /// As the database has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Void => "void",
            Self::Uncollectible => "uncollectible",
        }
    }

    /// As the database has it.
    pub(crate) fn read(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or(Error::Program { words: "an invoice has a state that is none" })
    }

    /// Whether one may follow the other.
    pub(crate) fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Draft, Self::Open)
                | (Self::Open, Self::Paid | Self::Void | Self::Uncollectible)
                | (Self::Uncollectible, Self::Paid)
        )
    }
}

/// What an invoice is for.
#[derive(Clone, Debug)]
pub(crate) struct NewInvoice {
    pub(crate) user: UserId,
    pub(crate) subscription: SubscriptionId,
    /// Which month or change it is: of the same one there is no second invoice.
    pub(crate) reason: String,
    pub(crate) plan: String,
    /// What the plan costs.
    pub(crate) price: Money,
    /// What was paid for the plan before and not used.
    pub(crate) credit: i64,
    pub(crate) period: Period,
    /// Until when it is to be paid.
    pub(crate) due: Time,
}

/// An invoice as it is in the database.
#[derive(Clone, Debug)]
pub(crate) struct Invoice {
    pub(crate) id: InvoiceId,
    pub(crate) user: UserId,
    pub(crate) reason: String,
    pub(crate) plan: String,
    pub(crate) price: Money,
    pub(crate) total: Money,
    pub(crate) state: State,
    pub(crate) period: Period,
}

/// Issues an invoice: draft, number, open, and the ledger knows of it. None if there is one for
/// that reason.
pub(crate) async fn issue(
    work: &mut Work<'_>,
    new: &NewInvoice,
    now: Time,
) -> Result<Option<InvoiceId>, Error> {
    let id = InvoiceId::new();
    let total = new.price.amount.saturating_sub(new.credit);
    let insert =
        "INSERT INTO library_invoice (id, kind, user_id, subscription, reason, plan, price,
            credit, total, currency, state, period_start, period_end, buyer, issued, due)
        SELECT $1, 'invoice', $2, $3, $4, $5, $6, $7, $8, $9, 'draft', $10, $11,
            coalesce((SELECT name || ' <' || email || '>' FROM library_user WHERE id = $2), ''),
            $12, $13
        WHERE NOT EXISTS
            (SELECT 1 FROM library_invoice WHERE subscription = $3 AND reason = $4)";
    let insert = Query::new(insert).bind(id).bind(new.user).bind(new.subscription);
    let insert = insert.bind(new.reason.as_str()).bind(new.plan.as_str()).bind(new.price.amount);
    let insert = insert.bind(new.credit).bind(total).bind(new.price.currency.as_str());
    let insert = insert.bind(new.period.start).bind(new.period.end).bind(now).bind(new.due);
    if work.run(insert).await? == 0 {
        return Ok(None);
    }
    finalise(work, id, "invoice", "INV").await?;
    let money = Money::new(total, new.price.currency);
    let owed = Transaction::invoice(&id.to_string(), &new.user.to_string(), now.millis(), money);
    store::post(work, &owed.map_err(fault)?).await?;
    Ok(Some(id))
}

/// Issues a credit note about an invoice, for a refund of this name. The ledger's transaction is
/// the caller's.
pub(crate) async fn credit_note(
    work: &mut Work<'_>,
    about: InvoiceId,
    refund: &str,
    money: Money,
    now: Time,
) -> Result<(), Error> {
    let id = InvoiceId::new();
    let insert =
        "INSERT INTO library_invoice (id, kind, about, user_id, subscription, reason, plan,
            price, credit, total, currency, state, period_start, period_end, buyer, issued, due)
        SELECT $1, 'credit-note', i.id, i.user_id, i.subscription, $3, i.plan, i.price, 0, $4, $5,
            'draft', i.period_start, i.period_end, i.buyer, $6, $6
        FROM library_invoice i WHERE i.id = $2 AND NOT EXISTS (SELECT 1 FROM library_invoice
            WHERE subscription = i.subscription AND reason = $3)";
    let insert = Query::new(insert).bind(id).bind(about).bind(format!("refund:{refund}"));
    let insert = insert.bind(money.amount).bind(money.currency.as_str()).bind(now);
    if work.run(insert).await? == 0 {
        return Ok(());
    }
    finalise(work, id, "credit-note", "CN").await?;
    become_(work, id, State::Open, State::Paid, Some(now)).await.map(drop)
}

/// Gives a draft its number. The counter's row is locked until the transaction ends, so numbers
/// have no gaps.
async fn finalise(
    work: &mut Work<'_>,
    id: InvoiceId,
    counter: &'static str,
    prefix: &str,
) -> Result<(), Error> {
    let count = "UPDATE library_counter SET value = value + 1 WHERE name = $1 RETURNING value";
    let row = work.row(Query::new(count).bind(counter)).await?;
    let missing = Error::Program { words: "there is no counter of invoices" };
    let number: i64 = row.ok_or(missing)?.get(0)?;
    let set = "UPDATE library_invoice SET number = $1, state = 'open' WHERE id = $2";
    let set = Query::new(set).bind(format!("{prefix}-{number:06}")).bind(id);
    work.run(set).await.map(drop)
}

/// Changes the state, if it was `from`; tells whether it was.
async fn become_(
    work: &mut Work<'_>,
    id: InvoiceId,
    from: State,
    to: State,
    paid: Option<Time>,
) -> Result<bool, Error> {
    if !from.may_become(to) {
        return Err(Error::Program { words: "an invoice was to change its state in a wrong way" });
    }
    let set = "UPDATE library_invoice SET state = $1, paid = $2 WHERE id = $3 AND state = $4";
    let set = Query::new(set).bind(to.as_str()).bind(paid.map(Time::millis)).bind(id);
    Ok(work.run(set.bind(from.as_str())).await? == 1)
}

/// The invoice was paid; tells whether that is new.
pub(crate) async fn pay(work: &mut Work<'_>, invoice: &Invoice, now: Time) -> Result<bool, Error> {
    if !invoice.state.may_become(State::Paid) {
        return Ok(false);
    }
    let is_new = become_(work, invoice.id, invoice.state, State::Paid, Some(now)).await?;
    if is_new && invoice.state == State::Uncollectible {
        let (id, user) = (invoice.id.to_string(), invoice.user.to_string());
        let back = Transaction::recovery(&id, &user, now.millis(), invoice.total);
        store::post(work, &back.map_err(fault)?).await?;
    }
    Ok(is_new)
}

/// Whatever is open of a subscription is owed no longer, or lost.
pub(crate) async fn give_up(
    work: &mut Work<'_>,
    subscription: SubscriptionId,
    reason: GiveUp,
    now: Time,
) -> Result<(), Error> {
    let find = "SELECT id, user_id, reason, plan, price, total, currency, state, period_start,
            period_end
        FROM library_invoice WHERE subscription = $1 AND state = 'open' AND kind = 'invoice'
            AND ($2 = '' OR reason LIKE $2 || '%')";
    let prefix = match reason {
        GiveUp::Upgrades => "upgrade:",
        GiveUp::Void | GiveUp::Lost => "",
    };
    let rows = work.rows(Query::new(find).bind(subscription).bind(prefix)).await?;
    for row in rows {
        let invoice = Invoice::of_row(&row)?;
        let (id, user) = (invoice.id.to_string(), invoice.user.to_string());
        let (state, entry) = match reason {
            GiveUp::Lost => {
                (State::Uncollectible, Transaction::loss(&id, &user, now.millis(), invoice.total))
            }
            GiveUp::Void | GiveUp::Upgrades => {
                (State::Void, Transaction::void(&id, &user, now.millis(), invoice.total))
            }
        };
        if become_(work, invoice.id, State::Open, state, None).await? {
            store::post(work, &entry.map_err(fault)?).await?;
        }
    }
    Ok(())
}

/// Why an open invoice is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GiveUp {
    /// What it is for will not be.
    Void,
    /// Only changes that were asked for and not paid.
    Upgrades,
    /// What it is for was given, and not paid in time.
    Lost,
}

/// The oldest invoice of a subscription that is to be paid.
pub(crate) async fn open(
    work: &mut Work<'_>,
    subscription: SubscriptionId,
) -> Result<Option<Invoice>, Error> {
    let find = "SELECT id, user_id, reason, plan, price, total, currency, state, period_start,
            period_end
        FROM library_invoice WHERE subscription = $1 AND state = 'open' AND kind = 'invoice'
        ORDER BY id LIMIT 1";
    work.row(Query::new(find).bind(subscription)).await?.as_ref().map(Invoice::of_row).transpose()
}

/// An invoice by its id.
pub(crate) async fn find(work: &mut Work<'_>, id: InvoiceId) -> Result<Option<Invoice>, Error> {
    let find = "SELECT id, user_id, reason, plan, price, total, currency, state, period_start,
            period_end
        FROM library_invoice WHERE id = $1";
    work.row(Query::new(find).bind(id)).await?.as_ref().map(Invoice::of_row).transpose()
}

impl Invoice {
    fn of_row(row: &Row) -> Result<Self, Error> {
        let currency = currency(row, 6)?;
        Ok(Self {
            id: InvoiceId::of_row(row, 0)?,
            user: UserId::of_row(row, 1)?,
            reason: row.get(2)?,
            plan: row.get(3)?,
            price: Money::new(row.get(4)?, currency),
            total: Money::new(row.get(5)?, currency),
            state: State::read(&row.get::<String>(7)?)?,
            period: Period { start: row.get(8)?, end: row.get(9)? },
        })
    }
}

/// The currency in a column.
pub(crate) fn currency(row: &Row, column: usize) -> Result<crate::ledger::Currency, Error> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| Error::Program { words: "a row has a currency that is none" })
}

/// Entries that do not balance are a fault of this program.
pub(crate) fn fault(_: Unbalanced) -> Error {
    Error::Program { words: "entries of the ledger do not sum to 0" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invoice_goes_one_way() {
        let ways: Vec<_> = State::ALL
            .iter()
            .flat_map(|from| State::ALL.map(|to| (*from, to)))
            .filter(|(from, to)| from.may_become(*to))
            .map(|(from, to)| format!("{} {}", from.as_str(), to.as_str()))
            .collect();
        let expected = ["draft open", "open paid", "open void", "open uncollectible"];
        assert_eq!(ways[..4], expected);
        assert_eq!(ways[4..], ["uncollectible paid"]);
    }
}
