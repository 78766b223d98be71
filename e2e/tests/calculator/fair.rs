//! Clients take turns at the evaluators, however many connections they open; evaluators are confined and
//! have a name.

use std::fs;

use tombolo_e2e::{Tombolo, eventually};

use crate::replica::Talk;

/// More than one evaluator gets through before a turn is refused.
const CROWD: usize = 400;

/// A connection as a gateway passes it on.
fn talk_as(replica: &Tombolo, client: &str) -> Talk {
    let mut talk = Talk::to(replica.address());
    talk.send(format!("PROXY TCP4 {client} 127.0.0.1 5000 7070\r\n"));
    talk
}

#[test]
fn a_client_with_many_connections_waits_for_itself() {
    let arguments = ["serve", "calculator", "--listen", "0", "--evaluators", "1"];
    let replica = Tombolo::start(&arguments).listening();
    let crowd: Vec<_> = (0..CROWD)
        .map(|_| {
            let mut talk = talk_as(&replica, "192.0.2.66");
            talk.send("EVAL 9^9^9^9\n");
            talk
        })
        .collect();
    let mut other = talk_as(&replica, "192.0.2.7");
    assert_eq!(other.ask("EVAL 5 km to m"), "OK 5000 m");
    drop(crowd);
}

#[test]
fn evaluators_are_confined_and_named() {
    let arguments = ["serve", "calculator", "--listen", "0", "--evaluators", "2"];
    let replica = Tombolo::start(&arguments).listening();
    let comm = |pid: &str| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let pid = replica.pid();
    assert_eq!(comm(&pid.to_string()), "tombolo-calc\n");
    let children = eventually("two evaluators", || {
        let path = format!("/proc/{pid}/task/{pid}/children");
        let children = fs::read_to_string(path).expect("the replica runs");
        let children: Vec<_> = children.split_whitespace().map(str::to_owned).collect();
        (children.len() == 2).then_some(children)
    });
    for child in children {
        eventually("an evaluator that is confined", || {
            let status = fs::read_to_string(format!("/proc/{child}/status")).expect("it runs");
            let has = |line: &str| status.lines().any(|other| other == line);
            (has("Seccomp:\t2") && has("NoNewPrivs:\t1")).then_some(())
        });
        assert_eq!(comm(&child), "tombolo-eval\n");
    }
    // It still does what it is for, also where memory runs out and time is over.
    let mut talk = Talk::to(replica.address());
    for (request, answer) in [
        ("EVAL 1/3 to fraction", "OK 1/3"),
        ("EVAL 9^9^9^9", "ERR timeout the evaluation took longer than 1 s"),
        ("EVAL sqrt(2) * sqrt(2)", "OK approx. 2"),
    ] {
        assert_eq!(talk.ask(request), answer, "{request}");
    }
}
