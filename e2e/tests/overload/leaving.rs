//! The line: who comes first is served first, and who leaves it gives its turn on.

use crate::server::Server;
use crate::{asks, start, status, waiting};
use tombolo_e2e::{Client, Setup};

const LIMIT: &str = "limit = { in_flight = 1, queue = 99, wait = \"1m\" }";

#[test]
fn requests_are_served_in_the_order_of_their_coming() {
    let server = Server::held();
    let (gateway, admin) = start(Setup::to(&server.origin).workers(2).upstream(LIMIT));
    let mut clients: Vec<Client> = Vec::new();
    for number in 0..12 {
        clients.push(asks(&gateway, &format!("/{number}")));
        match number {
            0 => server.was_asked(1),
            waits => waiting(admin, waits),
        }
    }
    for (number, client) in clients.iter_mut().enumerate() {
        server.answer(1);
        assert_eq!(status(client), 200);
        server.was_asked((number + 2).min(12));
    }
    let expected: Vec<String> = (0..12).map(|number| format!("/{number}")).collect();
    assert_eq!(server.targets(), expected);
    assert_eq!(server.most(), 1);
}

#[test]
fn a_client_that_leaves_gives_its_turn_on() {
    let server = Server::held();
    let (gateway, admin) = start(Setup::to(&server.origin).workers(2).upstream(LIMIT));
    let mut inside = asks(&gateway, "/first");
    server.was_asked(1);
    let closes = asks(&gateway, "/closes");
    waiting(admin, 1);
    // Bytes that nobody reads yet do not hide that it leaves.
    let mut posts = gateway.connect();
    posts.send(format!("POST /posts HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", 20_000));
    waiting(admin, 2);
    posts.send(vec![b'x'; 10_000]);
    let resets = asks(&gateway, "/resets");
    waiting(admin, 3);
    let mut stays = asks(&gateway, "/stays");
    waiting(admin, 4);
    drop(closes);
    waiting(admin, 3);
    drop(posts);
    waiting(admin, 2);
    resets.reset();
    waiting(admin, 1);
    server.answer(2);
    assert_eq!((status(&mut inside), status(&mut stays)), (200, 200));
    assert_eq!(server.targets(), ["/first", "/stays"]);
    let record = gateway.wait_for_record("/closes", |record| record["target"] == "/closes");
    assert_eq!(record["status"], 499, "{record}");
}

/// A client that leaves just when its turn has come, many times over: the place is never lost.
#[test]
fn a_turn_that_comes_too_late_goes_to_the_next() {
    let server = Server::held();
    let (gateway, admin) = start(Setup::to(&server.origin).workers(2).upstream(LIMIT));
    for round in 0..20 {
        let mut inside = asks(&gateway, "/inside");
        eventually_asked(&server, "/inside", round + 1);
        let mut leaves: Vec<Client> = (0..8).map(|_| asks(&gateway, "/leaves")).collect();
        waiting(admin, 8);
        let mut stays = asks(&gateway, "/stays");
        waiting(admin, 9);
        // Those who come to the server before they have left are answered there.
        server.answer(1);
        leaves.drain(..).for_each(drop);
        assert_eq!(status(&mut inside), 200);
        server.answer(9);
        assert_eq!(status(&mut stays), 200, "round {round}");
        waiting(admin, 0);
        server.forget_answers();
    }
    assert_eq!(server.most(), 1);
}

fn eventually_asked(server: &Server, target: &str, times: usize) {
    tombolo_e2e::eventually(target, || {
        let asked = server.targets().iter().filter(|asked| *asked == target).count();
        (asked >= times).then_some(())
    });
}
