//! Two hundred users at once, files of 1 to 100 MB up and down, and two of three replicas killed in turn:
//! whatever is cut goes on where it was, and memory does not grow.
//!
//! ```text
//! cargo xtask test --long users                            # ten minutes
//! TOMBOLO_USERS_SECONDS=180 cargo xtask test --long users  # another length
//! ```

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tombolo_e2e::{Chance, Foreign, PATIENCE};

use crate::cluster::{Cluster, account, ask, try_ask};
use crate::noise;
use crate::person::{Person, Transfer};

const MB: usize = 1_000_000;

/// What is transferred, in millions of bytes.
const SIZES: [usize; 8] = [1, 2, 4, 8, 15, 30, 60, 100];

/// Users at once.
const USERS: usize = 200;

/// Bytes that are uploaded at most: those of a deleted item stay on the disk for an hour. Then all users
/// download.
const UPLOADED: u64 = 15_000_000_000;

/// Resident memory of a replica at most, with all transfers on it: 60 MiB, and 2 MiB for each.
const RESIDENT: u64 = (60 + 2 * USERS as u64) << 20;

/// What all users share.
pub(crate) struct World {
    pub(crate) gateway: SocketAddr,
    /// The longest file; others are its beginnings.
    pub(crate) bytes: Vec<u8>,
    /// Lengths, with each one's SHA-256.
    pub(crate) files: Vec<(usize, String)>,
    /// Public items, one of each file.
    pub(crate) items: Vec<String>,
    pub(crate) resumed: AtomicU64,
    stop: AtomicBool,
    up: AtomicU64,
    down: AtomicU64,
    transfers: AtomicU64,
}

impl World {
    fn new(cluster: &Cluster) -> Self {
        let bytes = noise(SIZES.iter().max().unwrap() * MB);
        let digest = |size: &usize| {
            let path = cluster.folder.path().join("file.bin");
            std::fs::write(&path, &bytes[..size * MB]).unwrap();
            let said = Foreign::program("sha256sum", "coreutils").arg(path).run().succeeded();
            let digest = said.trim_start_matches('\\').split_whitespace().next().unwrap();
            (size * MB, digest.to_owned())
        };
        let files = SIZES.iter().map(digest).collect();
        let numbers = || AtomicU64::new(0);
        Self {
            gateway: cluster.gateway.address(),
            files,
            bytes,
            items: Vec::new(),
            resumed: numbers(),
            stop: AtomicBool::new(false),
            up: numbers(),
            down: numbers(),
            transfers: numbers(),
        }
    }

