//! Exemplars: for each bucket of a route's durations the newest remembered request that fell into
//! it, so that a slow bucket leads to a request that can be asked about (OpenMetrics 1.0, section
//! "Exemplars").
//!
//! They are looked up in what is remembered anyway when somebody asks for metrics: the request path
//! knows nothing of them.

use std::collections::HashMap;

use super::duration::{BUCKETS, bucket};
use crate::recent::{Glimpse, Memory, Traced};

/// Most characters of an exemplar's labels, names and values together.
const LABELS: usize = 128;

/// A request that stands for those of its bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exemplar {
    /// At least one, at most [`LABELS`] characters.
    pub(super) labels: Vec<(&'static str, String)>,
    /// How long it took.
    pub(super) micros: u64,
    /// When it ended, in microseconds since 1970.
    pub(super) ended_micros: u64,
}

impl Exemplar {
    fn names_trace(&self) -> bool {
        self.labels.iter().any(|(name, _)| *name == TRACE)
    }
}

/// The exemplars of all routes, by the route's name and the place of the bucket.
#[derive(Debug, Default)]
pub(crate) struct Exemplars(HashMap<String, [Option<Exemplar>; BUCKETS]>);

impl Exemplars {
    /// Of what is remembered at this moment. To be asked before the counts are: then each request
    /// that is found here is counted there.
    pub(crate) fn of(memory: &Memory) -> Self {
        let mut all = Self::default();
        memory.glimpses(|glimpse| all.consider(glimpse));
        all
    }

    pub(super) fn get(&self, route: &str, bucket: usize) -> Option<&Exemplar> {
        self.0.get(route)?.get(bucket)?.as_ref()
    }

    /// Takes an exchange if none is better: the newest, but one whose trace is recorded before any
    /// other.
    fn consider(&mut self, glimpse: &Glimpse<'_>) {
        let Some(route) = glimpse.route() else { return };
        let micros = glimpse.duration_micros();
        if !self.0.contains_key(route) {
            self.0.insert(route.to_owned(), Default::default());
        }
        let slots = self.0.get_mut(route);
        let Some(slot) = slots.and_then(|slots| slots.get_mut(bucket(micros))) else { return };
        let ended_micros = glimpse.ended_micros();
        let known = slot.as_ref().map(|known| (known.names_trace(), known.ended_micros));
        // Nearly all are older than one that leads to a trace; theirs need not be looked up.
        if known.is_some_and(|known| known >= (true, ended_micros)) {
            return;
        }
        let traced = glimpse.traced();
        if known.is_some_and(|known| known >= (traced.is_some(), ended_micros)) {
            return;
        }
        let labels = labels(glimpse.request_id(), traced);
        if !labels.is_empty() {
            *slot = Some(Exemplar { labels, micros, ended_micros });
        }
    }
}

const TRACE: &str = "trace_id";

/// The labels that fit, those that lead on first. An id that a trusted hop sent may be longer than
/// all of them may be. One with a quotation mark is left out: there are readers (Python's
/// `prometheus_client` 0.26 is one) that take an escaped one for the end of an exemplar's label and
/// then refuse the whole text, and nobody who may choose an id is to be able to blind them.
fn labels(request_id: String, traced: Option<Traced>) -> Vec<(&'static str, String)> {
    let mut labels = Vec::with_capacity(3);
    let mut room = LABELS;
    let mut add = |name: &'static str, value: String| {
        let length = name.len().saturating_add(value.chars().count());
        let fits = !value.is_empty() && length <= room && !value.contains('"');
        if fits {
            room = room.saturating_sub(length);
            labels.push((name, value));
        }
        fits
    };
    add("request_id", request_id);
    if let Some(traced) = traced
        && add(TRACE, format!("{:032x}", traced.trace))
    {
        add("span_id", format!("{:016x}", traced.span));
    }
    labels
}

#[cfg(test)]
mod tests;
