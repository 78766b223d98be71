//! Payments over both databases, against a provider whose every answer a test decides.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use tombolo_daemon::shutdown::Shutdown;
use tombolo_storage::{ObjectsUrl, Query};

use super::provider::{
    Calling, Charge, Checkout, Forged, Hint, Opened, Provider, ProviderError, RefundCall, Remote,
    RemoteRefund, RemoteState,
};
use super::worker::look;
use super::{Payments, row};
use crate::ids::UserId;
use crate::ledger::{Currency, Money};
use crate::plans::change::{self, Asked, With};
use crate::plans::subscription::{self, State, Subscription};
use crate::plans::{period::Period, plan};
use crate::settings::Settings;
use crate::state::Library;
use crate::testing::{Store, soon};
use crate::time::Time;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A provider that does what a test says.
#[derive(Debug, Default)]
struct Double {
    payments: Mutex<BTreeMap<String, Remote>>,
    /// Whether it answers at all.
    is_away: Mutex<bool>,
    /// Whether it declines what is taken without a user.
    declines: Mutex<bool>,
    /// What has been asked for, by key: the same key again makes nothing new.
    keys: Mutex<BTreeMap<String, String>>,
}

impl Double {
    fn here(&self) -> Result<(), ProviderError> {
        match *self.is_away.lock().unwrap() {
            true => Err(ProviderError::Unreachable("away".into())),
            false => Ok(()),
        }
    }

    fn make(&self, key: &str, prefix: &str, remote: Remote) -> String {
        let mut keys = self.keys.lock().unwrap();
        let next = format!("{prefix}_{}", keys.len());
        let id = keys.entry(key.to_owned()).or_insert(next).clone();
        self.payments.lock().unwrap().entry(id.clone()).or_insert(remote);
        id
    }

    fn change(&self, object: &str, change: impl FnOnce(&mut Remote)) {
        change(self.payments.lock().unwrap().get_mut(object).unwrap());
    }

    /// The user pays on the page.
    fn pay(&self, object: &str, amount: i64) {
        self.change(object, |remote| {
            remote.state = RemoteState::Captured;
            remote.intent = Some(format!("pi_{object}"));
            remote.captured = Money::new(amount, Currency::EUR);
            (remote.customer, remote.method) = (Some("cus".into()), Some("pm".into()));
        });
    }
}

fn open() -> Remote {
    Remote {
        state: RemoteState::Open,
        intent: None,
        captured: Money::new(0, Currency::EUR),
        customer: None,
        method: None,
        refunds: Vec::new(),
        detail: String::new(),
    }
}

impl Provider for Double {
    fn name(&self) -> &str {
        "double"
    }

    fn create_checkout<'a>(&'a self, checkout: &'a Checkout) -> Calling<'a, Opened> {
        Box::pin(async move {
            self.here()?;
            let object = self.make(&checkout.key, "cs", open());
            Ok(Opened { url: Some(format!("http://pay/{object}")), object })
        })
    }

    fn charge<'a>(&'a self, charge: &'a Charge) -> Calling<'a, Opened> {
        Box::pin(async move {
            self.here()?;
            let mut remote = open();
            if *self.declines.lock().unwrap() {
                remote.state = RemoteState::Failed;
                let object = self.make(&charge.key, "pi", remote);
                return Ok(Opened { object, url: None });
            }
            (remote.state, remote.captured) = (RemoteState::Captured, charge.money);
            (remote.customer, remote.method) =
                (Some(charge.customer.clone()), Some(charge.method.clone()));
            remote.intent = Some(format!("pi_{}", charge.key));
            Ok(Opened { object: self.make(&charge.key, "pi", remote), url: None })
        })
    }

    fn fetch<'a>(&'a self, object: &'a str) -> Calling<'a, Remote> {
        Box::pin(async move {
            self.here()?;
            let found = self.payments.lock().unwrap().get(object).cloned();
            found.ok_or_else(|| ProviderError::Refused("no such payment".into()))
        })
    }

