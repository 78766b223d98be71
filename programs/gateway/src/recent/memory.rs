//! What all data-plane threads remember, put together for who asks.

use std::sync::Arc;

use super::spectrum::Counts;
use super::{Glimpse, Lane, RECORDED, Recorded, Seen};

/// The lanes of all threads.
#[derive(Debug)]
pub(crate) struct Memory {
    lanes: Vec<Arc<Lane>>,
    exchanges: usize,
}

impl Memory {
    /// For so many threads, each remembering so many exchanges; with `traces` also those whose
    /// trace is recorded.
    pub(crate) fn new(workers: usize, exchanges: usize, traces: bool) -> Self {
        let recorded = if traces { RECORDED } else { 0 };
        let lane = |_| Arc::new(Lane::new(exchanges, recorded));
        Self { lanes: (0..workers.max(1)).map(lane).collect(), exchanges }
    }

    /// The lane of one thread, which alone may write it.
    pub(crate) fn lane(&self, worker: usize) -> Arc<Lane> {
        // A thread beyond those asked for writes where nobody reads.
        self.lanes.get(worker).map_or_else(|| Arc::new(Lane::new(0, 0)), Arc::clone)
    }

    /// Exchanges that are remembered at most.
    pub(crate) fn capacity(&self) -> usize {
        self.lanes.len().saturating_mul(self.exchanges)
    }

    /// The newest exchanges, at most `limit`, the newest first.
    pub(crate) fn latest(&self, limit: usize) -> Vec<Seen> {
        newest(self.lanes.iter().map(|lane| lane.recent()), limit)
    }

    /// The newest exchanges that had an error, at most `limit`, the newest first.
    pub(crate) fn troubled(&self, limit: usize) -> Vec<Seen> {
        newest(self.lanes.iter().map(|lane| lane.troubled()), limit)
    }

    /// The exchange with this request id.
    pub(crate) fn find(&self, request_id: &str) -> Option<Seen> {
        let is_it = |seen: &Seen| seen.request_id == request_id;
        // Of one that had an error more is known there.
        let troubled = self.lanes.iter().find_map(|lane| lane.troubled().find(is_it));
        troubled.or_else(|| self.lanes.iter().find_map(|lane| lane.recent().find(is_it)))
    }

    /// Shows the newest exchanges of each thread and those with an error, the newest first.
    pub(crate) fn glimpses(&self, mut see: impl FnMut(&Glimpse<'_>)) {
        self.lanes.iter().for_each(|lane| lane.glimpses(&mut see));
    }

    /// Where the exporter begins to read: at the first recorded exchange of each thread. Threads
    /// serve requests before the exporter first runs, and those are exported too.
    pub(crate) fn recorded_cursors(&self) -> Vec<u64> {
        vec![0; self.lanes.len()]
    }

    /// Gives away what was recorded since; tells how many were lost.
    pub(crate) fn take_recorded(&self, cursors: &mut [u64], mut take: impl FnMut(Recorded)) -> u64 {
        let mut lost = 0_u64;
        for (lane, cursor) in self.lanes.iter().zip(cursors) {
            let (recorded, late) = lane.recorded_since(cursor);
            recorded.into_iter().for_each(&mut take);
            lost = lost.saturating_add(late);
        }
        lost
    }

    /// How long exchanges took since the start.
    pub(crate) fn durations(&self) -> Counts {
        let mut counts = Counts::default();
        for lane in &self.lanes {
            counts.add(&lane.durations);
        }
        counts
    }
}

fn newest<S: Iterator<Item = Seen>>(lanes: impl Iterator<Item = S>, limit: usize) -> Vec<Seen> {
    let mut lanes: Vec<_> = lanes.map(Iterator::peekable).collect();
    // A thread's own order is that in which it wrote them. Of two threads their ends tell, as far as
    // a clock of milliseconds does.
    let ended =
        |seen: &Seen| seen.unix_millis.saturating_mul(1000).saturating_add(seen.duration_micros);
    let newest = std::iter::from_fn(|| {
        let heads = lanes.iter_mut().enumerate();
        let heads = heads.filter_map(|(lane, seen)| Some((ended(seen.peek()?), lane)));
        let (_, lane) = heads.max()?;
        lanes.get_mut(lane)?.next()
    });
    newest.take(limit).collect()
}

#[cfg(test)]
mod tests;
