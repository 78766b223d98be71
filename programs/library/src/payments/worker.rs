//! What goes on beside requests: events are worked off, payments made, asked for and given back,
//! months renewed. Every replica does it; who works on something moves the time of its next look
//! first, so that others leave it alone, and if that replica dies another takes over.

use std::sync::Arc;

use tombolo_storage::{Error, Query, Row};

use super::apply::apply;
use super::provider::{Charge, Checkout, Provider, ProviderError, RefundCall};
use super::row::{self, Payment};
use super::settle::State;
use crate::ids::{PaymentId, RefundId, SubscriptionId};
use crate::ledger::Money;
use crate::limits;
use crate::plans::{change, subscription};
use crate::state::{Library, reading, writing};
use crate::time::Time;

/// Goes on until a drain is asked for.
pub(crate) async fn work(library: Arc<Library>) {
    let mut has_failed = false;
    loop {
        tokio::select! {
            () = library.shutdown.draining() => return,
            () = library.payments.woken() => {}
            () = tokio::time::sleep(limits::PAYMENTS_PERIOD) => {}
        }
        // Repeated while there is more than one look takes.
        match look(&library, Time::now()).await {
            Ok(()) => has_failed = false,
            Err(error) if has_failed => tracing::debug!(%error, "payments cannot be looked at"),
            Err(error) => {
                has_failed = true;
                tracing::warn!(%error, "payments cannot be looked at");
            }
        }
    }
}

/// Does what is due.
pub(crate) async fn look(library: &Library, now: Time) -> Result<(), Error> {
    months(library, now).await?;
    events(library, now).await?;
    payments(library, now).await?;
    refunds(library, now).await?;
    forget(library, now).await
}

/// Subscriptions whose time has come.
async fn months(library: &Library, now: Time) -> Result<(), Error> {
    let limit = limits::PAYMENTS_AT_ONCE;
    let find =
        library.database.read(reading(), move |work| Box::pin(subscription::due(work, now, limit)));
    for id in find.await? {
        step(library, id, now).await?;
    }
    Ok(())
}

async fn step(library: &Library, id: SubscriptionId, now: Time) -> Result<bool, Error> {
    library.database.write(writing(), move |work| Box::pin(change::step(work, id, now))).await
}

/// Events that were stored and not worked off.
async fn events(library: &Library, now: Time) -> Result<(), Error> {
    let find = Query::new(
        "SELECT provider, id, payment, look, failures FROM library_event
        WHERE done IS NULL AND look <= $1 ORDER BY look LIMIT $2",
    );
    let rows = library.query(find.bind(now).bind(limits::PAYMENTS_AT_ONCE)).await?;
    for row in rows {
        let (provider, event): (String, String) = (row.get(0)?, row.get(1)?);
        let (look, failures) = (Time::of_row(&row, 3)?, row.get::<i64>(4)?);
        let next = now.plus(pause(failures));
        let claim = "UPDATE library_event SET look = $3, failures = failures + 1
            WHERE provider = $1 AND id = $2 AND done IS NULL AND look = $4 RETURNING id";
        let claim = Query::new(claim).bind(provider.as_str()).bind(event.as_str()).bind(next);
        if library.call(claim.bind(look)).await?.is_empty() {
            continue;
        }
        let payment: Option<PaymentId> = row.get::<String>(2)?.parse().ok();
        let is_done = match payment {
            Some(payment) => fetch(library, payment, now).await?,
            None => true,
        };
        if is_done {
            let done = "UPDATE library_event SET done = $3 WHERE provider = $1 AND id = $2";
            library.call(Query::new(done).bind(provider).bind(event).bind(now)).await?;
        }
    }
    Ok(())
}

/// Payments that are to be made, or asked for.
async fn payments(library: &Library, now: Time) -> Result<(), Error> {
    let limit = limits::PAYMENTS_AT_ONCE;
    let find = library.database.read(reading(), move |work| Box::pin(row::due(work, now, limit)));
    for payment in find.await? {
        if !claim(library, &payment, now).await? {
            continue;
        }
        match payment.state {
            State::Asked => make(library, &payment, now).await?,
            _ => drop(fetch(library, payment.id, now).await?),
        }
    }
    Ok(())
}

