//! The families of servers and their upstreams: how asking ended, what was answered, and how long each
//! part of it took.

use std::sync::Arc;

use super::duration::{BOUNDS, Durations, Histogram};
use super::exposition::{Exposition, Family, Kind, seconds};
use super::labels::{Class, Outcome};
use crate::upstream::{Server, Upstream};

/// What one thread counts; only that thread writes there.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Row {
    queue: Durations,
    connect: Durations,
}

/// How long requests of one upstream waited, and connections to its servers took: 256 bytes for each
/// thread.
#[derive(Debug)]
pub(crate) struct UpstreamTimes(Box<[Row]>);

impl UpstreamTimes {
    /// For so many threads.
    pub(crate) fn new(workers: usize) -> Self {
        Self((0..workers.max(1)).map(|_| Row::default()).collect())
    }

    /// Counts on the thread `worker` a request that was so long in the queue, however that ended.
    pub(crate) fn waited(&self, worker: usize, micros: u64) {
        if let Some(row) = self.0.get(worker) {
            row.queue.record(micros);
        }
    }

    /// Counts on the thread `worker` a new connection, which took so long to make.
    pub(crate) fn connected(&self, worker: usize, micros: u64) {
        if let Some(row) = self.0.get(worker) {
            row.connect.record(micros);
        }
    }

    fn queue(&self) -> Histogram {
        Histogram::of(self.0.iter().map(|row| &row.queue))
    }

    fn connect(&self) -> Histogram {
        Histogram::of(self.0.iter().map(|row| &row.connect))
    }
}

/// Writes the families of all upstreams and servers.
pub(super) fn write_upstreams(out: &mut Exposition, upstreams: &[Arc<Upstream>]) {
    write_attempts(out, upstreams);
    let help = "Answers of a server, by class of their status.";
    let mut family = out.family("tombolo_upstream_responses", Kind::Counter, "", help);
    for (upstream, server) in servers(upstreams) {
        for class in Class::ALL {
            let labels = [
                ("upstream", upstream.name.as_str()),
                ("backend", server.name.as_str()),
                ("code_class", class.label()),
            ];
            family.sample(&labels, server.attempts.responses(class));
        }
    }
    let help = "From the whole request at a server to the head of its answer.";
    let name = "tombolo_upstream_first_byte_seconds";
    let mut family = out.family(name, Kind::Histogram, "seconds", help);
    for (upstream, server) in servers(upstreams) {
        let labels = [("upstream", upstream.name.as_str()), ("backend", server.name.as_str())];
        histogram(&mut family, &labels, &server.attempts.first_bytes());
    }
    let help = "Making a new connection to a server.";
    let name = "tombolo_upstream_connect_seconds";
    let mut family = out.family(name, Kind::Histogram, "seconds", help);
    for upstream in upstreams {
        histogram(&mut family, &[("upstream", &upstream.name)], &upstream.times.connect());
    }
    let help = "Waiting for a server with room, of requests that had to wait.";
    let name = "tombolo_upstream_queue_seconds";
    let mut family = out.family(name, Kind::Histogram, "seconds", help);
    for upstream in upstreams.iter().filter(|upstream| upstream.limit.is_some()) {
        histogram(&mut family, &[("upstream", &upstream.name)], &upstream.times.queue());
    }
    let help = "Requests a server is being asked at this moment.";
    let mut family = out.family("tombolo_upstream_requests_in_flight", Kind::Gauge, "", help);
    for upstream in upstreams {
        for (index, server) in upstream.servers.iter().enumerate() {
            let labels = [("upstream", upstream.name.as_str()), ("backend", server.name.as_str())];
            family.sample(&labels, upstream.balancer.in_flight(index));
        }
    }
}

fn write_attempts(out: &mut Exposition, upstreams: &[Arc<Upstream>]) {
    let help = "Times a server was asked, by how that ended.";
    let mut family = out.family("tombolo_upstream_attempts", Kind::Counter, "", help);
    for (upstream, server) in servers(upstreams) {
        for outcome in Outcome::ALL {
            let labels = [
                ("upstream", upstream.name.as_str()),
                ("backend", server.name.as_str()),
                ("outcome", outcome.label()),
            ];
            family.sample(&labels, server.attempts.total(outcome));
        }
    }
}

fn servers(upstreams: &[Arc<Upstream>]) -> impl Iterator<Item = (&Upstream, &Server)> {
    upstreams
        .iter()
        .flat_map(|upstream| upstream.servers.iter().map(move |server| (&**upstream, &**server)))
}

/// The buckets, the sum and the count of a histogram without exemplars.
fn histogram(family: &mut Family<'_>, labels: &[(&str, &str)], counted: &Histogram) {
    let bounds = BOUNDS.iter().map(|(_, text)| *text).chain(std::iter::once("+Inf"));
    let mut with_bound = labels.to_vec();
    let mut count = 0_u64;
    for (bound, inside) in bounds.zip(counted.buckets) {
        count = count.wrapping_add(inside);
        with_bound.truncate(labels.len());
        with_bound.push(("le", bound));
        family.with_suffix("_bucket", &with_bound, count);
    }
    family.with_suffix("_sum", labels, seconds(counted.micros));
    family.with_suffix("_count", labels, count);
}

#[cfg(test)]
mod tests {
    use super::super::Form;
    use super::*;

    #[test]
    fn threads_are_added_up_and_buckets_hold_those_before_them() {
        let times = UpstreamTimes::new(2);
        times.waited(0, 400);
        times.waited(1, 1_500);
        times.waited(9, 1);
        times.connected(1, 20_000_000);
        let mut out = Exposition::new(Form::Text);
        let mut family = out.family("q_seconds", Kind::Histogram, "seconds", "Qs.");
        histogram(&mut family, &[("upstream", "a")], &times.queue());
        let text = out.finish();
        for line in [
            "q_seconds_bucket{upstream=\"a\",le=\"0.0005\"} 1",
            "q_seconds_bucket{upstream=\"a\",le=\"0.0025\"} 2",
            "q_seconds_bucket{upstream=\"a\",le=\"+Inf\"} 2",
            "q_seconds_sum{upstream=\"a\"} 0.001900",
            "q_seconds_count{upstream=\"a\"} 2",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} in\n{text}");
        }
        assert_eq!(times.connect().buckets.last(), Some(&1));
        assert_eq!(size_of::<Row>(), 256);
    }
}