    /// Uploads one of each file and shows it to all.
    fn publish(&mut self, token: &str) {
        let mut person = Person::new(token);
        for file in 0..self.files.len() {
            let item = person.upload(self, file);
            let target = format!("/library/api/items/{item}");
            let bearer = format!("Bearer {token}");
            let fields = [("Authorization", &*bearer), ("Content-Type", "application/json")];
            let shown = ask(self.gateway, "PATCH", &target, &fields, br#"{"visibility":"public"}"#);
            assert_eq!(shown.status, 200, "{shown:?}");
            self.items.push(item);
        }
    }

    /// What a user does until it is over.
    fn spend(&self, token: &str, seed: u64) {
        let (mut person, mut chance) = (Person::new(token), Chance::from_seed(seed));
        while !self.stop.load(Ordering::Relaxed) {
            let file = chance.below(self.files.len());
            let length = self.files[file].0 as u64;
            let may_upload = self.up.load(Ordering::Relaxed) < UPLOADED;
            let transfer =
                if may_upload && chance.once_in(2) { Transfer::Up } else { Transfer::Down };
            match transfer {
                Transfer::Up => {
                    self.up.fetch_add(length, Ordering::Relaxed);
                    let item = person.upload(self, file);
                    person.delete(self, &item);
                }
                Transfer::Down => {
                    person.download(self, file);
                    self.down.fetch_add(length, Ordering::Relaxed);
                }
            }
            self.transfers.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
#[ignore = "ten minutes: cargo xtask test --long users"]
fn two_hundred_users_lose_nothing_while_replicas_are_killed() {
    let length = std::env::var("TOMBOLO_USERS_SECONDS").ok().and_then(|text| text.parse().ok());
    let length = Duration::from_secs(length.unwrap_or(600));
    let mut cluster = Cluster::start();
    let mut world = World::new(&cluster);
    let tokens: Vec<String> =
        (0..=USERS).map(|number| account(cluster.replicas[0].address(), number)).collect();
    world.publish(&tokens[USERS]);
    let seed = Chance::new().seed();
    let (early, late, kills) = thread::scope(|scope| {
        let world = &world;
        for (number, token) in tokens.iter().take(USERS).enumerate() {
            scope.spawn(move || world.spend(token, seed.wrapping_add(number as u64)));
        }
        let watched = kill_in_turn(&mut cluster, length);
        world.stop.store(true, Ordering::Relaxed);
        watched
    });
    let figure = |number: &AtomicU64| number.load(Ordering::Relaxed);
    println!(
        "{length:?}, {USERS} users: {} transfers, {} MB up, {} MB down, gone on with after a cut {} times, {kills} \
         kills; resident: gateway {} and {} MiB, a replica {} and {} MiB at most in the first and second half",
        figure(&world.transfers),
        figure(&world.up) / MB as u64,
        figure(&world.down) / MB as u64,
        figure(&world.resumed),
        early.gateway >> 20,
        late.gateway >> 20,
        early.replica >> 20,
        late.replica >> 20,
    );
    assert!(figure(&world.transfers) > USERS as u64 / 2 && kills > 0, "too little was done");
    assert!(late.gateway <= early.gateway + early.gateway / 4 + (16 << 20), "the gateway's grows");
    assert!(early.replica.max(late.replica) <= RESIDENT, "a replica's is beyond its bound");
}

/// Most resident memory that was seen, in bytes.
#[derive(Clone, Copy, Default)]
struct Resident {
    gateway: u64,
    replica: u64,
}

impl Resident {
    fn look(&mut self, cluster: &Cluster, alive: &[usize]) {
        self.gateway = self.gateway.max(cluster.gateway.figures().resident_bytes);
        for index in alive {
            let bytes = cluster.replicas[*index].figures().resident_bytes;
            self.replica = self.replica.max(bytes);
        }
    }
}

/// Kills two of three replicas, one after the other, has them back, and goes on with the next two; what
/// memory was seen in the first and in the second half, and how many were killed.
fn kill_in_turn(cluster: &mut Cluster, length: Duration) -> (Resident, Resident, usize) {
    let (begun, mut kills) = (Instant::now(), 0);
    let (mut early, mut late) = (Resident::default(), Resident::default());
    let pause = |cluster: &Cluster, alive: &[usize], early: &mut Resident, late: &mut Resident| {
        // The time that users have with so many replicas; nothing is waited for.
        for _ in 0..4 {
            thread::sleep(Duration::from_secs(1));
            let half = if begun.elapsed() < length / 2 { &mut *early } else { &mut *late };
            half.look(cluster, alive);
        }
    };
    for turn in 0.. {
        let [first, second, third] = [turn % 3, (turn + 1) % 3, (turn + 2) % 3];
        pause(cluster, &[first, second, third], &mut early, &mut late);
        if begun.elapsed() >= length {
            break;
        }
        cluster.kill(first);
        pause(cluster, &[second, third], &mut early, &mut late);
        cluster.kill(second);
        pause(cluster, &[third], &mut early, &mut late);
        cluster.start_again(first);
        cluster.start_again(second);
        kills += 2;
    }
    (early, late, kills)
}

/// Waits until the gateway has a replica that answers; a transfer that is cut is not at an end by that.
pub(crate) fn again<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + 4 * PATIENCE;
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        assert!(Instant::now() < end, "no way on in two minutes: {what}");
        thread::sleep(Duration::from_millis(200));
    }
}

/// A request that may be cut; an answer of the server's or the gateway's that it cannot be done now counts as
/// none.
pub(crate) fn asked(
    gateway: SocketAddr,
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> Option<crate::cluster::Answer> {
    let answer = try_ask(gateway, method, target, fields, body)?;
    (answer.status < 500 && ![423, 429].contains(&answer.status)).then_some(answer)
}