/// Whether it is this replica's, for a while.
async fn claim(library: &Library, payment: &Payment, now: Time) -> Result<bool, Error> {
    let lease = limits::PAYMENTS_LEASE.max(pause(payment.failures));
    let claim = "UPDATE library_payment SET look = $3, failures = failures + 1
        WHERE id = $1 AND look = $2 RETURNING id";
    let claim = Query::new(claim).bind(payment.id).bind(payment.look).bind(now.plus(lease));
    Ok(!library.call(claim).await?.is_empty())
}

/// Makes a payment now, if nobody else is at it: for a user who waits for the page.
pub(crate) async fn hurry(library: &Library, id: PaymentId, now: Time) -> Result<(), Error> {
    let find = library.database.read(reading(), move |work| Box::pin(row::find(work, id)));
    match find.await? {
        Some(payment) if payment.state == State::Asked && claim(library, &payment, now).await? => {
            make(library, &payment, now).await
        }
        _ => Ok(()),
    }
}

/// Makes a payment at its provider. Its key is stored before the first try: the same again makes
/// no second one.
async fn make(library: &Library, payment: &Payment, now: Time) -> Result<(), Error> {
    let Some(provider) = library.payments.named(&payment.provider) else {
        tracing::warn!(provider = payment.provider, "a payment is for a provider that is not here");
        return Ok(());
    };
    let title = "Tombolo library".to_owned();
    let (key, money) = (format!("payment-{}", payment.id), payment.money);
    let by = "SELECT customer, method, origin FROM library_subscription WHERE id = $1";
    let rows = library.query(Query::new(by).bind(payment.subscription)).await?;
    let by = |column| rows.first().map_or(Ok(None), |row: &Row| row.get(column));
    let (customer, method): (Option<String>, Option<String>) = (by(0)?, by(1)?);
    let made = if payment.is_checkout {
        let return_url = format!("{}/library/", by(2)?.unwrap_or_default());
        let checkout = Checkout { key, payment: payment.id, title, money, return_url };
        provider.create_checkout(&checkout).await
    } else {
        let (Some(customer), Some(method)) = (customer, method) else { return Ok(()) };
        let charge = Charge { key, payment: payment.id, title, money, customer, method };
        provider.charge(&charge).await
    };
    let mut next = payment.clone();
    match made {
        Ok(opened) => {
            (next.state, next.object, next.url) = (State::Open, Some(opened.object), opened.url);
            (next.changed, next.failures) = (now, 0);
            next.look = match payment.is_checkout {
                true => now.plus(limits::LOOK_LEAST),
                false => now,
            };
            store(library, next, String::new()).await
        }
        Err(error) => failed(library, payment, &error, now).await,
    }
}

/// A call for a payment has failed.
async fn failed(
    library: &Library,
    payment: &Payment,
    error: &ProviderError,
    now: Time,
) -> Result<(), Error> {
    match error {
        ProviderError::Unreachable(_) => {
            tracing::warn!(payment = %payment.id, %error, "a payment waits");
            Ok(())
        }
        ProviderError::Refused(_) | ProviderError::Declined { .. } => {
            tracing::error!(payment = %payment.id, %error, "a payment cannot be made");
            // As if the provider had said that it failed.
            let remote = super::provider::Remote {
                state: super::provider::RemoteState::Failed,
                intent: None,
                captured: Money::new(0, payment.money.currency),
                customer: None,
                method: None,
                refunds: Vec::new(),
                detail: error.to_string(),
            };
            let id = payment.id;
            let note = library.database.write(writing(), move |work| {
                Box::pin(async move { apply(work, id, &remote, now).await })
            });
            note.await
        }
    }
}

async fn store(library: &Library, payment: Payment, detail: String) -> Result<(), Error> {
    let store = library.database.write(writing(), move |work| {
        Box::pin(async move {
            // An event may have come before the answer to the call.
            let known = row::find(work, payment.id).await?;
            match known {
                Some(known) if known.state > State::Open => Ok(()),
                _ => row::update(work, &payment, &detail).await,
            }
        })
    });
    store.await
}

