//! Thousands of readers of an event stream in one thread: each counts the messages it gets, and the
//! time when the last reader has got a message is kept.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::event::epoll;

/// Connections whose bytes one look gives.
const EVENTS: usize = 512;
/// How often the thread looks whether it is to end.
const LOOK: Duration = Duration::from_millis(100);
/// Digits of a message's number.
const DIGITS: usize = 7;

/// What a message is known by in a stream.
pub(super) fn mark(number: u32) -> String {
    format!("#{number:0DIGITS$}#")
}

/// The readers. Their thread ends when this is dropped.
pub(super) struct Readers {
    seen: Arc<Seen>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What has arrived.
struct Seen {
    readers: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// How many readers have got each message.
    counts: Vec<usize>,
    /// When the last reader got each message: those that all have.
    complete: Vec<Instant>,
    failure: Option<String>,
}

/// Messages that are to reach everybody.
pub(super) struct Expected {
    seen: Arc<Seen>,
    until: usize,
}

impl Readers {
    /// Opens all streams; each has been answered when this returns.
    pub(super) fn open(address: SocketAddr, target: &str, count: usize) -> Result<Readers> {
        let mut streams = Vec::with_capacity(count);
        for number in 0..count {
            let stream = open_one(address, target);
            streams.push(stream.with_context(|| format!("reader {number}"))?);
        }
        let state = Mutex::new(State::default());
        let seen = Arc::new(Seen { readers: count, state, changed: Condvar::new() });
        let ends = Arc::new(AtomicBool::new(false));
        let (watched, told) = (Arc::clone(&seen), Arc::clone(&ends));
        let thread = thread::spawn(move || {
            if let Err(error) = read_all(streams, &watched, &told) {
                watched.lock().failure = Some(format!("{error:#}"));
                watched.changed.notify_all();
            }
        });
        Ok(Readers { seen, ends, thread: Some(thread) })
    }

    /// So many messages more are to reach everybody.
    pub(super) fn expect(&self, messages: u64) -> Expected {
        let until = self.seen.lock().complete.len() + usize::try_from(messages).unwrap_or_default();
        Expected { seen: Arc::clone(&self.seen), until }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Expected {
    /// Waits until they have; when each message had reached the last reader.
    pub(super) fn wait(self, patience: Duration) -> Result<Vec<Instant>> {
        let state = self.seen.lock();
        let waiting =
            |state: &mut State| state.complete.len() < self.until && state.failure.is_none();
        let (state, _) = self
            .seen
            .changed
            .wait_timeout_while(state, patience, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = &state.failure {
            bail!("a reader failed: {failure}");
        }
        let complete = state.complete.len();
        ensure!(complete >= self.until, "only {complete} of {} messages reached all", self.until);
        Ok(state.complete.clone())
    }
}

impl Seen {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reader got a message.
    fn note(&self, number: usize, now: Instant) {
        let mut state = self.lock();
        if state.counts.len() <= number {
            state.counts.resize(number + 1, 0);
        }
        let Some(count) = state.counts.get_mut(number) else { return };
        *count += 1;
        if *count == self.readers {
            state.complete.push(now);
            self.changed.notify_all();
        }
    }
}

/// Opens a stream and waits for its head.
fn open_one(address: SocketAddr, target: &str) -> Result<Reader> {
    let mut stream = TcpStream::connect(address).context("connecting")?;
    stream.set_read_timeout(Some(super::PATIENCE))?;
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n");
    stream.write_all(request.as_bytes()).context("asking")?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        ensure!(stream.read(&mut byte)? == 1, "closed in its head");
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&head);
    ensure!(head.starts_with("HTTP/1.1 200 "), "{head}");
    stream.set_nonblocking(true)?;
    Ok(Reader { stream, rest: Vec::new(), next: 0 })
}

struct Reader {
    stream: TcpStream,
    /// Bytes that may be the beginning of a mark.
    rest: Vec<u8>,
    /// The number of the next message.
    next: usize,
}

fn read_all(mut readers: Vec<Reader>, seen: &Seen, ends: &AtomicBool) -> Result<()> {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC).context("creating an epoll")?;
    for (index, reader) in readers.iter().enumerate() {
        let data = epoll::EventData::new_u64(index as u64);
        epoll::add(&poll, &reader.stream, data, epoll::EventFlags::IN).context("watching")?;
    }
    let mut events: Vec<epoll::Event> = Vec::with_capacity(EVENTS);
    let mut buffer = vec![0; 64 * 1024];
    let look = LOOK.try_into().context("a time")?;
    while !ends.load(Ordering::Relaxed) {
        events.clear();
        match epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), Some(&look)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("waiting"),
        }
        let now = Instant::now();
        for event in &events {
            let index = usize::try_from(event.data.u64()).unwrap_or(usize::MAX);
            let Some(reader) = readers.get_mut(index) else { continue };
            reader.read(&mut buffer, |number| seen.note(number, now))?;
        }
    }
    Ok(())
}

impl Reader {
    fn read(&mut self, buffer: &mut [u8], mut note: impl FnMut(usize)) -> Result<()> {
        let read = match self.stream.read(buffer) {
            Ok(0) => bail!("a stream ended"),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("reading"),
        };
        self.rest.extend_from_slice(buffer.get(..read).unwrap_or_default());
        let mut at = 0;
        while let Some(found) = memchr::memchr(b'#', self.rest.get(at..).unwrap_or_default()) {
            let begin = at + found;
            let Some(digits) = self.rest.get(begin + 1..begin + 1 + DIGITS) else {
                self.rest.drain(..begin);
                return Ok(());
            };
            let number: usize = std::str::from_utf8(digits)?.parse().context("a mark")?;
            ensure!(number == self.next, "message {number} came, {} was next", self.next);
            self.next += 1;
            note(number);
            at = begin + DIGITS + 2;
        }
        self.rest.clear();
        Ok(())
    }
}
