//! Streams without an end: each reader has one of its own, which ends when the reader leaves.

use tombolo_e2e::{Client, Origin, Setup, Tombolo, eventually};

/// An origin that sends `fields` and one event, and then nothing.
fn quiet_origin(fields: &'static str) -> Origin {
    Origin::start(move |connection| {
        connection.read_request()?;
        connection.write(format!(
            "HTTP/1.1 200 OK\r\n{fields}Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
        ))?;
        connection.read_to_close()
    })
}

fn caching(origin: &Origin) -> Tombolo {
    let routes = "[cache]\nttl = \"60s\"\n[[route]]\npath = \"/\"\nupstream = \"app\"";
    Setup::to(origin).routes(routes).start()
}

/// Asks, and reads the head and the first event.
fn reader(gateway: &Tombolo) -> (Client, String) {
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    let head = client.wire.read_head().expect("a head");
    assert_eq!(client.wire.read_exact(14).expect("an event"), b"9\r\ndata: 1\n\n\r\n");
    (client, head.one("cache-status").expect("a Cache-Status").to_owned())
}

#[test]
fn each_reader_has_its_own() {
    for media in ["text/event-stream", "multipart/x-mixed-replace;boundary=a", "application/grpc"] {
        let fields: &'static str = format!("Content-Type: {media}\r\n").leak();
        let origin = quiet_origin(fields);
        let gateway = caching(&origin);
        let readers: Vec<_> = (0..3).map(|_| reader(&gateway)).collect();
        for (_, status) in &readers {
            assert_eq!(status, "tombolo; fwd=uri-miss", "{media}");
        }
        assert_eq!(origin.open(), 3, "{media}");
        drop(readers);
        eventually("the streams to end", || (origin.open() == 0).then_some(()));
    }
}

/// One that says how long it is fresh is shared, and ends with its last reader.
#[test]
fn a_shared_one_ends_with_its_last_reader() {
    let fields = "Content-Type: text/event-stream\r\nCache-Control: max-age=60\r\n";
    let origin = quiet_origin(fields);
    let gateway = caching(&origin);
    let (first, _) = reader(&gateway);
    let (second, status) = reader(&gateway);
    assert!(status.ends_with("; collapsed"), "{status}");
    drop(first);
    let (third, _) = reader(&gateway);
    assert_eq!((origin.connections(), origin.open()), (1, 1));
    drop((second, third));
    eventually("the stream to end", || (origin.open() == 0).then_some(()));
}
