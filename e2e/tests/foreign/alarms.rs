//! The alarms of `examples/prometheus`, in a real Prometheus: faults are made for real, and each alarm fires on its
//! fault and on no other.

mod faults;

use faults::{Fault, all, further};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tombolo_e2e::{Client, Foreign, Server, eventually};

/// The durations of the rules, and what stands for them here: a test cannot wait for minutes.
const SHORTER: [(&str, &str); 6] = [
    ("[5m]", "[6s]"),
    ("[15m]", "[6s]"),
    ("for: 1m", "for: 1s"),
    ("for: 2m", "for: 1s"),
    ("for: 5m", "for: 1s"),
    ("for: 15m", "for: 1s"),
];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/prometheus")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn promtool(arguments: &[&str]) {
    Foreign::program("promtool", "prometheus")
        .folder(&examples())
        .args(arguments)
        .run()
        .succeeded();
}

/// The names of the alarms.
fn names() -> BTreeSet<String> {
    let text = read(examples().join("alarms.yml"));
    let name = |line: &str| Some(line.trim().strip_prefix("- alert: ")?.to_owned());
    text.lines().filter_map(name).collect()
}

#[test]
fn promtool_finds_each_alarm_to_fire_on_its_fault_alone() {
    promtool(&["check", "rules", "alarms.yml"]);
    promtool(&["check", "config", "prometheus.yml"]);
    promtool(&["test", "rules", "alarms_test.yml"]);
    let tested = read(examples().join("alarms_test.yml"));
    for name in names() {
        assert!(tested.contains(&format!("- name: {name}\n")), "{name} is not tested");
    }
}

/// Whoever is woken by an alarm finds it in the documents' list of failures, and each failure there has one.
#[test]
fn every_failure_of_the_document_has_its_alarm() {
    let document = read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating.md"));
    let (_, section) = document.split_once("\n## What to watch\n").expect("the list of failures");
    let section = section.split("\n## ").next().unwrap();
    let rows =
        section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| failure"));
    let told: BTreeSet<String> = rows
        .filter_map(|row| row.split('|').nth(2))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect();
    assert_eq!(told, names());
}

/// A Prometheus that scrapes these gateways every second.
struct Prometheus {
    _server: Server,
    _folder: tempfile::TempDir,
    address: SocketAddr,
}

impl Prometheus {
    fn start(faults: &[Fault]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules =
            SHORTER.iter().fold(read(examples().join("alarms.yml")), |text, (long, short)| {
                text.replace(long, short)
            });
        std::fs::write(folder.path().join("alarms.yml"), rules).unwrap();
        let targets: Vec<String> =
            faults.iter().map(|fault| format!("{:?}", fault.instance())).collect();
        let configuration = read(examples().join("prometheus.yml"))
            .replace("interval: 15s", "interval: 1s")
            .replace("\"127.0.0.1:8081\"", &targets.join(", "));
        std::fs::write(folder.path().join("prometheus.yml"), configuration).unwrap();
        // It does not tell which port it has been given, so one is chosen that is free now.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listen = format!("--web.listen-address={free}");
        let server = Foreign::program("prometheus", "prometheus")
            .folder(folder.path())
            .args([
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                "--log.level=warn",
                &listen,
            ])
            .serve();
        eventually("Prometheus to be ready", || {
            let mut client = Client::try_connect(free).ok()?;
            let request = format!("GET /-/ready HTTP/1.1\r\nHost: {free}\r\n\r\n");
            (client.exchange(request).status() == 200).then_some(())
        });
        Self { _server: server, _folder: folder, address: free }
    }

    fn get(&self, path: &str) -> Value {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        let answer = Client::connect(self.address).exchange(request);
        serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
    }

    /// How often the gateway that was scraped least has been.
    fn scrapes(&self) -> u64 {
        let query = "min(count_over_time(up%7Bjob%3D%22tombolo%22%7D%5B5m%5D))";
        let told = self.get(&format!("/api/v1/query?query={query}"));
        let value = told["data"]["result"][0]["value"][1].as_str();
        value.and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// Waits for so many more scrapes of each gateway.
    fn scrapes_more(&self, count: u64) {
        let then = self.scrapes();
        eventually("scrapes of all gateways", || (self.scrapes() >= then + count).then_some(()));
    }

    /// The gateways and the names of the alarms that fire for them now.
    fn firing(&self) -> BTreeSet<(String, String)> {
        let told = self.get("/api/v1/alerts");
        let alarms = told["data"]["alerts"].as_array().unwrap_or_else(|| panic!("{told}"));
        let firing = alarms.iter().filter(|alarm| alarm["state"] == "firing");
        let label = |alarm: &Value, name: &str| alarm["labels"][name].as_str().unwrap().to_owned();
        firing.map(|alarm| (label(alarm, "instance"), label(alarm, "alertname"))).collect()
    }
}

#[test]
fn each_alarm_fires_on_its_fault_and_on_no_other() {
    fire(all(), false);
}

/// Slow servers, full disks, a database that is gone: more processes than a test next to others may start.
#[test]
#[ignore = "long: cargo xtask test --long alarms"]
fn each_further_alarm_fires_on_its_fault_and_on_no_other() {
    fire(further(), true);
}

/// Makes the faults, one after the other or at one time, and compares the alarms that fire with those that
/// have to.
fn fire(mut faults: Vec<Fault>, at_once: bool) {
    let prometheus = Prometheus::start(&faults);
    eventually("first scrapes", || (prometheus.scrapes() >= 2).then_some(()));
    assert_eq!(prometheus.firing(), BTreeSet::new(), "nothing is wrong yet");
    let expected: BTreeSet<(String, String)> = faults
        .iter()
        .flat_map(|fault| fault.alarms().iter().map(|name| (fault.instance(), (*name).to_owned())))
        .collect();
    let mut fired = BTreeSet::new();
    // What fires is looked at meanwhile: an alarm that looks back for some seconds may be over by the end.
    std::thread::scope(|scope| {
        if at_once {
            faults.iter_mut().for_each(|fault| drop(scope.spawn(|| fault.make())));
        } else {
            scope.spawn(|| faults.iter_mut().for_each(Fault::make));
        }
        eventually(&format!("all of {expected:#?}"), || {
            fired.append(&mut prometheus.firing());
            expected.is_subset(&fired).then_some(())
        });
    });
    // Whatever else follows from what was done shows within the time that the rules look back.
    for _ in 0..7 {
        prometheus.scrapes_more(1);
        fired.append(&mut prometheus.firing());
    }
    let names: Vec<(String, &str)> =
        faults.iter().map(|fault| (fault.instance(), fault.what())).collect();
    assert_eq!(fired, expected, "{names:#?}");
}
