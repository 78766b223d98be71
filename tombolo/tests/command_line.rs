//! What a person at a terminal and a script rely on: output, words and exit codes of the commands
//! that start nothing.

// Outside of a test function itself, clippy does not know that this is one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn tombolo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tombolo")).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn file(folder: &Path, text: &str) -> String {
    let path = folder.join("tombolo.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const GOOD: &str = "
[[upstream]]
name = \"app\"
servers = [\"127.0.0.1:9001\"]

[[route]]
path = \"/\"
upstream = \"app\"
";

const BAD: &str = "
[gateway]
lisen = [\"127.0.0.1:8080\"]

[[upstream]]
name = \"app\"
policy = \"round-robbin\"
servers = [\"127.0.0.1\"]

[[route]]
path = \"/\"
upstream = \"ap\"
";

#[test]
fn version_and_help_are_results() {
    let version = tombolo(&["--version"]);
    assert_eq!(out(&version), format!("tombolo {}\n", env!("CARGO_PKG_VERSION")));
    for arguments in [
        vec!["--help"],
        vec!["help", "up"],
        vec!["up", "--help"],
        vec!["gateway", "--help"],
        vec!["serve", "site", "--help"],
        vec!["status", "--help"],
        vec!["purge", "--help"],
        vec!["reload", "--help"],
        vec!["drain", "--help"],
        vec!["undrain", "--help"],
        vec!["why", "--help"],
        vec!["serve", "calculator", "--help"],
        vec!["calc", "--help"],
        vec!["check", "--help"],
        vec!["schema", "--help"],
        vec!["completions", "--help"],
    ] {
        let help = tombolo(&arguments);
        assert_eq!(help.status.code(), Some(0), "{arguments:?}");
        assert!(out(&help).contains("EXAMPLE"), "{arguments:?}: {}", out(&help));
        assert!(out(&help).ends_with('\n') && err(&help).is_empty(), "{arguments:?}");
    }
}

#[test]
fn wrong_usage_is_two_and_names_what_was_meant() {
    for (arguments, words) in [
        (vec!["gatway"], "'gateway'"),
        (vec!["serve", "sit"], "'site'"),
        (vec!["up", "--lisen", "8080"], "'--listen'"),
        (vec!["up", "--listen", "localhost:8080"], "127.0.0.1:8080"),
        (vec!["up", "--join", "127.0.0.1:1"], "--join"),
        (vec!["calc", "--server", "127.0.0.1", "1"], "the port is missing"),
        (vec!["gateway"], "--upstream 127.0.0.1:9001"),
        (vec!["gateway", "--upstream", "http://a:1/"], "write \"a:1\""),
        (vec!["gateway", "--upstream", "a:1", "--workers", "9999"], "0..=1024"),
        (vec!["gateway", "--cache-ttl", "5", "--upstream", "a:1"], "say \"60s\""),
        (vec!["gateway", "--cache-ttl", "1500ms", "--upstream", "a:1"], "write \"2s\""),
        (vec!["gateway", "--admin", "0.0.0.0:1", "--upstream", "a:1"], "admin_token_file"),
        (vec!["gateway", "--admin", "localhost:1", "--upstream", "a:1"], "127.0.0.1:1"),
        (vec!["purge"], "--prefix"),
        (vec!["purge", "--all", "--admin", "nowhere"], "127.0.0.1:8081"),
        (vec!["check"], "<FILE>"),
        (vec!["completions", "basic"], "'basic'"),
    ] {
        let refused = tombolo(&arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert_eq!(out(&refused), "", "{arguments:?}");
        let said = err(&refused);
        assert!(said.starts_with("tombolo: "), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn no_arguments_shows_the_help_but_did_nothing() {
    let nothing = tombolo(&[]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(err(&nothing).contains("EXAMPLES"), "{}", err(&nothing));
}

#[test]
fn good_file_is_said_to_be_good() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), GOOD);
    let checked = tombolo(&["check", &path]);
    assert_eq!(checked.status.code(), Some(0), "{}{}", out(&checked), err(&checked));
    assert_eq!(out(&checked), format!("{path}: no mistakes\n"));
    let json: serde_json::Value =
        serde_json::from_slice(&tombolo(&["check", "--json", &path]).stdout).unwrap();
    assert_eq!(json["valid"], true);
}

#[test]
fn cache_directory_that_would_be_left_alone_is_a_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    let text = format!("{GOOD}\n[cache]\ndir = {project:?}\n");
    let path = file(folder.path(), &text);
    assert_eq!(tombolo(&["check", &path]).status.code(), Some(0), "one that is to be made");
    assert!(!project.exists(), "check makes nothing");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("letter"), "precious").unwrap();
    let checked = tombolo(&["check", &path]);
    assert_eq!(checked.status.code(), Some(2));
    assert!(out(&checked).contains("not a cache of Tombolo"), "{}", out(&checked));
}

#[test]
fn every_mistake_is_listed_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), BAD);
    let checked = tombolo(&["check", &path]);
    assert_eq!(checked.status.code(), Some(2));
    let listed = out(&checked);
    for place in [":3:1", ":7:", ":8:", ":12:"] {
        assert!(listed.contains(&format!("{path}{place}")), "{place} in {listed}");
    }
    assert!(listed.contains("listen") && listed.contains("round-robin"), "{listed}");

    let checked = tombolo(&["check", "--json", &path]);
    assert_eq!(checked.status.code(), Some(2));
    let json: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(json["valid"], false);
    assert_eq!(json["mistakes"].as_array().unwrap().len(), 4, "{json:#}");
}

#[test]
fn unreadable_file_is_named() {
    for arguments in [
        vec!["check", "missing.toml"],
        vec!["gateway", "-c", "missing.toml"],
        vec!["up", "-c", "missing.toml"],
    ] {
        let checked = tombolo(&arguments);
        assert_eq!(checked.status.code(), Some(2), "{arguments:?}");
        let said = out(&checked) + &err(&checked);
        assert!(said.contains("missing.toml"), "{arguments:?}: {said}");
    }
}

#[test]
fn nothing_starts_from_a_file_with_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), BAD);
    for command in ["gateway", "up"] {
        let refused = tombolo(&[command, "-c", &path]);
        assert_eq!(refused.status.code(), Some(2), "{command}");
        assert!(err(&refused).contains(":12:"), "{command}: {}", err(&refused));
        assert_eq!(out(&refused), "", "{command}");
    }
}

