//! Every metric of `/metrics` has a row in docs/admin-api.md with its type and its labels, and back.

use std::collections::BTreeMap;

use tombolo_e2e::{Client, Tombolo, eventually};

use super::{Names, compare, quoted, rows, section, text};

/// Type and labels of each metric.
type Metrics = BTreeMap<String, (String, Names)>;

/// Everything that has metrics of its own.
const CONFIGURATION: &str = r#"
[gateway]
listen = ["127.0.0.1:0"]
admin = "127.0.0.1:0"
[access_log]
[cache]
dir = "cache"
[traces]
endpoint = "http://127.0.0.1:1"
[[upstream]]
name = "app"
servers = ["127.0.0.1:1"]
limit = 10
[[upstream]]
name = "site"
[[route]]
path = "/"
upstream = "site"
rate_limit = { requests = 1000 }
[[route]]
path = "/app"
upstream = "app"
[[tcp]]
listen = "127.0.0.1:0"
upstream = "app"
[[service]]
name = "site"
replicas = 1
"#;

fn documented() -> Metrics {
    let document = section(&text("docs/admin-api.md"), "## Metrics");
    let names = |row: &Vec<String>| row.first().is_some_and(|cell| cell.starts_with("`tombolo_"));
    let rows = rows(&document).into_iter().filter(names);
    rows.map(|row| {
        let [name, kind, labels, ..] = row.as_slice() else { panic!("{row:?}") };
        (name.trim_matches('`').to_owned(), (kind.clone(), quoted(labels).into_iter().collect()))
    })
    .collect()
}

fn exposed(text: &str) -> Metrics {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE tombolo_"));
    let of_type = types.map(|line| {
        let (name, kind) = line.split_once(' ').unwrap();
        (format!("tombolo_{name}"), kind.to_owned())
    });
    of_type
        .map(|(name, kind)| {
            let own = |line: &&str| {
                line.strip_prefix(&name).is_some_and(|rest| {
                    ["{", " ", "_bucket{", "_sum", "_count"].iter().any(|end| rest.starts_with(end))
                })
            };
            let labels = text.lines().filter(own).flat_map(labels).filter(|label| label != "le");
            (name.clone(), (kind, labels.collect()))
        })
        .collect()
}

fn labels(sample: &str) -> Vec<String> {
    let inside = sample.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}'));
    let pairs = inside.map(|(labels, _)| labels.split("\",")).into_iter().flatten();
    pairs.filter_map(|pair| Some(pair.split_once("=\"")?.0.to_owned())).collect()
}

#[test]
fn every_metric_is_documented_with_its_type_and_labels_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.toml"), CONFIGURATION).unwrap();
    let up = Tombolo::start_in(folder, &["up", "-c", "t.toml"]).ended_gently();
    up.stderr().wait_for_text("all of it is ready");
    let admin = super::admin_api::admin_of(&up);
    let documented = documented();
    // What `up` knows of its processes may come a moment later.
    eventually("the same metrics here and there", || {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {admin}\r\n\r\n");
        let exposed = exposed(&Client::connect(admin).exchange(request).text());
        (exposed.keys().eq(documented.keys())).then_some(()).or_else(|| {
            let told = |all: &Metrics| all.keys().cloned().collect::<Names>();
            println!("{:?}", told(&exposed).symmetric_difference(&told(&documented)));
            None
        })
    });
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {admin}\r\n\r\n");
    let exposed = exposed(&Client::connect(admin).exchange(request).text());
    let names = |all: &Metrics| all.keys().cloned().collect::<Names>();
    compare("metrics", &names(&documented), &names(&exposed));
    for (name, (kind, labels)) in &exposed {
        let (documented_kind, documented_labels) = &documented[name];
        assert_eq!(documented_kind, kind, "the type of {name}");
        // A metric without a sample yet has no labels to compare.
        if !labels.is_empty() {
            compare(&format!("labels of {name}"), documented_labels, labels);
        }
    }
}
