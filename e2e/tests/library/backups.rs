//! `tombolo backup` and `tombolo restore` with the library's files: while they are used, on both
//! engines, and through kills in the middle of both.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tombolo_e2e::{Chance, Finished, Foreign, Postgres, Tombolo};

use crate::cluster::{Cluster, Uploader, ask, register, replica};
use crate::noise;

const MIB: usize = 1024 * 1024;

fn anywhere() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A database and the objects that go with it.
struct Places {
    at: PathBuf,
    database: String,
    objects: String,
}

impl Places {
    fn new(at: &Path, database: &str, objects: &str) -> Self {
        Self { at: at.to_owned(), database: database.to_owned(), objects: objects.to_owned() }
    }

    /// Those of a name that nothing has yet.
    fn fresh(at: &Path, name: &str) -> Self {
        let path = at.join(name);
        let database = format!("sqlite:{}", path.join("library.db").display());
        Self::new(at, &database, &format!("file:{}", path.join("objects").display()))
    }

    fn arguments<'a>(&'a self, command: &'a str, folder: &'a str) -> [&'a str; 6] {
        [command, folder, "--database", &self.database, "--objects", &self.objects]
    }

    fn run(&self, command: &str, folder: &str) -> Finished {
        Tombolo::run(&self.at, &self.arguments(command, folder))
    }

    fn done(&self, command: &str, folder: &str) -> String {
        let finished = self.run(command, folder);
        assert_eq!(finished.code, Some(0), "{command} {folder}: {finished:?}");
        finished.stdout
    }

    fn refused(&self, command: &str, folder: &str, words: &str) {
        let finished = self.run(command, folder);
        assert_eq!(finished.code, Some(1), "{command} {folder}: {finished:?}");
        assert!(finished.stderr.contains(words), "{words}: {finished:?}");
    }

    /// Runs a command and kills it at any moment.
    fn kill_within(&self, command: &str, folder: &str, moment: Duration) {
        let mut process = Tombolo::program_in(&self.at, &self.arguments(command, folder));
        // The moment of the kill is the test's load.
        thread::sleep(moment);
        process.kill().unwrap();
        process.wait().unwrap();
    }

    fn replica(&self) -> Tombolo {
        replica(&self.database, &self.objects, 0, anywhere()).listening()
    }
}

/// Ends what goes on while it is true, also when the test fails.
struct Going<'g>(&'g AtomicBool);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Uploads a file whole; its item.
fn upload(ana: &Uploader, address: SocketAddr, bytes: &[u8]) -> String {
    let path = ana.create(address, bytes.len());
    let done = ana.patch(address, &path, 0, bytes);
    assert_eq!(done.status, 204, "{done:?}");
    done.field("Library-Item").unwrap().to_owned()
}

fn content(address: SocketAddr, token: &str, item: &str) -> Vec<u8> {
    let bearer = format!("Bearer {token}");
    let target = format!("/library/api/items/{item}/content");
    let answer = ask(address, "GET", &target, &[("Authorization", &bearer)], b"");
    assert_eq!(answer.status, 200, "{item}: {answer:?}");
    answer.body
}

/// Every item: its id and its SHA-256.
fn items(address: SocketAddr, token: &str) -> Vec<(String, String)> {
    let bearer = format!("Bearer {token}");
    let target = "/library/api/items?sort=created&limit=200";
    let list = ask(address, "GET", target, &[("Authorization", &bearer)], b"").json();
    let text = |item: &serde_json::Value, key: &str| item[key].as_str().unwrap().to_owned();
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| (text(item, "id"), text(item, "sha256"))).collect()
}

/// Fetches every item and compares it with its digest; how many there are.
fn all_are_whole(places: &Places, token: &str) -> usize {
    let running = places.replica();
    let all = items(running.address(), token);
    for (item, digest) in &all {
        let bytes = content(running.address(), token, item);
        let said = Foreign::program("sha256sum", "coreutils").input(bytes).run().succeeded();
        assert!(said.starts_with(digest), "{item}: {said}");
    }
    all.len()
}

#[test]
fn files_and_what_is_under_way_come_back() {
    let cluster = Cluster::start();
    let (at, gateway) = (cluster.folder.path(), cluster.gateway.address());
    let token = cluster.token();
    let ana = Uploader::new(&token);
    let (whole, half) = (noise(MIB + 1), noise(2 * MIB));
    let item = upload(&ana, gateway, &whole);
    let under_way = ana.create(gateway, half.len());
    assert_eq!(ana.patch(gateway, &under_way, 0, &half[..MIB]).status, 204);
    let old = Places::new(at, &cluster.database, &cluster.objects);
    let said = old.done("backup", "monday");
    assert!(said.contains(&format!("2 files of {} bytes", 2 * MIB + 1)), "{said}");

    // What happens later is not in it.
    assert_eq!(ana.patch(gateway, &under_way, MIB, &half[MIB..]).status, 204);
    upload(&ana, gateway, b"later");
    old.refused("restore", "monday", "never overwrites");
    let new = Places::fresh(at, "new");
    new.done("restore", "monday");
    new.refused("restore", "monday", "never overwrites");
    let running = new.replica();
    let address = running.address();
    assert_eq!(items(address, &token).len(), 1);
    assert!(content(address, &token, &item) == whole);
    assert_eq!(ana.head(address, &under_way).offset(), MIB);
    let done = ana.patch(address, &under_way, MIB, &half[MIB..]);
    assert_eq!(done.status, 204, "{done:?}");
    assert!(content(address, &token, done.field("Library-Item").unwrap()) == half);

    // Files that are there are as good a reason to refuse as a database.
    let beside = Places { database: format!("sqlite:{}/other.db", at.display()), ..new };
    beside.refused("restore", "monday", "holds files already");
    assert!(!at.join("other.db").exists());
}

