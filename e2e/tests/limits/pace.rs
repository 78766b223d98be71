//! How slow a client or a server may be with a body, and what each route says of it.

use std::time::Duration;

use tombolo_e2e::scripts::ok;
use tombolo_e2e::{Client, Origin, Setup, Tombolo, WireError};

/// Enough that it fits no buffer on the way.
const SIZE: usize = 24 << 20;
/// Longer than any `body_gap` here, twice over.
const PAUSE: Duration = Duration::from_millis(900);

/// `/small` is answered at once, `/large` with [`SIZE`] bytes; uploads are read to their end.
fn origin() -> Origin {
    Origin::start(|connection| {
        connection.stop_recording();
        loop {
            let request = connection.read_request()?;
            if request.head.start.contains("/large") {
                let head = format!(
                    "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Length: {SIZE}\r\n\r\n"
                );
                connection.write(head)?;
                connection.write(vec![b'x'; SIZE])?;
            } else {
                connection.write(ok("small"))?;
            }
        }
    })
}

fn ask_for(gateway: &Tombolo, path: &str) -> Client {
    let mut client = Client::connect_narrow(gateway.address());
    client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.wire.read_head().expect("a head");
    client
}

/// Reads on until the end, or [`SIZE`] bytes.
fn rest(client: &mut Client) -> usize {
    let socket = socket2::SockRef::from(client.wire.stream());
    socket.set_recv_buffer_size(1 << 20).expect("a receive buffer size");
    let mut came = 0;
    while came < SIZE {
        match client.wire.read_some() {
            Ok(piece) if !piece.is_empty() => came += piece.len(),
            _ => break,
        }
    }
    came
}

fn error_of(gateway: &Tombolo, target: &str) -> String {
    let record = gateway.wait_for_record("the cut exchange", |record| {
        record["target"] == target && record["error"].is_string()
    });
    record["error"].as_str().unwrap().to_owned()
}

#[test]
fn a_paused_download_goes_on_from_upstream_and_from_the_cache() {
    let origin = origin();
    let folder = tempfile::tempdir().unwrap();
    let cache = format!("[cache]\ndir = \"{}\"\n", folder.path().join("c").display());
    for (cache, rounds) in [("", 1), (cache.as_str(), 2)] {
        let routes = format!("[[route]]\npath = \"/\"\nupstream = \"app\"\n{cache}");
        let gateway = Setup::to(&origin).timeouts("body_gap = \"300ms\"").routes(&routes).start();
        for _ in 0..rounds {
            let mut client = ask_for(&gateway, "/large");
            // The pause is the point.
            std::thread::sleep(PAUSE);
            assert_eq!(rest(&mut client), SIZE);
        }
    }
}

#[test]
fn a_paused_download_is_cut_when_its_place_is_needed_and_after_long() {
    let origin = origin();
    let gateway = Setup::to(&origin)
        .timeouts("body_gap = \"300ms\"")
        .upstream("limit = { in_flight = 1, queue = 5, wait = \"20s\" }")
        .start();
    let mut paused = ask_for(&gateway, "/large");
    assert_eq!(gateway.connect().get("/small").text(), "small", "it got the place");
    assert!(rest(&mut paused) < SIZE);
    let why = error_of(&gateway, "/large");
    assert!(why.contains("client") && why.contains("timeouts.body_gap"), "{why}");
    assert!(why.contains("place"), "{why}");

    let gateway = Setup::to(&origin)
        .timeouts("body_gap = \"300ms\"")
        .upstream("timeouts = { client_stall = \"600ms\" }")
        .start();
    let _paused = ask_for(&gateway, "/large");
    let why = error_of(&gateway, "/large");
    assert!(why.contains("client") && why.contains("timeouts.client_stall"), "{why}");
}

