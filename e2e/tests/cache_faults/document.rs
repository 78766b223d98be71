//! docs/caching.md holds: its commands are run as they stand there, and print what it says.

use std::fmt::Write as _;

use tombolo_e2e::{Foreign, Tombolo};

const DOCUMENT: &str = include_str!("../../../docs/caching.md");

/// A command of the document, with what it prints there.
struct Step<'d> {
    command: &'d str,
    printed: Vec<&'d str>,
}

fn steps() -> Vec<Step<'static>> {
    let mut steps: Vec<Step> = Vec::new();
    for block in DOCUMENT.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            match line.strip_prefix("$ ") {
                Some(command) => steps.push(Step { command, printed: Vec::new() }),
                None => steps.last_mut().expect("a command goes first").printed.push(line),
            }
        }
    }
    steps
}

/// A port that nobody uses now.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The same with another number behind `name`, for what differs from run to run.
fn without_number(line: &str, name: &str) -> String {
    match line.split_once(name) {
        None => line.to_owned(),
        Some((before, after)) => {
            format!("{before}{name}N{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
    }
}

/// A shell script of all commands: a mark before each, and where one starts a server, a wait until
/// it listens, as somebody who types takes a moment too.
fn script(steps: &[Step]) -> String {
    let ports = [("127.0.0.1:9101", free_port()), ("127.0.0.1:8080", free_port())];
    let mut script = String::from("trap 'kill -9 $SITE $GATEWAY 2> /dev/null' EXIT\n");
    for step in steps {
        let mut command = step.command.to_owned();
        for (address, port) in ports {
            command = command.replace(address, &format!("127.0.0.1:{port}"));
        }
        let _ = writeln!(script, "echo '#####'\n{command}");
        if let Some((_, listen)) = command.split_once("--listen 127.0.0.1:") {
            let port = listen.split(' ').next().unwrap();
            let _ = writeln!(
                script,
                "for i in $(seq 200); do (: <> /dev/tcp/127.0.0.1/{port}) 2> /dev/null && break; sleep 0.05; done"
            );
        }
    }
    script
}

#[test]
fn the_session_of_the_document_prints_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let programs = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(Tombolo::path(), programs.path().join("tombolo")).unwrap();
    let path = std::env::var("PATH").unwrap();
    let steps = steps();
    assert!(steps.len() > 8, "the document has lost its session");
    let done = Foreign::program("bash", "bash")
        .env("PATH", format!("{}:{path}", programs.path().display()))
        .env("NO_PROXY", "127.0.0.1")
        .folder(folder.path())
        .args(["-c", &script(&steps)])
        .run();
    let text = done.stdout.replace('\r', "");
    let printed: Vec<Vec<&str>> =
        text.split("#####\n").skip(1).map(|part| part.lines().collect()).collect();
    assert_eq!(printed.len(), steps.len(), "{text}\n{}", done.stderr);
    for (step, printed) in steps.iter().zip(printed) {
        let same = |lines: &[&str]| -> Vec<String> {
            lines.iter().map(|line| without_number(line.trim(), "ttl=")).collect()
        };
        let log = std::fs::read_to_string(folder.path().join("gateway.log")).unwrap_or_default();
        assert_eq!(same(&printed), same(&step.printed), "{}\n{text}\n{log}", step.command);
    }
}
