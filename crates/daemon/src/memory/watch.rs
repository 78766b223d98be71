//! The thread that keeps the reserve full and says when memory is short.

use std::alloc::GlobalAlloc;
use std::io;
use std::sync::atomic::Ordering;
use std::thread;

use super::allocator::Bounded;
use super::bound::Bound;
use super::{BOUND, SHORT, TAKEN_COUNTED, in_words, limits, reserve};

/// Watches the memory of this process from now on, if it has a bound. Call once.
///
/// # Errors
/// When the system gives no thread.
pub fn watch<A: GlobalAlloc + Sync>(allocator: &'static Bounded<A>) -> io::Result<()> {
    let bound = Bound::of_this_process();
    let Some(bytes) = bound.bytes() else { return Ok(()) };
    BOUND.store(bytes, Ordering::Relaxed);
    let kept = Bound::reserve(bytes);
    // Where nothing but the control group bounds it, no allocation ever fails.
    if bound.rlimit.is_some() {
        TAKEN_COUNTED.store(true, Ordering::Relaxed);
        reserve::set(kept);
    }
    let named = thread::Builder::new().name("memory".to_owned()).stack_size(limits::STACK);
    named.spawn(move || keep(allocator, &bound, kept))?;
    tracing::info!(bound = %in_words(bytes), reserve = %in_words(kept), "memory is bounded");
    Ok(())
}

fn keep<A: GlobalAlloc>(allocator: &Bounded<A>, bound: &Bound, kept: u64) {
    let mut watched = Watched::default();
    loop {
        let is_full = reserve::fill(allocator.inner());
        let is_enough = !bound.control_group.as_ref().is_some_and(|group| group.is_short(kept));
        let was_short = SHORT.load(Ordering::Relaxed);
        if let Some(short) = watched.look(was_short, is_full && is_enough) {
            SHORT.store(short, Ordering::Relaxed);
            let bound = in_words(BOUND.load(Ordering::Relaxed));
            if short {
                tracing::warn!(%bound, "the bound of memory is reached: new requests are refused until memory is free again");
            } else {
                tracing::warn!(%bound, "memory is free again: new requests are served");
            }
        }
        thread::sleep(limits::PAUSE);
    }
}

/// What was seen at the last looks.
#[derive(Debug, Default)]
struct Watched {
    is_told: bool,
    good: u32,
}

impl Watched {
    /// Takes in one look; Some if it changes what holds, or what was told of it.
    fn look(&mut self, is_short: bool, is_enough: bool) -> Option<bool> {
        self.good = if is_enough { self.good.saturating_add(1) } else { 0 };
        if !is_enough || (is_short && !self.is_told) {
            self.good = 0;
            return (!std::mem::replace(&mut self.is_told, true) || !is_short).then_some(true);
        }
        let ends = is_short && self.good >= limits::GOOD_LOOKS;
        if ends {
            self.is_told = false;
        }
        ends.then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_is_told_once_and_ends_after_a_second_of_enough() {
        let mut watched = Watched::default();
        assert_eq!(watched.look(false, true), None);
        assert_eq!(watched.look(false, false), Some(true));
        assert_eq!(watched.look(true, false), None);
        for _ in 1..limits::GOOD_LOOKS {
            assert_eq!(watched.look(true, true), None);
        }
        assert_eq!(watched.look(true, true), Some(false));
        assert_eq!(watched.look(false, true), None);
    }

    #[test]
    fn what_the_allocator_saw_between_two_looks_is_told_too() {
        let mut watched = Watched::default();
        assert_eq!(watched.look(true, true), Some(true));
        for _ in 1..limits::GOOD_LOOKS {
            assert_eq!(watched.look(true, true), None);
        }
        assert_eq!(watched.look(true, true), Some(false));
    }
}
