//! Everything at once, at random: replicas killed and frozen, the database crashed, frozen, cut off,
//! silent or slow, the disk full. What was acknowledged is there, once, and every reader saw the
//! same in the same order; health said so within moments, of each fault and of its end.
//!
//! `TOMBOLO_SEED` replays a run. The long form, ten minutes on each engine, is
//! `cargo xtask test --long storage`; `TOMBOLO_STORAGE_SECONDS` makes it shorter.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tombolo_e2e::{Chance, Link, Postgres, Tombolo};

use crate::history::{Going, History, request};
use crate::small_disk::SmallDisk;
use crate::{reader, replica, writer};

const WRITERS: usize = 8;
const READERS: usize = 20;

/// The longest that health may take to tell. What a replica had to wait for a processor meanwhile is
/// not its own, and counts beyond that.
const HEALTH_TIME: Duration = Duration::from_secs(2);

/// The longest with all that, on a machine that runs other tests at the same time.
const HEALTH_TIME_IN_ALL: Duration = Duration::from_secs(8);

fn short() -> Duration {
    Duration::from_secs(12)
}

fn long() -> Duration {
    let seconds = std::env::var("TOMBOLO_STORAGE_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(600))
}

#[test]
fn nothing_is_lost_on_sqlite_whatever_fails() {
    torment(None, short());
}

#[test]
fn nothing_is_lost_on_postgres_whatever_fails() {
    if let Some(postgres) = Postgres::start() {
        torment(Some(postgres), short());
    }
}

#[test]
#[ignore = "takes minutes"]
fn nothing_is_lost_on_sqlite_whatever_fails_for_long() {
    torment(None, long());
}

#[test]
#[ignore = "takes minutes"]
fn nothing_is_lost_on_postgres_whatever_fails_for_long() {
    torment(Postgres::start(), long());
}

/// What surrounds three replicas and the gateway before them.
struct World {
    replicas: Vec<Tombolo>,
    addresses: Vec<SocketAddr>,
    gateway: Tombolo,
    database: String,
    postgres: Option<(Postgres, Link)>,
    disk: Option<SmallDisk>,
    slowest_false: Told,
    slowest_true: Told,
    faults: usize,
    /// Dropped after the processes that use it.
    _folder: tempfile::TempDir,
}

impl World {
    fn start(postgres: Option<Postgres>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = if postgres.is_none() { SmallDisk::mount() } else { None };
        if let Some(disk) = &disk {
            // Room for the history of the long form, and less than what fills it.
            disk.remount("size=28m");
        }
        let place = disk.as_ref().map_or(folder.path(), SmallDisk::path);
        let in_file = format!("sqlite:{}", place.join("chat.db").display());
        let postgres = postgres.map(|postgres| {
            let link = Link::to(postgres.socket());
            (postgres, link)
        });
        let database = match &postgres {
            Some((_, link)) => {
                format!("postgres://tombolo@{}/postgres?sslmode=disable", link.address())
            }
            None => in_file,
        };
        let replicas: Vec<_> = (0..3).map(|_| replica::start(&database)).collect();
        let addresses: Vec<_> = replicas.iter().map(Tombolo::address).collect();
        let servers: Vec<_> = addresses.iter().map(|address| format!("\"{address}\"")).collect();
        let gateway = Tombolo::gateway(&format!(
            "[gateway]\nlisten = [\"127.0.0.1:0\"]\nworkers = 1\n[access_log]\n\
             [[upstream]]\nname = \"chat\"\nservers = [{}]\n",
            servers.join(", ")
        ));
        let (slowest_false, slowest_true) = (Told::default(), Told::default());
        let (faults, _folder) = (0, folder);
        Self {
            replicas,
            addresses,
            gateway,
            database,
            postgres,
            disk,
            slowest_false,
            slowest_true,
            faults,
            _folder,
        }
    }

    /// One fault, from its beginning to its end.
    fn disturb(&mut self, chance: &mut Chance) {
        self.faults += 1;
        let moment = Duration::from_millis(200 + chance.below(1200) as u64);
        let index = chance.below(3);
        if chance.once_in(2) {
            return match chance.below(2) {
                0 => self.kill(index),
                _ => self.freeze(index, moment),
            };
        }
        if self.postgres.is_some() {
            self.disturb_server(chance.below(6), moment);
        } else if self.disk.is_some() {
            self.fill_disk(moment);
        } else {
            self.freeze(index, moment);
        }
    }

    fn kill(&mut self, index: usize) {
        self.replicas[index].kill();
        let address = self.addresses[index];
        self.replicas[index] = replica::start_at(&self.database, address).listening();
    }

    fn freeze(&self, index: usize, moment: Duration) {
        self.replicas[index].signal(Signal::STOP);
        thread::sleep(moment);
        self.replicas[index].signal(Signal::CONT);
    }

    fn disturb_server(&mut self, kind: usize, moment: Duration) {
        let Some((mut postgres, link)) = self.postgres.take() else { return };
        match kind {
            0 => {
                postgres.crash();
                self.expect_health(false);
                postgres.begin();
                self.expect_health(true);
            }
            1 => {
                postgres.freeze(true);
                self.expect_health(false);
                postgres.freeze(false);
                self.expect_health(true);
            }
            2 => {
                link.set_silent(true);
                self.expect_health(false);
                link.set_silent(false);
                self.expect_health(true);
            }
            3 => {
                link.set_down(true);
                self.expect_health(false);
                link.set_down(false);
                self.expect_health(true);
            }
            4 => {
                link.cut();
                self.expect_health(true);
            }
            _ => {
                link.set_delay(Duration::from_millis(100));
                thread::sleep(moment);
                link.set_delay(Duration::ZERO);
            }
        }
        self.postgres = Some((postgres, link));
    }

    fn fill_disk(&mut self, moment: Duration) {
        let Some(disk) = self.disk.take() else { return };
        let hog = disk.fill();
        // A log whose file has room still takes posts, and a short one longer than others: the fault
        // begins with the first post that fails at each replica.
        let faults = self.faults;
        let is_refused = |&address: &SocketAddr| {
            let end = Instant::now() + Duration::from_secs(2);
            let mut tries =
                (0..).map(|number| replica::post(address, &format!("fill-{faults}-{number}")));
            let mut tries = tries.by_ref().take_while(|_| Instant::now() < end);
            tries.any(|answer| matches!(answer, Some((503, _))))
        };
        if self.addresses.iter().all(is_refused) {
            self.expect_health(false);
            thread::sleep(moment);
        }
        std::fs::remove_file(hog).unwrap();
        self.expect_health(true);
        self.disk = Some(disk);
    }

    /// Waits until every replica says so, and notes how long the slowest took. What counts is when
    /// the first request was sent that was answered so.
    fn expect_health(&mut self, is_well: bool) {
        let begun = Instant::now();
        let ask = |replica: &Tombolo, address: SocketAddr| {
            let waited_before = waited(replica.pid());
            loop {
                let after = begun.elapsed();
                let answer = request(address, "GET /health HTTP/1.0\r\nHost: e2e\r\n\r\n");
                if answer.is_some_and(|(status, _)| (status == 200) == is_well) {
                    let waited = waited(replica.pid()).saturating_sub(waited_before);
                    return Told { after, waited };
                }
                assert!(after < Duration::from_secs(30), "health is not {is_well}");
                thread::sleep(Duration::from_millis(20));
            }
        };
        let slowest = thread::scope(|scope| {
            let replicas = self.replicas.iter().zip(&self.addresses);
            let asked: Vec<_> = replicas
                .map(|(replica, address)| scope.spawn(move || ask(replica, *address)))
                .collect();
            asked.into_iter().map(|asked| asked.join().unwrap()).max().unwrap()
        });
        let limit = HEALTH_TIME_IN_ALL.min(HEALTH_TIME + slowest.waited);
        assert!(slowest.after < limit, "health was {is_well} after {slowest:?} only");
        let noted = if is_well { &mut self.slowest_true } else { &mut self.slowest_false };
        *noted = slowest.max(*noted);
    }
}

/// How long a replica took to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    after: Duration,
    /// How long its threads waited for a processor in that time, all together.
    waited: Duration,
}

