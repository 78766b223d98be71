//! Which cores this process may use, and who runs on which while measuring.

use anyhow::{Context as _, Result, bail};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// A division of the machine's cores.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Placement {
    /// Where the server under test runs, alone.
    pub(crate) server: Vec<usize>,
    /// Where the origin runs.
    pub(crate) origin: Vec<usize>,
    /// Where the load generator runs.
    pub(crate) load: Vec<usize>,
}

/// The cores this process may run on, in order.
pub(crate) fn usable() -> Result<Vec<usize>> {
    let set = sched_getaffinity(None).context("asking which cores may be used")?;
    Ok((0..CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect())
}

/// Divides `usable` so that the server has `servers` cores to itself. The first core is left to
/// the load, since it is the one that machines give their interrupts to. With three or more cores
/// besides the server's, the origin has one of its own; with fewer it shares them with the load.
pub(crate) fn place(usable: &[usize], servers: usize) -> Result<Placement> {
    let Some((&first, others)) = usable.split_first() else { bail!("no core may be used") };
    if others.len() < servers || servers == 0 {
        bail!(
            "{servers} core(s) for the server and one for the load are needed, \
             but only {} may be used",
            usable.len()
        );
    }
    let (server, rest) = others.split_at(servers);
    let rest: Vec<usize> = std::iter::once(first).chain(rest.iter().copied()).collect();
    let (origin, load) = match rest.as_slice() {
        [origin, load @ ..] if load.len() >= 2 => (vec![*origin], load.to_vec()),
        shared => (shared.to_vec(), shared.to_vec()),
    };
    Ok(Placement { server: server.to_vec(), origin, load })
}

/// Runs `start` on `cores`. What it spawns inherits them; the calling thread gets its own back.
pub(crate) fn pinned<T>(cores: &[usize], start: impl FnOnce() -> T) -> Result<T> {
    let before = sched_getaffinity(None).context("asking which cores may be used")?;
    let mut set = CpuSet::new();
    for &core in cores {
        set.set(core);
    }
    sched_setaffinity(None, &set).with_context(|| format!("pinning to cores {cores:?}"))?;
    let outcome = start();
    sched_setaffinity(None, &before).context("giving the cores back")?;
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cores_share_the_first() {
        let placement = place(&[0, 1], 1).unwrap();
        assert_eq!(placement, Placement { server: vec![1], origin: vec![0], load: vec![0] });
    }

    #[test]
    fn four_cores_give_the_origin_its_own() {
        let placement = place(&[0, 1, 2, 3], 1).unwrap();
        assert_eq!(placement, Placement { server: vec![1], origin: vec![0], load: vec![2, 3] });
        let two = place(&[0, 1, 2, 3], 2).unwrap();
        assert_eq!(two, Placement { server: vec![1, 2], origin: vec![0, 3], load: vec![0, 3] });
    }

    #[test]
    fn one_core_is_not_enough() {
        assert!(place(&[0], 1).is_err());
        assert!(place(&[0, 1], 2).is_err());
    }

    #[test]
    fn children_inherit_the_pin_and_the_caller_gets_its_cores_back() {
        let before = usable().unwrap();
        let last = *before.last().unwrap();
        let inside = pinned(&[last], || usable().unwrap()).unwrap();
        assert_eq!(inside, vec![last]);
        assert_eq!(usable().unwrap(), before);
    }
}
