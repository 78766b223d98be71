//! A server that counts how many are with it at one time, and works on so many of them.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use tombolo_e2e::{Origin, PATIENCE, WireError, eventually, scripts};

pub(crate) struct Server {
    pub(crate) origin: Origin,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    inside: AtomicUsize,
    most: AtomicUsize,
    /// The targets, in the order in which they came.
    targets: Mutex<Vec<String>>,
    /// How long each was with the server.
    times: Mutex<Vec<Duration>>,
    slots: Mutex<usize>,
    freed: Condvar,
}

impl Seen {
    fn take_slot(&self) -> Result<(), WireError> {
        let none_left = |slots: &mut usize| *slots == 0;
        let slots = self.slots.lock().unwrap();
        let (mut slots, late) =
            self.freed.wait_timeout_while(slots, PATIENCE * 6, none_left).unwrap();
        // A test that is over has no answer for it.
        if late.timed_out() {
            return Err(WireError::Closed);
        }
        *slots -= 1;
        Ok(())
    }

    fn give(&self, slots: usize) {
        *self.slots.lock().unwrap() += slots;
        self.freed.notify_all();
    }
}

impl Server {
    /// Works on as many at one time as come, for `took` each.
    pub(crate) fn quick(took: Duration) -> Self {
        Self::with_slots(usize::MAX / 2, took)
    }

    /// Works on `slots` at one time, for `took` each; the others wait in it.
    pub(crate) fn with_slots(slots: usize, took: Duration) -> Self {
        Self::start(slots, move |seen| {
            std::thread::sleep(took);
            seen.give(1);
        })
    }

    /// Answers when it is told to.
    pub(crate) fn held() -> Self {
        Self::start(0, |_| {})
    }

    fn start(slots: usize, work: impl Fn(&Seen) + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Seen { slots: Mutex::new(slots), ..Seen::default() });
        let inner = Arc::clone(&seen);
        let origin = Origin::start(move |connection| {
            connection.stop_recording();
            loop {
                let target = connection.read_request()?.head.target().to_owned();
                let came = Instant::now();
                inner.most.fetch_max(inner.inside.fetch_add(1, SeqCst) + 1, SeqCst);
                inner.targets.lock().unwrap().push(target.clone());
                let slot = inner.take_slot();
                if slot.is_ok() {
                    work(&inner);
                }
                inner.inside.fetch_sub(1, SeqCst);
                inner.times.lock().unwrap().push(came.elapsed());
                slot?;
                let body = "ok";
                connection.write(if target.starts_with("/kept") {
                    let length = body.len();
                    format!("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: {length}\r\n\r\n{body}")
                } else {
                    scripts::ok(body)
                })?;
            }
        });
        Self { origin, seen }
    }

    /// Lets so many answers go.
    pub(crate) fn answer(&self, count: usize) {
        self.seen.give(count);
    }

    /// Takes back what it may still answer.
    pub(crate) fn forget_answers(&self) {
        *self.seen.slots.lock().unwrap() = 0;
    }

    /// The most that were with it at one time.
    pub(crate) fn most(&self) -> usize {
        self.seen.most.load(SeqCst)
    }

    /// The targets it was asked for, in their order.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.seen.targets.lock().unwrap().clone()
    }

    /// Waits until it was asked so often.
    pub(crate) fn was_asked(&self, count: usize) {
        eventually(&format!("{count} requests at the server"), || {
            (self.targets().len() >= count).then_some(())
        });
    }

    /// How long requests were with it since this was last asked, the shortest first.
    pub(crate) fn times(&self) -> Vec<Duration> {
        let mut times = std::mem::take(&mut *self.seen.times.lock().unwrap());
        times.sort_unstable();
        times
    }
}
