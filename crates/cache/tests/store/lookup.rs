//! What was stored is found again, by key and by variant, before and after a restart.

use super::*;
use tombolo_cache::store::Source;

#[tokio::test]
async fn a_small_response_is_found_at_once_and_after_a_restart() {
    let home = Home::new();
    let store = home.open();
    assert!(matches!(get(&store, "http://a/").await, Found::Miss));
    let receipt = put(&store, "http://a/", b"hello");
    let entry = hit(&store, "http://a/").await;
    assert_eq!((entry.source(), entry.head()), (Source::Memory, &b"http://a/"[..]));
    assert!(receipt.stored().await);
    store.close();
    drop(store);

    let store = home.open();
    let entry = hit(&store, "http://a/").await;
    assert_eq!((entry.source(), entry.meta()), (Source::Disk, &b"meta"[..]));
    assert_eq!(body_of(&entry).await, b"hello");
    assert_eq!(hit(&store, "http://a/").await.source(), Source::Memory);
    assert!(matches!(get(&store, "http://b/").await, Found::Miss));
    let status = await_status(&store, "counted", |status| !status.counting);
    assert_eq!((status.objects, status.bytes), (1, 4096));
    assert_eq!((status.totals.memory_hits, status.totals.disk_hits), (1, 1));
}

#[tokio::test]
async fn bodies_of_every_size_come_back_whole() {
    let home = Home::new();
    let mut store = home.open();
    let sizes = [0, 1, 65_535, 65_536, 65_537, 131_072, 131_073, 1_000_000, 17 << 20];
    for size in sizes {
        assert!(put(&store, &format!("http://a/{size}"), &random_bytes(7, size)).stored().await);
    }
    for restarted in [false, true] {
        if restarted {
            store.close();
            store = home.open();
        }
        for size in sizes {
            for _ in 0..2 {
                let entry = hit(&store, &format!("http://a/{size}")).await;
                assert_eq!(entry.body_length(), size as u64);
                assert!(body_of(&entry).await == random_bytes(7, size), "{size}");
            }
        }
    }
}

#[tokio::test]
async fn a_large_body_may_be_sent_from_its_file_once_it_is_vouched_for() {
    let home = Home::new();
    let store = home.open();
    let body = random_bytes(3, 20 << 20);
    assert!(put(&store, "http://a/", &body).stored().await);
    let entry = hit(&store, "http://a/").await;
    let Body::File(file) = entry.body() else { panic!("in memory") };
    assert!(!file.is_checked());
    for from in (0..file.length()).step_by(1 << 20) {
        file.vouch(from..from + (1 << 20)).await.unwrap();
    }
    assert!(file.is_checked());
    let mut sent = vec![0; body.len()];
    std::os::unix::fs::FileExt::read_exact_at(&**file.file(), &mut sent, file.offset()).unwrap();
    assert!(sent == body);
    // From now on it is known to be good.
    let entry = hit(&store, "http://a/").await;
    assert!(matches!(entry.body(), Body::File(file) if file.is_checked()));
}

#[tokio::test]
async fn a_later_response_takes_the_place_of_an_earlier() {
    let home = Home::new();
    let store = home.open();
    for size in [10, 200_000, 20, 300_000] {
        assert!(put(&store, "http://a/", &random_bytes(1, size)).stored().await);
        assert_eq!(body_of(&hit(&store, "http://a/").await).await.len(), size);
    }
    assert_eq!(store.status().objects, 1);
    assert_eq!(home.files().len(), 1);
}

async fn put_variant(store: &Store, names: &str, says: &str, body: &[u8]) -> bool {
    let mut filling = match store.begin_or_join(
        key("http://a/"),
        Some(variant(says)),
        store.ticket(),
        Asker::Anyone,
    ) {
        Role::Fill(filling) => filling,
        _ => panic!("busy"),
    };
    let varies_by = Some((names.as_bytes(), variant(says)));
    filling.start(Start { varies_by, ..start("head", &[]) }).unwrap();
    filling.append(Bytes::copy_from_slice(body));
    filling.commit().stored().await
}

