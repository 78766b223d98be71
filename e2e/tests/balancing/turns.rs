//! Round robin, weights, least requests, random.

use crate::origins;
use tombolo_e2e::{Gate, Origin, Setup, Tombolo, scripts};

/// The servers that answered `count` requests in a row, on one connection or on one for each.
fn asked(gateway: &Tombolo, count: usize, one_connection: bool) -> Vec<String> {
    let mut client = gateway.connect();
    (0..count)
        .map(|_| {
            if !one_connection {
                client = gateway.connect();
            }
            client.get("/").text()
        })
        .collect()
}

fn shares(answers: &[String], servers: usize) -> Vec<usize> {
    (0..servers)
        .map(|n| answers.iter().filter(|answer| **answer == n.to_string()).count())
        .collect()
}

#[test]
fn nine_requests_reach_three_servers_three_times_each_in_turn() {
    for (workers, one_connection) in [(1, true), (1, false), (2, true), (2, false)] {
        let origins = origins(3);
        let gateway = Setup::to_all(&origins).workers(workers).start();
        let answers = asked(&gateway, 9, one_connection);
        assert_eq!(shares(&answers, 3), [3, 3, 3], "{answers:?}");
        for three in answers.windows(3) {
            assert_eq!(shares(three, 3), [1, 1, 1], "in turn: {answers:?}");
        }
        let back_at_the_start = answers[3..].iter().eq(&answers[..6]);
        assert!(back_at_the_start, "the order repeats: {answers:?}");
    }
}

#[test]
fn turns_are_exact_under_concurrent_load() {
    let origins = origins(3);
    let gateway = Setup::to_all(&origins).workers(2).start();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..6).map(|_| scope.spawn(|| asked(&gateway, 50, true))).collect();
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
    });
    assert_eq!(shares(&answers, 3), [100, 100, 100]);
}

#[test]
fn weights_are_shares_without_bursts() {
    let origins = origins(2);
    let servers = [
        format!("{{ address = \"{}\", weight = 3 }}", origins[0].address()),
        origins[1].address().to_string(),
    ];
    let gateway = Setup::to_addresses(servers).start();
    let answers = asked(&gateway, 40, true);
    assert_eq!(shares(&answers, 2), [30, 10]);
    for four in answers.chunks(4) {
        assert_eq!(shares(four, 2), [3, 1], "{answers:?}");
    }
}

#[test]
fn least_requests_avoids_the_busy_server() {
    let (entered, leave) = (Gate::new(), Gate::new());
    let gates = (entered.clone(), leave.clone());
    let slow = Origin::start(move |connection| {
        loop {
            let request = connection.read_request()?;
            if request.head.target() == "/held" {
                gates.0.open();
                gates.1.wait("the test");
            }
            connection.write(scripts::ok("slow"))?;
        }
    });
    let quick = Origin::start(scripts::answer(scripts::ok("quick")));
    // One worker: between two, a client may have its answer a moment before it is counted as gone.
    let gateway =
        Setup::to_all([&slow, &quick]).workers(1).upstream("policy = \"least-requests\"").start();
    // One of two requests in a row meets the slow server; it is held there.
    let mut held = Vec::new();
    while !entered.is_open() {
        assert!(held.len() < 10, "the slow server is never asked");
        let mut client = gateway.connect();
        client.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
        if client.quiet_for(std::time::Duration::from_millis(100)) {
            entered.wait("the slow server");
        }
        held.push(client);
    }
    let answers = asked(&gateway, 20, false);
    assert!(answers.iter().all(|answer| answer == "quick"), "{answers:?}");
    leave.open();
    let mut last = held.pop().expect("the held one");
    assert_eq!(last.read_response().expect("its answer").text(), "slow");
}

#[test]
fn peak_ewma_leaves_the_server_that_takes_long() {
    let slow = Origin::start(|connection| {
        loop {
            connection.read_request()?;
            std::thread::sleep(std::time::Duration::from_millis(50));
            connection.write(scripts::ok("slow"))?;
        }
    });
    let quick = Origin::start(scripts::answer(scripts::ok("quick")));
    let other = Origin::start(scripts::answer(scripts::ok("quick")));
    let policy = "policy = \"peak-ewma\"";
    let gateway = Setup::to_all([&slow, &quick, &other]).workers(1).upstream(policy).start();
    let answers = asked(&gateway, 200, false);
    let slow = answers.iter().filter(|answer| *answer == "slow").count();
    assert!((1..=10).contains(&slow), "the slow server answered {slow} of 200");
}

#[test]
fn drawing_by_lot_reaches_everybody() {
    for policy in ["random", "p2c"] {
        let origins = origins(3);
        let gateway =
            Setup::to_all(&origins).workers(2).upstream(&format!("policy = \"{policy}\"")).start();
        let shares = shares(&asked(&gateway, 300, true), 3);
        assert_eq!(shares.iter().sum::<usize>(), 300);
        // A fair lot stays below 50 of 300 once in many billions of runs.
        assert!(shares.iter().all(|&share| share > 50), "{policy}: {shares:?}");
    }
}

#[test]
fn the_answer_names_its_server() {
    let origins = origins(3);
    let gateway = Setup::to_all(&origins).start();
    for _ in 0..6 {
        let answer = gateway.connect().get("/");
        let server: usize = answer.text().parse().expect("a number");
        let address = origins[server].address().to_string();
        assert_eq!(answer.head.one("x-served-by"), Some(address.as_str()));
        let id = answer.head.one("x-request-id").expect("an id").to_owned();
        let record = gateway.wait_for_record("the request", |r| r["request_id"] == id.as_str());
        assert_eq!(record["backend"], address.as_str());
    }
}