    fn refund<'a>(&'a self, refund: &'a RefundCall) -> Calling<'a, RemoteRefund> {
        Box::pin(async move {
            self.here()?;
            let id = format!("re_{}", refund.key);
            let one = RemoteRefund { id, money: refund.money, is_done: true };
            let mut payments = self.payments.lock().unwrap();
            let those = |remote: &&mut Remote| remote.intent.as_ref() == Some(&refund.intent);
            let payment = payments.values_mut().find(those).unwrap();
            if !payment.refunds.contains(&one) {
                payment.refunds.push(one.clone());
            }
            Ok(one)
        })
    }

    fn verify_webhook(&self, _: &HeaderMap, _: &[u8], _: Time) -> Result<Hint, Forged> {
        Err(Forged::Signature)
    }
}

/// A library with that provider.
struct Bench {
    library: Arc<Library>,
    double: Arc<Double>,
    _store: Store,
}

impl Bench {
    async fn each() -> Vec<Self> {
        let mut all = Vec::new();
        for store in Store::each() {
            let (_, shutdown) = Shutdown::by_hand();
            let objects = ObjectsUrl::of_folder(&store.folder().join("objects"));
            let settings = Settings::new("127.0.0.1:0".parse().unwrap(), store.url(), objects);
            let mut library = Library::open(settings, shutdown).await.unwrap();
            let double = Arc::new(Double::default());
            let payments = Payments::of(Arc::clone(&double) as Arc<dyn Provider>);
            Arc::get_mut(&mut library).unwrap().payments = payments;
            all.push(Self { library, double, _store: store });
        }
        all
    }

    async fn ask(&self, user: UserId, id: &'static str, now: Time) -> Asked {
        let with = With { provider: "double".into(), origin: "http://here".into() };
        let ask = self.library.database.write_or_refuse(soon(), move |work| {
            Box::pin(async move {
                let plan = plan::find(work, id).await?.unwrap();
                change::ask(work, user, &plan, &with, now).await
            })
        });
        ask.await.unwrap()
    }

    /// Looks until nothing is due at that time any more.
    async fn look(&self, now: Time) {
        for _ in 0..4 {
            look(&self.library, now).await.unwrap();
        }
    }

    async fn live(&self, user: UserId) -> Option<Subscription> {
        let find = self
            .library
            .database
            .write(soon(), move |work| Box::pin(subscription::lock_live(work, user)));
        find.await.unwrap()
    }

    async fn plan(&self, user: UserId) -> String {
        let find = self.library.database.read(soon(), move |work| Box::pin(plan::of(work, user)));
        find.await.unwrap().id
    }

    /// The one number or text that a statement gives, as text.
    async fn tell(&self, text: &'static str) -> Vec<String> {
        let rows = self.library.query(Query::new(text)).await.unwrap();
        let tell = |row: &tombolo_storage::Row| row.get::<String>(0).unwrap();
        rows.iter().map(tell).collect()
    }

    /// Account and balance of everything in the ledger.
    async fn balances(&self) -> Vec<String> {
        let all = "SELECT account || ' ' || CAST(sum(amount) AS TEXT) FROM library_ledger_entry
            GROUP BY account HAVING sum(amount) <> 0 ORDER BY 1";
        self.tell(all).await
    }

    async fn invoices(&self) -> Vec<String> {
        let all = "SELECT number || ' ' || state || ' ' || CAST(total AS TEXT)
            FROM library_invoice ORDER BY kind DESC, number";
        self.tell(all).await
    }

    /// The object of the payment that was asked for.
    async fn object(&self, asked: &Asked) -> String {
        let id = asked.payment.unwrap();
        let find = self.library.database.read(soon(), move |work| Box::pin(row::find(work, id)));
        find.await.unwrap().unwrap().object.unwrap()
    }

    /// Subscribes and pays.
    async fn subscribed(&self, id: &'static str, amount: i64, now: Time) -> (UserId, String) {
        let user = UserId::new();
        let asked = self.ask(user, id, now).await;
        self.look(now).await;
        let object = self.object(&asked).await;
        self.double.pay(&object, amount);
        self.look(now.plus(Duration::from_secs(60))).await;
        (user, object)
    }
}

