//! Steady load: clients that ask one request after another and keep count of what they get.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tombolo_e2e::{Client, eventually};

/// Between two requests of a client: a load that leaves the machine something to do.
const PAUSE: Duration = Duration::from_millis(2);

/// Clients at work.
pub(crate) struct Load {
    stopped: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    longest: Arc<AtomicU64>,
    clients: Vec<JoinHandle<BTreeMap<String, u64>>>,
}

impl Load {
    /// So many clients, each over a connection of its own.
    pub(crate) fn start(address: SocketAddr, clients: usize) -> Self {
        let (stopped, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let longest = Arc::<AtomicU64>::default();
        let client = |_| {
            let (stopped, answered) = (Arc::clone(&stopped), Arc::clone(&answered));
            let longest = Arc::clone(&longest);
            std::thread::spawn(move || ask(address, &stopped, &answered, &longest))
        };
        let clients = (0..clients).map(client).collect();
        Self { stopped, answered, longest, clients }
    }

    /// How long the slowest answer so far took.
    pub(crate) fn longest(&self) -> Duration {
        Duration::from_millis(self.longest.load(Ordering::SeqCst))
    }

    /// Waits until so many more requests were answered.
    pub(crate) fn go_on(&self, requests: u64) {
        let until = self.answered.load(Ordering::SeqCst) + requests;
        eventually("the load to go on", || {
            (self.answered.load(Ordering::SeqCst) >= until).then_some(())
        });
    }

    /// Ends it; how often each outcome was.
    pub(crate) fn stop(self) -> BTreeMap<String, u64> {
        self.stopped.store(true, Ordering::SeqCst);
        let mut all = BTreeMap::new();
        for client in self.clients {
            for (outcome, count) in client.join().expect("a client does not panic") {
                *all.entry(outcome).or_default() += count;
            }
        }
        all
    }

    /// Ends it, and fails the test unless every request was answered with 200.
    pub(crate) fn stop_without_a_failure(self) {
        let outcomes = self.stop();
        assert_eq!(outcomes.keys().collect::<Vec<_>>(), ["200"], "{outcomes:?}");
    }
}

fn ask(
    address: SocketAddr,
    stopped: &AtomicBool,
    answered: &AtomicU64,
    longest: &AtomicU64,
) -> BTreeMap<String, u64> {
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut client = Client::connect(address);
    while !stopped.load(Ordering::SeqCst) {
        let began = Instant::now();
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        let outcome = match client.read_response() {
            Ok(response) => response.status().to_string(),
            Err(error) => {
                client = Client::connect(address);
                format!("{error:?}")
            }
        };
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        longest.fetch_max(took, Ordering::SeqCst);
        *outcomes.entry(outcome).or_default() += 1;
        answered.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(PAUSE);
    }
    outcomes
}
