//! Who is served next: of the clients that wait, the one that has used least of late; of one client's
//! connections, the one that has used least.
//!
//! A client with slow expressions so waits behind every client with quick ones, however many
//! connections it opens. Pure: places in, choices out.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::IpAddr;
use std::time::Duration;

/// Those who wait, each with a place `T` that it can be called at.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    clients: HashMap<IpAddr, BinaryHeap<Waiting<T>>>,
    waiting: usize,
    came: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    order: Reverse<(u64, u64)>,
    place: T,
}

impl<T> Turns<T> {
    /// Nobody waits.
    pub(crate) fn new() -> Self {
        Self { clients: HashMap::new(), waiting: 0, came: 0 }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    /// One more waits: of this client, over a connection that has `used` so much (microseconds of
    /// evaluators) so far.
    pub(crate) fn join(&mut self, client: IpAddr, used: u64, place: T) {
        self.came = self.came.wrapping_add(1);
        let waiting = Waiting { order: Reverse((used, self.came)), place };
        self.clients.entry(client).or_default().push(waiting);
        self.waiting += 1;
    }

    /// The next in turn and its client; `usage` knows what clients used.
    pub(crate) fn next(&mut self, usage: impl Fn(IpAddr) -> Duration) -> Option<(IpAddr, T)> {
        let order = |(client, heap): (&IpAddr, &BinaryHeap<Waiting<T>>)| {
            (usage(*client), heap.peek().map(|first| Reverse(first.order)))
        };
        let client = *self.clients.iter().min_by_key(|entry| order(*entry))?.0;
        let heap = self.clients.get_mut(&client)?;
        let next = heap.pop()?;
        if heap.is_empty() {
            self.clients.remove(&client);
        }
        self.waiting -= 1;
        Some((client, next.place))
    }

    /// Forgets those for whom `gone` holds.
    pub(crate) fn forget(&mut self, gone: impl Fn(&T) -> bool) {
        self.clients.retain(|_, heap| {
            heap.retain(|waiting| !gone(&waiting.place));
            !heap.is_empty()
        });
        self.waiting = self.clients.values().map(BinaryHeap::len).sum();
    }

    /// Makes place for a client by dropping the last of the client with most, if that has more than
    /// one more. False if nobody had to give way.
    pub(crate) fn make_place(&mut self, client: IpAddr) -> bool {
        let own = self.clients.get(&client).map_or(0, BinaryHeap::len);
        let most = self.clients.iter_mut().max_by_key(|(_, heap)| heap.len());
        let Some((_, heap)) = most.filter(|(_, heap)| heap.len() > own + 1) else { return false };
        // The heap's least is its last in turn.
        let mut sorted = std::mem::take(heap).into_sorted_vec();
        sorted.remove(0);
        *heap = sorted.into();
        self.waiting -= 1;
        true
    }
}

impl<T> PartialEq for Waiting<T> {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl<T> Eq for Waiting<T> {}

impl<T> PartialOrd for Waiting<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Waiting<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order.cmp(&other.order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_client_that_used_least_is_next_whatever_its_connections_used() {
        let mut turns = Turns::new();
        let usage = |of: IpAddr| Duration::from_secs(if of == client(1) { 100 } else { 1 });
        for number in 0..900 {
            turns.join(client(1), 0, format!("new connection {number}"));
        }
        turns.join(client(2), 5000, "busy".to_owned());
        turns.join(client(2), 5, "quick".to_owned());
        turns.forget(|who| who == "new connection 0");
        assert_eq!(turns.len(), 901);
        let order: Vec<_> = std::iter::from_fn(|| turns.next(usage)).take(3).collect();
        let names: Vec<_> = order.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["quick", "busy", "new connection 1"]);
        assert_eq!(turns.len(), 898);
    }

    #[test]
    fn who_has_most_in_the_queue_gives_way() {
        let mut turns = Turns::new();
        for number in 0..3 {
            turns.join(client(1), 0, number);
        }
        assert!(!turns.make_place(client(1)));
        assert!(turns.make_place(client(2)));
        turns.join(client(2), 0, 10);
        assert!(!turns.make_place(client(2)));
        let rest: Vec<_> = std::iter::from_fn(|| turns.next(|_| Duration::ZERO)).collect();
        assert_eq!(rest.iter().map(|(_, number)| *number).collect::<Vec<_>>(), [0, 1, 10]);
    }
}
