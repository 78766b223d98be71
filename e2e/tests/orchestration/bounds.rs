//! What a replica may take, and what is kept of what it says.

use rustix::process::Signal;
use tombolo_e2e::eventually;

use crate::{Up, text};

#[test]
fn memory_and_open_files_of_a_replica_are_bounded_by_the_kernel() {
    let tables = "memory = \"96MiB\"\nopen_files = 300\n\
                  [[service]]\nname = \"calculator\"\nreplicas = 1\nmemory = \"64MiB\"\n";
    let up = Up::start(tables);
    let limits = |name: &str| {
        let pid = up.process(name)["pid"].as_u64().unwrap();
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let of = |wanted: &str| {
            let line =
                limits.lines().find_map(|line| line.strip_prefix(wanted)).unwrap().to_owned();
            line.split_whitespace().map(str::to_owned).take(2).collect::<Vec<_>>()
        };
        (of("Max data size"), of("Max open files"))
    };
    let (data, files) = limits("site-2");
    assert_eq!(data, [(96 << 20).to_string(), (96 << 20).to_string()]);
    assert_eq!(files, ["300", "300"]);
    assert_eq!(limits("calculator-1").0[0], (64 << 20).to_string());
    let status = up.status();
    assert_eq!(status["services"][0]["memory_limit_bytes"], 96 << 20);
    assert_eq!(status["services"][0]["open_files_limit"], 300);
    // Its evaluators work within it.
    let address = up.process("calculator-1")["addresses"][0].as_str().unwrap().to_owned();
    let address = address.strip_prefix("tcp://").unwrap();
    let told =
        tombolo_e2e::Tombolo::run(up.process.folder(), &["calc", "--server", address, "sqrt 2"]);
    assert!(told.stdout.contains("1.414"), "{told:?}");
}

#[test]
fn what_a_process_says_is_kept_in_files_of_bounded_size_and_number() {
    let up = Up::start("[up]\nlog_size = \"4KiB\"\nlog_files = 3\n");
    let logs = up.process.folder().join("tombolo-data/logs");
    let first = logs.join("gateway.log");
    eventually("the log", || text(&first).contains("listening on http://").then_some(()));
    // What the orchestrator puts before lines is for the terminal alone.
    assert!(!text(&first).contains(" | "), "{}", text(&first));
    assert!(text(&logs.join("site-1.log")).contains("listening on http://"));
    let numbered = |number: usize| logs.join(format!("gateway.log.{number}"));
    eventually("a third file", || {
        // It says something at each.
        up.process.signal(Signal::HUP);
        numbered(2).exists().then_some(())
    });
    for number in 0..40 {
        up.process.signal(Signal::HUP);
        eventually("an answer to the signal", || (!text(&first).is_empty()).then_some(number));
    }
    let sizes = [first, numbered(1), numbered(2)].map(|path| text(&path).len());
    assert!(sizes.iter().all(|size| *size <= 4096), "{sizes:?}");
    assert!(!numbered(3).exists());
}
