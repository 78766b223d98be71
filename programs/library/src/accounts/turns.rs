//! Whose password is hashed next: networks in turn, so that whoever sends many log-ins waits for
//! themselves and for nobody else.
//!
//! A few hashes are computed at once. Those that wait stand in a lane for each network; a free place
//! goes to the first of the next lane. When all that may wait do, the longest lane gives its last one
//! up for a newcomer of a shorter one. So one that comes alone waits for what is being computed and
//! one of each other network: about 30 ms each with a core to itself.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tombolo_serve::Client;

/// There is no place to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The network has as many waiting as one may have.
    Own,
    /// Many networks have one waiting each.
    All,
}

/// The places, and who waits for one. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    shared: Arc<Mutex<Shared>>,
}

/// A place. Dropped, the next one has it.
#[derive(Debug)]
pub(super) struct Place {
    turns: Option<Turns>,
}

#[derive(Debug)]
struct Shared {
    free: usize,
    most: usize,
    most_each: usize,
    /// The next lane first; none is empty.
    lanes: VecDeque<(IpAddr, VecDeque<Waiter>)>,
}

type Waiter = oneshot::Sender<Result<Place, Refused>>;

/// Which lane a client waits in: wider than the network that it is counted as, since those who attack
/// have many addresses of one provider. Whoever shares it waits a little longer, and only while
/// somebody attacks from it.
pub(super) fn lane(client: Client) -> IpAddr {
    match client.address() {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8)).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80)).into(),
    }
}

impl Turns {
    /// So many places; so many may wait, and of one lane.
    pub(super) fn new(places: usize, most: usize, most_each: usize) -> Self {
        let shared = Shared { free: places, most, most_each, lanes: VecDeque::new() };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// Waits for a place.
    pub(super) async fn enter(&self, lane: IpAddr) -> Result<Place, Refused> {
        let turn = {
            let mut shared = self.lock();
            if shared.free > 0 {
                shared.free = shared.free.saturating_sub(1);
                return Ok(Place { turns: Some(self.clone()) });
            }
            shared.wait(lane)?
        };
        // A sender that is dropped has gone with the whole queue.
        turn.await.unwrap_or(Err(Refused::All))
    }

    /// A place is free.
    fn leave(&self) {
        loop {
            let next = {
                let mut shared = self.lock();
                let next = shared.next();
                if next.is_none() {
                    shared.free = shared.free.saturating_add(1);
                }
                next
            };
            let Some(waiter) = next else { return };
            match waiter.send(Ok(Place { turns: Some(self.clone()) })) {
                // Whoever waited has left: the place goes to the next one.
                Err(Ok(mut place)) => place.turns = None,
                _ => return,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Stands in line.
    fn wait(&mut self, lane: IpAddr) -> Result<oneshot::Receiver<Result<Place, Refused>>, Refused> {
        for (_, waiters) in &mut self.lanes {
            waiters.retain(|waiter| !waiter.is_closed());
        }
        self.lanes.retain(|(_, waiters)| !waiters.is_empty());
        let own = self.lanes.iter().find(|(of, _)| *of == lane).map_or(0, |(_, own)| own.len());
        if own >= self.most_each {
            return Err(Refused::Own);
        }
        let waiting: usize = self.lanes.iter().map(|(_, waiters)| waiters.len()).sum();
        if waiting >= self.most {
            self.make_room(own)?;
        }
        let (waiter, turn) = oneshot::channel();
        match self.lanes.iter_mut().find(|(of, _)| *of == lane) {
            Some((_, waiters)) => waiters.push_back(waiter),
            None => self.lanes.push_back((lane, VecDeque::from([waiter]))),
        }
        Ok(turn)
    }

    /// Turns away the last one of the longest lane, if it is longer than this with one more.
    fn make_room(&mut self, own: usize) -> Result<(), Refused> {
        let longest = self.lanes.iter_mut().max_by_key(|(_, waiters)| waiters.len());
        let last = longest
            .filter(|(_, waiters)| waiters.len() > own.saturating_add(1))
            .and_then(|(_, waiters)| waiters.pop_back());
        let Some(last) = last else {
            return Err(if own > 0 { Refused::Own } else { Refused::All });
        };
        // It may have left.
        let _ = last.send(Err(Refused::Own));
        Ok(())
    }

    /// The first of the next lane, which goes to the end.
    fn next(&mut self) -> Option<Waiter> {
        let (lane, mut waiters) = self.lanes.pop_front()?;
        let next = waiters.pop_front();
        if !waiters.is_empty() {
            self.lanes.push_back((lane, waiters));
        }
        next
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(turns) = self.turns.take() {
            turns.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn network(last: u8) -> IpAddr {
        [192, 0, last, 0].into()
    }

    #[tokio::test]
    async fn networks_take_turns() {
        let turns = Turns::new(1, 100, 50);
        let held = turns.enter(network(0)).await.unwrap();
        let mut order = Vec::new();
        let mut waiting: Vec<_> = (0..40).map(|_| (0, Box::pin(turns.enter(network(0))))).collect();
        waiting.extend([1, 2, 1].map(|other| (other, Box::pin(turns.enter(network(other))))));
        for (_, one) in &mut waiting {
            assert!(one.as_mut().now_or_never().is_none());
        }
        drop(held);
        while !waiting.is_empty() {
            let mut given = None;
            for (index, (_, one)) in waiting.iter_mut().enumerate() {
                if let Some(place) = one.as_mut().now_or_never() {
                    given = Some((index, place.unwrap()));
                    break;
                }
            }
            let (index, place) = given.unwrap();
            order.push(waiting.remove(index).0);
            drop(place);
        }
        assert_eq!(order.len(), 43);
        assert_eq!(order[..5], [0, 1, 2, 0, 1], "{order:?}");
    }

    #[tokio::test]
    async fn a_full_line_makes_room_for_who_comes_alone() {
        let turns = Turns::new(1, 6, 5);
        let held = turns.enter(network(0)).await.unwrap();
        let wait = |last| {
            let mut one = Box::pin(turns.enter(network(last)));
            let refused = one.as_mut().now_or_never();
            (one, refused.map(|place| place.unwrap_err()))
        };
        let mut greedy: Vec<_> = (0..5).map(|_| wait(0)).collect();
        assert!(greedy.iter().all(|(_, refused)| refused.is_none()));
        assert_eq!(wait(0).1, Some(Refused::Own));
        let others: Vec<_> = (1..6).map(&wait).collect();
        assert!(others.iter().all(|(_, refused)| refused.is_none()));
        // Each of them but the first has taken a place of the greedy one, who has one left.
        let gone = greedy.iter_mut().filter_map(|(one, _)| one.as_mut().now_or_never());
        let gone: Vec<_> = gone.map(|place| place.unwrap_err()).collect();
        assert_eq!(gone, [Refused::Own; 4]);
        assert_eq!(wait(9).1, Some(Refused::All));
        // Who leaves is no longer waited for.
        drop(others);
        assert_eq!(wait(9).1, None);
        drop(held);
    }

    #[test]
    fn lanes_are_wide() {
        let of = |text: &str| lane(Client::at(text.parse().unwrap())).to_string();
        assert_eq!(of("192.0.2.7"), "192.0.2.0");
        assert_eq!(of("2001:db8:1:2:3::4"), "2001:db8:1::");
    }
}
