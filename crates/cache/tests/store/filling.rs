//! A response is read by many while it is being stored.

use super::*;
use tombolo_cache::store::{Joined, Lesson, Reader, Released, Waiter};

async fn reader_of(waiter: Waiter) -> Reader {
    match waiter.wait().await.unwrap() {
        Joined::Reader(reader) => reader,
        Joined::Refreshed(_) => panic!("refreshed"),
    }
}

fn join(store: &Store, text: &str) -> Waiter {
    match store.begin_or_join(key(text), None, store.ticket(), Asker::Anyone) {
        Role::Wait(waiter) => waiter,
        _ => panic!("nobody fills {text}"),
    }
}

async fn read_all(mut reader: Reader) -> Result<Vec<u8>, Released> {
    let mut out = Vec::new();
    while let Some(bytes) = reader.next().await? {
        out.extend_from_slice(&bytes);
    }
    Ok(out)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_readers_follow_one_fill() {
    let home = Home::new();
    let store = home.open();
    let mut filling = fill(&store, "http://a/");
    let body = random_bytes(1, 3_000_000);
    let (first, seen) = tokio::sync::mpsc::channel(1000);
    let readers: Vec<_> = (0..1000)
        .map(|_| {
            let (waiter, first) = (join(&store, "http://a/"), first.clone());
            tokio::spawn(async move {
                let mut reader = reader_of(waiter).await;
                let mut out = reader.next().await.unwrap().unwrap().to_vec();
                first.send(()).await.unwrap();
                while let Some(bytes) = reader.next().await.unwrap() {
                    out.extend_from_slice(&bytes);
                }
                out
            })
        })
        .collect();
    assert_eq!(filling.followers(), 1000);
    filling.start(start("head", &[])).unwrap();
    let mut seen = seen;
    let mut pieces = body.chunks(50_000);
    filling.append(Bytes::copy_from_slice(pieces.next().unwrap()));
    // All have their first bytes before the upstream sends more.
    for _ in 0..1000 {
        seen.recv().await.unwrap();
    }
    for piece in pieces {
        filling.append(Bytes::copy_from_slice(piece));
        filling.room().await;
    }
    assert!(filling.commit().stored().await);
    for reader in readers {
        assert!(reader.await.unwrap() == body);
    }
    assert!(body_of(&hit(&store, "http://a/").await).await == body);
    assert_eq!(store.status().totals.joined, 1000);
    await_status(&store, "nothing is left", |status| (status.fills, status.unwritten) == (0, 0));
}

#[tokio::test]
async fn a_slow_reader_does_not_slow_the_fill_and_reads_from_the_file() {
    let home = Home::new();
    let store = home.open();
    let mut filling = fill(&store, "http://a/");
    let waiter = join(&store, "http://a/");
    filling.start(start("head", &[])).unwrap();
    let slow = reader_of(waiter).await;
    let body = random_bytes(2, 20_000_000);
    for piece in body.chunks(64 << 10) {
        filling.append(Bytes::copy_from_slice(piece));
        filling.room().await;
    }
    assert!(filling.commit().stored().await);
    assert!(read_all(slow).await.unwrap() == body);
}

#[tokio::test]
async fn those_who_wait_are_released_when_nothing_comes_of_it() {
    let home = Home::new();
    let store = home.open();
    let cases: [(fn(Filling), Released); 3] = [
        (|filling| filling.not_storable(Lesson::Nothing), Released::NotStorable),
        (Filling::abort, Released::Failed),
        (drop, Released::GivenUp),
    ];
    for (end, why) in cases {
        let filling = fill(&store, "http://a/");
        let waiter = join(&store, "http://a/");
        end(filling);
        assert_eq!(waiter.wait().await.err(), Some(why));
    }
    // Remembered as not storable: the next do not wait for each other.
    fill(&store, "http://a/").not_storable(Lesson::Response);
    let (one, mut two) = (fill(&store, "http://a/"), fill(&store, "http://a/"));
    drop(one);
    // Until it is storable again.
    two.start(start("head", &[])).unwrap();
    let reader = reader_of(join(&store, "http://a/")).await;
    two.append(Bytes::from_static(b"body"));
    assert!(two.commit().stored().await);
    assert_eq!(read_all(reader).await.unwrap(), b"body");
}

#[tokio::test]
async fn a_body_that_ends_early_is_not_stored_and_its_readers_know() {
    let home = Home::new();
    let store = home.open();
    for size in [5, 700_000] {
        let mut filling = fill(&store, "http://a/");
        filling.start(Start { length: Some(1_000_000), ..start("head", &[]) }).unwrap();
        let mut reader = filling.reader().unwrap();
        assert_eq!(reader.expected(), Some(1_000_000));
        filling.append(Bytes::from(random_bytes(1, size)));
        assert_eq!(reader.next().await.unwrap().unwrap().len(), size);
        assert!(!filling.commit().stored().await);
        assert_eq!(reader.next().await.err(), Some(Released::Failed));
        assert!(matches!(get(&store, "http://a/").await, Found::Miss));
    }
    store.close();
    assert!(home.files().is_empty());
    let tmp = home.dir.path().join("cache/tmp");
    assert_eq!(std::fs::read_dir(tmp).unwrap().count(), 0);
}

#[tokio::test]
async fn too_long_a_body_is_passed_on_and_not_stored() {
    let home = Home::new();
    let mut settings = home.settings();
    settings.max_object = 1 << 20;
    let store = Store::open(settings);
    let mut filling = fill(&store, "http://a/");
    let length = Some((1 << 20) + 1);
    assert!(filling.start(Start { length, ..start("head", &[]) }).is_err());
    filling.not_storable(Lesson::Nothing);
    // Without a length it shows later: those who read it still get it all.
    let mut filling = fill(&store, "http://a/");
    filling.start(start("head", &[])).unwrap();
    let reader = tokio::spawn(read_all(filling.reader().unwrap()));
    let body = random_bytes(4, 5 << 20);
    for piece in body.chunks(30_000) {
        filling.append(Bytes::copy_from_slice(piece));
        filling.room().await;
    }
    assert!(!filling.commit().stored().await);
    assert!(reader.await.unwrap().unwrap() == body);
    assert!(matches!(get(&store, "http://a/").await, Found::Miss));
    await_status(&store, "nothing is left", |status| (status.fills, status.unwritten) == (0, 0));
}

#[tokio::test]
async fn a_variant_is_joined_by_those_who_know_it() {
    let home = Home::new();
    let store = home.open();
    let mut filling = fill(&store, "http://a/");
    let varies_by = Some((&b"accept-encoding"[..], variant("gzip")));
    filling.start(Start { varies_by, ..start("head", &[]) }).unwrap();
    let reader = reader_of(join(&store, "http://a/")).await;
    assert_eq!(reader.varies_by().as_deref(), Some(&b"accept-encoding"[..]));
    let joined =
        store.begin_or_join(key("http://a/"), Some(variant("gzip")), store.ticket(), Asker::Anyone);
    assert!(matches!(joined, Role::Wait(_)));
    let other =
        store.begin_or_join(key("http://a/"), Some(variant("br")), store.ticket(), Asker::Anyone);
    assert!(matches!(other, Role::Fill(_)));
}

#[tokio::test]
async fn who_looked_just_before_it_was_stored_looks_again() {
    let home = Home::new();
    let store = home.open();
    for size in [10, 100_000] {
        let text = format!("http://a/{size}");
        let before = store.ticket();
        assert!(matches!(get(&store, &text).await, Found::Miss));
        assert!(put(&store, &text, &vec![1; size]).stored().await);
        let late = store.begin_or_join(key(&text), None, before, Asker::Anyone);
        assert!(matches!(late, Role::Again));
        // Who has seen it and still asks wants to revalidate it.
        let ticket = store.ticket();
        let entry = hit(&store, &text).await;
        let Role::Fill(filling) = store.begin_or_join(key(&text), None, ticket, Asker::Anyone)
        else {
            panic!("not to be filled")
        };
        let waiter = join(&store, &text);
        filling.refresh(&entry, b"meta", b"head");
        match waiter.wait().await.unwrap() {
            Joined::Refreshed(entry) => assert_eq!(entry.head(), b"head"),
            Joined::Reader(_) => panic!("nothing was read"),
        }
        assert!(matches!(
            store.begin_or_join(key(&text), None, ticket, Asker::Anyone),
            Role::Again
        ));
    }
}

/// Many threads that miss, fill and hit as the gateway does.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn simultaneous_misses_ask_upstream_once() {
    let home = Home::new();
    let store = home.open();
    for round in 0..50 {
        let text = format!("http://a/{round}");
        let size = if round % 2 == 0 { 10 } else { 100_000 };
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let tasks: Vec<_> = (0..40)
            .map(|_| {
                let (store, text, asked) = (store.clone(), text.clone(), asked.clone());
                tokio::spawn(async move {
                    loop {
                        let ticket = store.ticket();
                        if let Found::Hit(entry) = get(&store, &text).await {
                            return body_of(&entry).await.len();
                        }
                        match store.begin_or_join(key(&text), None, ticket, Asker::Anyone) {
                            Role::Fill(mut filling) => {
                                asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                                filling.start(start("head", &[])).unwrap();
                                filling.append(Bytes::from(vec![1; size]));
                                filling.commit();
                            }
                            Role::Wait(waiter) => {
                                return read_all(reader_of(waiter).await).await.unwrap().len();
                            }
                            Role::Again => {}
                            Role::Busy => panic!("busy"),
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), size);
        }
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn a_fill_is_held_back_at_its_bound_of_memory() {
    let home = Home::new();
    let store = home.open();
    let mut filling = fill(&store, "http://a/");
    filling.start(start("head", &[])).unwrap();
    let body = random_bytes(6, 30 << 20);
    let mut most = 0;
    for piece in body.chunks(64 << 10) {
        filling.append(Bytes::copy_from_slice(piece));
        most = most.max(store.status().unwritten);
        filling.room().await;
    }
    assert!(most <= (512 << 10) + (64 << 10), "{most}");
    assert!(filling.commit().stored().await);
    assert!(body_of(&hit(&store, "http://a/").await).await == body);
    await_status(&store, "nothing is left", |status| (status.fills, status.unwritten) == (0, 0));
}

#[tokio::test]
async fn a_burst_faster_than_the_disk_is_stored_all_the_same() {
    let home = Home::new();
    let store = home.open();
    let texts: Vec<_> = (0..20_000).map(|number| format!("http://a/{number}")).collect();
    for text in &texts {
        drop(put(&store, text, b"body"));
    }
    for text in &texts {
        assert_eq!(body_of(&hit(&store, text).await).await, b"body");
    }
}

#[tokio::test]
async fn nobody_joins_a_fill_that_is_alone() {
    let home = Home::new();
    let store = home.open();
    let mut alone = store.begin_alone(key("http://a/")).unwrap();
    alone.start(start("alone", &[])).unwrap();
    alone.append(Bytes::from_static(b"alone"));
    // Who comes while it is under way asks upstream; what is stored last stays.
    let mut other = fill(&store, "http://a/");
    assert!(alone.commit().stored().await);
    assert_eq!(hit(&store, "http://a/").await.head(), b"alone");
    other.start(start("other", &[])).unwrap();
    assert!(other.commit().stored().await);
    assert_eq!(hit(&store, "http://a/").await.head(), b"other");
}