/// Looks as the gateway does: by every list of names, with what the request says in them.
async fn get_variant(store: &Store, says: impl Fn(&[u8]) -> String) -> Option<Vec<u8>> {
    let Found::Varies(varying) = get(store, "http://a/").await else { return None };
    for names in varying.lists() {
        let says = says(names);
        let looked = store.lookup_variant(key("http://a/"), &varying, variant(&says));
        if let Found::Hit(entry) = looked.found().await {
            return Some(body_of(&entry).await);
        }
    }
    None
}

#[tokio::test]
async fn variants_are_kept_apart_and_survive_a_restart() {
    let home = Home::new();
    let mut store = home.open();
    assert!(put_variant(&store, "accept-encoding", "gzip", b"zipped").await);
    assert!(put_variant(&store, "accept-encoding", "identity", b"plain").await);
    assert!(put_variant(&store, "accept-language", "de", &random_bytes(2, 100_000)).await);
    for restarted in [false, true] {
        if restarted {
            store.close();
            store = home.open();
        }
        let of = |encoding: &'static str, language: &'static str| {
            move |names: &[u8]| {
                let says = if names == b"accept-encoding" { encoding } else { language };
                says.to_owned()
            }
        };
        assert_eq!(get_variant(&store, of("gzip", "en")).await.unwrap(), b"zipped");
        assert_eq!(get_variant(&store, of("identity", "en")).await.unwrap(), b"plain");
        assert_eq!(get_variant(&store, of("br", "de")).await.unwrap(), random_bytes(2, 100_000));
        assert_eq!(get_variant(&store, of("br", "en")).await, None);
    }
}

#[tokio::test]
async fn a_new_head_leaves_the_body() {
    let home = Home::new();
    let store = home.open();
    for size in [5, 500_000] {
        let body = random_bytes(9, size);
        assert!(put(&store, "http://a/", &body).stored().await);
        let entry = hit(&store, "http://a/").await;
        let fresh = fill(&store, "http://a/").refresh(&entry, b"new meta", b"new head, longer");
        assert_eq!((fresh.meta(), fresh.head()), (&b"new meta"[..], &b"new head, longer"[..]));
        assert_eq!(body_of(&fresh).await, body);
        let deadline = Instant::now() + Duration::from_secs(30);
        while hit(&store, "http://a/").await.meta() != b"new meta" {
            assert!(Instant::now() < deadline);
        }
        assert_eq!(body_of(&hit(&store, "http://a/").await).await, body);
    }
    store.close();
    drop(store);
    let store = home.open();
    let entry = hit(&store, "http://a/").await;
    assert_eq!((entry.meta(), entry.body_length()), (&b"new meta"[..], 500_000));
    assert_eq!(body_of(&entry).await, random_bytes(9, 500_000));
}

#[tokio::test]
async fn what_a_caller_derives_is_made_once() {
    let home = Home::new();
    let store = home.open();
    put(&store, "http://a/", b"x");
    let made = |store: &Store| {
        let store = store.clone();
        async move { hit(&store, "http://a/").await.object().annex(|front| front.head().len()).copied() }
    };
    assert_eq!(made(&store).await, Some(9));
    let entry = hit(&store, "http://a/").await;
    assert_eq!(entry.object().annex(|_| 0_usize), Some(&9));
    assert_eq!(entry.object().annex(|_| "another type"), None);
}

/// Who asks what would be answered changes nothing: no count, no place in memory, no use.
#[tokio::test]
async fn a_peek_finds_what_a_lookup_finds_and_leaves_no_trace() {
    let home = Home::new();
    let small = random_bytes(5, 3000);
    let store = home.open();
    assert!(put(&store, "http://a/", &small).stored().await);
    store.close();
    drop(store);
    let store = home.open();
    let before = store.status();
    let Found::Hit(entry) = store.peek(key("http://a/")).await else { panic!("it is stored") };
    assert_eq!(entry.body_length(), 3000);
    assert!(matches!(store.peek(key("http://other/")).await, Found::Miss));
    let after = store.status();
    let told = |status: &Status| {
        let totals = &status.totals;
        let found = (totals.memory_hits, totals.disk_hits, totals.misses);
        (found, status.hot_objects, status.hot_bytes)
    };
    assert_eq!(told(&after), told(&before));
    assert!(matches!(get(&store, "http://a/").await, Found::Hit(_)));
    assert_eq!(store.status().totals.disk_hits, before.totals.disk_hits + 1);
}
