//! Notes what a provider says of a payment: the ledger, the payment, its invoice, its subscription
//! and the user's plan, in one transaction under the lock of the subscription. What was noted
//! before changes nothing.

use std::time::Duration;

use tombolo_storage::{Error, Query, Work};

use super::invoice::{self, GiveUp, Invoice, fault};
use super::provider::Remote;
use super::row::{self, Payment};
use super::settle::{Known, Settled, State, settle};
use crate::ids::PaymentId;
use crate::ledger::store;
use crate::limits;
use crate::plans::subscription::{self, State as Progress, Subscription, month};
use crate::plans::{change, plan};
use crate::time::Time;

/// Applies what was fetched. Nothing happens for a payment that there is not.
pub(crate) async fn apply(
    work: &mut Work<'_>,
    id: PaymentId,
    remote: &Remote,
    now: Time,
) -> Result<(), Error> {
    let Some(found) = row::find(work, id).await? else { return Ok(()) };
    let Some(mut subscription) = subscription::lock(work, found.subscription).await? else {
        return Ok(());
    };
    // Read again under the lock.
    let Some(mut payment) = row::find(work, id).await? else { return Ok(()) };
    let Some(invoice) = invoice::find(work, payment.invoice).await? else { return Ok(()) };
    let known = Known {
        provider: payment.provider.clone(),
        user: payment.user.to_string(),
        money: payment.money,
        state: payment.state,
        is_owed: invoice.state != invoice::State::Void,
    };
    let settled = settle(&known, remote, now.millis()).map_err(fault)?;
    note(work, &mut payment, &invoice, &settled, now).await?;
    if remote.intent.is_some() {
        payment.intent.clone_from(&remote.intent);
    }
    let has_changed = payment.state != settled.state;
    payment.state = settled.state;
    if has_changed {
        payment.changed = now;
    }
    payment.look = now.plus(next_look(&payment, now));
    payment.failures = 0;
    row::update(work, &payment, &remote.detail).await?;
    match settled.state {
        State::Captured => captured(work, &mut subscription, &payment, &invoice, remote, now).await,
        State::Failed if has_changed => {
            failed(work, &mut subscription, &payment, &invoice, now).await
        }
        State::Mismatch if has_changed => {
            tracing::error!(payment = %id, provider = payment.provider,
                "what the provider took or gave back is not what was asked for; look at it");
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The ledger's part, and the sums of the payment.
async fn note(
    work: &mut Work<'_>,
    payment: &mut Payment,
    invoice: &Invoice,
    settled: &Settled,
    now: Time,
) -> Result<(), Error> {
    if let Some(capture) = &settled.capture {
        store::post(work, capture).await?;
        let taken = capture.entries().iter().map(|entry| entry.money.amount).max();
        payment.captured = taken.unwrap_or_default();
    }
    for refund in &settled.refunds {
        if store::post(work, &refund.refund).await? {
            payment.refunded = payment.refunded.saturating_add(refund.money.amount);
        }
        // What was credited once stays so, also when the invoice is void by now.
        if let Some(credit) = &refund.credit
            && store::post(work, credit).await?
        {
            let name = format!("{}:{}", payment.provider, refund.id);
            invoice::credit_note(work, invoice.id, &name, refund.money, now).await?;
        }
    }
    Ok(())
}

/// When to look at a payment again: soon while it may change any moment, ever more seldom after.
fn next_look(payment: &Payment, now: Time) -> Duration {
    let age = now.since(payment.changed);
    match payment.state {
        State::Asked | State::Open => (age / 2).clamp(limits::LOOK_LEAST, limits::LOOK_OPEN),
        _ if age > limits::LOOK_UNTIL => limits::LOOK_NEVER,
        _ => (age / 2).clamp(limits::LOOK_OPEN, limits::LOOK_DONE),
    }
}

/// The money is here.
async fn captured(
    work: &mut Work<'_>,
    subscription: &mut Subscription,
    payment: &Payment,
    invoice: &Invoice,
    remote: &Remote,
    now: Time,
) -> Result<(), Error> {
    let is_new = invoice::pay(work, invoice, now).await?;
    if !is_new {
        // Paid for nothing: the invoice is void, or was paid by another payment.
        return give_back(work, payment, now).await;
    }
    if subscription.state == Progress::Ended {
        // Late for a month that was given: it stays paid, and nothing is given anew.
        return Ok(());
    }
    if remote.customer.is_some() && remote.method.is_some() {
        subscription.customer.clone_from(&remote.customer);
        subscription.method.clone_from(&remote.method);
    }
    if invoice.reason.starts_with("upgrade:") {
        subscription.plan.clone_from(&invoice.plan);
        subscription.price = invoice.price;
        (subscription.anchor, subscription.period) = (invoice.period.start, 0);
        subscription.next_plan = None;
    }
    subscription.state = Progress::Active;
    subscription.due = Time::of_millis(month(subscription.anchor, subscription.period)?.end);
    subscription::update(work, subscription).await?;
    plan::give(work, subscription.user, &subscription.plan).await
}

/// A payment has failed.
async fn failed(
    work: &mut Work<'_>,
    subscription: &mut Subscription,
    payment: &Payment,
    invoice: &Invoice,
    now: Time,
) -> Result<(), Error> {
    if invoice.state != invoice::State::Open {
        return Ok(());
    }
    if !payment.is_checkout {
        // Tried again a few times until the invoice is due.
        let tries = row::failed(work, invoice.id).await?;
        if let Some(pause) = usize::try_from(tries - 1).ok().and_then(|n| limits::DUNNING.get(n)) {
            row::ask(work, invoice, subscription, false, now.plus(*pause)).await?;
        }
        return Ok(());
    }
    if row::waiting(work, subscription.id).await?.is_some() {
        return Ok(());
    }
    if subscription.state == Progress::Pending {
        change::end(work, subscription, GiveUp::Void, now).await?;
    } else if invoice.reason.starts_with("upgrade:") {
        invoice::give_up(work, subscription.id, GiveUp::Upgrades, now).await?;
    }
    Ok(())
}

/// Asks for all of a payment back, once.
async fn give_back(work: &mut Work<'_>, payment: &Payment, now: Time) -> Result<(), Error> {
    let other = "INSERT INTO library_refund
            (id, payment, amount, reason, state, created, look, failures)
        SELECT $1, $2, $3, 'paid for nothing', 'asked', $4, $4, 0
        WHERE EXISTS (SELECT 1 FROM library_invoice WHERE id = $5 AND (state = 'void'
                OR EXISTS (SELECT 1 FROM library_payment p WHERE p.invoice = $5 AND p.id < $2
                    AND p.state = 'captured')))
            AND NOT EXISTS (SELECT 1 FROM library_refund WHERE payment = $2)";
    let left = payment.captured.saturating_sub(payment.refunded);
    if left <= 0 {
        return Ok(());
    }
    let id = crate::ids::RefundId::new();
    let insert = Query::new(other).bind(id).bind(payment.id).bind(left).bind(now);
    work.run(insert.bind(payment.invoice)).await.map(drop)
}
