//! Files that are cut short, changed or not ours: a miss, never an answer.

use super::*;

/// What comes out of a store that holds just these bytes as the file of the key.
async fn answer_with(home: &Home, file: &std::path::Path, bytes: &[u8]) -> Option<Vec<u8>> {
    std::fs::write(file, bytes).unwrap();
    let store = home.open();
    let found = get(&store, "http://a/").await;
    let out = match &found {
        Found::Hit(entry) => Some(body_of(entry).await),
        _ => {
            assert!(!file.exists(), "a damaged file was left");
            assert_eq!(store.status().totals.corrupt, 1);
            None
        }
    };
    store.close();
    out
}

#[tokio::test]
async fn a_file_cut_short_anywhere_is_a_miss() {
    let home = Home::new();
    let store = home.open();
    assert!(put(&store, "http://a/", b"a body that is short").stored().await);
    store.close();
    drop(store);
    let file = home.files().remove(0);
    let good = std::fs::read(&file).unwrap();
    for length in 0..good.len() {
        assert_eq!(answer_with(&home, &file, &good[..length]).await, None, "{length}");
    }
    let longer = [&good[..], b"x"].concat();
    assert_eq!(answer_with(&home, &file, &longer).await, None);
    assert_eq!(answer_with(&home, &file, &good).await.unwrap(), b"a body that is short");
}

#[tokio::test]
async fn a_flipped_bit_anywhere_is_a_miss_or_the_right_bytes() {
    let home = Home::new();
    let store = home.open();
    assert!(put(&store, "http://a/", b"a body that is short").stored().await);
    store.close();
    drop(store);
    let file = home.files().remove(0);
    let good = std::fs::read(&file).unwrap();
    let mut answered = 0;
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        if let Some(body) = answer_with(&home, &file, &bad).await {
            assert_eq!(body, b"a body that is short", "{at}");
            answered += 1;
        }
    }
    // The mark of a soft purge: unreadable, it makes the response stale.
    assert_eq!(answered, 16);
}

#[tokio::test]
async fn a_flipped_bit_in_a_large_body_is_a_miss() {
    let home = Home::new();
    let store = home.open();
    assert!(put(&store, "http://a/", &random_bytes(5, 3_000_000)).stored().await);
    drop(hit(&store, "http://a/").await);
    store.close();
    drop(store);
    let file = home.files().remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    assert_eq!(answer_with(&home, &file, &bytes).await, None);
}

#[tokio::test]
async fn damage_while_the_store_is_open_is_noticed() {
    let home = Home::new();
    let store = Store::open(home.settings().memory(0));
    assert!(put(&store, "http://a/", &random_bytes(5, 300_000)).stored().await);
    drop(hit(&store, "http://a/").await);
    let file = home.files().remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[200_000] ^= 4;
    std::fs::write(&file, &bytes).unwrap();
    assert!(matches!(get(&store, "http://a/").await, Found::Miss));
    assert!(put(&store, "http://a/", b"new").stored().await);
    assert_eq!(body_of(&hit(&store, "http://a/").await).await, b"new");
}

#[tokio::test]
async fn a_body_too_long_to_check_beforehand_ends_where_it_is_damaged() {
    let home = Home::new();
    let store = home.open();
    let body = random_bytes(5, 20 << 20);
    assert!(put(&store, "http://a/", &body).stored().await);
    let file = home.files().remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    let (at, flip) = (10 << 20, 0x80);
    bytes[at] ^= flip;
    std::fs::write(&file, &bytes).unwrap();
    let entry = hit(&store, "http://a/").await;
    let Body::File(stored) = entry.body() else { panic!("in memory") };
    let mut out = Vec::new();
    let ended = loop {
        match stored.read(out.len() as u64, 1 << 20).await {
            Ok(bytes) => out.extend_from_slice(&bytes),
            Err(error) => break error,
        }
    };
    assert!(ended.to_string().contains("damaged"), "{ended}");
    assert!(body.starts_with(&out) && out.len() <= at && out.len() > at - (1 << 20));
    assert!(matches!(get(&store, "http://a/").await, Found::Miss));
}

#[tokio::test]
async fn another_keys_file_is_no_answer() {
    let home = Home::new();
    let store = home.open();
    assert!(put(&store, "http://a/", b"a").stored().await);
    let of_a = home.files().remove(0);
    assert!(put(&store, "http://b/", b"b").stored().await);
    let of_b = home.files().into_iter().find(|file| *file != of_a).unwrap();
    store.close();
    drop(store);
    std::fs::copy(&of_b, &of_a).unwrap();
    let store = home.open();
    assert!(matches!(get(&store, "http://a/").await, Found::Miss));
    assert_eq!(body_of(&hit(&store, "http://b/").await).await, b"b");
}
