//! Who holds how much of the memory for requests under way, where the memory of the process is bounded: a
//! client that keeps many requests open must not have all others refused.
//!
//! Each request under way has buffers of its own, so requests are what is counted, for each client, by each
//! thread for itself. While fewer are under way than [`most`] allows, anybody may have any number. Beyond:
//! - who holds an equal share already begins no further one ([`Full`]), and then an eighth is to be free;
//! - ten times a second the client that holds most gives some back: those that wait, the oldest first
//!   ([`Shares::look`]). What has just begun is left alone: most requests end before they are noticed here.
//!
//! A process without a bound counts nothing.

use std::cell::RefCell;
use std::collections::{BinaryHeap, HashMap};
use std::net::IpAddr;

use slab::Slab;
use tombolo_daemon::memory;

use super::timers::{Timer, Timers};

/// What a request under way holds, in bytes: two buffers of 64 KiB, parsed heads, texts and tasks.
const REQUEST: u64 = 144 << 10;

/// What the allocator takes for it, in bytes, where all that it takes is bounded: measured with mimalloc 3,
/// at 96 MiB memory is short at 120 to 140 stalled uploads.
const REQUEST_TAKEN: u64 = 448 << 10;

/// What the process needs without a request, in bytes.
const ITSELF: u64 = 16 << 20;

/// Requests that a thread has room for whatever the bound.
const MOST_MIN: u64 = 16;

/// Requests that a client may have in any case, until memory is short.
const EACH: usize = 1;

/// Ticks for which a request is left alone.
const YOUNG: u64 = 10;

/// The client holds its share of what requests may hold, and they hold all of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// What one thread's requests hold.
pub(crate) struct Shares {
    /// Of the threads, which share the bound alike.
    threads: u64,
    held: RefCell<Held>,
}

#[derive(Default)]
struct Held {
    requests: Slab<Request>,
    clients: HashMap<IpAddr, usize>,
    /// Somebody was refused, and no room has been made since.
    refused: bool,
}

struct Request {
    client: IpAddr,
    /// The slot of its connection among the timers.
    slot: usize,
    /// The tick at which it began.
    since: u64,
    /// It is to end, and has not yet.
    ending: bool,
}

/// Counts a request for as long as it is there.
pub(crate) struct Share<'s> {
    shares: &'s Shares,
    timer: &'s Timer,
    /// None: nothing is counted.
    key: Option<usize>,
}

impl Shares {
    pub(super) fn new(threads: usize) -> Self {
        Self { threads: threads.max(1) as u64, held: RefCell::default() }
    }

    /// A request of `client` begins, on the connection of this timer.
    ///
    /// # Errors
    /// [`Full`].
    #[inline]
    pub(crate) fn begin<'s>(&'s self, client: IpAddr, timer: &'s Timer) -> Result<Share<'s>, Full> {
        let bound = memory::bound();
        if bound == 0 {
            return Ok(Share { shares: self, timer, key: None });
        }
        let mut held = self.held.borrow_mut();
        let most = self.most(bound);
        if held.requests.len() >= most {
            let admitted = held.admit(client, most);
            held.refused |= admitted.is_err();
            admitted?;
        }
        let key = Some(held.begin(client, timer.slot(), timer.now()));
        Ok(Share { shares: self, timer, key })
    }

    fn most(&self, bound: u64) -> usize {
        let request = if memory::is_taken_counted() { REQUEST_TAKEN } else { REQUEST };
        most(bound, request, self.threads)
    }

    /// Ends requests of those who hold most, where all together hold too much.
    pub(super) fn look(&self, timers: &Timers) {
        let bound = memory::bound();
        let mut held = self.held.borrow_mut();
        if bound == 0 || held.requests.len() <= EACH {
            return;
        }
        let beyond = held.beyond(self.most(bound), memory::is_short());
        if beyond > 0 {
            held.shed(beyond, timers);
        }
    }
}

impl Held {
    /// Whether a client may have one more though there are `most` already.
    fn admit(&self, client: IpAddr, most: usize) -> Result<(), Full> {
        let has = self.clients.get(&client).copied().unwrap_or(0);
        let clients = self.clients.len().saturating_add(usize::from(has == 0)).max(1);
        if has >= (most / clients).max(EACH) { Err(Full) } else { Ok(()) }
    }

    fn begin(&mut self, client: IpAddr, slot: usize, since: u64) -> usize {
        let count = self.clients.entry(client).or_insert(0);
        *count = count.saturating_add(1);
        self.requests.insert(Request { client, slot, since, ending: false })
    }

    fn end(&mut self, key: usize) {
        let Some(Request { client, .. }) = self.requests.try_remove(key) else { return };
        if let Some(count) = self.clients.get_mut(&client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.clients.remove(&client);
            }
        }
    }

    /// How many requests are to end where there may be `most`.
    fn beyond(&mut self, most: usize, is_short: bool) -> usize {
        let ending = self.requests.iter().filter(|(_, one)| one.ending).count();
        let staying = self.requests.len().saturating_sub(ending);
        // The client that is refused may have others waiting next to those that stand still.
        let room = if self.refused { most / 8 } else { 0 };
        let beyond = staying.saturating_sub(most.saturating_sub(room));
        // Kept until there is room: what was too young at this look is not at a later one.
        self.refused &= beyond > 0;
        // What else takes memory is not known here. It is not for requests to make room where they are few.
        if is_short && staying > most / 4 { beyond.max(staying / 4) } else { beyond }
    }

    /// Ends so many requests, each of the client that then has most.
    fn shed(&mut self, mut count: usize, timers: &Timers) {
        let now = timers.now();
        let mut have: HashMap<IpAddr, usize> = HashMap::new();
        let mut order: HashMap<IpAddr, Vec<_>> = HashMap::new();
        for (key, one) in self.requests.iter().filter(|(_, one)| !one.ending) {
            *have.entry(one.client).or_insert(0) += 1;
            if one.since.saturating_add(YOUNG) <= now {
                let first = (timers.standstill(one.slot, YOUNG), one.since);
                order.entry(one.client).or_default().push((first, key));
            }
        }
        // The first to go at the end.
        order.values_mut().for_each(|keys| keys.sort_unstable_by(|one, other| other.cmp(one)));
        let mut clients: BinaryHeap<_> = have.into_iter().map(|(client, n)| (n, client)).collect();
        while count > 0
            && let Some((has, client)) = clients.pop()
            && has > EACH
        {
            let Some((_, key)) = order.get_mut(&client).and_then(Vec::pop) else { continue };
            let Some(one) = self.requests.get_mut(key) else { continue };
            one.ending = true;
            timers.shed(one.slot);
            clients.push((has.saturating_sub(1), client));
            count = count.saturating_sub(1);
        }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.shares.held.borrow_mut().end(key);
            self.timer.keep();
        }
    }
}

/// How many requests of so many bytes one of so many threads may have under way within a bound in bytes: three
/// quarters of what fits next to the process itself, its reserve and its stacks.
fn most(bound: u64, request: u64, threads: u64) -> usize {
    let free = bound.saturating_sub(memory::not_for_requests(bound)).saturating_sub(ITSELF);
    let fits = (free / 4 * 3).checked_div(request).unwrap_or(0).checked_div(threads).unwrap_or(0);
    usize::try_from(fits.max(MOST_MIN)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
