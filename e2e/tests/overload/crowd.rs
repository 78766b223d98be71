//! Many clients that ask one request after another, without a pause.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::JoinHandle;

use tombolo_e2e::Client;

pub(crate) struct Crowd {
    stopped: Arc<AtomicBool>,
    clients: Vec<JoinHandle<BTreeMap<String, usize>>>,
}

impl Crowd {
    /// So many clients, each asking `requests` times, or until it is told to stop.
    pub(crate) fn start(address: SocketAddr, clients: usize, requests: usize) -> Self {
        let stopped = Arc::<AtomicBool>::default();
        let client = |_| {
            let stopped = Arc::clone(&stopped);
            let builder = std::thread::Builder::new().stack_size(256 * 1024);
            builder.spawn(move || ask(address, requests, &stopped)).expect("a thread")
        };
        let clients = (0..clients).map(client).collect();
        Self { stopped, clients }
    }

    /// Waits until all have asked as often as they were told; how often each outcome was.
    pub(crate) fn wait(self) -> BTreeMap<String, usize> {
        let mut all = BTreeMap::new();
        for client in self.clients {
            for (outcome, count) in client.join().expect("a client does not panic") {
                *all.entry(outcome).or_default() += count;
            }
        }
        all
    }

    /// Ends it; how often each outcome was.
    pub(crate) fn stop(self) -> BTreeMap<String, usize> {
        self.stopped.store(true, SeqCst);
        self.wait()
    }
}

fn ask(address: SocketAddr, requests: usize, stopped: &AtomicBool) -> BTreeMap<String, usize> {
    let mut outcomes = BTreeMap::new();
    let mut client = Client::connect(address);
    for _ in 0..requests {
        if stopped.load(SeqCst) {
            break;
        }
        let asked = client.try_send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        let outcome = match client.read_response() {
            Ok(response) if asked => response.status().to_string(),
            outcome => {
                client = Client::connect(address);
                format!("{:?}", outcome.map(|response| response.status()))
            }
        };
        *outcomes.entry(outcome).or_default() += 1;
    }
    outcomes
}