/// Asks the provider for a payment and notes what it says. False if it did not answer.
async fn fetch(library: &Library, id: PaymentId, now: Time) -> Result<bool, Error> {
    let find = library.database.read(reading(), move |work| Box::pin(row::find(work, id)));
    let Some(payment) = find.await? else { return Ok(true) };
    let Some(provider) = library.payments.named(&payment.provider) else { return Ok(false) };
    // An event may be here before the answer that names the object: it is looked at again.
    let Some(object) = payment.object.clone().or_else(|| payment.intent.clone()) else {
        return Ok(false);
    };
    let remote = match provider.fetch(&object).await {
        Ok(remote) => remote,
        Err(error) => {
            tracing::warn!(payment = %id, %error, "a payment cannot be asked for");
            return Ok(false);
        }
    };
    let note = library
        .database
        .write(writing(), move |work| Box::pin(async move { apply(work, id, &remote, now).await }));
    note.await.map(|()| true)
}

/// Money that is to be given back.
async fn refunds(library: &Library, now: Time) -> Result<(), Error> {
    let find = Query::new(
        "SELECT r.id, r.payment, r.amount, p.currency, p.provider, p.intent, r.look, r.failures
        FROM library_refund r JOIN library_payment p ON p.id = r.payment
        WHERE r.state = 'asked' AND r.look <= $1 ORDER BY r.look LIMIT $2",
    );
    let rows = library.query(find.bind(now).bind(limits::PAYMENTS_AT_ONCE)).await?;
    for row in rows {
        let id = RefundId::of_row(&row, 0)?;
        let (look, failures) = (Time::of_row(&row, 6)?, row.get::<i64>(7)?);
        let lease = limits::PAYMENTS_LEASE.max(pause(failures));
        let claim = "UPDATE library_refund SET look = $3, failures = failures + 1
            WHERE id = $1 AND look = $2 AND state = 'asked' RETURNING id";
        let claim = Query::new(claim).bind(id).bind(look).bind(now.plus(lease));
        let Some(intent) = row.get::<Option<String>>(5)? else { continue };
        let provider: Option<Arc<dyn Provider>> = library.payments.named(&row.get::<String>(4)?);
        let Some(provider) = provider else { continue };
        if library.call(claim).await?.is_empty() {
            continue;
        }
        let money = Money::new(row.get(2)?, super::invoice::currency(&row, 3)?);
        let call = RefundCall { key: format!("refund-{id}"), intent, money };
        let (state, object) = match provider.refund(&call).await {
            Ok(refund) => ("done", Some(refund.id)),
            Err(ProviderError::Unreachable(error)) => {
                tracing::warn!(refund = %id, error, "a refund waits");
                continue;
            }
            Err(error) => {
                tracing::error!(refund = %id, %error, "a refund cannot be made");
                ("failed", None)
            }
        };
        let set = "UPDATE library_refund SET state = $2, object = $3 WHERE id = $1";
        library.call(Query::new(set).bind(id).bind(state).bind(object)).await?;
        fetch(library, PaymentId::of_row(&row, 1)?, now).await?;
    }
    Ok(())
}

/// Removes what was kept only to know it again.
async fn forget(library: &Library, now: Time) -> Result<(), Error> {
    const EVENTS: &str = "DELETE FROM library_event WHERE done IS NOT NULL AND received < $1";
    const REQUESTS: &str = "DELETE FROM library_request WHERE created < $1";
    const OLD: &str = "SELECT 1 FROM library_event WHERE done IS NOT NULL AND received < $1
        UNION ALL SELECT 1 FROM library_request WHERE created < $2 LIMIT 1";
    let events = now.minus(limits::WEBHOOK_KEPT);
    let requests = now.minus(limits::IDEMPOTENCY_KEPT);
    // Looked for first: reading costs other writers nothing.
    if library.query(Query::new(OLD).bind(events).bind(requests)).await?.is_empty() {
        return Ok(());
    }
    library.call(Query::new(EVENTS).bind(events)).await?;
    library.call(Query::new(REQUESTS).bind(requests)).await.map(drop)
}

/// How long to leave something alone that failed so often.
fn pause(failures: i64) -> std::time::Duration {
    let doublings = u32::try_from(failures).unwrap_or(0).min(10);
    (limits::PROVIDER_PAUSE * 2_u32.pow(doublings)).min(limits::LOOK_OPEN)
}
