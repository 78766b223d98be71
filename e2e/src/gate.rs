//! A gate between the threads of a test: one waits, another opens.

use crate::PATIENCE;
use std::sync::{Arc, Condvar, Mutex};

/// Closed at first; once open it stays open. Clones are the same gate.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets everybody through, those who wait and those who come later.
    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Waits until the gate is open; fails the test when that does not happen in time.
    pub fn wait(&self, what: &str) {
        let closed = self.0.0.lock().unwrap();
        let (open, _) = self.0.1.wait_timeout_while(closed, PATIENCE, |open| !*open).unwrap();
        assert!(*open, "waited {PATIENCE:?} in vain for: {what}");
    }

    /// Whether the gate is open now.
    pub fn is_open(&self) -> bool {
        *self.0.0.lock().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_through_who_waits_once_opened() {
        let gate = Gate::new();
        let opener = gate.clone();
        let thread = std::thread::spawn(move || opener.open());
        gate.wait("the other thread");
        thread.join().unwrap();
        assert!(gate.is_open());
    }
}