#[test]
fn schema_is_json_schema_and_knows_the_keys() {
    let printed = tombolo(&["schema"]);
    assert_eq!(printed.status.code(), Some(0));
    let schema: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert!(schema["$schema"].as_str().unwrap().contains("2020-12"), "{schema:#}");
    assert!(schema["properties"]["gateway"].is_object(), "{schema:#}");
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = tombolo(&["completions", shell]);
        assert_eq!(script.status.code(), Some(0), "{shell}");
        for command in [
            "up",
            "gateway",
            "serve",
            "status",
            "purge",
            "reload",
            "why",
            "calc",
            "check",
            "schema",
            "completions",
        ] {
            assert!(out(&script).contains(command), "{shell} {command}");
        }
        for flag in ["cache-ttl", "cache-dir", "admin"] {
            assert!(out(&script).contains(flag), "{shell} {flag}");
        }
    }
}

#[test]
fn bash_takes_the_completion_script() {
    let script = tombolo(&["completions", "bash"]);
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut bash.stdin.take().unwrap(), &script.stdout).unwrap();
    assert!(bash.wait().unwrap().success());
}

#[test]
fn reader_that_has_seen_enough_is_no_error() {
    let mut printing = Command::new(env!("CARGO_BIN_EXE_tombolo"))
        .arg("schema")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(printing.stdout.take());
    let ended = printing.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", err(&ended));
    assert_eq!(err(&ended), "");
}

#[test]
fn full_disk_is_an_error() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut printing = Command::new(env!("CARGO_BIN_EXE_tombolo"));
    let ended = printing.arg("schema").stdout(full).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(err(&ended).contains("could not be written"), "{}", err(&ended));
}