#[test]
fn damage_is_told_and_the_rest_is_kept() {
    let cluster = Cluster::start();
    let (at, gateway) = (cluster.folder.path(), cluster.gateway.address());
    let token = cluster.token();
    let ana = Uploader::new(&token);
    let whole = upload(&ana, gateway, b"whole");
    upload(&ana, gateway, b"rotten");
    let objects = PathBuf::from(cluster.objects.trim_start_matches("file:")).join("objects");
    let found = Foreign::program("grep", "grep").args(["-rl", "rotten"]).arg(&objects).run();
    fs::write(found.succeeded().trim(), "rottem").unwrap();
    let old = Places::new(at, &cluster.database, &cluster.objects);
    old.refused("backup", "monday", "1 files were missing or damaged already");
    let new = Places::fresh(at, "new");
    new.done("restore", "monday");
    assert_eq!(content(new.replica().address(), &token, &whole), b"whole");

    // A byte that is lost in the backup is another matter: nothing of it is used.
    let copy =
        Foreign::program("grep", "grep").args(["-rl", "whole"]).arg(at.join("monday/objects"));
    fs::write(copy.run().succeeded().trim(), "whale").unwrap();
    let newer = Places::fresh(at, "newer");
    newer.refused("restore", "monday", "use another backup");
    assert!(!at.join("newer/objects").exists() && !at.join("newer/library.db").exists());
}

#[test]
fn files_of_an_object_store_stay_there_and_are_said_to() {
    let cluster = Cluster::start();
    let (at, token) = (cluster.folder.path(), cluster.token());
    upload(&Uploader::new(&token), cluster.gateway.address(), b"somewhere");
    let store = "s3://files/library?endpoint=http://127.0.0.1:1&region=garage";
    let old = Places::new(at, &cluster.database, store);
    let finished = old.run("backup", "monday");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stderr.contains(&format!("1 files stay in {store}")), "{finished:?}");
    assert!(!at.join("monday/objects").exists());
    Places::fresh(at, "new").refused("restore", "monday", "name that with --objects");
    let new = Places { objects: store.to_owned(), ..Places::fresh(at, "new") };
    new.done("restore", "monday");
}

#[test]
fn kills_in_the_middle_leave_nothing_or_all_of_it() {
    let cluster = Cluster::start();
    let (at, gateway) = (cluster.folder.path(), cluster.gateway.address());
    let token = cluster.token();
    let ana = Uploader::new(&token);
    for number in 0..20 {
        upload(&ana, gateway, &noise(100_000 + number));
    }
    let old = Places::new(at, &cluster.database, &cluster.objects);
    let mut chance = Chance::new();
    let mut moment = || Duration::from_millis(chance.below(250) as u64);
    let writing = AtomicBool::new(true);
    let mut kept = 0;
    thread::scope(|scope| {
        let _going = Going(&writing);
        scope.spawn(|| {
            let bearer = format!("Bearer {token}");
            // Files come and go all the time.
            while writing.load(Ordering::Relaxed) {
                let item = upload(&ana, gateway, &noise(50_000));
                let target = format!("/library/api/items/{item}");
                let gone = ask(gateway, "DELETE", &target, &[("Authorization", &bearer)], b"");
                assert_eq!(gone.status, 204, "{gone:?}");
            }
        });
        for number in 0..8 {
            old.kill_within("backup", "b", moment());
            if at.join("b").exists() {
                kept += 1;
                Places::fresh(at, &format!("check-{number}")).done("restore", "b");
                fs::remove_dir_all(at.join("b")).unwrap();
            }
        }
        old.done("backup", "b");
    });
    eprintln!("{kept} of 8 backups were complete before the kill");
    assert!(!at.join("b.part").exists());
    let new = Places::fresh(at, "new");
    for _ in 0..8 {
        new.kill_within("restore", "b", moment());
        if at.join("new/library.db").exists() {
            // The database is the last: all of it is there.
            break;
        }
    }
    if !at.join("new/library.db").exists() {
        new.done("restore", "b");
    }
    assert!(all_are_whole(&new, &token) >= 20);
}

#[test]
fn with_postgres_files_belong_to_the_moment_of_the_dump() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let objects = format!("file:{}", at.join("objects").display());
    let old = Places::new(at, &postgres.url(), &objects);
    let running = old.replica();
    let token = register(running.address());
    let ana = Uploader::new(&token);
    let bytes = noise(300_000);
    let item = upload(&ana, running.address(), &bytes);
    let said = old.done("backup", "monday");
    assert!(said.contains("1 files of 300000 bytes"), "{said}");
    drop(running);
    let new_objects = format!("file:{}", at.join("new").display());
    let new = Places::new(at, &postgres.new_database("restored"), &new_objects);
    let mut chance = Chance::new();
    for _ in 0..3 {
        new.kill_within("restore", "monday", Duration::from_millis(chance.below(200) as u64));
    }
    // Every kill left all or nothing; a killed load's transaction ends when the server notices.
    tombolo_e2e::eventually("all of it, or an empty database", || {
        let finished = new.run("restore", "monday");
        (finished.code == Some(0) || finished.stderr.contains("tables already")).then_some(())
    });
    assert!(content(new.replica().address(), &token, &item) == bytes);
}