#[test]
fn a_download_that_is_taken_too_slowly_is_cut() {
    let origin = origin();
    let gateway = Setup::to(&origin)
        .timeouts("body_gap = \"200ms\"")
        .upstream("limits = { client_rate = \"1GiB\" }")
        .start();
    let mut client = ask_for(&gateway, "/large");
    let mut came = 0;
    while let Ok(piece) = client.wire.read_some() {
        came += piece.len();
        if piece.is_empty() || came >= SIZE {
            break;
        }
        // A reader that takes its time.
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(came < SIZE, "{came}");
    let why = error_of(&gateway, "/large");
    assert!(why.contains("client") && why.contains("limits.client_rate"), "{why}");
}

#[test]
fn drips_do_not_hold_the_places_of_an_upstream() {
    let origin = origin();
    let gateway = Setup::to(&origin)
        .timeouts("body_gap = \"300ms\"")
        .upstream("limit = { in_flight = 1, queue = 5, wait = \"20s\" }")
        .start();
    let mut dripping = gateway.connect();
    dripping.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    let small = std::thread::scope(|scope| {
        let other = scope.spawn(|| gateway.connect().get("/small").text());
        // A byte well within each gap, for as long as it is taken.
        let _ = dripping.drip(vec![b'x'; 600], Duration::from_millis(50));
        other.join().unwrap()
    });
    assert_eq!(small, "small");
    match dripping.read_response() {
        Ok(answer) => assert_eq!(answer.status(), 408),
        Err(WireError::Closed | WireError::Reset) => {}
        Err(other) => panic!("{other:?}"),
    }
    let why = error_of(&gateway, "/up");
    assert!(why.contains("client") && why.contains("limits.client_rate"), "{why}");
}

#[test]
fn a_quiet_event_stream_is_no_stalled_response() {
    let origin = Origin::start(|connection| {
        loop {
            connection.read_request()?;
            connection.write(
                "HTTP/1.1 200 OK\r\nContent-Type: text/Event-Stream; charset=utf-8\r\n\
                 Transfer-Encoding: chunked\r\n\r\n6\r\n: hi\n\n\r\n",
            )?;
            // Nothing happens, so there is nothing to tell.
            std::thread::sleep(PAUSE);
            connection.write("9\r\ndata: x\n\n\r\n0\r\n\r\n")?;
        }
    });
    let routes = "[[route]]\npath = \"/\"\nupstream = \"app\"\n\
                  [[route]]\npath = \"/cut\"\nupstream = \"app\"\ntimeouts = { tunnel_idle = \"300ms\" }";
    let gateway = Setup::to(&origin).timeouts("body_gap = \"300ms\"").routes(routes).start();
    assert_eq!(gateway.connect().get("/events").text(), ": hi\n\ndata: x\n\n");
    let mut client = gateway.connect();
    client.send("GET /cut HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.read_response().is_err());
    let why = error_of(&gateway, "/cut");
    assert!(why.contains("upstream") && why.contains("timeouts.tunnel_idle"), "{why}");
}

#[test]
fn a_route_has_bounds_of_its_own() {
    let origin = Origin::start(|connection| {
        loop {
            let request = connection.read_request()?;
            if request.head.start.contains("slow") {
                std::thread::sleep(PAUSE);
            }
            connection.write(ok("done"))?;
        }
    });
    let routes = "[[route]]\npath = \"/\"\nupstream = \"app\"\n\
        [[route]]\npath = \"/slow/patient\"\nupstream = \"app\"\ntimeouts = { first_byte = \"20s\" }\n\
        limits = { body_bytes = 0 }\n";
    let gateway = Setup::to(&origin)
        .timeouts("first_byte = \"10s\"")
        .upstream("timeouts = { first_byte = \"300ms\" }\nlimits = { body_bytes = \"10B\" }")
        .routes(routes)
        .start();
    assert_eq!(gateway.connect().get("/slow").status(), 504, "as its upstream says");
    assert_eq!(gateway.connect().get("/slow/patient").status(), 200, "as the route says");
    let post = |path: &str| {
        let request =
            format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world");
        gateway.connect().exchange(request).status()
    };
    assert_eq!((post("/"), post("/slow/patient")), (413, 200));
}
