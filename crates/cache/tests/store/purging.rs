//! Purges by key, prefix and tag, hard and soft, which outlive a restart.

use super::*;
use tombolo_cache::store::{Mode, Purge};

async fn put_tagged(store: &Store, text: &str, tags: &[&[u8]], body: &[u8]) {
    let mut filling = fill(store, text);
    filling.start(start(text, tags)).unwrap();
    filling.append(Bytes::copy_from_slice(body));
    assert!(filling.commit().stored().await);
}

fn purge(store: &Store, purge: Purge<'_>, mode: Mode) {
    drop(store.purge(purge, mode).unwrap());
}

/// Both tiers: a small response is in memory, a large one on disk.
const SIZES: [usize; 2] = [10, 100_000];

#[tokio::test]
async fn a_hard_purge_is_in_force_at_once_and_spares_what_comes_after() {
    for size in SIZES {
        let targets: [fn() -> Purge<'static>; 4] = [
            || Purge::Key(key("http://a/x")),
            || Purge::Prefix(b"http://a/"),
            || Purge::Tag(b"two"),
            || Purge::All,
        ];
        for target in targets {
            let home = Home::new();
            let store = home.open();
            put_tagged(&store, "http://a/x", &[b"one", b"two"], &vec![1; size]).await;
            put_tagged(&store, "http://b/x", &[b"one"], &vec![1; size]).await;
            purge(&store, target(), Mode::Hard);
            assert!(matches!(get(&store, "http://a/x").await, Found::Miss));
            let other = matches!(get(&store, "http://b/x").await, Found::Hit(_));
            assert_eq!(other, target() != Purge::All);
            put_tagged(&store, "http://a/x", &[b"one", b"two"], b"new").await;
            assert_eq!(body_of(&hit(&store, "http://a/x").await).await, b"new");
        }
    }
}

#[tokio::test]
async fn a_soft_purge_makes_stale_until_it_is_stored_anew() {
    for size in SIZES {
        for target in [Purge::Key(key("http://a/x")), Purge::Prefix(b"http://a/"), Purge::Tag(b"t")]
        {
            let home = Home::new();
            let store = home.open();
            put_tagged(&store, "http://a/x", &[b"t"], &vec![1; size]).await;
            assert!(hit(&store, "http://a/x").await.purged_soft_ms().is_none());
            purge(&store, target, Mode::Soft);
            let entry = hit(&store, "http://a/x").await;
            assert!(entry.purged_soft_ms().is_some());
            // A 304 makes it fresh again; so does a HEAD not.
            let by_head = store.refresh(&entry, b"meta", b"head");
            assert!(by_head.object().front().head() == b"head");
            assert!(hit(&store, "http://a/x").await.purged_soft_ms().is_some());
            let entry = hit(&store, "http://a/x").await;
            let fresh = fill(&store, "http://a/x").refresh(&entry, b"meta", b"head 2");
            assert!(fresh.purged_soft_ms().is_none());
            let deadline = Instant::now() + Duration::from_secs(30);
            while hit(&store, "http://a/x").await.purged_soft_ms().is_some() {
                assert!(Instant::now() < deadline);
            }
        }
    }
}

#[tokio::test]
async fn purging_a_key_purges_its_variants() {
    for (mode, size) in
        [(Mode::Hard, 10), (Mode::Soft, 10), (Mode::Hard, 90_000), (Mode::Soft, 90_000)]
    {
        let home = Home::new();
        let store = home.open();
        let put = async |says: &str| {
            let Role::Fill(mut filling) = store.begin_or_join(
                key("http://a/"),
                Some(variant(says)),
                store.ticket(),
                Asker::Anyone,
            ) else {
                panic!("busy")
            };
            let varies_by = Some((&b"accept"[..], variant(says)));
            filling.start(Start { varies_by, ..start("head", &[]) }).unwrap();
            filling.append(Bytes::from(vec![1; size]));
            assert!(filling.commit().stored().await);
        };
        let look = async |says: &str| {
            let Found::Varies(varying) = get(&store, "http://a/").await else { return None };
            match store.lookup_variant(key("http://a/"), &varying, variant(says)).found().await {
                Found::Hit(entry) => Some(entry.purged_soft_ms().is_some()),
                _ => None,
            }
        };
        put("one").await;
        put("two").await;
        assert_eq!((look("one").await, look("two").await), (Some(false), Some(false)));
        let receipt = store.purge(Purge::Key(key("http://a/")), mode).unwrap();
        let purged = if mode == Mode::Hard { None } else { Some(true) };
        assert_eq!((look("one").await, look("two").await), (purged, purged));
        assert!(receipt.durable().await);
        put("one").await;
        assert_eq!((look("one").await, look("two").await), (Some(false), purged));
    }
}

