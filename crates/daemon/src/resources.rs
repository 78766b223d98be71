//! What this process may use of the machine: open files and processor cores.

use std::io;
use std::num::NonZeroUsize;
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many files (sockets are files) the process may have open after [`raise_open_files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenFiles {
    /// The number that holds now. None: no limit.
    pub allowed: Option<u64>,
    /// Whether raising it failed, so that it stayed at what the process was started with.
    pub refused: bool,
}

/// Whether the system refused for want of descriptors or memory of its own: then a peer that could
/// not be connected to is not at fault.
#[must_use]
pub fn is_shortage(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
    use rustix::io::Errno;
    matches!(errno, Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM))
}

/// Raises the soft limit of open files to the hard one. A proxy needs two for each request, and
/// the soft limit is low only for the sake of programs that use `select`.
#[must_use]
pub fn raise_open_files() -> OpenFiles {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return OpenFiles { allowed: current, refused: false };
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => OpenFiles { allowed: maximum, refused: false },
        Err(_) => OpenFiles { allowed: current, refused: true },
    }
}

/// The cores this process may keep busy: the affinity mask and the control group's quota are
/// both respected; at least 1.
#[must_use]
pub fn usable_cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let raised = raise_open_files();
        let now = getrlimit(Resource::Nofile);
        assert_eq!(raised, OpenFiles { allowed: now.current, refused: false });
        assert_eq!(now.current, now.maximum);
    }

    #[test]
    fn a_shortage_of_this_machine_is_no_fault_of_the_peer() {
        let of = |errno: rustix::io::Errno| io::Error::from_raw_os_error(errno.raw_os_error());
        assert!(is_shortage(&of(rustix::io::Errno::MFILE)));
        assert!(!is_shortage(&of(rustix::io::Errno::CONNREFUSED)));
        assert!(!is_shortage(&io::Error::other("no number")));
    }

    #[test]
    fn affinity_is_respected() {
        let everything = rustix::thread::sched_getaffinity(None).unwrap();
        let first = (0..1024).find(|core| everything.is_set(*core)).unwrap();
        // On a thread of its own: the mask belongs to the thread.
        let seen = std::thread::spawn(move || {
            let mut one = rustix::thread::CpuSet::new();
            one.set(first);
            rustix::thread::sched_setaffinity(None, &one).unwrap();
            usable_cores()
        });
        assert_eq!(seen.join().unwrap(), NonZeroUsize::MIN);
    }
}
