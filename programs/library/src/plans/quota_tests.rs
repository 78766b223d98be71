//! Quotas on both engines.

use tombolo_storage::Database;

use super::quota::{self, QuotaExceeded, Usage};
use super::{plan, traffic};
use crate::ids::UserId;
use crate::testing::{Store, soon};
use crate::time::Time;

const GIB: u64 = 1 << 30;
/// What the plan `free` allows.
const FREE: u64 = 20 * GIB;

async fn reserve(database: &Database, user: UserId, bytes: u64) -> Result<(), QuotaExceeded> {
    let work = database.write(soon(), move |work| Box::pin(quota::reserve(work, user, bytes)));
    work.await.unwrap()
}

async fn usage(database: &Database, user: UserId) -> Usage {
    database.read(soon(), move |work| Box::pin(quota::usage(work, user))).await.unwrap()
}

/// Ends an upload of a reservation with so many bytes.
async fn settle(database: &Database, user: UserId, reserved: u64, used: u64) {
    let work =
        database.write(soon(), move |work| Box::pin(quota::settle(work, user, reserved, used)));
    work.await.unwrap();
}

fn user() -> UserId {
    UserId::new()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_is_given_once_and_comes_back() {
    for store in Store::each() {
        let (database, user) = (store.open().await, user());
        let exceeded = |used, reserved| Err(QuotaExceeded { used, reserved, limit: FREE });
        // The first reservation of a user, over the limit and at it.
        assert_eq!(reserve(&database, user, FREE + 1).await, exceeded(0, 0));
        assert_eq!(reserve(&database, user, u64::MAX).await, exceeded(0, 0));
        assert_eq!(usage(&database, user).await, Usage::default());
        assert_eq!(reserve(&database, user, FREE).await, Ok(()));
        assert_eq!(reserve(&database, user, 1).await, exceeded(0, FREE));
        // An empty file needs no room.
        assert_eq!(reserve(&database, user, 0).await, Ok(()));
        // Complete with less than was reserved; deleted; ended without a file.
        settle(&database, user, FREE, GIB).await;
        assert_eq!(usage(&database, user).await, Usage { used: GIB, reserved: 0 });
        assert_eq!(reserve(&database, user, FREE).await, exceeded(GIB, 0));
        assert_eq!(reserve(&database, user, FREE - GIB).await, Ok(()));
        database
            .write(soon(), move |work| {
                Box::pin(async move {
                    quota::release(work, user, FREE - GIB).await?;
                    quota::remove(work, user, GIB).await
                })
            })
            .await
            .unwrap();
        assert_eq!(usage(&database, user).await, Usage::default());
        database.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_get_no_more_than_there_is() {
    for store in Store::each() {
        // Two replicas.
        let (one, other, user) = (store.open().await, store.open().await, user());
        let mut all = tokio::task::JoinSet::new();
        for index in 0..30 {
            let database = if index % 2 == 0 { one.clone() } else { other.clone() };
            all.spawn(async move { reserve(&database, user, GIB).await.is_ok() });
        }
        let given = all.join_all().await.into_iter().filter(|given| *given).count();
        assert_eq!(given, 20);
        assert_eq!(usage(&one, user).await, Usage { used: 0, reserved: FREE });
        one.close().await;
        other.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_changes_what_is_allowed_and_takes_nothing_away() {
    for store in Store::each() {
        let (database, user) = (store.open().await, user());
        let give = |id: &'static str| {
            database.write(soon(), move |work| Box::pin(plan::give(work, user, id)))
        };
        let plan_of = || database.read(soon(), move |work| Box::pin(plan::of(work, user)));
        assert_eq!(plan_of().await.unwrap().id, plan::FREE);
        give("plus").await.unwrap();
        assert_eq!(plan_of().await.unwrap().id, "plus");
        assert_eq!(reserve(&database, user, 100 * GIB).await, Ok(()));
        settle(&database, user, 100 * GIB, 100 * GIB).await;
        give(plan::FREE).await.unwrap();
        let exceeded = QuotaExceeded { used: 100 * GIB, reserved: 0, limit: FREE };
        assert_eq!(reserve(&database, user, 1).await, Err(exceeded));
        assert_eq!(usage(&database, user).await.used, 100 * GIB);
        let plans = database.read(soon(), |work| Box::pin(plan::all(work))).await.unwrap();
        let ids: Vec<_> = plans.iter().map(|plan| plan.id.as_str()).collect();
        assert_eq!(ids, ["free", "plus", "pro"]);
        database.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traffic_is_counted_by_days() {
    for store in Store::each() {
        let (database, user) = (store.open().await, user());
        for (now, received, sent) in [(0, 1, 2), (traffic::DAY - 1, 3, 4), (traffic::DAY, 5, 6)] {
            let one = traffic::Traffic { received, sent };
            let count = database.write(soon(), move |work| {
                Box::pin(traffic::count(work, user, Time::of_millis(now), one))
            });
            count.await.unwrap();
        }
        let between = |from, to| {
            database.read(soon(), move |work| Box::pin(traffic::between(work, user, from, to)))
        };
        let is = |received, sent| traffic::Traffic { received, sent };
        assert_eq!(between(0, 1).await.unwrap(), is(4, 6));
        assert_eq!(between(1, 2).await.unwrap(), is(5, 6));
        assert_eq!(between(0, 2).await.unwrap(), is(9, 12));
        database.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_an_admin_changes_holds_at_once() {
    for world in crate::testing::World::each().await {
        let (ana, root) = (world.user("ana").await, world.admin("root").await);
        let id = ana.id;
        let give = world
            .library
            .database
            .write(soon(), move |work| Box::pin(async move { plan::give(work, id, "plus").await }));
        give.await.unwrap();
        let patch = async |plan: &str, body: &str| {
            world.send(Some(&root), "PATCH", &format!("/library/api/plans/{plan}"), &[], body).await
        };
        let changed = patch("plus", r#"{"title":" Plus+ ","storage":10,"amount":700}"#).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let told = changed.json();
        assert_eq!((&told["title"], &told["storage"]), (&"Plus+".into(), &10.into()));
        // What is not named stays.
        assert_eq!((&told["transfers"], &told["access"]), (&16.into(), &1.into()));
        assert_eq!(told["price"]["amount"], 700);
        let exceeded = reserve(&world.library.database, ana.id, 11).await;
        assert_eq!(exceeded, Err(QuotaExceeded { used: 0, reserved: 0, limit: 10 }));
        assert_eq!(reserve(&world.library.database, ana.id, 10).await, Ok(()));
        for (plan, body, status) in [
            ("plus", r#"{"transfers":0}"#, 400),
            ("plus", r#"{"storage":-1}"#, 400),
            ("plus", r#"{"title":"  "}"#, 400),
            ("plus", r#"{"id":"other"}"#, 400),
            ("free", r#"{"amount":1}"#, 400),
            ("free", r#"{"amount":0,"storage":1}"#, 200),
            ("none", r#"{"title":"x"}"#, 404),
        ] {
            let answer = patch(plan, body).await;
            assert_eq!(answer.status, status, "{plan} {body}: {answer:?}");
        }
    }
}
