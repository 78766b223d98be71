//! Servers whose behaviour a test can change while they run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use tombolo_e2e::{Origin, WireError, scripts};

/// What a server does with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mood {
    Well,
    /// Answers 500.
    Errors,
    /// Closes the connection in place of an answer.
    Mute,
    /// Answers after a second.
    Slow,
    /// Closes the connection in place of every second answer, and after the others.
    Unsteady,
    /// Serves, but says at `/health` that it does not.
    Modest,
    /// Serves, but says at `/health/writes` that it cannot store.
    Reading,
}

const MOODS: [Mood; 7] =
    [Mood::Well, Mood::Errors, Mood::Mute, Mood::Slow, Mood::Unsteady, Mood::Modest, Mood::Reading];

/// A server, and the ends by which a test holds it.
pub(crate) struct Moody {
    pub(crate) origin: Origin,
    mood: Arc<AtomicU8>,
    taken: Arc<AtomicUsize>,
}

impl Moody {
    pub(crate) fn start(mood: Mood) -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"), mood)
    }

    fn start_at(address: SocketAddr, mood: Mood) -> Self {
        let (mood, taken) = (Arc::new(AtomicU8::new(mood as u8)), Arc::<AtomicUsize>::default());
        let (feels, counts) = (Arc::clone(&mood), Arc::clone(&taken));
        let origin = Origin::start_at(address, move |connection| {
            loop {
                let request = connection.read_request()?;
                let mood = MOODS[usize::from(feels.load(Ordering::SeqCst))];
                if ["/health", "/health/writes"].contains(&request.head.target()) {
                    let modest = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n".to_owned();
                    let stores = request.head.target() == "/health" || mood != Mood::Reading;
                    let well = mood != Mood::Modest && stores;
                    connection.write(if well { scripts::ok("fine") } else { modest })?;
                    continue;
                }
                let number = counts.fetch_add(1, Ordering::SeqCst);
                match mood {
                    Mood::Mute => return Err(WireError::Closed),
                    Mood::Unsteady if number % 2 == 0 => return Err(WireError::Closed),
                    // No connection is used again, so that no failure is a race of keep-alive.
                    Mood::Unsteady => {
                        let last =
                            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
                        return connection.write(last);
                    }
                    Mood::Slow => std::thread::sleep(Duration::from_secs(1)),
                    _ => {}
                }
                connection.write(if mood == Mood::Errors {
                    "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\noh".to_owned()
                } else {
                    scripts::ok("ok")
                })?;
            }
        });
        Self { origin, mood, taken }
    }

    pub(crate) fn feels(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::SeqCst);
    }

    /// Ends it, and starts another where it was, which has taken no request yet.
    pub(crate) fn restart(&mut self) {
        self.origin.stop();
        let mood = MOODS[usize::from(self.mood.load(Ordering::SeqCst))];
        *self = Self::start_at(self.origin.address(), mood);
    }

    /// Requests it has taken, checks not counted.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }
}