/// How long the threads of a process have waited for a processor so far (proc(5), `schedstat`).
fn waited(process: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    let waited = threads.flatten().filter_map(|thread| {
        let figures = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        figures.split(' ').nth(1)?.parse::<u64>().ok()
    });
    Duration::from_nanos(waited.sum())
}

/// Lets writers write and readers read while everything fails, then judges.
fn torment(postgres: Option<Postgres>, time: Duration) {
    let mut world = World::start(postgres);
    let gateway = world.gateway.address();
    let (writing, reading) = (AtomicBool::new(true), AtomicBool::new(true));
    let history = History::default();
    thread::scope(|scope| {
        let _going = Going([&writing, &reading]);
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                let (writing, history) = (&writing, &history);
                scope.spawn(move || writer::run(gateway, number, writing, history))
            })
            .collect();
        let readers: Vec<_> = (0..READERS)
            .map(|number| {
                let (reading, history) = (&reading, &history);
                scope.spawn(move || reader::run(gateway, number % 10 == 9, reading, history))
            })
            .collect();
        let end = Instant::now() + time;
        let mut chance = Chance::new();
        while Instant::now() < end {
            // The time between two faults is the test's load.
            thread::sleep(Duration::from_millis(200 + chance.below(400) as u64));
            world.disturb(&mut chance);
        }
        writing.store(false, Ordering::Relaxed);
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let log = history.judge_log(gateway);
        history.wait_for_readers(READERS, log.len());
        reading.store(false, Ordering::Relaxed);
        for reader in readers {
            assert_eq!(reader.join().unwrap(), log, "a reader saw something else");
        }
        let World { faults, slowest_false, slowest_true, .. } = world;
        eprintln!(
            "{} messages, {READERS} readers, {faults} faults: one order; health false after at \
             most {slowest_false:?}, true after at most {slowest_true:?}",
            log.len()
        );
    });
}
