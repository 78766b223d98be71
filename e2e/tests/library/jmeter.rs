//! The plan of `examples/jmeter`, run by Debian's JMeter with 10, 50 and 200 users against three replicas
//! behind the gateway.
//!
//! ```text
//! cargo xtask test --long jmeter
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tombolo_e2e::Foreign;

use crate::cluster::{Cluster, account};
use crate::noise;

/// Bytes of the file that each user uploads and fetches.
const BYTES: usize = 1_000_000;

/// Accounts that the users share: a plan allows eight transfers at once.
const ACCOUNTS: usize = 50;

/// Jars as Debian has them.
const JARS: &str = "/usr/share/jmeter/bin/ApacheJMeter.jar:/usr/share/jmeter/lib/*:\
                    /usr/share/jmeter/lib/ext/*";

#[test]
#[ignore = "two minutes: cargo xtask test --long jmeter"]
fn jmeter_finds_no_failure_with_ten_fifty_and_two_hundred_users() {
    let cluster = Cluster::start();
    let folder = cluster.folder.path();
    let token = |number| account(cluster.replicas[0].address(), number) + "\n";
    std::fs::write(folder.join("tokens.csv"), (0..ACCOUNTS).map(token).collect::<String>())
        .unwrap();
    std::fs::write(folder.join("body.bin"), noise(BYTES)).unwrap();
    let said =
        Foreign::program("md5sum", "coreutils").arg(folder.join("body.bin")).run().succeeded();
    let md5 = said.trim_start_matches('\\').split_whitespace().next().unwrap().to_owned();
    let mut table = "| users | step | requests | failed | median ms | p95 ms | p99 ms | longest ms | per second |\n\
                     |---:|---|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    let mut failed = 0;
    for (users, loops) in [(10, 20), (50, 8), (200, 4)] {
        let results = run(folder, cluster.gateway.address().port(), &md5, users, loops);
        for (step, samples) in Samples::by_step(&results) {
            failed += samples.failed;
            samples.row(&mut table, users, &step);
        }
    }
    println!("{table}");
    assert_eq!(failed, 0, "what failed is above");
}

fn run(folder: &Path, port: u16, md5: &str, users: usize, loops: usize) -> String {
    let plan = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/jmeter");
    let results = folder.join(format!("{users}.csv"));
    let property = |name: &str, value: &str| format!("-J{name}={value}");
    let path = |name: &str| folder.join(name).display().to_string();
    let run = Foreign::program("java", "default-jre-headless")
        .args(["-cp", JARS, &plan.join("Launcher.java").display().to_string(), "-n"])
        .args(["-t", &plan.join("library.jmx").display().to_string()])
        .args(["-l", &results.display().to_string(), "-j", &path("jmeter.log")])
        .args([property("port", &port.to_string()), property("users", &users.to_string())])
        .args([property("loops", &loops.to_string()), property("bytes", &BYTES.to_string())])
        .args([property("md5", md5), property("tokens", &path("tokens.csv"))])
        .args([property("body", &path("body.bin")), property("ramp", "2")])
        .args(["-Jjmeter.save.saveservice.output_format=csv"])
        .args(["-Jjmeter.save.saveservice.print_field_names=true"])
        .run();
    let said = run.succeeded();
    let text = std::fs::read_to_string(&results).unwrap_or_default();
    assert!(text.lines().count() > users * loops, "JMeter measured nothing: {said}");
    text
}

/// The samples of one step of the plan.
#[derive(Default)]
struct Samples {
    failed: usize,
    millis: Vec<u64>,
    begun: u64,
    ended: u64,
}

impl Samples {
    fn by_step(results: &str) -> BTreeMap<String, Self> {
        let mut lines = results.lines();
        let names: Vec<&str> = lines.next().unwrap().split(',').collect();
        let place = |name: &str| names.iter().position(|known| *known == name).unwrap();
        let (at, elapsed, label) = (place("timeStamp"), place("elapsed"), place("label"));
        // Words of a failure may hold commas, so what comes after them is looked for from the end.
        let success = names.len() - place("success");
        let mut steps: BTreeMap<String, Self> = BTreeMap::new();
        for line in lines {
            let cells: Vec<&str> = line.split(',').collect();
            let (at, millis): (u64, u64) =
                (cells[at].parse().unwrap(), cells[elapsed].parse().unwrap());
            let samples = steps.entry(cells[label].to_owned()).or_default();
            if cells[cells.len() - success] != "true" {
                samples.failed += 1;
                println!("{line}");
            }
            if samples.millis.is_empty() || at < samples.begun {
                samples.begun = at;
            }
            samples.ended = samples.ended.max(at + millis);
            samples.millis.push(millis);
        }
        steps
    }

    fn row(mut self, table: &mut String, users: usize, step: &str) {
        self.millis.sort_unstable();
        let count = self.millis.len();
        let at = |part: usize| self.millis[(count * part / 100).min(count - 1)];
        let seconds = (self.ended - self.begun).max(1) as f64 / 1000.0;
        writeln!(
            table,
            "| {users} | {step} | {count} | {} | {} | {} | {} | {} | {:.0} |",
            self.failed,
            at(50),
            at(95),
            at(99),
            self.millis[count - 1],
            count as f64 / seconds,
        )
        .unwrap();
    }
}
