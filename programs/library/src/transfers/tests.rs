//! Transfers as they are told, on both engines.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::str::FromStr;
use std::time::{Duration, Instant};

use axum::body::Body;
use futures_util::StreamExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::book::{Begin, Direction, Object};
use crate::ids::UploadId;
use crate::testing::{Someone, World};

/// Waits until something is so; looks as often as it can.
async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come about");
        tokio::task::yield_now().await;
    }
}

async fn transfers(world: &World, who: &Someone) -> Vec<Value> {
    let answer = world.get(Some(who), "/library/api/transfers").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["items"].as_array().unwrap().clone()
}

/// Waits until there is one transfer and it is so.
async fn one(world: &World, who: &Someone, state: &str) -> Value {
    eventually(state, async || {
        let all = transfers(world, who).await;
        let found = all.first().filter(|found| all.len() == 1 && found["state"] == state);
        found.cloned()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_in_parts_over_two_replicas_is_one_transfer() {
    for mut world in World::each().await {
        let mut other = world.replica().await;
        world.start();
        other.start();
        let (ana, ben, root) =
            (world.user("ana").await, world.user("ben").await, world.admin("root").await);
        let item = world.item(&ana, "a.bin", &[7; 1000]).await;
        let target = format!("/library/api/items/{item}/content");
        let part = world.send(Some(&ana), "GET", &target, &[("range", "bytes=0-599")], "").await;
        assert_eq!(part.body.len(), 600);
        let told = one(&world, &ana, "disconnected").await;
        assert_eq!((&told["bytes"], &told["total"]), (&json!(600), &json!(1000)));
        assert_eq!((&told["direction"], &told["name"]), (&json!("download"), &json!("a.bin")));
        assert_eq!(told["resume"], target);
        assert_eq!(told["client"], "127.0.0.1");
        assert_eq!(told["user"], json!({"id": ana.id, "name": "ana", "state": "online"}));
        other.send(Some(&ana), "GET", &target, &[("range", "bytes=600-")], "").await;
        let told = one(&world, &ana, "complete").await;
        assert_eq!((&told["bytes"], &told["resume"]), (&json!(1000), &Value::Null));
        // Others do not see it; admins do.
        assert!(transfers(&world, &ben).await.is_empty());
        let of_ana = format!("/library/api/transfers?user={}", ana.id);
        assert_eq!(world.get(Some(&ben), &of_ana).await.json()["items"], json!([]));
        assert_eq!(world.get(Some(&root), &of_ana).await.json()["items"][0]["id"], told["id"]);
        // The next download is another transfer.
        assert_eq!(world.get(Some(&ana), &target).await.status, 200);
        let start = Instant::now();
        eventually("a second transfer", async || {
            let all = transfers(&world, &ana).await;
            assert!(start.elapsed() < Duration::from_secs(20), "{all:?}");
            (all.len() == 2 && all.iter().all(|told| told["state"] == "complete")).then_some(())
        })
        .await;
        let stats = world.get(Some(&ana), "/library/api/stats").await.json();
        assert_eq!(stats["transfers"]["complete"], 2);
        assert_eq!(stats["traffic"], json!({"uploaded": 0, "downloaded": 2000}));
        assert_eq!(stats["items"]["bytes"], 1000);
        assert!(stats.get("users").is_none());
        let stats = world.get(Some(&root), "/library/api/stats").await.json();
        assert_eq!(stats["users"]["count"], 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_told_from_its_ticket() {
    for mut world in World::each().await {
        world.start();
        let ana = world.user("ana").await;
        let upload = UploadId::new();
        let begin = || Begin {
            direction: Direction::Upload,
            user: Some(ana.id),
            payer: Some(ana.id),
            object: Object::Upload(upload),
            name: "film.mp4".into(),
            total: Some(100),
            client: "192.0.2.1".into(),
        };
        let mut ticket = world.library.book.begin(begin());
        ticket.advance(40);
        let told = one(&world, &ana, "transferring").await;
        assert_eq!(told["resume"], format!("/library/api/uploads/{upload}"));
        drop(ticket);
        let told = one(&world, &ana, "disconnected").await;
        assert_eq!(told["bytes"], 40);
        let mut ticket = world.library.book.begin(begin());
        ticket.advance(60);
        ticket.complete();
        assert_eq!(one(&world, &ana, "complete").await["bytes"], 100);
        super::tidy::once(&world.library).await.unwrap();
        assert_eq!(one(&world, &ana, "complete").await["bytes"], 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_at_once_wait_and_are_told_their_place() {
    let mut world = World::with(|settings| settings.transfers = 1).await;
    world.start();
    let (ana, ben) = (world.user("ana").await, world.user("ben").await);
    let item = world.item(&ana, "a.bin", &[7; 1_000_000]).await;
    let other = world.item(&ben, "b.bin", b"b").await;
    // A body that nobody reads holds its place.
    let held = world.open(&ana, &format!("/library/api/items/{item}/content")).await;
    assert_eq!(held.status(), 200);
    let target = format!("/library/api/items/{other}/content");
    let waiting = world.open(&ben, &target);
    tokio::pin!(waiting);
    let place = async {
        eventually("a place in the queue", async || {
            let told = transfers(&world, &ben).await;
            told.first().and_then(|told| told["position"].as_u64())
        })
        .await
    };
    let place = tokio::select! {
        place = place => place,
        answer = &mut waiting => panic!("{answer:?} came too early"),
    };
    assert_eq!(place, 1);
    drop(held);
    let answer = waiting.await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "b");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_bounds_what_is_moved_in_a_month() {
    for world in World::each().await {
        let today = crate::time::Time::now().millis() / crate::plans::traffic::DAY;
        // More than any plan allows, but long ago; then today.
        for (name, day, status) in [("eva", today - 40, 200), ("ana", today, 403)] {
            let ana = world.user(name).await;
            let item = world.item(&ana, "a.bin", b"abc").await;
            let target = format!("/library/api/items/{item}/content");
            let moved = "INSERT INTO library_traffic (user_id, day, received, sent)
                VALUES ($1, $2, 0, $3)";
            let moved = tombolo_storage::Query::new(moved).bind(ana.id).bind(day);
            world.library.call(moved.bind(1_i64 << 50)).await.unwrap();
            // A replica that has not asked lately.
            let answer = world.replica().await.get(Some(&ana), &target).await;
            assert_eq!(answer.status, status, "{answer:?}");
            if status == 403 {
                assert_eq!(answer.json()["type"], "/library/problems#transfer-exceeded");
                assert_eq!(answer.json()["used"], 1_u64 << 50);
            }
            // What costs nothing is not refused.
            let answer = world.send(Some(&ana), "HEAD", &target, &[], "").await;
            assert_eq!(answer.status, 200);
        }
    }
}

/// Over two replicas, by links too, and in the middle of a body: never a byte more than the plan says.
#[tokio::test(flavor = "multi_thread")]
async fn a_month_s_limit_is_kept_to_the_byte() {
    for mut world in World::each().await {
        let mut other = world.replica().await;
        let limit = "UPDATE library_plan SET transfer = 2500000 WHERE id = 'free'";
        world.library.call(tombolo_storage::Query::new(limit)).await.unwrap();
        let ana = world.user("ana").await;
        let item = world.item(&ana, "a.bin", &vec![7; 1_000_000]).await;
        let target = format!("/library/api/items/{item}/content");
        let links = format!("/library/api/items/{item}/links");
        let made = world.send(Some(&ana), "POST", &links, &[], "{}");
        let link = made.await.json()["url"].as_str().unwrap().to_owned();
        let link = link.split_once("localhost").unwrap().1.to_owned();
        let both = async |world: &World, other: &World| {
            world.library.allowances.give_back(true).await;
            other.library.allowances.give_back(true).await;
        };
        assert_eq!(world.get(Some(&ana), &target).await.body.len(), 1_000_000);
        both(&world, &other).await;
        assert_eq!(other.get(None, &link).await.body.len(), 1_000_000);
        both(&world, &other).await;
        // Half of it is left: the body is cut there, and what comes then is refused.
        let cut = other.open(&ana, &target).await;
        assert_eq!(cut.status(), 200);
        let mut body = cut.into_body().into_data_stream();
        let mut moved = 0;
        while let Some(Ok(bytes)) = body.next().await {
            moved += bytes.len();
        }
        assert!((1..=500_000).contains(&moved), "{moved}");
        drop(body);
        both(&world, &other).await;
        let rest = format!("bytes=0-{}", 500_000 - moved - 1);
        let rest = world.send(Some(&ana), "GET", &target, &[("range", &rest)], "").await;
        assert_eq!(rest.body.len(), 500_000 - moved);
        for who in [Some(&ana), None] {
            let target = if who.is_some() { &target } else { &link };
            let refused = world.get(who, target).await;
            assert_eq!(refused.status, 403, "{refused:?}");
            assert_eq!(refused.json()["type"], "/library/problems#transfer-exceeded");
            // Strangers are told nothing of the owner's numbers.
            assert_eq!(refused.json().get("used").is_some(), who.is_some());
        }
        // What a link moves counts as its owner's.
        world.start();
        other.start();
        eventually("all of it is counted", async || {
            let usage = world.get(Some(&ana), "/library/api/usage").await.json();
            (usage["sent"] == 2_500_000).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_too_many_of_their_own_is_told_so() {
    let world = World::with(|_| {}).await;
    let ana = world.user("ana").await;
    let one = "UPDATE library_plan SET transfers = 1 WHERE id = 'free'";
    world.library.call(tombolo_storage::Query::new(one)).await.unwrap();
    let item = world.item(&ana, "a.bin", &[7; 1_000_000]).await;
    let target = format!("/library/api/items/{item}/content");
    let held = world.open(&ana, &target).await;
    assert_eq!(held.status(), 200);
    // More than may wait: the last is refused at once, by a status that says nothing of the replica.
    let mut waiting = Vec::new();
    for _ in 0..crate::limits::QUEUED_TRANSFERS.div_ceil(4) {
        let mut one = Box::pin(world.open(&ana, &target));
        while futures_util::poll!(&mut one).is_pending() {
            if world.library.admission.counts().1 > waiting.len() {
                break;
            }
            tokio::task::yield_now().await;
        }
        waiting.push(one);
    }
    let refused = world.get(Some(&ana), &target).await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(refused.json()["type"], "/library/problems#too-many-transfers");
    assert_eq!(refused.field("retry-after"), "5");
    // Clients of tus go on after 423, and not after 429.
    let tus = [
        ("tus-resumable", "1.0.0"),
        ("upload-length", "1"),
        ("content-type", "application/offset+octet-stream"),
    ];
    let refused = world.send(Some(&ana), "POST", "/library/api/uploads", &tus, "").await;
    assert_eq!((refused.status.as_u16(), refused.field("retry-after")), (423, "5"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_what_can_go_on_and_what_changes() {
    for mut world in World::each().await {
        world.start();
        let (ana, ben) = (world.user("ana").await, world.user("ben").await);
        let item = world.item(&ana, "a.bin", &[7; 1000]).await;
        let target = format!("/library/api/items/{item}/content");
        world.send(Some(&ana), "GET", &target, &[("range", "bytes=0-9")], "").await;
        one(&world, &ana, "disconnected").await;
        let events = "/library/api/transfers/events";
        assert_eq!(world.get(None, events).await.status, 401);
        let mut of_ana = lines(world.open(&ana, events).await.into_body());
        let first = of_ana.next().await.unwrap();
        assert!(first.contains("event: transfers\n") && first.contains(&target), "{first}");
        let mut of_ben = lines(world.open(&ben, events).await.into_body());
        assert!(of_ben.next().await.unwrap().contains("\"items\":[]"));
        world.send(Some(&ana), "GET", &target, &[("range", "bytes=10-")], "").await;
        loop {
            let text = of_ana.next().await.unwrap();
            if text.contains("event: transfer\n") && text.contains("\"state\":\"complete\"") {
                assert!(text.contains("\"bytes\":1000"), "{text}");
                break;
            }
        }
        // Ben is told of his own only.
        world.get(Some(&ben), "/library/api/transfers").await;
        let quiet = tokio::time::timeout(Duration::from_millis(1), of_ben.next()).await;
        assert!(quiet.is_err(), "{quiet:?}");
    }
}

fn lines(body: Body) -> impl futures_util::Stream<Item = String> + Unpin {
    let stream = body.into_data_stream();
    Box::pin(stream.map(|bytes| String::from_utf8(bytes.unwrap().to_vec()).unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_ask_what() {
    for world in World::each().await {
        let (ben, root) = (world.user("ben").await, world.admin("root").await);
        for (target, statuses) in [
            ("/library/api/transfers", [401, 200, 200]),
            ("/library/api/transfers?state=failed", [401, 200, 200]),
            ("/library/api/transfers?limit=0", [401, 400, 400]),
            ("/library/api/transfers?x=1", [400, 400, 400]),
            ("/library/api/transfers/users", [401, 403, 200]),
            ("/library/api/stats", [401, 200, 200]),
        ] {
            for (who, status) in [None, Some(&ben), Some(&root)].into_iter().zip(statuses) {
                let answer = world.get(who, target).await;
                assert_eq!(answer.status, status, "{target} {who:?}");
            }
        }
        let users = world.get(Some(&root), "/library/api/transfers/users").await.json();
        assert_eq!(users["items"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn bandwidth_is_shared_by_users_and_not_by_connections() {
    let book = super::Book::new(Some(1_000_000));
    let share = std::sync::Arc::clone(&book.share);
    let running = tokio::spawn(async move { share.run().await });
    let begin = |client: &str| Begin {
        direction: Direction::Download,
        user: None,
        payer: None,
        object: Object::Upload(UploadId::new()),
        name: String::new(),
        total: None,
        client: client.to_owned(),
    };
    let mut moving = tokio::task::JoinSet::new();
    let clients = ["greedy", "greedy", "greedy", "greedy", "greedy", "modest"];
    let end = tokio::time::Instant::now() + Duration::from_secs(10);
    for client in clients {
        let mut ticket = book.begin(begin(client));
        moving.spawn(async move {
            let mut moved = 0_u64;
            while tokio::time::timeout_at(end, ticket.turn(10_000)).await.is_ok() {
                moved += 10_000;
            }
            (client, moved)
        });
    }
    let (mut greedy, mut modest) = (0, 0);
    while let Some(done) = moving.join_next().await {
        let (client, moved) = done.unwrap();
        *if client == "modest" { &mut modest } else { &mut greedy } += moved;
    }
    running.abort();
    assert!((9_800_000..=10_200_000).contains(&(greedy + modest)), "{greedy} + {modest}");
    assert!(greedy.abs_diff(modest) <= 100_000, "{greedy}, {modest}");
}

/// A tick that has just written an entry must not forget what came meanwhile.
#[test]
fn what_comes_while_a_tick_writes_is_not_forgotten() {
    let book = super::Book::new(None);
    let begin = || {
        book.begin(Begin {
            direction: Direction::Download,
            user: None,
            payer: None,
            object: Object::Upload(UploadId::from_str(ID).unwrap()),
            name: String::new(),
            total: None,
            client: "192.0.2.1".into(),
        })
    };
    drop(begin());
    let entries = || book.take().0;
    let seen = entries();
    seen[0].written().final_at = Some(seen[0].begun());
    let mut ticket = begin();
    ticket.advance(1000);
    ticket.complete();
    book.forget_idle();
    assert_eq!(entries().iter().map(|entry| entry.bytes()).sum::<u64>(), 1000);
    let seen = entries();
    seen[0].written().final_at = Some(seen[0].begun());
    book.forget_idle();
    assert!(entries().is_empty());
}

const ID: &str = "0198c0de-0000-7000-8000-000000000000";