#[tokio::test]
async fn what_was_asked_for_before_a_purge_is_not_stored_and_not_joined_after_it() {
    for size in SIZES {
        let home = Home::new();
        let store = home.open();
        let mut old = fill(&store, "http://a/x");
        old.start(start("old", &[b"t"])).unwrap();
        let mut reader = old.reader().unwrap();
        purge(&store, Purge::Tag(b"t"), Mode::Hard);
        let mut new = fill(&store, "http://a/x");
        old.append(Bytes::from(vec![1; size]));
        assert!(!old.commit().stored().await);
        // Who asked before still gets it.
        assert_eq!(reader.next().await.unwrap().unwrap().len(), size);
        assert!(matches!(get(&store, "http://a/x").await, Found::Miss));
        new.start(start("new", &[b"t"])).unwrap();
        new.append(Bytes::from(vec![2; size]));
        assert!(new.commit().stored().await);
        assert_eq!(hit(&store, "http://a/x").await.head(), b"new");
    }
}

#[tokio::test]
async fn the_files_of_a_purged_prefix_are_removed_and_soft_marks_stay() {
    let home = Home::new();
    let store = home.open();
    for number in 0..100 {
        put_tagged(&store, &format!("http://a/{number}"), &[], b"a").await;
        put_tagged(&store, &format!("http://b/{number}"), &[], b"b").await;
    }
    purge(&store, Purge::Prefix(b"http://a/"), Mode::Hard);
    purge(&store, Purge::Prefix(b"http://b/1"), Mode::Soft);
    await_status(&store, "swept", |status| status.totals.purged == 100);
    assert_eq!(home.files().len(), 100);
    // The records are dropped when no read from before them can be under way.
    await_status(&store, "the records are dropped", |status| status.purges == 0);
    store.close();
    drop(store);
    let store = home.open();
    assert_eq!(store.status().purges, 0);
    for number in 0..100 {
        assert!(matches!(get(&store, &format!("http://a/{number}")).await, Found::Miss));
        let soft = hit(&store, &format!("http://b/{number}")).await.purged_soft_ms().is_some();
        assert_eq!(soft, number.to_string().starts_with('1'));
    }
}

/// While a gateway is replaced two processes have the directory in turn: each may accept purges
/// while the other writes, and none is lost.
#[tokio::test]
async fn purges_of_two_processes_are_in_force_in_the_one_that_goes_on() {
    let home = Home::new();
    let old = home.open();
    for text in ["http://a/ours", "http://a/theirs", "http://a/late", "http://a/kept"] {
        put_tagged(&old, text, &[], &[1; 100_000]).await;
    }
    let new = home.open();
    assert!(new.status().writing.is_some(), "the directory is another's");
    assert!(matches!(get(&new, "http://a/kept").await, Found::Miss));
    for (store, text) in [(&new, "http://a/ours"), (&old, "http://a/theirs")] {
        let _ = store.purge(Purge::Key(key(text)), Mode::Hard).unwrap().durable().await;
    }
    // The log of the old one is written anew, without what it does not know of.
    let _ = old.purge(Purge::Prefix(b"http://a/late"), Mode::Hard).unwrap().durable().await;
    old.close();
    drop(old);
    await_status(&new, "the directory", |status| !status.counting && status.objects > 0);
    for text in ["http://a/ours", "http://a/theirs", "http://a/late"] {
        assert!(matches!(get(&new, text).await, Found::Miss), "{text}");
    }
    assert_eq!(body_of(&hit(&new, "http://a/kept").await).await.len(), 100_000);
    new.close();
    drop(new);
    let later = home.open();
    await_status(&later, "the directory", |status| !status.counting);
    for text in ["http://a/ours", "http://a/theirs", "http://a/late"] {
        assert!(matches!(get(&later, text).await, Found::Miss), "{text} after a restart");
    }
    hit(&later, "http://a/kept").await;
}

#[tokio::test]
async fn what_a_request_changed_is_recorded_only_where_something_is() {
    let home = Home::new();
    let store = home.open();
    await_status(&store, "what is there is counted", |status| !status.counting);
    let invalidate = |text| store.invalidate(Purge::Key(key(text)), Mode::Hard, 1);
    assert!(invalidate("http://a/none").durable().await);
    assert_eq!(store.status().purges, 0);
    assert!(put(&store, "http://a/stored", b"body").stored().await);
    let mut filling = fill(&store, "http://a/coming");
    for text in ["http://a/stored", "http://a/coming"] {
        assert!(invalidate(text).durable().await, "{text}");
    }
    assert_eq!(store.status().purges, 2);
    assert!(matches!(get(&store, "http://a/stored").await, Found::Miss));
    filling.start(start("head", &[])).unwrap();
    filling.append(Bytes::from_static(b"body"));
    filling.commit();
    assert!(matches!(get(&store, "http://a/coming").await, Found::Miss), "asked for before");
}

#[tokio::test]
async fn the_log_stays_short_whatever_clients_send() {
    let home = Home::new();
    let store = home.open();
    let _filling = fill(&store, "http://a/");
    for client in 0..40_000 {
        let receipt = store.invalidate(Purge::Key(key("http://a/")), Mode::Hard, client);
        if client % 1000 == 999 {
            assert!(receipt.durable().await);
        }
    }
    let log = std::fs::metadata(home.dir.path().join("cache/purge.log")).unwrap();
    assert!(log.len() < 1 << 20, "{}", log.len());
    assert_eq!(store.status().purges, 1);
}
