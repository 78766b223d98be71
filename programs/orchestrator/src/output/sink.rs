//! A bounded buffer before standard output or standard error, emptied by a thread of its own.
//!
//! Whoever offers lines never waits for the reader at the other end (a paused terminal, a full
//! pipe): what does not fit is dropped, counted, and the count is shown once there is room. A reader
//! that has gone away closes the sink for good.

use std::io::{ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes that wait for a slow reader; more are dropped.
pub(crate) const BACKLOG_MAX: usize = 4 << 20;

/// The writing end, shared by all who have something to say.
#[derive(Clone)]
pub(crate) struct Sink {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    dropped: u64,
    /// Lines were taken and are not written yet.
    writing: bool,
    /// No more will be offered.
    closing: bool,
    /// The thread has ended: all is written, or the reader is gone.
    finished: bool,
}

impl Sink {
    /// A sink that writes to `target`. `gone` is called once, from the writing thread, should the
    /// target's reader go away before the sink is closed.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn start(
        target: impl Write + Send + 'static,
        gone: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let writer = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || write_all_of(&writer, target, gone))?;
        Ok(Sink { shared })
    }

    /// Offers whole lines, as many as `count` says.
    pub(crate) fn offer(&self, lines: &[u8], count: u64) {
        let mut state = self.shared.lock();
        if state.finished {
            return;
        }
        if state.waiting.len() + lines.len() > BACKLOG_MAX {
            state.dropped += count;
            return;
        }
        state.waiting.extend_from_slice(lines);
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Waits until all that was offered so far is written, at most this long.
    pub(crate) fn flush(&self, patience: Duration) {
        let unwritten = |now: &mut State| !now.finished && (now.writing || !now.waiting.is_empty());
        let state = self.shared.lock();
        drop(self.shared.changed.wait_timeout_while(state, patience, unwritten));
    }

    /// Waits until all that was offered is written, at most this long, and takes no more.
    pub(crate) fn close(&self, patience: Duration) {
        let mut state = self.shared.lock();
        state.closing = true;
        self.shared.changed.notify_all();
        drop(self.shared.changed.wait_timeout_while(state, patience, |now| !now.finished));
    }
}

impl Shared {
    /// The state is whole even if a holder of the lock panicked: it is only ever appended to.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for lines and takes them into `batch`; false when no more will come.
    fn take(&self, batch: &mut Vec<u8>) -> bool {
        let idle = |state: &mut State| state.waiting.is_empty() && !state.closing;
        let mut before = self.lock();
        if std::mem::replace(&mut before.writing, false) {
            self.changed.notify_all();
        }
        let waited = self.changed.wait_while(before, idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        batch.clear();
        std::mem::swap(batch, &mut state.waiting);
        if state.dropped > 0 {
            let words =
                "lines of output were dropped: their reader is too slow, or its disk is full";
            batch.extend_from_slice(format!("tombolo: {} {words}\n", state.dropped).as_bytes());
            state.dropped = 0;
        }
        state.writing = !batch.is_empty();
        state.writing
    }

    /// Counts lines that could not be written; false when there will be no later chance to say so.
    fn lost(&self, batch: &[u8]) -> bool {
        let mut state = self.lock();
        state.dropped += memchr::memchr_iter(b'\n', batch).count() as u64;
        !state.closing
    }
}

fn write_all_of(shared: &Shared, mut target: impl Write, gone: impl FnOnce()) {
    let mut batch = Vec::new();
    let mut reader_left = false;
    while shared.take(&mut batch) {
        match target.write_all(&batch).and_then(|()| target.flush()) {
            Ok(()) => {}
            // A full disk behind a redirection may have room again later.
            Err(error) if error.kind() == ErrorKind::StorageFull && shared.lost(&batch) => {}
            Err(_) => {
                reader_left = true;
                break;
            }
        }
    }
    let mut state = shared.lock();
    state.finished = true;
    state.waiting = Vec::new();
    let surprising = reader_left && !state.closing;
    drop(state);
    shared.changed.notify_all();
    if surprising {
        gone();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::mpsc::{self, Receiver, Sender};
    use std::time::Duration;

    use super::{BACKLOG_MAX, Sink};

    const PATIENCE: Duration = Duration::from_secs(30);

    /// Hands over what it is asked to write, once it is let.
    struct Gate {
        permits: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.permits.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            self.written.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gate() -> (Sink, Sender<()>, Receiver<Vec<u8>>, Receiver<()>) {
        let (permit, permits) = mpsc::channel();
        let (written, output) = mpsc::channel();
        let (gone, lost) = mpsc::channel();
        let sink = Sink::start(Gate { permits, written }, move || gone.send(()).unwrap()).unwrap();
        (sink, permit, output, lost)
    }

    #[test]
    fn slow_reader_loses_lines_but_learns_how_many() {
        let (sink, permit, output, _lost) = gate();
        let line = vec![b'x'; BACKLOG_MAX / 2];
        for _ in 0..8 {
            sink.offer(&line, 10);
        }
        for _ in 0..8 {
            permit.send(()).unwrap();
        }
        sink.close(PATIENCE);
        let all: Vec<u8> = output.try_iter().flatten().collect();
        let kept = all.iter().filter(|byte| **byte == b'x').count() / line.len();
        assert!((2..=4).contains(&kept), "{kept}");
        let words = String::from_utf8_lossy(&all[kept * line.len()..]).into_owned();
        assert!(words.contains(&format!("{} lines", (8 - kept) * 10)), "{words}");
    }

    #[test]
    fn departed_reader_is_told_once_and_stops_nobody() {
        let (sink, permit, output, lost) = gate();
        drop((permit, output));
        sink.offer(b"one\n", 1);
        lost.recv_timeout(PATIENCE).unwrap();
        sink.offer(b"two\n", 1);
        sink.close(PATIENCE);
        assert!(lost.try_recv().is_err());
    }

    #[test]
    fn flush_waits_for_the_reader_but_not_for_ever() {
        let (sink, permit, output, _lost) = gate();
        sink.offer(b"one\n", 1);
        sink.flush(Duration::from_millis(1));
        assert!(output.try_recv().is_err());
        permit.send(()).unwrap();
        sink.flush(PATIENCE);
        assert_eq!(output.try_recv().unwrap(), b"one\n");
        sink.flush(PATIENCE);
    }

    #[test]
    fn close_writes_what_is_left() {
        let (sink, permit, output, _lost) = gate();
        sink.offer(b"last words\n", 1);
        permit.send(()).unwrap();
        sink.close(PATIENCE);
        assert_eq!(output.try_iter().flatten().collect::<Vec<_>>(), b"last words\n");
    }
}
