//! The store on real files: what is put in comes out, or nothing does.

// Helpers outside of test functions fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod corruption;
mod crash;
mod eviction;
mod filling;
mod lookup;
mod purging;
mod scale;
mod trouble;

use std::time::{Duration, Instant};

use bytes::Bytes;
use tombolo_cache::key::{Key, KeyHash};
use tombolo_cache::store::{
    Asker, Body, Entry, Filling, Found, Role, Settings, Start, Status, Store, StoreReceipt,
};
use tombolo_cache::vary::VariantKey;

/// A store in a directory of its own.
struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn settings(&self) -> Settings {
        Settings::new(self.dir.path().join("cache")).max_size(256 << 20)
    }

    fn open(&self) -> Store {
        Store::open(self.settings())
    }

    /// Every file of a stored response.
    fn files(&self) -> Vec<std::path::PathBuf> {
        files_below(&self.dir.path().join("cache/entries"))
    }
}

fn files_below(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => out.extend(files_below(&entry.path())),
            false => out.push(entry.path()),
        }
    }
    out
}

fn key(text: &str) -> Key<'_> {
    Key::of_text(text.as_bytes())
}

fn variant(text: &str) -> VariantKey<'_> {
    VariantKey { hash: KeyHash::of(text.as_bytes()), text: text.as_bytes() }
}

fn fill(store: &Store, text: &str) -> Filling {
    match store.begin_or_join(key(text), None, store.ticket(), Asker::Anyone) {
        Role::Fill(filling) => filling,
        Role::Wait(_) => panic!("{text} is being filled"),
        Role::Again => panic!("{text} was stored just now"),
        Role::Busy => panic!("too many fills"),
    }
}

fn start<'a>(head: &'a str, tags: &'a [&'a [u8]]) -> Start<'a> {
    Start { meta: b"meta", head: head.as_bytes(), tags, varies_by: None, length: None }
}

/// Stores a response whose head is its key.
fn put(store: &Store, text: &str, body: &[u8]) -> StoreReceipt {
    let mut filling = fill(store, text);
    filling.start(start(text, &[])).unwrap();
    filling.append(Bytes::copy_from_slice(body));
    filling.commit()
}

async fn get(store: &Store, text: &str) -> Found {
    store.lookup(key(text)).found().await
}

async fn hit(store: &Store, text: &str) -> Entry {
    match get(store, text).await {
        Found::Hit(entry) => entry,
        other => panic!("{text}: {other:?}"),
    }
}

async fn body_of(entry: &Entry) -> Vec<u8> {
    match entry.body() {
        Body::Memory(bytes) => bytes.to_vec(),
        Body::File(file) => {
            let mut out = Vec::new();
            loop {
                let bytes = file.read(out.len() as u64, 1 << 20).await.unwrap();
                if bytes.is_empty() {
                    return out;
                }
                out.extend_from_slice(&bytes);
            }
        }
    }
}

fn random_bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

/// Waits until the state is as wanted.
fn await_status(store: &Store, what: &str, wanted: impl Fn(&Status) -> bool) -> Status {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status = store.status();
        if wanted(&status) {
            return status;
        }
        assert!(Instant::now() < deadline, "{what}: {status:#?}");
        std::thread::yield_now();
    }
}
