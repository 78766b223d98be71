//! The order of the line, and that nobody is forgotten in it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Wake;
use std::time::Duration;

use tombolo_daemon::config::{self, ServerAddress, UpstreamLimit};

use super::*;
use crate::control_plane::Answers;
use crate::upstream::{Flight, Makings, Numbers};

const PATIENCE: Duration = Duration::from_secs(30);

fn settings(servers: usize, in_flight: u32) -> config::Upstream {
    let server = |port: usize| {
        let address: ServerAddress = format!("127.0.0.1:{}", 9001 + port).parse().unwrap();
        config::Server::new(address)
    };
    let mut settings = config::Upstream::new("app", (0..servers).map(server).collect());
    settings.limit = Some(UpstreamLimit::new(in_flight));
    settings
}

fn upstream(settings: &config::Upstream, previous: Option<&Upstream>) -> Arc<Upstream> {
    let numbers = Numbers::default();
    Arc::new(Upstream::new(
        settings,
        Answers::default().targets(settings),
        &Makings { workers: 4, numbers: &numbers },
        previous,
    ))
}

/// Tells its name when it is woken.
struct Bell(Mutex<Sender<usize>>, usize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.lock().unwrap().send(self.1);
    }
}

/// Someone in line.
struct Guest {
    ticket: Option<Ticket>,
    waker: Waker,
    woken: Receiver<usize>,
}

impl Guest {
    fn joins(upstream: &Arc<Upstream>, wants: Wants) -> Self {
        let (sender, woken) = channel();
        let waker = Waker::from(Arc::new(Bell(Mutex::new(sender), 0)));
        Self { ticket: Ticket::take(upstream, wants, 100, &waker), waker, woken }
    }

    /// The place that it was given, if it was.
    fn looks(&mut self) -> Option<usize> {
        let cx = &mut Context::from_waker(&self.waker);
        match self.ticket.as_mut()?.poll(cx) {
            Poll::Ready(server) => Some(server),
            Poll::Pending => None,
        }
    }
}

fn enter(upstream: &Arc<Upstream>) -> Option<Flight<Arc<Upstream>>> {
    let (tried, none) = (Tried::new(), None);
    let ask = Ask { tried: &tried, random: 0, hash: None, preferred: none, writes: false };
    let server = upstream.pick(&ask)?;
    Some(Flight::begin(Arc::clone(upstream), 0, server))
}

#[test]
fn who_comes_first_is_served_first_and_nobody_barges_in() {
    let upstream = upstream(&settings(1, 1), None);
    let held = enter(&upstream).unwrap();
    let mut guests: Vec<Guest> =
        (0..3).map(|_| Guest::joins(&upstream, Wants::default())).collect();
    assert!(enter(&upstream).is_none());
    drop(held);
    assert!(enter(&upstream).is_none(), "the place is the first one's");
    assert_eq!(guests[1].looks(), None);
    assert!(guests[0].woken.recv_timeout(PATIENCE).is_ok());
    assert_eq!(guests[0].looks(), Some(0));
    drop(Flight::begin(Arc::clone(&upstream), 0, 0));
    assert_eq!((guests[2].looks(), guests[1].looks()), (None, Some(0)));
    assert_eq!(upstream.queue.totals().waiting, 1);
}

#[test]
fn who_leaves_gives_its_turn_on() {
    let upstream = upstream(&settings(1, 1), None);
    let held = enter(&upstream).unwrap();
    let mut guests: Vec<Guest> =
        (0..3).map(|_| Guest::joins(&upstream, Wants::default())).collect();
    // The second leaves while it waits, the first when it was called and has not come yet.
    drop(guests.remove(1));
    drop(held);
    drop(guests.remove(0));
    assert_eq!(guests[0].looks(), Some(0));
    assert_eq!(upstream.servers[0].room.taken(), 1);
}

#[test]
fn a_place_goes_to_the_first_who_can_use_it() {
    let upstream = upstream(&settings(2, 1), None);
    let held = [enter(&upstream).unwrap(), enter(&upstream).unwrap()];
    let mut tried = Tried::new();
    tried.insert(0);
    let mut choosy = Guest::joins(&upstream, Wants { tried, ..Wants::default() });
    let mut other = Guest::joins(&upstream, Wants::default());
    let [first, second] = held;
    drop(first);
    assert_eq!((choosy.looks(), other.looks()), (None, Some(0)));
    drop(second);
    assert_eq!(choosy.looks(), Some(1));
}

