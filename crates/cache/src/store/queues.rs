//! Which object goes when room is needed: S3-FIFO (Yang et al., SOSP 2023).
//!
//! Two first-in-first-out queues and a list of ghosts. What is new enters the small queue, a tenth
//! of the whole; what was used there moves on to the main one, what was not leaves and becomes a
//! ghost: its fingerprint is kept, and if it comes back soon it enters the main queue at once. In
//! the main queue, what was used goes round again. A scan of things used once passes through the
//! small queue and pushes nothing else out.
//!
//! An object takes a node of 40 bytes in a slab, a bucket of 25 in a map and a ghost's 4: at the
//! worst moment, when slab and map have just doubled, 145 bytes.

use std::collections::HashMap;

use super::slot::{BuildAsIs, Slot};

const NONE: u32 = u32::MAX;
/// Uses beyond this are not counted: they say nothing about the future.
const HOT: u8 = 3;

#[derive(Clone, Copy)]
struct Node {
    slot: Slot,
    older: u32,
    newer: u32,
    units: u32,
    /// What the owner wants to remember of it.
    note: u32,
    uses: u8,
    main: bool,
}

#[derive(Clone, Copy)]
struct List {
    oldest: u32,
    newest: u32,
    units: u64,
}

impl Default for List {
    fn default() -> Self {
        Self { oldest: NONE, newest: NONE, units: 0 }
    }
}

/// At which end of which queue an object enters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Enter {
    /// As the newest: just stored.
    New,
    /// As older than all: found on disk, told from the newest to the oldest.
    Found {
        /// It was used since it was stored.
        used: bool,
    },
}

/// One of the two queues.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Queue {
    Small,
    Main,
}

/// The small queue has its tenth or more: what goes next goes from there.
pub(super) const fn is_small_due(small: u64, all: u64) -> bool {
    small.saturating_mul(10) >= all
}

/// What an owner learns of an object it asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Known {
    pub(super) note: u32,
    /// It had not been used since it was last passed by.
    pub(super) first_use: bool,
}

/// The queues of one shard.
#[derive(Default)]
pub(super) struct Queues {
    nodes: Vec<Node>,
    free: Vec<u32>,
    map: HashMap<Slot, u32, BuildAsIs>,
    small: List,
    main: List,
    ghosts: Vec<u32>,
}

impl Queues {
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    pub(super) fn units(&self) -> u64 {
        self.small.units + self.main.units
    }

    /// Bytes of memory taken, by capacity and not by use.
    pub(super) fn memory(&self) -> usize {
        let bucket = size_of::<(Slot, u32)>() + 1;
        // A map of capacity n has n * 8 / 7 buckets.
        self.nodes.capacity() * size_of::<Node>()
            + (self.free.capacity() + self.ghosts.capacity()) * 4
            + self.map.capacity() * 8 / 7 * bucket
    }

    /// Adds an object, or replaces it. Gives the units of the one that was there.
    pub(super) fn insert(&mut self, slot: Slot, units: u32, enter: Enter) -> Option<u32> {
        let before = self.map.get(&slot).copied();
        if before.is_some() && enter != Enter::New {
            return Some(units); // stored anew since the walk saw it
        }
        let old = before.and_then(|_| self.take(slot));
        let was_main = old.is_some_and(|node| node.main);
        let main = was_main || matches!(enter, Enter::Found { used: true }) || self.is_ghost(slot);
        let uses = old.map_or(u8::from(enter == (Enter::Found { used: true })), |old| old.uses);
        let node = Node { slot, older: NONE, newer: NONE, units, note: 0, uses, main };
        let at = self.place(node);
        self.map.insert(slot, at);
        self.link(at, enter == Enter::New);
        old.map(|node| node.units)
    }

    pub(super) fn contains(&self, slot: Slot) -> bool {
        self.map.contains_key(&slot)
    }

    /// Counts a use.
    pub(super) fn touch(&mut self, slot: Slot) -> Option<Known> {
        let node = self.node_of(slot)?;
        let known = Known { note: node.note, first_use: node.uses == 0 };
        node.uses = (node.uses + 1).min(HOT);
        Some(known)
    }

