//! The memory that this process may use, and whether it is short.
//!
//! Owns the reserve: some memory that is taken while there is enough, and given back to the
//! allocator when that has no more. What is under way can then go on, and [`is_short`] tells the
//! program to refuse what is new. A thread refills the reserve ten times a second; when it is full
//! again for a second, memory is no longer short. The process is bounded by `RLIMIT_DATA` or
//! `RLIMIT_AS`, where an allocation fails, or by its control group, where the kernel kills the
//! process instead: that is looked at by the same thread. Without a bound nothing of this happens.
//! What is refused, and how, is each program's.

mod allocator;
mod bound;
mod control_group;
pub mod limits;
mod reserve;
mod watch;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub use allocator::Bounded;
pub use bound::Bound;
pub use watch::watch;

static SHORT: AtomicBool = AtomicBool::new(false);
static BOUND: AtomicU64 = AtomicU64::new(0);
static TAKEN_COUNTED: AtomicBool = AtomicBool::new(false);

/// Whether the process has reached its bound of memory, so that new work has to be refused.
#[inline]
#[must_use]
pub fn is_short() -> bool {
    SHORT.load(Ordering::Relaxed)
}

/// The bound that is watched, in bytes; 0: none.
#[must_use]
pub fn bound() -> u64 {
    BOUND.load(Ordering::Relaxed)
}

/// Of a bound in bytes, what is kept in reserve or for other users of memory than the allocator.
#[must_use]
pub fn not_for_requests(bound: u64) -> u64 {
    Bound::reserve(bound).saturating_add(Bound::others(bound))
}

/// Whether all memory that the allocator takes counts for the bound, and not only what is written to:
/// `RLIMIT_DATA` or `RLIMIT_AS` bounds this process.
#[inline]
#[must_use]
pub fn is_taken_counted() -> bool {
    TAKEN_COUNTED.load(Ordering::Relaxed)
}

/// What a client is told that is refused because memory is short.
pub const DETAIL: &str = "The server has reached its bound of memory and takes no new requests until some of it is free.";

/// The same for the log.
#[must_use]
pub fn cause() -> String {
    format!("the process has reached its bound of memory ({})", in_words(bound()))
}

/// A number of bytes as people write it, as in "64 MiB".
#[must_use]
pub fn in_words(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let fitting =
        units.iter().find(|(_, shift)| bytes >> shift > 0 && bytes.is_multiple_of(1 << shift));
    let rough = units.iter().find(|(_, shift)| bytes >> shift > 0);
    match (fitting, rough) {
        (Some((unit, shift)), _) => format!("{} {unit}", bytes >> shift),
        (None, Some((_, shift))) if *shift > 10 => {
            // A unit lower, so that little is lost.
            let unit = if *shift == 30 { "MiB" } else { "KiB" };
            format!("{} {unit}", bytes >> (shift - 10))
        }
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_are_told_as_people_write_them() {
        for (bytes, words) in [
            (64 << 20, "64 MiB"),
            (3 << 30, "3 GiB"),
            ((1 << 30) + (512 << 20), "1536 MiB"),
            ((64 << 20) + 4096, "65540 KiB"),
            (1000, "1000 bytes"),
            (1025, "1025 bytes"),
        ] {
            assert_eq!(super::in_words(bytes), words);
        }
    }
}
