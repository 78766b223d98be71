//! Payments as rows.

use tombolo_storage::{Error, Query, Row, Work};

use super::invoice::currency;
use super::settle::State;
use crate::ids::{InvoiceId, PaymentId, SubscriptionId, UserId};
use crate::ledger::Money;
use crate::time::Time;

/// A payment as it is in the database.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) id: PaymentId,
    pub(crate) invoice: InvoiceId,
    pub(crate) subscription: SubscriptionId,
    pub(crate) user: UserId,
    pub(crate) provider: String,
    pub(crate) money: Money,
    pub(crate) state: State,
    /// Whether its user pays on a page, or the money is taken without them.
    pub(crate) is_checkout: bool,
    /// The provider's name for it, once it was made there.
    pub(crate) object: Option<String>,
    /// The provider's name for what took the money.
    pub(crate) intent: Option<String>,
    /// The page.
    pub(crate) url: Option<String>,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(crate) changed: Time,
    /// When it is looked at next.
    pub(crate) look: Time,
    pub(crate) failures: i64,
}

/// Columns as [`Payment::of_row`] reads them; ends where a condition may follow.
macro_rules! payments {
    ($rest:literal) => {
        concat!(
            "SELECT id, invoice, subscription, user_id, provider, amount, currency, state, ",
            "is_checkout, object, intent, url, captured, refunded, changed, look, failures ",
            "FROM library_payment ",
            $rest
        )
    };
}

impl Payment {
    fn of_row(row: &Row) -> Result<Self, Error> {
        let state: String = row.get(7)?;
        let none = Error::Program { words: "a payment has a state that is none" };
        Ok(Self {
            id: PaymentId::of_row(row, 0)?,
            invoice: InvoiceId::of_row(row, 1)?,
            subscription: SubscriptionId::of_row(row, 2)?,
            user: UserId::of_row(row, 3)?,
            provider: row.get(4)?,
            money: Money::new(row.get(5)?, currency(row, 6)?),
            state: State::read(&state).ok_or(none)?,
            is_checkout: row.get::<i64>(8)? != 0,
            object: row.get(9)?,
            intent: row.get(10)?,
            url: row.get(11)?,
            captured: row.get(12)?,
            refunded: row.get(13)?,
            changed: Time::of_row(row, 14)?,
            look: Time::of_row(row, 15)?,
            failures: row.get(16)?,
        })
    }
}

/// Notes that an invoice is to be paid; the worker makes the payment at the provider.
pub(crate) async fn ask(
    work: &mut Work<'_>,
    new: &super::invoice::Invoice,
    subscription: &crate::plans::subscription::Subscription,
    is_checkout: bool,
    at: Time,
) -> Result<PaymentId, Error> {
    let id = PaymentId::new();
    let insert =
        "INSERT INTO library_payment (id, invoice, subscription, user_id, provider, amount,
            currency, state, is_checkout, captured, refunded, detail, created, changed, look,
            failures)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'asked', $8, 0, 0, '', $9, $9, $9, 0)";
    let insert = Query::new(insert).bind(id).bind(new.id).bind(subscription.id).bind(new.user);
    let insert = insert.bind(subscription.provider.as_str()).bind(new.total.amount);
    let insert = insert.bind(new.total.currency.as_str()).bind(i64::from(is_checkout)).bind(at);
    work.run(insert).await?;
    Ok(id)
}

/// A payment by its id.
pub(crate) async fn find(work: &mut Work<'_>, id: PaymentId) -> Result<Option<Payment>, Error> {
    let find = Query::new(payments!("WHERE id = $1"));
    work.row(find.bind(id)).await?.as_ref().map(Payment::of_row).transpose()
}

/// The payment that one of a provider's names belongs to.
pub(crate) async fn named(
    work: &mut Work<'_>,
    provider: &str,
    names: Vec<String>,
) -> Result<Option<PaymentId>, Error> {
    let find = "SELECT id FROM library_payment
        WHERE provider = $1 AND (object = ANY($2) OR intent = ANY($2)) LIMIT 1";
    let row = work.row(Query::new(find).bind(provider).bind(names)).await?;
    row.as_ref().map(|row| PaymentId::of_row(row, 0)).transpose()
}

/// The newest payment of a subscription that its user has yet to make on a page.
pub(crate) async fn waiting(
    work: &mut Work<'_>,
    subscription: SubscriptionId,
) -> Result<Option<Payment>, Error> {
    let find = payments!(
        "WHERE subscription = $1 AND is_checkout = 1 AND state IN ('asked', 'open')
            AND EXISTS (SELECT 1 FROM library_invoice i
                WHERE i.id = library_payment.invoice AND i.state = 'open')
        ORDER BY id DESC LIMIT 1"
    );
    let row = work.row(Query::new(find).bind(subscription)).await?;
    row.as_ref().map(Payment::of_row).transpose()
}

/// How many payments of an invoice failed.
pub(crate) async fn failed(work: &mut Work<'_>, invoice: InvoiceId) -> Result<i64, Error> {
    let count = "SELECT count(*) FROM library_payment
        WHERE invoice = $1 AND is_checkout = 0 AND state = 'failed'";
    let row = work.row(Query::new(count).bind(invoice)).await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Payments that are to be looked at.
pub(crate) async fn due(work: &mut Work<'_>, now: Time, limit: i64) -> Result<Vec<Payment>, Error> {
    let find = Query::new(payments!("WHERE look <= $1 ORDER BY look LIMIT $2"));
    let rows = work.rows(find.bind(now).bind(limit)).await?;
    rows.iter().map(Payment::of_row).collect()
}

/// Writes what may change, with the reason why it failed.
pub(crate) async fn update(work: &mut Work<'_>, now: &Payment, detail: &str) -> Result<(), Error> {
    let update = "UPDATE library_payment SET state = $2, object = $3, intent = $4, url = $5,
            captured = $6, refunded = $7, detail = $8, changed = $9, look = $10, failures = $11
        WHERE id = $1";
    let update = Query::new(update).bind(now.id).bind(now.state.as_str());
    let update = update.bind(now.object.clone()).bind(now.intent.clone()).bind(now.url.clone());
    let update = update.bind(now.captured).bind(now.refunded).bind(detail).bind(now.changed);
    work.run(update.bind(now.look).bind(now.failures)).await.map(drop)
}
