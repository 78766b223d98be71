//! Steady load by clients that keep their connections, and what became of every request.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tombolo_e2e::Client;

/// What clients met while a test did something.
#[derive(Default)]
pub(crate) struct Load {
    stop: AtomicBool,
    answered: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

impl Load {
    /// Runs `clients` against a gateway for as long as `act` takes; what `act` gives, and what
    /// became of the requests.
    pub(crate) fn during<T>(
        gateway: SocketAddr,
        clients: usize,
        act: impl FnOnce(&Self) -> T,
    ) -> (T, Self) {
        let load = Self::default();
        let acted = std::thread::scope(|scope| {
            for number in 0..clients {
                let load = &load;
                scope.spawn(move || load.client(gateway, number));
            }
            let stop = StopAtEnd(&load);
            let acted = act(&load);
            drop(stop);
            acted
        });
        (acted, load)
    }

    /// Requests answered so far.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Waits until so many more were answered.
    pub(crate) fn more(&self, count: usize) {
        let goal = self.answered() + count;
        tombolo_e2e::eventually("answers", || (self.answered() >= goal).then_some(()));
    }

    /// Fails the test unless every request was answered as it should be.
    pub(crate) fn expect_no_failure(&self) {
        let failures = self.failures.lock().unwrap();
        let count = failures.len();
        assert!(
            failures.is_empty(),
            "{count} of {}: {:?}",
            self.answered(),
            &failures[..count.min(5)]
        );
        assert!(self.answered() > 0);
    }

    fn client(&self, gateway: SocketAddr, number: usize) {
        let mut client = Client::connect(gateway);
        while !self.stop.load(Ordering::Relaxed) {
            if !client.try_send(format!("GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n")) {
                self.fail("a connection broke between two requests".into());
                client = Client::connect(gateway);
                continue;
            }
            match client.read_response() {
                Ok(answer) if answer.status() == 200 => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    if answer.head.one("connection") == Some("close") {
                        client = Client::connect(gateway);
                    }
                }
                Ok(answer) => self.fail(format!("{} {}", answer.status(), answer.text())),
                Err(error) => {
                    self.fail(format!("{error:?}"));
                    client = Client::connect(gateway);
                }
            }
        }
    }

    fn fail(&self, words: String) {
        self.failures.lock().unwrap().push(words);
    }
}

struct StopAtEnd<'l>(&'l Load);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}
