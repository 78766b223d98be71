//! SIGUSR2: a new process takes the place of the old one, without a request refused.

use crate::load::Load;
use crate::{Changing, Socket, origin};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use std::time::Instant;
use tombolo_e2e::{Client, Gate, Origin, Setup, allow_descriptors, eventually, scripts};

/// The processes that took over, ended with the test.
pub(crate) struct Successors<'c> {
    changing: &'c Changing,
    pids: Vec<Pid>,
}

impl<'c> Successors<'c> {
    pub(crate) fn of(changing: &'c Changing) -> Self {
        let first = Pid::from_raw(changing.gateway.pid().cast_signed()).unwrap();
        Self { changing, pids: vec![first] }
    }

    fn current(&self) -> Pid {
        *self.pids.last().unwrap()
    }

    /// Has the current process replaced, and waits until the new one is asked in its place.
    pub(crate) fn next(&mut self) {
        let before = self.current();
        kill_process(before, Signal::USR2).unwrap();
        let pid = eventually("another process", || {
            let pid = asked(self.changing)?;
            (pid != before).then_some(pid)
        });
        self.pids.push(pid);
    }
}

impl Drop for Successors<'_> {
    fn drop(&mut self) {
        // The first is the harness's own.
        for pid in self.pids.iter().skip(1) {
            let _ = kill_process(*pid, Signal::KILL);
        }
    }
}

/// The process that answers at the admin address just now.
fn asked(changing: &Changing) -> Option<Pid> {
    let admin = changing.admin;
    let mut client = Client::connect(admin);
    client.try_send(format!("GET /api/v1/status HTTP/1.1\r\nHost: {admin}\r\n\r\n"));
    let status: Value = serde_json::from_slice(&client.read_response().ok()?.body).ok()?;
    Pid::from_raw(i32::try_from(status["pid"].as_i64()?).ok()?)
}

fn is_alive(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    test_kill_process(pid).is_ok() && stat.is_ok_and(|stat| !stat.contains(") Z "))
}

/// Replaces the process again and again while clients ask and tunnels are open.
fn succession(times: usize, sockets: usize, clients: usize) {
    allow_descriptors(8192);
    let origins = [origin("one"), origin("two")];
    let changing = Changing::start(&Setup::to_all(&origins).workers(2).timeouts("drain = \"60s\""));
    let address = changing.gateway.address();
    let mut successors = Successors::of(&changing);
    let mut tunnels: Vec<Vec<Socket>> = Vec::new();
    let began = Instant::now();
    let ((), load) = Load::during(address, clients, |load| {
        for _ in 0..times {
            tunnels.push((0..sockets).map(|_| Socket::open(address)).collect());
            load.more(100);
            successors.next();
            load.more(100);
            tunnels.iter_mut().flatten().for_each(Socket::echo);
        }
    });
    load.expect_no_failure();
    let open = tunnels.iter().flatten().count();
    println!(
        "{times} processes in {:?}, {} answers, no failure; {open} tunnels alive",
        began.elapsed(),
        load.answered()
    );
    // Each ends when its last tunnel has.
    let old: Vec<Pid> = successors.pids[..times].to_vec();
    assert!(old.iter().all(|pid| is_alive(*pid)), "tunnels go on in the processes they are in");
    drop(tunnels);
    for pid in old {
        eventually("an old process to end", || (!is_alive(pid)).then_some(()));
    }
    assert_eq!(Client::connect(address).get("/").status(), 200);
}

#[test]
fn a_new_process_takes_over_under_load_and_tunnels_go_on() {
    succession(2, 10, 3);
}

#[test]
#[ignore = "long: run by hand"]
fn a_new_process_takes_over_under_load_at_length() {
    succession(5, 200, 16);
}

#[test]
fn a_program_that_does_not_start_changes_nothing() {
    let origin = origin("ok");
    let changing = Changing::start(&Setup::to(&origin));
    let before = asked(&changing).unwrap();
    let mut client = changing.gateway.connect();
    assert_eq!(client.get("/").text(), "ok");
    changing.write_text("[gateway]\nlisen = 1\n");
    changing.gateway.signal(Signal::USR2);
    changing.gateway.stderr().wait_for_text("tombolo.toml:2:1:");
    changing.gateway.stderr().wait_for_text("was not replaced");
    assert_eq!(client.get("/").text(), "ok", "not even idle connections were touched");
    assert_eq!(changing.gateway.connect().get("/").text(), "ok");
    assert_eq!(asked(&changing), Some(before));
    // Once mended, it can be.
    changing.write(&Setup::to(&origin));
    let mut successors = Successors::of(&changing);
    successors.next();
    assert_eq!(changing.gateway.connect().get("/").text(), "ok");
}

/// What only a restart changes is changed so.
#[test]
fn the_new_process_may_have_other_workers_and_servers() {
    let (one, two) = (origin("one"), origin("two"));
    let changing = Changing::start(&Setup::to(&one).workers(1));
    let mut successors = Successors::of(&changing);
    let address = changing.gateway.address();
    let ((), load) = Load::during(address, 3, |load| {
        for workers in [3, 2] {
            changing.write(&Setup::to(&two).workers(workers));
            successors.next();
            load.more(100);
            assert_eq!(changing.status()["workers"], workers);
        }
    });
    load.expect_no_failure();
    assert_eq!(Client::connect(address).get("/").text(), "two");
}

#[test]
fn a_download_under_way_is_finished_by_the_old_process() {
    const SIZE: usize = 20 << 20;
    let gate = Gate::new();
    let opened = gate.clone();
    let origin = Origin::start(move |connection| {
        connection.read_request()?;
        connection.stop_recording();
        connection.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n"))?;
        connection.write(vec![b'x'; SIZE / 2])?;
        opened.wait("the new process");
        connection.write(vec![b'x'; SIZE / 2])
    });
    let changing = Changing::start(&Setup::to(&origin));
    let mut client = changing.gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client.wire.read_head().expect("the head");
    let mut successors = Successors::of(&changing);
    successors.next();
    gate.open();
    assert_eq!(client.wire.read_exact(SIZE).expect("the whole body").len(), SIZE);
}

/// The directory of the cache is one process's at a time: the new one has it once the old has
/// ended, with all that is in it.
#[test]
fn the_cache_goes_over_whole() {
    let origin = Origin::start(scripts::answer(
        "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Length: 2\r\n\r\nok",
    ));
    let route = "[[route]]\npath = \"/\"\nupstream = \"app\"\ncache = true";
    let changing = Changing::start(&Setup::to(&origin).routes(route));
    let mut client = changing.gateway.connect();
    for page in 0..20 {
        client.get(&format!("/{page}"));
    }
    eventually("them to be stored", || (changing.status()["cache"]["objects"] == 20).then_some(()));
    let mut successors = Successors::of(&changing);
    // What is asked through the old process while it ends is answered too.
    let mut tunnel_free = changing.gateway.connect();
    successors.next();
    assert_eq!(tunnel_free.get("/0").text(), "ok");
    drop((client, tunnel_free));
    eventually("the old process to end", || (!is_alive(successors.pids[0])).then_some(()));
    let hit = |path: &str| {
        let answer = changing.gateway.connect().get(path);
        assert_eq!(answer.text(), "ok");
        answer.head.one("cache-status").is_some_and(|status| status.contains("hit"))
    };
    eventually("the cache", || {
        (changing.status()["cache"]["objects"].as_u64()? >= 20).then_some(())
    });
    assert!((0..20).all(|page| hit(&format!("/{page}"))));
    assert!(changing.status()["cache"]["corrupt"] == 0);
}