/// 31 January 2027, noon.
fn january() -> Time {
    Time::of_millis("2027-01-31T12:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_given_once_it_is_paid_without_any_event() {
    for bench in Bench::each().await {
        let (user, now) = (UserId::new(), january());
        let asked = bench.ask(user, "plus", now).await;
        *bench.double.is_away.lock().unwrap() = true;
        bench.look(now).await;
        *bench.double.is_away.lock().unwrap() = false;
        // Tried again after a pause.
        bench.look(now.plus(Duration::from_secs(120))).await;
        assert_eq!(bench.plan(user).await, "free");
        assert_eq!(bench.live(user).await.unwrap().state, State::Pending);
        let object = bench.object(&asked).await;
        bench.double.pay(&object, 500);
        bench.look(now.plus(Duration::from_secs(300))).await;
        assert_eq!(bench.plan(user).await, "plus");
        assert_eq!(bench.live(user).await.unwrap().state, State::Active);
        assert_eq!(bench.balances().await, ["cash 500", "revenue -500"]);
        assert_eq!(bench.invoices().await, ["INV-000001 paid 500"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_never_paid_ends_and_is_owed_no_longer_and_late_money_goes_back() {
    for bench in Bench::each().await {
        let (user, now) = (UserId::new(), january());
        let asked = bench.ask(user, "plus", now).await;
        bench.look(now).await;
        bench.look(now.plus(DAY)).await;
        assert!(bench.live(user).await.is_none());
        assert_eq!(bench.invoices().await, ["INV-000001 void 500"]);
        assert!(bench.balances().await.is_empty());
        // The page was still open somewhere.
        let object = bench.object(&asked).await;
        bench.double.pay(&object, 500);
        bench.look(now.plus(2 * DAY)).await;
        bench.look(now.plus(3 * DAY)).await;
        assert_eq!(bench.plan(user).await, "free");
        assert!(bench.balances().await.is_empty(), "{:?}", bench.balances().await);
        assert_eq!(bench.tell("SELECT state FROM library_refund").await, ["done"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_six_months_are_each_paid_once_also_over_a_stop() {
    for bench in Bench::each().await {
        let start = january();
        let (user, _) = bench.subscribed("plus", 500, start).await;
        for month in 1..=36 {
            // Nobody is here for five of them.
            if (10..15).contains(&month) {
                continue;
            }
            let then = Period::of(start.millis(), month).unwrap().start;
            let from = if month == 15 { 0 } else { 5 };
            for later in from..=6 {
                bench.look(Time::of_millis(then).plus(Duration::from_secs(60 * later))).await;
            }
        }
        let live = bench.live(user).await.unwrap();
        assert_eq!((live.period, live.state), (36, State::Active));
        let paid = "SELECT CAST(count(*) AS TEXT) FROM library_invoice WHERE state = 'paid'";
        assert_eq!(bench.tell(paid).await, ["37"]);
        let gaps = "SELECT a.reason FROM library_invoice a WHERE a.reason <> 'period:0'
            AND NOT EXISTS (SELECT 1 FROM library_invoice b WHERE b.period_end = a.period_start)";
        assert!(bench.tell(gaps).await.is_empty());
        assert_eq!(bench.balances().await, ["cash 18500", "revenue -18500"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_is_paid_less_what_is_left_and_a_downgrade_waits() {
    for bench in Bench::each().await {
        let start = january();
        let (user, _) = bench.subscribed("plus", 500, start).await;
        // Half of the 28 days are over.
        let then = start.plus(14 * DAY);
        let asked = bench.ask(user, "pro", then).await;
        bench.look(then).await;
        assert_eq!(bench.plan(user).await, "plus");
        let object = bench.object(&asked).await;
        bench.double.pay(&object, 1750);
        bench.look(then.plus(Duration::from_secs(60))).await;
        assert_eq!(bench.plan(user).await, "pro");
        let live = bench.live(user).await.unwrap();
        assert_eq!((live.anchor, live.period), (then.millis(), 0));
        assert_eq!(bench.invoices().await, ["INV-000001 paid 500", "INV-000002 paid 1750"]);
        // Back: with the next month.
        bench.ask(user, "plus", then.plus(DAY)).await;
        bench.look(then.plus(DAY)).await;
        assert_eq!(bench.plan(user).await, "pro");
        let next = Time::of_millis(Period::of(then.millis(), 1).unwrap().start);
        bench.look(next).await;
        assert_eq!(bench.plan(user).await, "plus");
        assert_eq!(bench.invoices().await[2], "INV-000003 paid 500");
        // Cancelled: it ends with that month.
        bench
            .library
            .database
            .write(soon(), move |work| Box::pin(change::cancel(work, user, next)))
            .await
            .unwrap();
        bench.look(next.plus(27 * DAY)).await;
        assert_eq!(bench.plan(user).await, "plus");
        bench.look(next.plus(32 * DAY)).await;
        assert_eq!(bench.plan(user).await, "free");
        assert!(bench.live(user).await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_cannot_be_taken_is_tried_again_and_lost_at_last_and_may_be_paid_late() {
    for bench in Bench::each().await {
        let start = january();
        let (user, _) = bench.subscribed("plus", 500, start).await;
        *bench.double.declines.lock().unwrap() = true;
        let next = Time::of_millis(Period::of(start.millis(), 1).unwrap().start);
        bench.look(next).await;
        assert_eq!(bench.live(user).await.unwrap().state, State::PastDue);
        assert_eq!(bench.plan(user).await, "plus");
        // The user is asked to pay by hand, and does so after all is lost.
        let asked = bench.ask(user, "plus", next.plus(DAY)).await;
        for days in 1..=6 {
            bench.look(next.plus(days * DAY)).await;
        }
        let tries = "SELECT CAST(count(*) AS TEXT) FROM library_payment
            WHERE is_checkout = 0 AND state = 'failed'";
        assert_eq!(bench.tell(tries).await, ["4"]);
        bench.look(next.plus(8 * DAY)).await;
        assert_eq!(bench.plan(user).await, "free");
        assert_eq!(bench.invoices().await[1], "INV-000002 uncollectible 500");
        assert_eq!(bench.balances().await, ["cash 500", "losses 500", "revenue -1000"]);
        let object = bench.object(&asked).await;
        bench.double.pay(&object, 500);
        bench.look(next.plus(9 * DAY)).await;
        assert_eq!(bench.invoices().await[1], "INV-000002 paid 500");
        assert_eq!(bench.balances().await, ["cash 1000", "revenue -1000"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_are_given_back_are_credited_once() {
    for bench in Bench::each().await {
        let start = january();
        let (_, object) = bench.subscribed("plus", 500, start).await;
        for (index, amount) in [100, 150].into_iter().enumerate() {
            let money = Money::new(amount, Currency::EUR);
            let refund = RemoteRefund { id: format!("re_{index}"), money, is_done: true };
            bench.double.change(&object, |remote| remote.refunds.push(refund));
            bench.look(start.plus(DAY * (u32::try_from(index).unwrap() + 1))).await;
        }
        bench.look(start.plus(10 * DAY)).await;
        assert_eq!(bench.balances().await, ["cash 250", "revenue -250"]);
        let notes = bench.invoices().await;
        assert_eq!(notes[1..], ["CN-000001 paid 100", "CN-000002 paid 150"]);
        let refunded = "SELECT CAST(refunded AS TEXT) FROM library_payment";
        assert_eq!(bench.tell(refunded).await, ["250"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_final_cannot_be_changed() {
    for bench in Bench::each().await {
        bench.subscribed("plus", 500, january()).await;
        for text in [
            "UPDATE library_invoice SET total = 1",
            "UPDATE library_invoice SET state = 'draft'",
            "UPDATE library_invoice SET buyer = 'somebody'",
            "DELETE FROM library_invoice",
            "UPDATE library_ledger_entry SET amount = 1",
            "DELETE FROM library_ledger_entry",
        ] {
            assert!(bench.library.call(Query::new(text)).await.is_err(), "{text}");
        }
        assert_eq!(bench.invoices().await, ["INV-000001 paid 500"]);
    }
}
