//! kill -9 at random moments under load: what is answered afterwards, from the same directory, is
//! whole, of one version and not purged; and most of it is still there.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::shelf::{Shelf, judge, request};
use crate::{caching, dir, is_hit, try_connect};
use tombolo_e2e::{Chance, Gate, Tombolo};

const CLIENTS: u64 = 6;
const LENGTHS: [usize; 7] = [104, 1_000, 8_000, 70_000, 300_000, 1_000_000, 4_000_000];
const LANGUAGES: [&str; 3] = ["de", "en", "es"];

/// Something that is asked for again and again.
fn draw(chance: &mut Chance) -> (String, &'static str) {
    let number = chance.below(60);
    let kind = ["long", "vary", "short", "long"][number % 4];
    let path = format!("/{kind}/{number}/{}", LENGTHS[number % LENGTHS.len()]);
    (path, LANGUAGES[chance.below(3)])
}

/// What all rounds know.
#[derive(Default)]
struct Known {
    /// Of each path that was purged: the newest seed there was when the purge was sent.
    purged: Mutex<HashMap<String, u64>>,
    answers: AtomicUsize,
    purges: AtomicUsize,
    wrong: Mutex<Vec<String>>,
}

impl Known {
    fn floor(&self, path: &str) -> u64 {
        self.purged.lock().unwrap().get(path).copied().unwrap_or(0)
    }

    /// Asks once and judges the answer. None: the gateway is gone.
    fn ask(
        &self,
        client: &mut tombolo_e2e::Client,
        path: &str,
        language: &str,
    ) -> Option<tombolo_e2e::Response> {
        let floor = self.floor(path);
        if !client.try_send(request(path, language)) {
            return None;
        }
        let answer = client.read_response().ok()?;
        self.answers.fetch_add(1, Ordering::Relaxed);
        match judge(path, language, &answer) {
            Ok(seed) if seed > floor => {}
            Ok(seed) => {
                let what = format!("{path}: {seed} was purged up to {floor}: {:?}", answer.head);
                self.wrong.lock().unwrap().push(what);
            }
            Err(what) => self.wrong.lock().unwrap().push(what),
        }
        Some(answer)
    }

    fn purge(&self, client: &mut tombolo_e2e::Client, path: &str, newest: u64) -> Option<()> {
        client
            .try_send(format!("DELETE {path} HTTP/1.1\r\nHost: example.org\r\n\r\n"))
            .then_some(())?;
        client.read_response().ok()?;
        self.purges.fetch_add(1, Ordering::Relaxed);
        self.purged.lock().unwrap().insert(path.to_owned(), newest);
        Some(())
    }

    /// Asks and purges until the gateway is gone.
    fn load(&self, gateway: &Tombolo, shelf: &Shelf, mut chance: Chance) {
        let Some(mut client) = try_connect(gateway) else { return };
        loop {
            let (path, language) = draw(&mut chance);
            let went_on = if chance.once_in(40) {
                self.purge(&mut client, &path, shelf.newest())
            } else {
                self.ask(&mut client, &path, language).map(drop)
            };
            if went_on.is_none() {
                return;
            }
        }
    }
}

fn rounds(count: usize) {
    let (home, shelf) = (tempfile::tempdir().unwrap(), Shelf::start());
    let setup = caching(&shelf.origin, &dir(&home.path().join("cache"))).workers(2);
    let (mut chance, known) = (Chance::new(), Known::default());
    let (mut looked, mut hits) = (0, 0);
    for round in 0..count {
        let mut gateway = setup.start();
        if round > 0 {
            let mut client = gateway.connect();
            for _ in 0..30 {
                let (path, language) = draw(&mut chance);
                let answer = known.ask(&mut client, &path, language).expect("nobody killed it");
                if !path.starts_with("/short/") {
                    looked += 1;
                    hits += usize::from(is_hit(&answer));
                }
            }
        }
        let begun = Gate::new();
        thread::scope(|scope| {
            for index in 0..CLIENTS {
                let chance =
                    Chance::from_seed(chance.seed() ^ (round as u64 * CLIENTS + index + 1));
                let (known, gateway, shelf, begun) = (&known, &gateway, &shelf, begun.clone());
                scope.spawn(move || {
                    begun.open();
                    known.load(gateway, shelf, chance);
                });
            }
            begun.wait("the load to begin");
            thread::sleep(Duration::from_millis(20 + chance.below(480) as u64));
            gateway_killed(gateway.pid());
        });
        gateway.kill();
        let wrong = known.wrong.lock().unwrap();
        assert!(wrong.is_empty(), "round {round}:\n{}", wrong.join("\n"));
    }
    let (answers, purges) = (&known.answers, &known.purges);
    println!(
        "{count} kills: {answers:?} whole answers, {purges:?} purges, {hits} of {looked} first looks hit"
    );
    assert!(hits * 10 >= looked * 7, "{hits} of {looked} hits after the restarts");
}

/// kill -9 while others hold the gateway.
fn gateway_killed(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn ten_kills_under_load() {
    rounds(10);
}

#[test]
#[ignore = "takes minutes"]
fn two_hundred_kills_under_load() {
    rounds(200);
}
