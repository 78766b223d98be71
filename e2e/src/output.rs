//! The lines a process writes, kept as they come, for those who wait for one.

use crate::PATIENCE;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

/// Lines of one stream of a process. Clones see the same lines.
#[derive(Clone, Default)]
pub struct Output(Arc<(Mutex<Lines>, Condvar)>);

#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    ended: bool,
}

impl Output {
    /// Collects from `stream` until it ends, in a thread of its own.
    pub(crate) fn collect(stream: impl Read + Send + 'static) -> Self {
        let output = Self::default();
        let sink = output.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line), Ok(n) if n > 0) {
                let text = String::from_utf8_lossy(&line);
                sink.0.0.lock().unwrap().lines.push(text.trim_end_matches('\n').to_owned());
                sink.0.1.notify_all();
                line.clear();
            }
            sink.0.0.lock().unwrap().ended = true;
            sink.0.1.notify_all();
        });
        output
    }

    /// All lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.0.0.lock().unwrap().lines.clone()
    }

    /// All lines so far as one text.
    pub fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// Whether the stream has ended.
    pub fn has_ended(&self) -> bool {
        self.0.0.lock().unwrap().ended
    }

    /// Waits for the first line for which `found` answers, among those there and those to come.
    pub fn wait_for<T>(&self, what: &str, mut found: impl FnMut(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = 0;
        let mut state = self.0.0.lock().unwrap();
        loop {
            for line in &state.lines[seen..] {
                if let Some(answer) = found(line) {
                    return answer;
                }
            }
            seen = state.lines.len();
            let left = deadline.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                let (ended, text) = (state.ended, state.lines.join("\n"));
                drop(state);
                panic!("no line with {what}; ended: {ended}; so far:\n{text}");
            }
            state = self.0.1.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Waits for a line that contains `text`.
    pub fn wait_for_text(&self, text: &str) -> String {
        self.wait_for(text, |line| line.contains(text).then(|| line.to_owned()))
    }

    /// Waits until the stream has ended.
    pub fn wait_for_end(&self) {
        let state = self.0.0.lock().unwrap();
        let (state, _) =
            self.0.1.wait_timeout_while(state, PATIENCE, |state| !state.ended).unwrap();
        assert!(state.ended, "the stream did not end within {PATIENCE:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_lines_that_came_and_knows_the_end() {
        let output = Output::collect(&b"one\ntwo\nthree"[..]);
        assert_eq!(output.wait_for_text("tw"), "two");
        output.wait_for_end();
        assert_eq!(output.lines(), ["one", "two", "three"]);
    }

    #[test]
    #[should_panic(expected = "no line with four")]
    fn fails_at_once_when_the_stream_ended_without_the_line() {
        Output::collect(&b"one\n"[..]).wait_for_text("four");
    }
}
