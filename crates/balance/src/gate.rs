//! The gate before each server: whether it may be chosen, and how often. Owns one word for each
//! server, which every pick reads and only who watches over the server's health writes.
//!
//! A gate knows no reason. Why a server is closed, since when and until when is `health/`.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// How far a gate is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// Chosen as its weight says, or for a part of that: a share from 1 to [`Standing::FULL`]
    /// thousandths.
    Open(u16),
    /// Chosen for so many requests more, which show how it does (half-open, as circuit breakers
    /// call it).
    Probing(u16),
    /// Not chosen while another server can be; before those that are closed if none can.
    Reserve,
    /// Not chosen while any other server can be.
    #[default]
    Closed,
}

impl Standing {
    /// The share of a server that is well: its whole weight.
    pub const FULL: u16 = 1000;
}

/// Words below are shares, or one of these with a number of probes.
const FULL: u32 = Standing::FULL as u32;
const PROBING: u32 = 1 << 16;
const RESERVE: u32 = 1 << 17;

/// Beside any of these words: the server only reads.
const READS_ONLY: u32 = 1 << 18;

/// Which gates a pick goes through. A pick that finds none goes on to the next pass: with all
/// servers down each is tried rather than none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Those that are open.
    Open,
    /// Those that are open for a share, whichever: for requests that would have to wait else.
    Ajar,
    /// Those in reserve.
    Reserve,
    /// All.
    Any,
}

/// One server's gate, on a cache line of its own: it is read for every request.
#[repr(align(128))]
pub struct Gate(AtomicU32);

impl Gate {
    /// A gate that stands so.
    #[must_use]
    pub const fn new(standing: Standing) -> Gate {
        Gate(AtomicU32::new(word(standing)))
    }

    /// From now on it stands so. A share of 0 is closed, one above [`Standing::FULL`] is full.
    pub fn set(&self, standing: Standing) {
        self.change(|before| before & READS_ONLY | word(standing));
    }

    /// From now on the server is chosen for requests that write only while no other can be, or for
    /// all requests again. How it stands is as before.
    pub fn set_reads_only(&self, reads_only: bool) {
        let bit = if reads_only { READS_ONLY } else { 0 };
        self.change(|before| before & !READS_ONLY | bit);
    }

    /// Whether requests that write go elsewhere while they can.
    #[must_use]
    pub fn reads_only(&self) -> bool {
        self.0.load(Relaxed) & READS_ONLY != 0
    }

    fn change(&self, changed: impl Fn(u32) -> u32) {
        let _ = self.0.fetch_update(Relaxed, Relaxed, |before| Some(changed(before)));
    }

    /// Another that stands the same.
    pub(crate) fn copied(&self) -> Gate {
        Gate(AtomicU32::new(self.0.load(Relaxed)))
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let word = self.0.load(Relaxed) & !READS_ONLY;
        let low = (word & 0xffff) as u16;
        match word {
            0 => Standing::Closed,
            1..=FULL => Standing::Open(low),
            word if word & PROBING != 0 => Standing::Probing(low),
            _ => Standing::Reserve,
        }
    }

    /// Whether a request may pass, that writes or does not. `lot` is the request's number from 0 to 999 at this server: a
    /// share admits those below it.
    #[inline]
    pub(crate) fn admits(&self, pass: Pass, writes: bool, lot: impl FnOnce() -> u32) -> bool {
        let word = self.0.load(Relaxed);
        word == FULL || admits_some(word, pass, writes, lot)
    }

    /// The part of its weight that counts when loads are compared, in thousandths.
    #[inline]
    pub(crate) fn share(&self) -> u32 {
        let word = self.0.load(Relaxed) & !READS_ONLY;
        if word <= FULL { word.max(1) } else { FULL }
    }

    /// Goes through. False if the last probe was another's in the meantime.
    #[inline]
    pub(crate) fn enter(&self) -> bool {
        self.0.load(Relaxed) & PROBING == 0 || self.take_probe()
    }

    #[cold]
    fn take_probe(&self) -> bool {
        let less = |word: u32| {
            let none_left = word & PROBING != 0 && word & 0xffff == 0;
            if none_left { None } else { Some(word - (word >> 16 & 1)) }
        };
        self.0.fetch_update(Relaxed, Relaxed, less).is_ok()
    }
}

