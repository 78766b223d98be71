//! What a user, or time, does to a subscription. Each function works under the subscription's lock,
//! in its caller's transaction.

use tombolo_storage::{Error, Work};

use super::plan::{self, Plan};
use super::subscription::{self, State, Step, Subscription, month};
use crate::ids::{PaymentId, SubscriptionId, UserId};
use crate::limits;
use crate::payments::invoice::{self, GiveUp, NewInvoice};
use crate::payments::row;
use crate::problem::Problem;
use crate::time::Time;

/// By what a user pays.
#[derive(Clone, Debug)]
pub(crate) struct With {
    /// The provider of a first plan.
    pub(crate) provider: String,
    /// Where the user reaches the library.
    pub(crate) origin: String,
}

/// What came of asking for a plan.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) subscription: Subscription,
    /// What is to be paid first.
    pub(crate) payment: Option<PaymentId>,
}

/// A user wants a plan: a first one, another one, or to pay what is open.
///
/// A dearer plan is given once it is paid, less what is left of the month; a cheaper one begins
/// with the next month.
pub(crate) async fn ask(
    work: &mut Work<'_>,
    user: UserId,
    plan: &Plan,
    with: &With,
    now: Time,
) -> Result<Asked, Problem> {
    let Some(mut held) = subscription::lock_live(work, user).await? else {
        return begin(work, user, plan, with, now).await;
    };
    held.origin.clone_from(&with.origin);
    subscription::update(work, &held).await?;
    if held.plan == plan.id {
        return again(work, held, now).await;
    }
    if held.state == State::Pending {
        // It was not paid: nothing is lost.
        end(work, &mut held, GiveUp::Void, now).await?;
        return begin(work, user, plan, with, now).await;
    }
    if held.state == State::PastDue {
        let detail =
            "A month is not paid yet; ask for the plan that you have to pay it, then change.";
        return Err(Problem::conflict("payment-due", "A payment is due", detail));
    }
    if plan.price.currency != held.price.currency || plan.price.amount < held.price.amount {
        held.next_plan = Some(plan.id.clone());
        held.cancel_at_end = false;
        invoice::give_up(work, held.id, GiveUp::Upgrades, now).await?;
        subscription::update(work, &held).await?;
        return Ok(Asked { subscription: held, payment: None });
    }
    upgrade(work, held, plan, now).await
}

async fn begin(
    work: &mut Work<'_>,
    user: UserId,
    plan: &Plan,
    with: &With,
    now: Time,
) -> Result<Asked, Problem> {
    let new = Subscription {
        id: SubscriptionId::new(),
        user,
        plan: plan.id.clone(),
        price: plan.price,
        state: State::Pending,
        anchor: now.millis(),
        period: 0,
        due: now.plus(limits::CHECKOUT_TIME),
        cancel_at_end: false,
        next_plan: None,
        provider: with.provider.clone(),
        customer: None,
        method: None,
        origin: with.origin.clone(),
        created: now,
        ended: None,
    };
    if !subscription::insert(work, &new).await? {
        // Another request of the same user was faster.
        return Err(Problem::unavailable(1, "Your subscription is changing; try again."));
    }
    let reason = "period:0".to_owned();
    let payment = invoice_for(work, &new, reason, &new, 0, true, now).await?;
    Ok(Asked { subscription: new, payment })
}

/// The plan that they have: there is nothing to change, but perhaps something to pay.
async fn again(work: &mut Work<'_>, mut held: Subscription, now: Time) -> Result<Asked, Problem> {
    if held.next_plan.take().is_some() || held.cancel_at_end {
        held.cancel_at_end = false;
        subscription::update(work, &held).await?;
    }
    if held.state == State::Active {
        return Ok(Asked { subscription: held, payment: None });
    }
    if let Some(payment) = row::waiting(work, held.id).await? {
        return Ok(Asked { subscription: held, payment: Some(payment.id) });
    }
    // A month that could not be taken: the user pays it on a page.
    let payment = match invoice::open(work, held.id).await? {
        Some(open) => Some(row::ask(work, &open, &held, true, now).await?),
        None => None,
    };
    Ok(Asked { subscription: held, payment })
}