    pub(super) fn set_note(&mut self, slot: Slot, note: u32) {
        if let Some(node) = self.node_of(slot) {
            node.note = note;
        }
    }

    /// Removes an object; gives its units.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<u32> {
        self.take(slot).map(|node| node.units)
    }

    pub(super) fn small_units(&self) -> u64 {
        self.small.units
    }

    /// Chooses the object to go and removes it, out of the queue that is given or else by the
    /// share of the small one; `None` when that queue is empty. `uses` tells of uses that [`Self::touch`] was not
    /// told of, and forgets them.
    pub(super) fn evict(
        &mut self,
        from: Option<Queue>,
        mut uses: impl FnMut(Slot) -> u8,
    ) -> Option<(Slot, u32)> {
        // Each step either evicts or lowers a count of at most `HOT`, so it ends; the bound is
        // for a caller who keeps finding uses.
        for _ in 0..(self.map.len() * (usize::from(HOT) + 2)) {
            let own = || self.main.oldest == NONE || is_small_due(self.small.units, self.units());
            let small = from.map_or_else(own, |queue| queue == Queue::Small);
            let at = if small { self.small.oldest } else { self.main.oldest };
            let node = self.nodes.get_mut(at as usize)?;
            node.uses = (node.uses + uses(node.slot)).min(HOT);
            let (slot, used) = (node.slot, node.uses > 0);
            if !used {
                return self.take(slot).map(|node| (node.slot, node.units)).inspect(|_| {
                    if small {
                        self.haunt(slot);
                    }
                });
            }
            self.unlink(at);
            if let Some(node) = self.nodes.get_mut(at as usize) {
                // In the main queue a use buys one round; moving there is paid by all of them.
                node.uses = if node.main { node.uses - 1 } else { 0 };
                node.main = true;
            }
            self.link(at, true);
        }
        let small = from == Some(Queue::Small) || self.main.oldest == NONE;
        let any = if small { self.small.oldest } else { self.main.oldest };
        let slot = self.nodes.get(any as usize)?.slot;
        self.take(slot).map(|node| (node.slot, node.units))
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn node_of(&mut self, slot: Slot) -> Option<&mut Node> {
        let at = *self.map.get(&slot)?;
        self.nodes.get_mut(at as usize)
    }

    fn take(&mut self, slot: Slot) -> Option<Node> {
        let at = self.map.remove(&slot)?;
        self.unlink(at);
        self.free.push(at);
        self.nodes.get(at as usize).copied()
    }

    fn place(&mut self, node: Node) -> u32 {
        if let Some(at) = self.free.pop()
            && let Some(free) = self.nodes.get_mut(at as usize)
        {
            *free = node;
            return at;
        }
        self.nodes.push(node);
        u32::try_from(self.nodes.len() - 1).unwrap_or(NONE)
    }

    // --- the lists ---

    fn list(&mut self, main: bool) -> &mut List {
        if main { &mut self.main } else { &mut self.small }
    }

    fn link(&mut self, at: u32, newest: bool) {
        let Some(&Node { main, units, .. }) = self.nodes.get(at as usize) else { return };
        let list = self.list(main);
        list.units += u64::from(units);
        let (older, newer) = if newest { (list.newest, NONE) } else { (NONE, list.oldest) };
        if older == NONE {
            list.oldest = at;
        }
        if newer == NONE {
            list.newest = at;
        }
        if let Some(node) = self.nodes.get_mut(older as usize) {
            node.newer = at;
        }
        if let Some(node) = self.nodes.get_mut(newer as usize) {
            node.older = at;
        }
        if let Some(node) = self.nodes.get_mut(at as usize) {
            (node.older, node.newer) = (older, newer);
        }
    }

    fn unlink(&mut self, at: u32) {
        let Some(&Node { main, units, older, newer, .. }) = self.nodes.get(at as usize) else {
            return;
        };
        let list = self.list(main);
        list.units -= u64::from(units);
        if older == NONE {
            list.oldest = newer;
        }
        if newer == NONE {
            list.newest = older;
        }
        if let Some(node) = self.nodes.get_mut(older as usize) {
            node.newer = newer;
        }
        if let Some(node) = self.nodes.get_mut(newer as usize) {
            node.older = older;
        }
    }

    // --- ghosts: a table where a newcomer overwrites, so it needs no queue ---

    fn ghost_at(&mut self, slot: Slot) -> Option<&mut u32> {
        let at = slot.fingerprint() as usize % self.ghosts.len().max(1);
        self.ghosts.get_mut(at)
    }

    fn is_ghost(&mut self, slot: Slot) -> bool {
        let fingerprint = slot.fingerprint().max(1);
        let found = self.ghost_at(slot).filter(|ghost| **ghost == fingerprint);
        found.map(|ghost| *ghost = 0).is_some()
    }

    fn haunt(&mut self, slot: Slot) {
        if self.ghosts.len() < self.map.len() {
            // Starting afresh is forgetting, which is what ghosts are for.
            self.ghosts = vec![0; self.map.len().next_power_of_two().max(16)];
        }
        if let Some(ghost) = self.ghost_at(slot) {
            *ghost = slot.fingerprint().max(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyHash;

    fn slot(number: u32) -> Slot {
        Slot::of_key(KeyHash::of(&number.to_le_bytes()))
    }

    fn shrink(queues: &mut Queues, units: u64) {
        while queues.units() > units {
            queues.evict(None, |_| 0).unwrap();
        }
    }

    #[test]
    fn a_scan_does_not_push_out_what_is_used() {
        let mut queues = Queues::default();
        for hot in 0..50 {
            queues.insert(slot(hot), 1, Enter::New);
            queues.touch(slot(hot));
        }
        for once in 1000..11_000 {
            queues.insert(slot(once), 1, Enter::New);
            shrink(&mut queues, 100);
        }
        assert!((0..50).all(|hot| queues.contains(slot(hot))));
        assert_eq!(queues.units(), 100);
    }

    #[test]
    fn what_comes_back_soon_enters_the_main_queue() {
        let mut queues = Queues::default();
        for number in 0..100 {
            queues.insert(slot(number), 1, Enter::New);
        }
        shrink(&mut queues, 99);
        assert!(!queues.contains(slot(0)));
        queues.insert(slot(0), 1, Enter::New);
        for number in 1000..1099 {
            queues.insert(slot(number), 1, Enter::New);
            shrink(&mut queues, 100);
        }
        assert!(queues.contains(slot(0)));
    }

    #[test]
    fn what_was_found_goes_oldest_first_and_before_what_is_new() {
        let mut queues = Queues::default();
        queues.insert(slot(1), 1, Enter::New);
        queues.insert(slot(2), 1, Enter::Found { used: false });
        queues.insert(slot(3), 1, Enter::Found { used: false });
        let order: Vec<_> =
            std::iter::from_fn(|| queues.evict(None, |_| 0)).map(|(s, _)| s).collect();
        assert_eq!(order, [slot(3), slot(2), slot(1)]);
    }

    #[test]
    fn units_and_links_hold_under_random_work() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut queues = Queues::default();
        let mut model: HashMap<u32, u32> = HashMap::new();
        for _ in 0..20_000 {
            let number = random.u32(..300);
            match random.u8(..6) {
                0..=2 => {
                    let units = random.u32(1..9);
                    assert_eq!(
                        queues.insert(slot(number), units, Enter::New),
                        model.insert(number, units)
                    );
                }
                3 => drop(queues.touch(slot(number))),
                4 => assert_eq!(queues.remove(slot(number)), model.remove(&number)),
                _ => {
                    if let Some((gone, units)) = queues.evict(None, |_| random.u8(..2)) {
                        let number = *model.keys().find(|&&n| slot(n) == gone).unwrap();
                        assert_eq!(model.remove(&number), Some(units));
                    }
                }
            }
            assert_eq!(queues.len(), model.len());
            assert_eq!(queues.units(), model.values().map(|&u| u64::from(u)).sum::<u64>());
        }
    }
}
