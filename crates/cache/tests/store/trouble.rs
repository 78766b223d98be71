//! Full disks, missing rights and vanished folders: the cache steps aside and recovers.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use tombolo_cache::store::{Mode, Purge};

/// A small disk of its own. `None` where the system does not let one be made.
struct SmallDisk(PathBuf, #[allow(dead_code)] tempfile::TempDir);

impl SmallDisk {
    fn new(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(&path)
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("skipped: no tmpfs can be mounted here");
        }
        mounted.then(|| Self(path, dir))
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(
            Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success()
        );
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Brings a body to a reader through the store, as a request does.
async fn pass(store: &Store, text: &str, body: &[u8]) -> bool {
    let mut filling = fill(store, text);
    filling.start(start(text, &[])).unwrap();
    let mut reader = filling.reader().unwrap();
    let reading = async {
        let mut out = Vec::new();
        while let Some(bytes) = reader.next().await.unwrap() {
            out.extend_from_slice(&bytes);
        }
        assert!(out == body, "{text}");
        drop(reader);
    };
    let filling = async {
        for piece in body.chunks(16 << 10) {
            filling.append(Bytes::copy_from_slice(piece));
            filling.room().await;
        }
        filling.commit().stored().await
    };
    tokio::join!(reading, filling).1
}

#[tokio::test]
async fn a_disk_smaller_than_max_size_is_used_and_nobody_notices() {
    let Some(disk) = SmallDisk::new("20m") else { return };
    let store = Store::open(Settings::new(disk.0.join("cache")).max_size(1 << 30));
    let mut stored = 0;
    for number in 0..150_u64 {
        let body = random_bytes(number, [5_000, 300_000, 2_000_000][(number % 3) as usize]);
        stored += u32::from(pass(&store, &format!("http://a/{number}"), &body).await);
    }
    let status = store.status();
    assert!(stored > 140, "{stored} {status:#?}");
    assert!(status.totals.evictions > 50);
    assert!(status.writing.is_none());
}

#[tokio::test]
async fn a_disk_filled_by_others_is_told_of_and_recovered_from() {
    let Some(disk) = SmallDisk::new("20m") else { return };
    let store = Store::open(Settings::new(disk.0.join("cache")).max_size(1 << 30));
    assert!(pass(&store, "http://a/kept", &random_bytes(1, 100_000)).await);
    let hog = disk.0.join("hog");
    let hogged = std::fs::write(&hog, vec![1; 30 << 20]);
    assert!(hogged.is_err(), "the disk is larger than asked for");
    // With followers, large and small: everyone gets everything.
    for number in 0..20 {
        let body = random_bytes(number, [5_000, 3_000_000][(number % 2) as usize]);
        pass(&store, &format!("http://a/{number}"), &body).await;
    }
    let trouble = store.status().writing.unwrap();
    assert!(trouble.reason.contains("No space"), "{trouble:?}");
    assert!(trouble.since.elapsed().unwrap() < Duration::from_secs(60));
    std::fs::remove_file(&hog).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !pass(&store, "http://a/again", &random_bytes(2, 500_000)).await {
        assert!(Instant::now() < deadline);
    }
    await_status(&store, "no more trouble", |status| status.writing.is_none());
    await_status(&store, "nothing is left", |status| (status.fills, status.unwritten) == (0, 0));
    assert_eq!(hit(&store, "http://a/again").await.body_length(), 500_000);
}

#[tokio::test]
async fn a_disk_that_turns_read_only_is_read() {
    let Some(disk) = SmallDisk::new("20m") else { return };
    let store = Store::open(Settings::new(disk.0.join("cache")).memory(0));
    assert!(pass(&store, "http://a/", &random_bytes(1, 100_000)).await);
    disk.remount("ro");
    assert!(!pass(&store, "http://b/", &random_bytes(2, 100_000)).await);
    assert_eq!(body_of(&hit(&store, "http://a/").await).await, random_bytes(1, 100_000));
    assert!(store.status().writing.unwrap().reason.contains("Read-only"));
    disk.remount("rw");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !pass(&store, "http://b/", &random_bytes(2, 100_000)).await {
        assert!(Instant::now() < deadline);
    }
    await_status(&store, "no more trouble", |status| status.writing.is_none());
}

#[tokio::test]
async fn a_directory_that_vanishes_is_made_again() {
    let home = Home::new();
    let store = home.open();
    assert!(pass(&store, "http://a/", &random_bytes(1, 100_000)).await);
    std::fs::remove_dir_all(home.dir.path().join("cache")).unwrap();
    assert!(matches!(get(&store, "http://a/").await, Found::Miss));
    let deadline = Instant::now() + Duration::from_secs(30);
    while !pass(&store, "http://a/", &random_bytes(1, 100_000)).await {
        assert!(Instant::now() < deadline);
    }
    assert_eq!(hit(&store, "http://a/").await.body_length(), 100_000);
    let status = await_status(&store, "counted again", |status| {
        !status.counting && status.writing.is_none()
    });
    assert_eq!((status.objects, home.files().len()), (1, 1));
}

#[tokio::test]
async fn without_a_directory_responses_pass_and_small_ones_are_held_in_memory() {
    let home = Home::new();
    let blocked = home.dir.path().join("cache");
    std::fs::write(&blocked, b"a file where the directory should be").unwrap();
    let store = home.open();
    assert!(store.status().writing.is_some());
    assert!(!pass(&store, "http://a/", b"small").await);
    assert_eq!(body_of(&hit(&store, "http://a/").await).await, b"small");
    assert!(!pass(&store, "http://b/", &random_bytes(1, 5_000_000)).await);
    assert!(matches!(get(&store, "http://b/").await, Found::Miss));
    std::fs::remove_file(&blocked).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !pass(&store, "http://b/", &random_bytes(1, 5_000_000)).await {
        assert!(Instant::now() < deadline);
    }
    await_status(&store, "no more trouble", |status| status.writing.is_none());
}

#[tokio::test]
async fn a_directory_that_another_store_uses_is_left_alone_until_it_is_free() {
    let home = Home::new();
    let first = home.open();
    assert!(put(&first, "http://a/", b"a").stored().await);
    let second = home.open();
    let trouble = second.status().writing.unwrap();
    assert!(trouble.reason.contains("another process"), "{trouble:?}");
    assert!(matches!(get(&second, "http://a/").await, Found::Miss));
    first.close();
    await_status(&second, "taken over", |status| status.writing.is_none());
    assert_eq!(body_of(&hit(&second, "http://a/").await).await, b"a");
}

#[tokio::test]
async fn files_that_the_store_did_not_write_are_left_alone() {
    let home = Home::new();
    let store = home.open();
    assert!(put(&store, "http://a/", b"a").stored().await);
    store.close();
    drop(store);
    let good = home.files().remove(0);
    let folder = good.parent().unwrap();
    let foreign = [folder.join("README"), folder.join("0".repeat(32))];
    let beside = home.dir.path().join("cache/notes.txt");
    for file in foreign.iter().map(PathBuf::as_path).chain([beside.as_path()]) {
        std::fs::write(file, b"x").unwrap();
    }
    let store = home.open();
    await_status(&store, "counted", |status| !status.counting);
    assert_eq!(store.status().objects, 1);
    let there = |path: &Path| path.exists();
    assert!(there(&good) && there(&beside) && foreign.iter().all(|path| there(path)));
}

#[tokio::test]
async fn a_directory_that_is_not_a_cache_of_ours_is_left_alone() {
    let home = Home::new();
    let cache = home.dir.path().join("cache");
    for name in ["tmp/sub/kept", "tmp/upload.bin", "purge.log", "entries/00/0/file", "lock"] {
        let file = cache.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "precious").unwrap();
    }
    let before = files_below(&cache);
    let store = home.open();
    let trouble = store.status().writing.unwrap();
    assert!(trouble.reason.contains("left alone"), "{trouble:?}");
    assert!(!pass(&store, "http://a/", b"small").await);
    assert_eq!(body_of(&hit(&store, "http://a/").await).await, b"small", "held in memory");
    store.close();
    drop(store);
    assert_eq!(files_below(&cache), before);
    assert!(before.iter().all(|file| std::fs::read(file).unwrap() == b"precious"));
}

#[tokio::test]
async fn links_in_the_directory_lead_nowhere() {
    for planted in ["tmp", "entries", "entries/00", "purge.log", "lock", "CACHEDIR.TAG"] {
        let home = Home::new();
        let store = home.open();
        assert!(put(&store, "http://a/", b"a").stored().await);
        store.close();
        drop(store);
        let (cache, victim) = (home.dir.path().join("cache"), home.dir.path().join("victim"));
        std::fs::create_dir_all(victim.join("0")).unwrap();
        for name in ["file", "0/file", &format!("0/{}", "0".repeat(32))] {
            std::fs::write(victim.join(name), "precious").unwrap();
        }
        let before = files_below(&victim);
        let place = cache.join(planted);
        let _ = std::fs::remove_dir_all(&place);
        let _ = std::fs::remove_file(&place);
        let target = if planted.contains('.') || planted == "lock" { "file" } else { "" };
        std::os::unix::fs::symlink(victim.join(target), &place).unwrap();
        let store = home.open();
        for number in 0..200 {
            let text = format!("http://{number}/");
            let _: bool = put(&store, &text, b"b").stored().await;
            let _: Found = get(&store, &text).await;
        }
        store.purge(Purge::All, Mode::Hard).unwrap().durable().await;
        store.close();
        drop(store);
        assert_eq!(files_below(&victim), before, "{planted}");
        for file in before {
            assert_eq!(std::fs::read(file).unwrap(), b"precious", "{planted}");
        }
    }
}

#[tokio::test]
async fn everything_in_it_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let store = home.open();
    assert!(put(&store, "http://a/", b"a").stored().await);
    store.purge(Purge::Tag(b"x"), Mode::Soft).unwrap().durable().await;
    let cache = home.dir.path().join("cache");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for file in files_below(&cache) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        for folder in file.ancestors().skip(1).take_while(|path| path.starts_with(&cache)) {
            assert_eq!(mode(folder), 0o700, "{}", folder.display());
        }
    }
}
