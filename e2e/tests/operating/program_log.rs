//! The form of the program log: words, JSON, and the priorities of systemd's journal.

use std::os::linux::fs::MetadataExt;

use serde_json::Value;
use tombolo_e2e::Tombolo;

#[test]
fn every_line_of_the_program_log_is_an_object_when_that_is_asked_for() {
    let arguments = ["serve", "site", "--listen", "127.0.0.1:0", "--log-format", "json"];
    let site = Tombolo::start(&arguments);
    site.stderr().wait_for_text("listening on");
    for line in site.stderr().lines() {
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        for member in ["time", "level", "target", "message"] {
            assert!(told[member].is_string(), "{member}: {line}");
        }
    }
}

#[test]
fn everything_that_up_prints_of_its_processes_is_json_too() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[gateway]\nlisten = [\"127.0.0.1:0\"]\n[access_log]\n\
                [[service]]\nname = \"site\"\nreplicas = 1\n";
    std::fs::write(folder.path().join("t.toml"), text).unwrap();
    let script = "TOMBOLO_LOG_FORMAT=json exec \"$0\" up -c t.toml";
    let program = Tombolo::path();
    let up = Tombolo::start_program_in(folder, "sh", &["-c", script, program.to_str().unwrap()])
        .ended_gently();
    up.stderr().wait_for_text("all of it is ready");
    let lines = up.stderr().lines();
    let told = lines.iter().map(|line| -> Value { serde_json::from_str(line).expect(line) });
    let of: Vec<_> =
        told.map(|one| one["process"].as_str().expect("a process").to_owned()).collect();
    for process in ["tombolo", "gateway", "site-1"] {
        assert!(of.iter().any(|one| one == process), "{of:?}");
    }
}

#[test]
fn a_form_that_there_is_not_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["serve site", "up"] {
        let arguments: Vec<&str> = command.split(' ').collect();
        let variable = Some(("TOMBOLO_LOG_FORMAT", "xml"));
        let told = Tombolo::run_with(folder.path(), &arguments, variable);
        assert_eq!(told.code, Some(2), "{told:?}");
        assert!(told.stderr.contains("write text or json"), "{told:?}");
    }
}

/// Both streams to one file that is said to be the journal.
#[test]
fn the_journal_gets_priorities_and_there_is_no_file_next_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let file = std::fs::File::create(&journal).unwrap();
    let meta = file.metadata().unwrap();
    let script = format!(
        "export JOURNAL_STREAM={}:{}; \
         exec \"$0\" gateway --listen 127.0.0.1:0 --upstream 127.0.0.1:1 > journal 2>&1",
        meta.st_dev(),
        meta.st_ino()
    );
    let program = Tombolo::path();
    let arguments = ["-c", script.as_str(), program.to_str().unwrap()];
    let gateway = Tombolo::start_program_in(folder, "sh", &arguments);
    let said = tombolo_e2e::eventually("a line of the gateway", || {
        let said = std::fs::read_to_string(&journal).unwrap_or_default();
        said.contains("listening on http://").then_some(said)
    });
    for line in said.lines() {
        assert!(line.starts_with("<6>INFO tombolo_") || line.starts_with("<4>WARN"), "{line}");
    }
    assert!(!gateway.folder().join("access.log").exists());
}
