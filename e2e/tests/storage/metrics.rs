//! `GET /metrics` of a service that stores: figures that Prometheus understands and that are true.

use tombolo_e2e::{Foreign, Postgres, Tombolo, eventually};

use crate::replica::{epoch, post_surely, start};

/// The metrics, once promtool has found nothing wrong with them.
fn metrics(replica: &Tombolo) -> String {
    let answer = replica.connect().get("/metrics");
    let (head, body) = (answer.head.one("Content-Type").unwrap_or_default(), answer.text());
    assert!(head.starts_with("text/plain; version=0.0.4"), "{head}");
    std::fs::write(replica.folder().join("metrics.txt"), &body).unwrap();
    drop(Foreign::program("promtool", "prometheus"));
    let check = ["-c", "promtool check metrics < metrics.txt"];
    Foreign::program("sh", "dash").args(check).folder(replica.folder()).run().succeeded();
    body
}

fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in {metrics}")).parse().unwrap()
}

fn tells_the_truth(replica: &Tombolo) -> String {
    let done = "tombolo_storage_units_total{kind=\"write\",outcome=\"done\"}";
    post_surely(replica.address(), "one");
    let before = value(&metrics(replica), done);
    for number in 0..5 {
        post_surely(replica.address(), &format!("more-{number}"));
    }
    let now = metrics(replica);
    assert!(value(&now, done) >= before + 5.0, "{now}");
    assert!(value(&now, "tombolo_storage_last_success_age_seconds{kind=\"write\"}") < 30.0);
    for kind in ["read", "write"] {
        let up = format!("tombolo_storage_up{{kind=\"{kind}\"}}");
        assert!((value(&now, &up) - 1.0).abs() < f64::EPSILON);
    }
    assert!(value(&now, "tombolo_storage_schema_version") >= 1.0);
    let shown = value(&now, "tombolo_chat_log_epoch");
    let told = u64::from_str_radix(&epoch(replica.address()), 16).unwrap();
    assert!((shown - told as f64).abs() < 1.0, "{shown} {told}");
    now
}

#[test]
fn metrics_of_a_service_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let replica = start(&format!("sqlite:{}", folder.path().join("t.db").display()));
    let metrics = tells_the_truth(&replica);
    assert!(value(&metrics, "tombolo_storage_wal_bytes") > 0.0);
    assert!(value(&metrics, "tombolo_storage_free_bytes") > 0.0);
}

#[test]
fn metrics_of_a_service_on_postgres() {
    let Some(mut postgres) = Postgres::start() else { return };
    let replica = start(&postgres.url());
    tells_the_truth(&replica);
    postgres.crash();
    eventually("the fault in the metrics", || {
        let up = value(&metrics(&replica), "tombolo_storage_up{kind=\"write\"}");
        (up < 0.5).then_some(())
    });
}
