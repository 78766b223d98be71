//! The phases that the time of a request is spent in, and how much each took. Owns their names, which
//! the access log, `why`, the metrics and the documents share. Reads no clock.

/// Where the time of a request went. All that belongs to none of these is the gateway's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(crate) enum Phase {
    /// The client sends the request head, from its first byte on.
    Head,
    /// The request waits in the queue of an upstream whose servers are full.
    Queue,
    /// It waits for the head of the answer to another request for the same.
    Collapsed,
    /// A connection to a server is being made.
    Connect,
    /// The request body goes to the server.
    Upload,
    /// The whole request is sent, and the answer has not begun.
    FirstByte,
    /// The answer goes to the client.
    Download,
}

impl Phase {
    pub(crate) const COUNT: usize = 7;
    /// In the order in which a request goes through them.
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::Head,
        Self::Queue,
        Self::Collapsed,
        Self::Connect,
        Self::Upload,
        Self::FirstByte,
        Self::Download,
    ];

    /// What its member is called where times are in milliseconds.
    pub(crate) fn member(self) -> &'static str {
        match self {
            Self::Head => "head_ms",
            Self::Queue => "queue_ms",
            Self::Collapsed => "collapsed_ms",
            Self::Connect => "connect_ms",
            Self::Upload => "upload_ms",
            Self::FirstByte => "first_byte_ms",
            Self::Download => "download_ms",
        }
    }
}

/// Microseconds spent in each phase, over all attempts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Spent([Option<u64>; Phase::COUNT]);

impl Spent {
    /// None: the request was never in that phase.
    pub(crate) fn in_phase(&self, phase: Phase) -> Option<u64> {
        self.0.get(phase as usize).copied().flatten()
    }

    /// Adds time to a phase.
    #[inline]
    pub(crate) fn add(&mut self, phase: Phase, micros: u64) {
        if let Some(spent) = self.0.get_mut(phase as usize) {
            *spent = Some(spent.unwrap_or(0).saturating_add(micros));
        }
    }

    /// The same with what is known of a phase.
    pub(crate) fn with(mut self, phase: Phase, micros: Option<u64>) -> Self {
        if let Some(spent) = self.0.get_mut(phase as usize) {
            *spent = micros;
        }
        self
    }

    /// What of so many microseconds belongs to no phase.
    pub(crate) fn rest_of(&self, micros: u64) -> u64 {
        self.0.iter().flatten().fold(micros, |rest, spent| rest.saturating_sub(*spent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places_in_the_list() {
        assert!(Phase::ALL.iter().enumerate().all(|(place, phase)| *phase as usize == place));
    }

    #[test]
    fn what_no_phase_took_is_left_over() {
        let mut spent = Spent::default();
        assert_eq!(spent.rest_of(10), 10);
        spent.add(Phase::Connect, 3);
        spent.add(Phase::Connect, 4);
        assert_eq!((spent.in_phase(Phase::Connect), spent.in_phase(Phase::Queue)), (Some(7), None));
        assert_eq!((spent.rest_of(10), spent.rest_of(5)), (3, 0));
    }
}