#[test]
fn a_full_queue_takes_nobody_in() {
    let upstream = upstream(&settings(1, 1), None);
    let _held = enter(&upstream).unwrap();
    let waker = Waker::noop();
    let one = Ticket::take(&upstream, Wants::default(), 1, waker);
    assert!(one.is_some());
    assert!(Ticket::take(&upstream, Wants::default(), 1, waker).is_none());
    drop(one);
    assert!(Ticket::take(&upstream, Wants::default(), 1, waker).is_some());
    assert!(Ticket::take(&upstream, Wants::default(), 0, waker).is_none());
}

#[test]
fn a_reload_that_raises_the_limit_serves_who_waits() {
    let before = upstream(&settings(1, 1), None);
    let _held = enter(&before).unwrap();
    let mut guests: Vec<Guest> = (0..3).map(|_| Guest::joins(&before, Wants::default())).collect();
    let after = upstream(&settings(1, 3), Some(&before));
    assert!(enter(&after).is_none(), "the line is the same");
    after.look_at_rooms();
    assert_eq!([0, 1, 2].map(|guest| guests[guest].looks()), [Some(0), Some(0), None]);
    // Without a limit nobody has to wait.
    let unlimited = config::Upstream { limit: None, ..settings(1, 1) };
    let last = upstream(&unlimited, Some(&after));
    last.look_at_rooms();
    assert_eq!(guests[2].looks(), Some(0));
    assert!(enter(&last).is_some());
}

#[test]
fn a_server_that_left_is_given_to_nobody_while_another_stays() {
    let before = upstream(&settings(2, 1), None);
    let held = [enter(&before).unwrap(), enter(&before).unwrap()];
    let mut guest = Guest::joins(&before, Wants::default());
    let after = upstream(&settings(1, 1), Some(&before));
    before.servers[1].retire();
    let [stays, leaves] = held;
    drop(leaves);
    after.look_at_rooms();
    assert_eq!(guest.looks(), None);
    drop(stays);
    assert_eq!(guest.looks(), Some(0));
}

/// Threads that come, wait, leave and are served at random: in each round all are, though nobody comes
/// later who would see to those that were forgotten. None is above the limit at any time, and no place
/// is lost.
#[test]
fn nobody_is_forgotten_whoever_comes_and_goes() {
    const THREADS: usize = 6;
    const ROUNDS: u64 = 1500;
    let upstream = upstream(&settings(2, 1), None);
    let inside = [AtomicUsize::new(0), AtomicUsize::new(0)];
    for round in 0..ROUNDS {
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (upstream, inside) = (&upstream, &inside);
                let mut rng = fastrand::Rng::with_seed(round * THREADS as u64 + thread as u64);
                scope.spawn(move || {
                    for _ in 0..rng.usize(1..4) {
                        visit(upstream, inside, &mut rng, thread);
                    }
                });
            }
        });
    }
    let totals = upstream.queue.totals();
    assert_eq!(totals.waiting, 0);
    assert!(totals.joined > 100, "{totals:?}: the line was there to be seen");
    assert_eq!(upstream.servers.iter().map(|server| server.room.taken()).sum::<u32>(), 0);
}

/// Gets a place, by waiting if it must, and stays for a moment; or loses patience.
fn visit(
    upstream: &Arc<Upstream>,
    inside: &[AtomicUsize; 2],
    rng: &mut fastrand::Rng,
    worker: usize,
) {
    let tried = Tried::new();
    let ask =
        Ask { tried: &tried, random: rng.u64(..), hash: None, preferred: None, writes: false };
    let server = match upstream.pick(&ask) {
        Some(server) => server,
        None => {
            let mut guest = Guest::joins(upstream, Wants::default());
            let is_impatient = rng.u8(..4) == 0;
            loop {
                if let Some(server) = guest.looks() {
                    break server;
                }
                if is_impatient {
                    return;
                }
                // Nobody looks after this line but those who come and go.
                let woken = guest.woken.recv_timeout(PATIENCE);
                assert!(woken.is_ok(), "a turn that nobody told of");
            }
        }
    };
    let flight = Flight::begin(Arc::clone(upstream), worker % 4, server);
    assert_eq!(inside[server].fetch_add(1, SeqCst), 0, "one too many");
    if rng.bool() {
        std::thread::yield_now();
    }
    inside[server].fetch_sub(1, SeqCst);
    drop(flight);
}
