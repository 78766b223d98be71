//! schemathesis, which reads the description of the API and asks for what it describes and for what it
//! does not: no server error, and no answer that the description does not have.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::cluster::Cluster;
use crate::foreign::script;
use crate::kept;

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance";
const ADMIN: &str = "root@example.org";

/// Runs it through the gateway to three replicas, as an admin or as a user.
fn judge(email: &str, phases: &str, more: &[&str], patience: Duration) {
    let cluster = Cluster::start();
    cluster.token();
    cluster.admin();
    let program = kept().join("venv/bin/schemathesis");
    assert!(program.is_file(), "no {}: `cargo xtask test` makes it", program.display());
    let base = format!("http://{}", cluster.gateway.address());
    let described = format!("{base}/library/openapi.json");
    let mut command = Command::new(program);
    command.args(["run", &described, "--url", &base, "--checks", CHECKS, "--phases", phases]);
    command.args(["--seed", "7", "--continue-on-failure", "--warnings", "off"]);
    // What it would say of the time that generating takes tells nothing of the library.
    command.args(["--suppress-health-check", "all"]).args(more);
    command.env("SCHEMATHESIS_HOOKS", script("schemathesis_hooks.py"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("LIBRARY", &base).env("EMAIL", email);
    command.current_dir(cluster.folder.path()).stdin(Stdio::null());
    let report = cluster.folder.path().join("report.txt");
    let out = std::fs::File::create(&report).unwrap();
    command.stderr(out.try_clone().unwrap()).stdout(out);
    let mut child = command.spawn().unwrap();
    let begun = std::time::Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > patience {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("not done: {}", std::fs::read_to_string(&report).unwrap());
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let said = std::fs::read_to_string(&report).unwrap();
    assert!(status.success(), "{said}");
    let tested = said.lines().find_map(|line| line.trim().strip_prefix("Tested: "));
    let tested: usize = tested.unwrap_or_else(|| panic!("{said}")).trim().parse().unwrap();
    assert!(tested >= 45, "{said}");
    println!("{said}");
}

#[test]
fn answers_are_those_that_are_described() {
    judge(ADMIN, "coverage", &["--max-examples", "1"], Duration::from_secs(120));
}

/// `cargo xtask test --long schemathesis`: what it makes up by chance, and calls that follow from
/// answers, as an admin and as a user.
#[test]
#[ignore = "three minutes"]
fn answers_to_many_requests_are_those_that_are_described() {
    for email in [ADMIN, "ana@example.org"] {
        let more = ["--max-examples", "40"];
        judge(email, "examples,coverage,fuzzing,stateful", &more, Duration::from_secs(1200));
    }
}
