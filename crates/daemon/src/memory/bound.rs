//! Which bound of memory the process has, and how much of it is for what.

use rustix::process::{Resource, getrlimit};

use super::control_group::ControlGroup;
use super::limits;

/// The bounds of this process; the least one counts.
#[derive(Debug)]
pub struct Bound {
    /// `RLIMIT_DATA` or `RLIMIT_AS`, in bytes.
    pub(super) rlimit: Option<u64>,
    /// The control group with the least limit.
    pub(super) control_group: Option<ControlGroup>,
}

impl Bound {
    /// Those that hold now.
    #[must_use]
    pub fn of_this_process() -> Self {
        let limits = [Resource::Data, Resource::As].map(|one| getrlimit(one).current);
        Self {
            rlimit: limits.into_iter().flatten().min(),
            control_group: ControlGroup::of_this_process(),
        }
    }

    /// The least of them, in bytes; None: there is none.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        let of_group = self.control_group.as_ref().map(ControlGroup::limit);
        [self.rlimit, of_group].into_iter().flatten().min()
    }

    /// What is kept in reserve within a bound of so many bytes.
    pub(super) fn reserve(bytes: u64) -> u64 {
        (bytes / limits::RESERVE_SHARE).max(limits::RESERVE_MIN)
    }

    /// What is left to other users of memory than the allocator within a bound of so many bytes.
    pub(super) fn others(bytes: u64) -> u64 {
        (bytes / limits::OTHERS_SHARE).max(limits::OTHERS_MIN)
    }

    /// Environment variables for a process whose `RLIMIT_DATA` will be so many bytes, which set
    /// its allocator up. All that it may use it takes at once, as address space: the kernel counts
    /// that for the limit and never counts it down again, so that otherwise memory which was used
    /// once would be lacking for stacks of threads.
    #[must_use]
    pub fn environment(bytes: u64) -> Vec<(&'static str, String)> {
        let others = Self::others(bytes);
        let arena = bytes.saturating_sub(others);
        // Smaller ones are not taken by the allocator (mimalloc 3: MI_ARENA_MIN_SIZE).
        if !((32 << 20)..=limits::ARENA_MAX).contains(&arena) {
            return vec![("MIMALLOC_ARENA_EAGER_COMMIT", "0".to_owned())];
        }
        vec![
            ("MIMALLOC_RESERVE_OS_MEMORY", format!("{}KiB", arena >> 10)),
            ("MIMALLOC_DISALLOW_OS_ALLOC", "1".to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allocator_has_most_of_the_bound_and_others_the_rest() {
        let arena = |mib: u64| Bound::environment(mib << 20).into_iter().next().unwrap();
        assert_eq!(arena(64), ("MIMALLOC_RESERVE_OS_MEMORY", "40960KiB".to_owned()));
        assert_eq!(arena(512), ("MIMALLOC_RESERVE_OS_MEMORY", "393216KiB".to_owned()));
        for mib in [50, 64 << 10] {
            assert_eq!(arena(mib), ("MIMALLOC_ARENA_EAGER_COMMIT", "0".to_owned()));
        }
    }

    #[test]
    fn the_least_bound_counts() {
        let bound = Bound { rlimit: Some(64 << 20), control_group: None };
        assert_eq!(bound.bytes(), Some(64 << 20));
        assert_eq!(Bound { rlimit: None, control_group: None }.bytes(), None);
        assert_eq!((Bound::reserve(64 << 20), Bound::reserve(8 << 20)), (8 << 20, 4 << 20));
    }
}
