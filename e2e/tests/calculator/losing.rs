//! Replicas are killed one after another while two hundred clients have thousands of requests on
//! their way: every question has its own answer, once, and the right one.

use std::collections::VecDeque;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tombolo_e2e::{PATIENCE, Tombolo, eventually};

use crate::front::Front;
use crate::replica::Talk;

const CLIENTS: u64 = 200;
const REPLICAS: usize = 3;
/// Requests on their way at once.
const AHEAD: usize = 100;

/// Requests of each client: fewer for a binary without optimization, which is run by hand alone.
fn requests() -> u64 {
    if std::env::var_os("TOMBOLO_BIN").is_some() { 10_000 } else { 1_000 }
}

/// A client after the document's words alone, written without our own.
struct Asking {
    gateway: SocketAddr,
    id: u64,
    talk: Option<Talk>,
    /// Numbers of the questions that have no answer, oldest first.
    waiting: VecDeque<u64>,
    losses: u64,
}

impl Asking {
    /// A question nobody else asks, and its answer.
    fn question(&self, number: u64) -> (String, String) {
        let value = self.id * 1_000_000 + number * 3 + 1;
        (format!("EVAL id * 1000000 + {number} * 3 + 1\n"), format!("OK {value}"))
    }

    /// Connects, says what the variable is, and asks again what has no answer.
    fn connect(&mut self) {
        let deadline = std::time::Instant::now() + 3 * PATIENCE;
        while self.talk.is_none() {
            assert!(std::time::Instant::now() < deadline, "no replica is there");
            let Ok(mut talk) = Talk::try_to(self.gateway) else { continue };
            let mut again = format!("LET id = {}\n", self.id);
            again.extend(self.waiting.iter().map(|number| self.question(*number).0));
            if talk.stream.write_all(again.as_bytes()).is_err() {
                continue;
            }
            match talk.try_line() {
                Ok(line) => assert_eq!(line, format!("OK {}", self.id)),
                Err(_) => continue,
            }
            self.talk = Some(talk);
        }
    }

    fn lose(&mut self) {
        self.talk = None;
        self.losses += 1;
        self.connect();
    }

    /// Asks all; how often the connection was lost.
    fn run(mut self, count: u64, answered: &AtomicU64) -> u64 {
        self.connect();
        let mut next = 0;
        while next < count || !self.waiting.is_empty() {
            let mut batch = String::new();
            while next < count && self.waiting.len() < AHEAD {
                batch += &self.question(next).0;
                self.waiting.push_back(next);
                next += 1;
            }
            let talk = self.talk.as_mut().expect("connected");
            if talk.stream.write_all(batch.as_bytes()).is_err() {
                self.lose();
                continue;
            }
            match talk.try_line() {
                Ok(line) => {
                    let number = self.waiting.pop_front().expect("something was asked");
                    assert_eq!(
                        line,
                        self.question(number).1,
                        "client {} question {number}",
                        self.id
                    );
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                Err(_) => self.lose(),
            }
        }
        let talk = self.talk.expect("connected");
        assert_eq!(talk.finish(), Vec::<String>::new(), "more answers than questions");
        self.losses
    }
}

/// Kills each replica once, at even stages of the work, and starts another in its place.
fn kill_in_turn(front: &Front, answered: &AtomicU64, all: u64) {
    for index in 0..REPLICAS {
        let stage = all * (index as u64 + 1) / (REPLICAS as u64 + 1);
        wait_for(|| answered.load(Ordering::Relaxed), stage);
        front.kill(index);
    }
    wait_for(|| answered.load(Ordering::Relaxed), all);
}

/// Waits as long as there is progress.
fn wait_for(count: impl Fn() -> u64, stage: u64) {
    loop {
        let seen = count();
        if seen >= stage {
            return;
        }
        eventually("progress", || (count() > seen).then_some(()));
    }
}

#[test]
fn every_question_has_its_own_answer_while_replicas_are_killed() {
    tombolo_e2e::allow_descriptors(4 * CLIENTS + 200);
    let front = Front::before(REPLICAS);
    let gateway = front.address();
    let answered = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (1..=CLIENTS)
        .map(|id| {
            let answered = Arc::clone(&answered);
            let asking = Asking { gateway, id, talk: None, waiting: VecDeque::new(), losses: 0 };
            thread::spawn(move || asking.run(requests(), &answered))
        })
        .collect();
    kill_in_turn(&front, &answered, CLIENTS * requests());
    let losses: u64 = clients.into_iter().map(|client| client.join().expect("a client")).sum();
    assert!(losses >= CLIENTS / 2, "only {losses} connections were lost: nothing was shown");
    println!("{} answers, {losses} connections lost", answered.load(Ordering::Relaxed));
}

#[test]
fn the_command_loses_nothing_and_keeps_its_variables_while_replicas_are_killed() {
    let front = Front::before(REPLICAS);
    let gateway = front.address();
    let count = 4 * requests();
    let mut all_bytes = 0;
    let commands: Vec<_> = (1..=4_u64)
        .map(|id| {
            let mut input = format!("third = {id}/3\nn = 0\n");
            let mut expected =
                format!("{}\n0\n", if id == 3 { "1".into() } else { approximate(id) });
            for number in 0..count {
                input += &format!("n = n + third * 3\nn * {number}\n");
                let n = (number + 1) * id;
                expected += &format!("{n}\n{}\n", n * number);
            }
            all_bytes += (expected.len() + "OK ".len() * expected.lines().count()) as u64;
            let server = gateway.to_string();
            let command = Tombolo::program().args(["calc", "--server", &server]).input(input);
            thread::spawn(move || (command.run(), expected))
        })
        .collect();
    for index in 0..REPLICAS {
        wait_for(|| front.answered_bytes(), all_bytes * (index as u64 + 1) / 8);
        front.kill(index);
    }
    let mut lost = 0;
    for command in commands {
        let (finished, expected) = command.join().expect("a command");
        let wrong = expected
            .lines()
            .zip(finished.stdout.lines().chain(std::iter::repeat("nothing")))
            .enumerate()
            .find(|(_, (expected, shown))| expected != shown);
        assert_eq!(wrong, None, "line, expected and shown; {}", finished.stderr);
        assert!(finished.stdout == expected, "more is shown than was asked: {}", finished.stderr);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        lost += finished.stderr.matches("connected again").count();
    }
    assert!(lost > 0, "no connection was lost: nothing was shown");
}

fn approximate(id: u64) -> String {
    format!("approx. {:.10}", id as f64 / 3.0)
}
