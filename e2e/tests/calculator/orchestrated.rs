//! `tombolo up` with the calculator: ready when it answers, and back when it was killed.

use rustix::process::{Pid, Signal, kill_process};
use tombolo_e2e::{Tombolo, eventually};

use crate::replica::Talk;

const FILE: &str = "
[gateway]
listen = [\"127.0.0.1:0\"]
[access_log]
stdout = false
[[service]]
name = \"calculator\"
replicas = 2
[[service]]
name = \"site\"
replicas = 1
";

/// The address and process number of a row of the table.
fn row(up: &Tombolo, name: &str) -> (std::net::SocketAddr, i32) {
    up.stdout().wait_for(name, |line| {
        let mut columns = line.strip_prefix(name)?.split_whitespace();
        let address = columns.next()?.strip_prefix("tcp://")?.parse().ok()?;
        Some((address, columns.next()?.parse().ok()?))
    })
}

#[test]
fn replicas_are_listed_answer_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tombolo.toml"), FILE).unwrap();
    let up = Tombolo::start_in(folder, &["up", "-c", "tombolo.toml"]).ended_gently();
    let (address, pid) = row(&up, "calculator-2");
    assert_eq!(Talk::to(address).ask("WHO"), "OK calculator-2");
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    up.stderr().wait_for_text("calculator-2");
    eventually("the replica to answer again", || {
        let mut talk = Talk::try_to(address).ok()?;
        talk.send("WHO\n");
        (talk.try_line().ok()? == "OK calculator-2").then_some(())
    });
}

/// Behind the gateway's `[[tcp]]`: each connection to the next replica, and none to one that died.
#[test]
fn the_gateway_balances_them() {
    let folder = tempfile::tempdir().unwrap();
    let tcp = "[[tcp]]\nlisten = \"127.0.0.1:0\"\nupstream = \"calculator\"\n";
    std::fs::write(folder.path().join("tombolo.toml"), format!("{FILE}{tcp}")).unwrap();
    let up = Tombolo::start_in(folder, &["up", "-c", "tombolo.toml"]).ended_gently();
    let gateway: std::net::SocketAddr = up.stdout().wait_for("the gateway's address", |line| {
        let mut words = line.strip_prefix("gateway ")?.split_whitespace();
        words.find_map(|word| word.strip_prefix("tcp://")?.parse().ok())
    });
    let mut who = [Talk::to(gateway).ask("WHO"), Talk::to(gateway).ask("WHO")];
    who.sort_unstable();
    assert_eq!(who, ["OK calculator-1", "OK calculator-2"]);
    let mut talk = Talk::to(gateway);
    assert_eq!(talk.ask("LET x = 5"), "OK 5");
    assert_eq!(talk.ask("EVAL x^2"), "OK 25");
    let (_, pid) = row(&up, "calculator-2");
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    up.stderr().wait_for_text("calculator-2 was ended by signal 9");
    for _ in 0..6 {
        assert!(Talk::to(gateway).ask("WHO").starts_with("OK calculator-"));
    }
}