async fn upgrade(
    work: &mut Work<'_>,
    held: Subscription,
    plan: &Plan,
    now: Time,
) -> Result<Asked, Problem> {
    invoice::give_up(work, held.id, GiveUp::Upgrades, now).await?;
    let credit = held.month()?.credit(held.price.amount, now.millis());
    let mut then = held.clone();
    (then.plan, then.price) = (plan.id.clone(), plan.price);
    (then.anchor, then.period) = (now.millis(), 0);
    let reason = format!("upgrade:{}", PaymentId::new());
    let payment = invoice_for(work, &then, reason, &held, credit, true, now).await?;
    Ok(Asked { subscription: held, payment })
}

/// Invoices the month of `then`, and notes that it is to be paid.
async fn invoice_for(
    work: &mut Work<'_>,
    then: &Subscription,
    reason: String,
    held: &Subscription,
    credit: i64,
    is_checkout: bool,
    now: Time,
) -> Result<Option<PaymentId>, Error> {
    let new = NewInvoice {
        user: then.user,
        subscription: then.id,
        reason,
        plan: then.plan.clone(),
        price: then.price,
        credit,
        period: then.month()?,
        due: now.plus(limits::INVOICE_TIME),
    };
    let Some(id) = invoice::issue(work, &new, now).await? else { return Ok(None) };
    let Some(invoice) = invoice::find(work, id).await? else { return Ok(None) };
    row::ask(work, &invoice, held, is_checkout, now).await.map(Some)
}

/// A user wants to end the subscription: at the end of what is paid. One that was never paid ends
/// at once. None: there is none.
pub(crate) async fn cancel(
    work: &mut Work<'_>,
    user: UserId,
    now: Time,
) -> Result<Option<Subscription>, Error> {
    let Some(mut held) = subscription::lock_live(work, user).await? else { return Ok(None) };
    match held.state {
        State::Pending => end(work, &mut held, GiveUp::Void, now).await?,
        _ => {
            invoice::give_up(work, held.id, GiveUp::Upgrades, now).await?;
            (held.cancel_at_end, held.next_plan) = (true, None);
            subscription::update(work, &held).await?;
        }
    }
    Ok(Some(held))
}

/// The user is deleted: what they have ends at once; invoices stay.
pub(crate) async fn forget(work: &mut Work<'_>, user: UserId, now: Time) -> Result<(), Error> {
    if let Some(mut held) = subscription::lock_live(work, user).await? {
        end(work, &mut held, GiveUp::Void, now).await?;
    }
    super::quota::forget(work, user).await
}

/// Ends a subscription now. The user has the plan of everybody again.
pub(crate) async fn end(
    work: &mut Work<'_>,
    held: &mut Subscription,
    reason: GiveUp,
    now: Time,
) -> Result<(), Error> {
    invoice::give_up(work, held.id, reason, now).await?;
    (held.state, held.ended) = (State::Ended, Some(now));
    subscription::update(work, held).await?;
    plan::give(work, held.user, plan::FREE).await
}

/// Does what is due now; tells whether that was anything.
pub(crate) async fn step(
    work: &mut Work<'_>,
    id: SubscriptionId,
    now: Time,
) -> Result<bool, Error> {
    let Some(mut held) = subscription::lock(work, id).await? else { return Ok(false) };
    match held.step(now) {
        Step::Wait => return Ok(false),
        Step::GiveUp | Step::End => end(work, &mut held, GiveUp::Void, now).await?,
        Step::Lose => end(work, &mut held, GiveUp::Lost, now).await?,
        Step::Renew => renew(work, held, now).await?,
    }
    Ok(true)
}

/// The next month, which follows the last one without a gap, also when nobody was here to begin it:
/// each month that was missed is invoiced by itself.
async fn renew(work: &mut Work<'_>, mut held: Subscription, now: Time) -> Result<(), Error> {
    invoice::give_up(work, held.id, GiveUp::Upgrades, now).await?;
    if let Some(next) = held.next_plan.take()
        && let Some(plan) = plan::find(work, &next).await?
    {
        (held.plan, held.price) = (plan.id, plan.price);
        plan::give(work, held.user, &held.plan).await?;
    }
    held.period = held.period.saturating_add(1);
    if held.price.amount == 0 {
        held.due = Time::of_millis(month(held.anchor, held.period)?.end);
        return subscription::update(work, &held).await;
    }
    held.state = State::PastDue;
    held.due = now.plus(limits::INVOICE_TIME);
    subscription::update(work, &held).await?;
    let reason = format!("period:{}:{}", held.anchor, held.period);
    let is_checkout = held.customer.is_none() || held.method.is_none();
    invoice_for(work, &held, reason, &held, 0, is_checkout, now).await.map(drop)
}
