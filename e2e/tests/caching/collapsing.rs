//! Many who ask for one thing at one time: the origin is asked once, and the others follow its
//! answer as it comes.

use tombolo_e2e::{Client, Gate, Origin, Setup};

const GET: &str = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";

/// An origin that sends `head` and half of its ten bytes, and the rest when the gate opens.
fn slow_origin(head: &'static str, gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::start(move |connection| {
        loop {
            connection.read_request()?;
            connection
                .write(format!("HTTP/1.1 200 OK\r\n{head}Content-Length: 10\r\n\r\n01234"))?;
            gate.wait("the test to let the second half go");
            connection.write("56789")?;
        }
    })
}

fn caching(origin: &Origin) -> tombolo_e2e::Tombolo {
    let routes = "[cache]\n[[route]]\npath = \"/\"\nupstream = \"app\"";
    Setup::to(origin).routes(routes).start()
}

/// Reads the head and the first half.
fn first_half(client: &mut Client) -> tombolo_e2e::Head {
    let head = client.wire.read_head().expect("a head");
    assert_eq!(client.wire.read_exact(5).expect("the first half"), b"01234");
    head
}

#[test]
fn the_second_follows_the_first() {
    let gate = Gate::new();
    let origin = slow_origin("Cache-Control: max-age=60\r\n", &gate);
    let gateway = caching(&origin);
    let mut clients = [gateway.connect(), gateway.connect(), gateway.connect()];
    let statuses: Vec<String> = clients
        .iter_mut()
        .map(|client| {
            client.send(GET);
            first_half(client).one("cache-status").expect("a Cache-Status").to_owned()
        })
        .collect();
    assert_eq!(statuses[0], "tombolo; fwd=uri-miss; stored");
    for status in &statuses[1..] {
        assert!(status.starts_with("tombolo; fwd=uri-miss; ttl="), "{status}");
        assert!(status.ends_with("; collapsed"), "{status}");
    }
    gate.open();
    for client in &mut clients {
        assert_eq!(client.wire.read_exact(5).expect("the second half"), b"56789");
    }
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn what_may_not_be_stored_is_for_one() {
    let gate = Gate::new();
    let origin = slow_origin("Cache-Control: private\r\n", &gate);
    let gateway = caching(&origin);
    let mut clients = [gateway.connect(), gateway.connect()];
    for client in &mut clients {
        client.send(GET);
        let head = first_half(client);
        assert!(!head.one("cache-status").expect("a Cache-Status").contains("collapsed"));
    }
    gate.open();
    assert_eq!(origin.requests().len(), 2, "each has its own");
}

#[test]
fn who_asks_for_another_variant_asks_upstream() {
    let gate = Gate::new();
    let origin = slow_origin("Cache-Control: max-age=60\r\nVary: Foo\r\n", &gate);
    let gateway = caching(&origin);
    let mut clients = [gateway.connect(), gateway.connect(), gateway.connect()];
    for (client, foo) in clients.iter_mut().zip(["1", "2", "1"]) {
        client.send(format!("GET / HTTP/1.1\r\nHost: example.org\r\nFoo: {foo}\r\n\r\n"));
        first_half(client);
    }
    assert_eq!(origin.requests().len(), 2);
    gate.open();
}

#[test]
fn a_client_that_leaves_does_not_take_it_from_others() {
    let gate = Gate::new();
    let origin = slow_origin("Cache-Control: max-age=60\r\n", &gate);
    let gateway = caching(&origin);
    let (mut first, mut second) = (gateway.connect(), gateway.connect());
    for client in [&mut first, &mut second] {
        client.send(GET);
        first_half(client);
    }
    first.reset();
    gate.open();
    assert_eq!(second.wire.read_exact(5).expect("the second half"), b"56789");
    assert_eq!(gateway.connect().get("/").text(), "0123456789");
    assert_eq!(origin.requests().len(), 1);
}
