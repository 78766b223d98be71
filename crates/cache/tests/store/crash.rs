//! A writer killed at any moment leaves whole entries or none.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;
use tombolo_cache::store::{Mode, Purge};

const DIR: &str = "TOMBOLO_TEST_STORE_DIR";
const KEYS: u64 = 40;

/// A process that runs one of the ignored tests below in a directory; killed when dropped.
struct Victim(Child);

impl Victim {
    fn start(test: &str, home: &Home) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env(DIR, home.dir.path().join("cache"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Waits until it has said so `times` times.
    fn await_said(&mut self, what: &str, times: usize) {
        let said = BufReader::new(self.0.stdout.take().unwrap()).lines();
        let said = said.map_while(Result::ok).filter(|line| line.ends_with(what));
        assert_eq!(said.take(times).count(), times, "the child ended early");
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A body that tells its own seed, key and length, so that a mixed one is found.
fn marked_body(key: u64, seed: u64) -> Vec<u8> {
    let length = [100, 5_000, 70_000, 300_000, 1_000_000][(key % 5) as usize];
    let mut body = random_bytes(seed ^ key << 32, length);
    body[..8].copy_from_slice(&seed.to_le_bytes());
    body
}

#[tokio::test]
#[ignore = "the process that is killed by killed_at_any_moment"]
async fn stores_without_end() {
    let dir = std::env::var(DIR).unwrap();
    let store = Store::open(Settings::new(dir).max_size(20 << 20));
    loop {
        let (number, seed) = (fastrand::u64(..KEYS), fastrand::u64(..));
        let text = format!("http://a/{number}");
        let Role::Fill(mut filling) =
            store.begin_or_join(key(&text), None, store.ticket(), Asker::Anyone)
        else {
            continue;
        };
        filling.start(start(&text, &[])).unwrap();
        for piece in marked_body(number, seed).chunks(40_000) {
            filling.append(Bytes::copy_from_slice(piece));
            filling.room().await;
        }
        let receipt = filling.commit();
        if fastrand::bool() {
            receipt.stored().await;
            println!("stored");
        }
    }
}

#[tokio::test]
async fn killed_at_any_moment_it_never_answers_with_a_torn_or_mixed_body() {
    let home = Home::new();
    let mut hits = 0;
    for _ in 0..30 {
        let mut victim = Victim::start("crash::stores_without_end", &home);
        victim.await_said("stored", fastrand::usize(1..20));
        victim.kill();
        let store = Store::open(home.settings().max_size(20 << 20));
        for number in 0..KEYS {
            if let Found::Hit(entry) = get(&store, &format!("http://a/{number}")).await {
                let body = body_of(&entry).await;
                let seed = u64::from_le_bytes(body[..8].try_into().unwrap());
                assert!(body == marked_body(number, seed), "{number}");
                hits += 1;
            }
        }
        let status = await_status(&store, "counted", |status| !status.counting);
        // What was renamed was whole.
        assert_eq!(status.totals.corrupt, 0);
        assert_eq!(std::fs::read_dir(home.dir.path().join("cache/tmp")).unwrap().count(), 0);
        assert_eq!(status.objects as usize, home.files().len());
        store.close();
    }
    assert!(hits > 100, "{hits}");
}

#[tokio::test]
#[ignore = "the process that is killed by a_purge_survives"]
async fn purges_and_waits() {
    let store = Store::open(Settings::new(std::env::var(DIR).unwrap()));
    for text in ["http://a/key", "http://a/pre/1", "http://a/tag", "http://a/soft", "http://a/no"] {
        let tags: &[&[u8]] = if text.ends_with("tag") { &[b"t1", b"t2"] } else { &[] };
        let mut filling = fill(&store, text);
        filling.start(start(text, tags)).unwrap();
        filling.append(Bytes::from_static(b"body"));
        assert!(filling.commit().stored().await);
    }
    let purges = [
        (Purge::Key(key("http://a/key")), Mode::Hard),
        (Purge::Prefix(b"http://a/pre"), Mode::Hard),
        (Purge::Tag(b"t2"), Mode::Hard),
        (Purge::Key(key("http://a/soft")), Mode::Soft),
    ];
    for (purge, mode) in purges {
        assert!(store.purge(purge, mode).unwrap().durable().await);
    }
    println!("purged");
    std::future::pending().await
}

#[tokio::test]
async fn a_purge_survives_the_process() {
    for _ in 0..5 {
        let home = Home::new();
        let mut victim = Victim::start("crash::purges_and_waits", &home);
        victim.await_said("purged", 1);
        victim.kill();
        for _ in 0..2 {
            let store = home.open();
            for gone in ["http://a/key", "http://a/pre/1", "http://a/tag"] {
                assert!(matches!(get(&store, gone).await, Found::Miss), "{gone}");
            }
            assert!(hit(&store, "http://a/soft").await.purged_soft_ms().is_some());
            assert!(hit(&store, "http://a/no").await.purged_soft_ms().is_none());
            store.close();
        }
    }
}
