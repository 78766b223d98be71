//! The families of the data plane: requests, servers, connections, access log.

use std::time::{SystemTime, UNIX_EPOCH};

use tombolo_daemon::memory;

use super::duration::BOUNDS;
use super::error_reason::write_errors;
use super::exposition::{Exposition, Kind, seconds};
use super::labels::{CACHE_RESULTS, Class};
use super::upstream::write_upstreams;
use super::{Exemplars, Metrics, RouteCounts};
use crate::control_plane::Snapshot;

/// What is not counted but read at this moment.
pub(crate) struct Gauges {
    /// Threads of the data plane.
    pub(crate) workers: usize,
    /// Client connections that are open.
    pub(crate) connections: usize,
    /// Client connections that may be open.
    pub(crate) connections_limit: usize,
    /// Client connections turned away since the start.
    pub(crate) connections_refused: u64,
    /// The gateway takes no new work.
    pub(crate) draining: bool,
    /// Whether the last reload was taken, and when it ended; at first that of the start.
    pub(crate) reload: (bool, SystemTime),
    /// Lines of the access log written, and dropped.
    pub(crate) log_lines: (u64, u64),
}

/// The bound of memory, if there is one.
fn write_memory(out: &mut Exposition) {
    let help = "1 while the process has reached its bound of memory and refuses new requests.";
    out.family("tombolo_memory_short", Kind::Gauge, "", help)
        .sample(&[], u8::from(memory::is_short()));
    let help = "The bound of memory of the process; 0: none.";
    out.family("tombolo_memory_bound_bytes", Kind::Gauge, "bytes", help)
        .sample(&[], memory::bound());
}

/// Writes the families of the data plane.
pub(crate) fn write_gateway(
    out: &mut Exposition,
    metrics: &Metrics,
    gauges: &Gauges,
    snapshot: &Snapshot,
    exemplars: &Exemplars,
) {
    out.family("tombolo_build_info", Kind::Gauge, "", "Always 1; the label tells the version.")
        .sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    out.family("tombolo_workers", Kind::Gauge, "", "Threads that serve requests.")
        .sample(&[], gauges.workers);
    out.family(
        "tombolo_draining",
        Kind::Gauge,
        "",
        "1 while it drains: clients are told to close, what comes is still served.",
    )
    .sample(&[], u8::from(gauges.draining));
    write_reload(out, gauges.reload);
    write_memory(out);
    out.family("tombolo_connections", Kind::Gauge, "", "Client connections that are open.")
        .sample(&[], gauges.connections);
    out.family(
        "tombolo_connections_limit",
        Kind::Gauge,
        "",
        "Client connections that may be open.",
    )
    .sample(&[], gauges.connections_limit);
    let help = "Client connections turned away because there were too many.";
    out.family("tombolo_connections_refused", Kind::Counter, "", help)
        .sample(&[], gauges.connections_refused);
    let routes: Vec<(&str, &RouteCounts)> = snapshot.routes.counted().collect();
    write_requests(out, &routes);
    write_durations(out, &routes, exemplars);
    write_errors(out, |reason| metrics.sum(|row| row.errors(reason)));
    write_upstreams(out, &snapshot.upstreams);
    let help = "Requests of routes with a cache, by what the cache did.";
    let mut family = out.family("tombolo_cache_lookups", Kind::Counter, "", help);
    for (place, result) in CACHE_RESULTS.iter().enumerate() {
        family.sample(&[("result", result)], metrics.sum(|row| row.cache(place)));
    }
    let help = "Lines of the access log, over all its destinations.";
    out.family("tombolo_access_log_lines", Kind::Counter, "", help)
        .sample(&[("outcome", "written")], gauges.log_lines.0)
        .sample(&[("outcome", "dropped")], gauges.log_lines.1);
}

fn write_reload(out: &mut Exposition, (successful, at): (bool, SystemTime)) {
    let help = "1 if the last reload was taken, 0 if it was refused and the configuration from before holds.";
    out.family("tombolo_config_last_reload_successful", Kind::Gauge, "", help)
        .sample(&[], u8::from(successful));
    let help = "When the last reload ended, taken or refused; at first when the process began.";
    let at = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    out.family("tombolo_config_last_reload_timestamp_seconds", Kind::Gauge, "seconds", help)
        .sample(&[], at);
}

fn write_requests(out: &mut Exposition, routes: &[(&str, &RouteCounts)]) {
    let help = "Requests by route and class of the status that was answered.";
    let mut family = out.family("tombolo_requests", Kind::Counter, "", help);
    for (route, counts) in routes {
        for class in Class::ALL {
            let labels = [("route", *route), ("code_class", class.label())];
            family.sample(&labels, counts.requests(class));
        }
    }
    let help = "Requests refused because they were beyond the rate limit of the route.";
    let mut family = out.family("tombolo_rate_limit_refusals", Kind::Counter, "", help);
    for (route, counts) in routes {
        family.sample(&[("route", route)], counts.refusals_by_rate());
    }
    type Bytes = fn(&RouteCounts) -> u64;
    for (name, help, bytes) in [
        ("tombolo_request_body_bytes", "Bytes of request bodies.", RouteCounts::bytes_in as Bytes),
        ("tombolo_response_body_bytes", "Bytes of response bodies.", RouteCounts::bytes_out),
    ] {
        let mut family = out.family(name, Kind::Counter, "bytes", help);
        for (route, counts) in routes {
            family.sample(&[("route", route)], bytes(counts));
        }
    }
}

