//! A simulated server, which works on so many requests at one time and lets the others wait.

use super::*;
use proptest::prelude::*;

const BOUNDS: Bounds = Bounds { min: 4, max: 500 };

/// A server, and clients that want so many answers at one time.
struct Server {
    /// What an answer takes, in microseconds, while no more than `slots` are being worked on.
    base: f64,
    slots: u32,
    clients: u32,
    rng: fastrand::Rng,
    /// Times are drawn from an exponential distribution of the mean that is due.
    is_noisy: bool,
}

impl Server {
    fn new(base: f64, slots: u32, clients: u32) -> Server {
        Server { base, slots, clients, rng: fastrand::Rng::with_seed(7), is_noisy: false }
    }

    /// A tenth of a second, or what it takes for enough samples.
    fn window(&mut self, limit: u32) -> Window {
        let most = self.clients.min(limit);
        let due = self.base * (f64::from(most) / f64::from(self.slots)).max(1.0);
        let (mut length, mut window) = (0.0, Window { most, ..Window::default() });
        while length < 100_000.0 || (window.samples < SAMPLES && length < 1_000_000.0) {
            let took = if self.is_noisy { -due * self.rng.f64().max(1e-9).ln() } else { due };
            window.samples += 1;
            window.micros += took as u64;
            length += due / f64::from(most);
        }
        window.length = Duration::from_micros(length as u64);
        window
    }
}

/// The limits of so many windows.
fn run(gradient: &mut Gradient, server: &mut Server, windows: usize) -> Vec<u32> {
    let mut step = |_| {
        let window = server.window(gradient.limit());
        assert!(window.is_due());
        gradient.close(&window);
        gradient.limit()
    };
    (0..windows).map(&mut step).collect()
}

fn median(limits: &[u32]) -> u32 {
    let mut sorted = limits.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

#[test]
fn it_settles_above_the_knee_and_not_far_above() {
    for (slots, most) in [(4, 12), (8, 18), (32, 60), (100, 170)] {
        let mut gradient = Gradient::new(BOUNDS);
        let mut server = Server::new(20_000.0, slots, 400);
        run(&mut gradient, &mut server, 300);
        // Ten minutes of it: it does not drift.
        let limits = run(&mut gradient, &mut server, 6000);
        let found = median(&limits);
        assert!((slots..=most).contains(&found), "{found} for {slots} slots");
        let highest = limits.iter().max().unwrap();
        assert!(*highest <= most * 5 / 4, "{highest} for {slots} slots");
        // Now and then it looks what an answer takes, at less than what the server could do.
        let below = limits.iter().filter(|limit| **limit < slots).count();
        assert!(below * 20 < limits.len(), "{below} windows below {slots} slots");
    }
}

#[test]
fn it_finds_the_knee_in_seconds() {
    let mut gradient = Gradient::new(BOUNDS);
    let limits = run(&mut gradient, &mut Server::new(20_000.0, 100, 400), 100);
    let windows = limits.iter().position(|limit| *limit >= 100);
    assert!(windows.is_some_and(|windows| windows < 80), "{limits:?}");
}

#[test]
fn noise_does_not_bring_it_down() {
    for seed in 0..10 {
        let mut gradient = Gradient::new(BOUNDS);
        let mut server = Server::new(20_000.0, 32, 400);
        (server.is_noisy, server.rng) = (true, fastrand::Rng::with_seed(seed));
        run(&mut gradient, &mut server, 300);
        let found = median(&run(&mut gradient, &mut server, 3000));
        assert!((28..=80).contains(&found), "{found}");
    }
}

#[test]
fn it_does_not_grow_while_nobody_uses_it() {
    let mut gradient = Gradient::new(BOUNDS);
    let limits = run(&mut gradient, &mut Server::new(5_000.0, 100, 6), 2000);
    assert!(limits.iter().all(|limit| *limit <= 9), "{limits:?}");
}

#[test]
fn it_follows_a_server_that_can_do_less_and_then_more() {
    let mut gradient = Gradient::new(BOUNDS);
    let mut server = Server::new(20_000.0, 64, 400);
    run(&mut gradient, &mut server, 400);
    server.slots = 8;
    assert!(median(&run(&mut gradient, &mut server, 200)) <= 40);
    let fewer = median(&run(&mut gradient, &mut server, 1000));
    assert!((8..=24).contains(&fewer), "{fewer}");
    server.slots = 64;
    run(&mut gradient, &mut server, 400);
    let more = median(&run(&mut gradient, &mut server, 400));
    assert!((64..=120).contains(&more), "{more}");
}

/// One that takes longer than it used to, but does as much at one time, is not held down for it.
#[test]
fn it_gets_used_to_a_server_that_is_slower() {
    let mut gradient = Gradient::new(BOUNDS);
    let mut server = Server::new(10_000.0, 64, 400);
    run(&mut gradient, &mut server, 400);
    server.base = 60_000.0;
    run(&mut gradient, &mut server, 600);
    let found = median(&run(&mut gradient, &mut server, 400));
    assert!((64..=120).contains(&found), "{found}");
}

#[test]
fn requests_without_an_answer_bring_it_down() {
    let mut gradient = Gradient::new(BOUNDS);
    run(&mut gradient, &mut Server::new(20_000.0, 100, 400), 200);
    let before = gradient.limit();
    let lost = Window { length: LONGEST, lost: 5, ..Window::default() };
    assert!(lost.is_due());
    for _ in 0..100 {
        gradient.close(&lost);
    }
    assert!(before > 90 && gradient.limit() == BOUNDS.min, "{before}, {}", gradient.limit());
}

#[test]
fn a_window_is_closed_when_it_says_enough() {
    let due = |millis, samples, lost| {
        let length = Duration::from_millis(millis);
        Window { length, samples, lost, ..Window::default() }.is_due()
    };
    assert!(due(100, 20, 0) && !due(100, 19, 3));
    assert!(due(1000, 1, 0) && due(1000, 0, 1) && !due(9000, 0, 0));
}

#[test]
fn other_bounds_hold_at_once() {
    let mut gradient = Gradient::new(BOUNDS);
    run(&mut gradient, &mut Server::new(20_000.0, 100, 400), 200);
    gradient.set_bounds(Bounds { min: 1, max: 10 });
    assert!(gradient.limit() <= 10);
    gradient.set_bounds(Bounds { min: 50, max: 60 });
    assert!((50..=60).contains(&gradient.limit()));
}

proptest! {
    /// Whatever is seen, the limit stays within its bounds.
    #[test]
    fn it_stays_within_its_bounds(
        (min, more) in (0u32..50, 0u32..500),
        seen in proptest::collection::vec((0u64..5000, 0u64..100, any::<u32>(), 0u32..1000, 0u64..9), 0..200),
    ) {
        let bounds = Bounds { min, max: min + more };
        let mut gradient = Gradient::new(bounds);
        for (millis, samples, micros, most, lost) in seen {
            let length = Duration::from_millis(millis);
            gradient.close(&Window { length, samples, micros: micros.into(), most, lost });
            prop_assert!((min.max(1)..=bounds.max.max(1)).contains(&gradient.limit()));
        }
    }
}