#[cold]
fn admits_some(word: u32, pass: Pass, writes: bool, lot: impl FnOnce() -> u32) -> bool {
    let (word, reads_only) = (word & !READS_ONLY, word & READS_ONLY != 0);
    match pass {
        // Before those that are closed: it answers, and says itself what it cannot do.
        Pass::Reserve if writes && reads_only => word != 0,
        Pass::Open | Pass::Ajar if writes && reads_only => false,
        Pass::Open if word <= FULL => lot() < word,
        Pass::Ajar if word <= FULL => word > 0,
        Pass::Open | Pass::Ajar => word & PROBING != 0 && word & 0xffff > 0,
        Pass::Reserve => word & RESERVE != 0,
        Pass::Any => true,
    }
}

const fn word(standing: Standing) -> u32 {
    match standing {
        Standing::Open(share) if share < Standing::FULL => share as u32,
        Standing::Open(_) => FULL,
        Standing::Probing(probes) => PROBING | probes as u32,
        Standing::Reserve => RESERVE,
        Standing::Closed => 0,
    }
}

impl Default for Gate {
    /// Fully open.
    fn default() -> Gate {
        Gate::new(Standing::Open(Standing::FULL))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.standing().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_tells_how_it_was_set() {
        let gate = Gate::default();
        assert_eq!(gate.standing(), Standing::Open(1000));
        for standing in [
            Standing::Open(1),
            Standing::Open(999),
            Standing::Probing(0),
            Standing::Probing(7),
            Standing::Reserve,
            Standing::Closed,
        ] {
            gate.set(standing);
            assert_eq!(gate.standing(), standing);
        }
        gate.set(Standing::Open(0));
        assert_eq!(gate.standing(), Standing::Closed);
        gate.set(Standing::Open(u16::MAX));
        assert_eq!(gate.standing(), Standing::Open(1000));
    }

    #[test]
    fn each_pass_lets_others_through() {
        let passes = |standing, lot| {
            let gate = Gate::new(standing);
            [Pass::Open, Pass::Ajar, Pass::Reserve, Pass::Any]
                .map(|pass| gate.admits(pass, true, || lot))
        };
        assert_eq!(passes(Standing::Open(1000), 999), [true; 4]);
        assert_eq!(passes(Standing::Open(200), 199), [true, true, false, true]);
        assert_eq!(passes(Standing::Open(200), 200), [false, true, false, true]);
        assert_eq!(passes(Standing::Probing(1), 999), [true, true, false, true]);
        assert_eq!(passes(Standing::Probing(0), 0), [false, false, false, true]);
        assert_eq!(passes(Standing::Reserve, 0), [false, false, true, true]);
        assert_eq!(passes(Standing::Closed, 0), [false, false, false, true]);
    }

    #[test]
    fn a_server_that_only_reads_gets_writes_when_no_other_can() {
        let gate = Gate::default();
        gate.set_reads_only(true);
        let passes = |writes| {
            [Pass::Open, Pass::Ajar, Pass::Reserve, Pass::Any]
                .map(|pass| gate.admits(pass, writes, || 999))
        };
        assert_eq!(passes(false), [true, true, false, true]);
        assert_eq!(passes(true), [false, false, true, true]);
        assert_eq!((gate.standing(), gate.share()), (Standing::Open(1000), 1000));
        gate.set(Standing::Closed);
        assert!(gate.reads_only(), "how it stands is another matter");
        assert_eq!(passes(true), [false, false, false, true]);
        gate.set(Standing::Probing(1));
        assert!(gate.enter() && !gate.enter());
        gate.set(Standing::default());
        gate.set_reads_only(false);
        assert_eq!(gate.standing(), Standing::Closed);
    }

    #[test]
    fn no_more_enter_than_there_are_probes_whoever_asks() {
        let gate = Gate::new(Standing::Probing(100));
        let entered: usize = std::thread::scope(|scope| {
            let enter = || (0..1000).filter(|_| gate.enter()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(enter)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(entered, 100);
        assert_eq!(gate.standing(), Standing::Probing(0));
        gate.set(Standing::Open(1));
        assert!(gate.enter(), "other gates count nothing");
    }
}