fn write_durations(out: &mut Exposition, routes: &[(&str, &RouteCounts)], exemplars: &Exemplars) {
    let help = "From the first byte of a request to the last of its answer.";
    let name = "tombolo_request_duration_seconds";
    let mut family = out.family(name, Kind::Histogram, "seconds", help);
    for (route, counts) in routes {
        let histogram = counts.durations();
        let bounds = BOUNDS.iter().map(|(_, text)| *text).chain(std::iter::once("+Inf"));
        let mut count = 0_u64;
        for (place, (bound, inside)) in bounds.zip(histogram.buckets).enumerate() {
            count = count.wrapping_add(inside);
            family.with_suffix("_bucket", &[("route", route), ("le", bound)], count);
            // What is remembered may be of before the route was taken away and came back.
            if let Some(exemplar) = exemplars.get(route, place).filter(|_| inside > 0) {
                family.exemplar(exemplar);
            }
        }
        let labels = [("route", *route)];
        family.with_suffix("_sum", &labels, seconds(histogram.micros));
        family.with_suffix("_count", &labels, count);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Exchange, Form, Outcome};
    use super::*;
    use tombolo_daemon::config::{Config, Overrides, builtin_gateway};

    fn config() -> Config {
        let upstreams = vec!["127.0.0.1:9001".parse().unwrap(), "127.0.0.1:9002".parse().unwrap()];
        builtin_gateway(&Overrides { upstreams, ..Overrides::default() }).unwrap()
    }

    fn snapshot() -> Snapshot {
        Snapshot::new(config(), Default::default(), 2, None)
    }

    fn text(metrics: &Metrics, snapshot: &Snapshot) -> String {
        let mut out = Exposition::new(Form::Text);
        let gauges = Gauges {
            workers: 2,
            connections: 1,
            connections_limit: 10,
            connections_refused: 0,
            draining: false,
            reload: (true, UNIX_EPOCH),
            log_lines: (5, 0),
        };
        write_gateway(&mut out, metrics, &gauges, snapshot, &Exemplars::default());
        out.finish()
    }

    #[test]
    fn threads_are_added_up() {
        let (metrics, snapshot) = (Metrics::new(2), snapshot());
        for worker in [0, 1, 1] {
            let exchange = Exchange {
                status: 200,
                duration_micros: 1_500_000,
                bytes_in: 1,
                bytes_out: 10,
                cache: None,
                error: None,
            };
            metrics.row(worker).record(&exchange);
            snapshot.routes.counts(Some(0)).record(worker, &exchange);
        }
        snapshot.upstreams[0].servers[1].attempts.count(1, Outcome::Unreachable);
        let text = text(&metrics, &snapshot);
        for line in [
            "tombolo_requests_total{route=\"/\",code_class=\"2xx\"} 3",
            "tombolo_requests_total{route=\"(none)\",code_class=\"4xx\"} 0",
            "tombolo_response_body_bytes_total{route=\"/\"} 30",
            "tombolo_request_duration_seconds_bucket{route=\"/\",le=\"1.0\"} 0",
            "tombolo_request_duration_seconds_bucket{route=\"/\",le=\"2.5\"} 3",
            "tombolo_request_duration_seconds_bucket{route=\"/\",le=\"+Inf\"} 3",
            "tombolo_request_duration_seconds_sum{route=\"/\"} 4.500000",
            "tombolo_request_duration_seconds_count{route=\"/\"} 3",
            "tombolo_access_log_lines_total{outcome=\"written\"} 5",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} in\n{text}");
        }
        let asked = "backend=\"127.0.0.1:9002\",outcome=\"unreachable\"} 1";
        assert!(text.contains(asked), "{text}");
        assert_eq!(metrics.requests(), 3);
    }

    /// Whoever writes an alarm looks there, and finds neither more nor less.
    #[test]
    fn every_metric_is_documented() {
        let mut out = Exposition::new(Form::Text);
        let folder = tempfile::tempdir().unwrap();
        let store = tombolo_cache::store::Store::open(tombolo_cache::store::Settings::new(
            folder.path().join("cache"),
        ));
        super::super::write_cache(&mut out, &store.status());
        let tcp = tombolo_daemon::config::Tcp::new(Vec::new(), 0);
        let config = tombolo_daemon::config::Config { tcp: vec![tcp], ..config() };
        let snapshot = Snapshot::new(config, Default::default(), 1, None);
        super::super::write_health(&mut out, &snapshot.upstreams);
        super::super::write_overload(&mut out, &snapshot.upstreams);
        super::super::write_tcp(&mut out, snapshot.tcp.iter().map(AsRef::as_ref));
        super::super::write_replicas(&mut out, &serde_json::json!({}));
        super::super::write_traces(&mut out, &crate::control_plane::traces::Tally::default());
        let text = text(&Metrics::new(1), &snapshot) + &out.finish();
        store.close();
        let told = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let told: Vec<String> = told.map(|line| line.replace(' ', "` | ")).collect();
        let document = include_str!("../../../../docs/admin-api.md");
        for one in &told {
            assert!(document.contains(&format!("| `{one} |")), "{one} is not in docs/admin-api.md");
        }
        let documented = document.lines().filter(|line| line.starts_with("| `tombolo_")).count();
        assert_eq!(documented, told.len(), "docs/admin-api.md has others");
    }

    #[test]
    fn no_series_is_there_twice() {
        let text = text(&Metrics::new(1), &snapshot());
        let mut series: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.rsplit_once(' ').map(|(series, _)| series))
            .collect();
        let count = series.len();
        series.sort_unstable();
        series.dedup();
        assert_eq!(series.len(), count);
    }
}
