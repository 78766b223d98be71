//! Ends: each side's is passed on, and only that.

use crate::{Tcp, echo};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;
use tombolo_e2e::{Client, Connection, Foreign, Origin, Tombolo, WireError, eventually};

/// Reads to the end, and only then answers.
fn count(connection: &mut Connection) -> Result<(), WireError> {
    let mut bytes = 0;
    loop {
        let piece = connection.wire.read_some()?;
        if piece.is_empty() {
            return connection.write(format!("got {bytes} bytes"));
        }
        bytes += piece.len();
    }
}

#[test]
fn the_clients_half_close_reaches_the_server_only() {
    let origin = Origin::start(count);
    let gateway = Tcp::to([&origin]).start();
    let mut client = gateway.connect();
    client.send("12345");
    client.half_close();
    assert_eq!(client.read_to_end(), b"got 5 bytes");
}

#[test]
fn netcat_half_closes() {
    let origin = Origin::start(count);
    let gateway = Tcp::to([&origin]).start();
    let _ = Foreign::program("nc", "netcat-openbsd");
    let pipe = format!("printf hello | nc -N 127.0.0.1 {}", gateway.address().port());
    let said = Foreign::program("sh", "dash").args(["-c", &pipe]).run().succeeded();
    assert_eq!(said, "got 5 bytes");
}

#[test]
fn the_servers_half_close_reaches_the_client_only() {
    let origin = Origin::start(|connection| {
        connection.write("farewell")?;
        connection.wire.half_close();
        connection.read_to_close()
    });
    let gateway = Tcp::to([&origin]).start();
    let mut client = gateway.connect();
    assert_eq!(client.read_to_end(), b"farewell");
    client.send("but I still talk");
    client.half_close();
    assert_eq!(origin.settled(), [b"but I still talk"]);
}

#[test]
fn a_reset_is_passed_on_either_way() {
    let origin = Origin::start(Connection::read_to_close);
    let gateway = Tcp::to([&origin]).start();
    let mut client = gateway.connect();
    client.send("x");
    eventually("the byte", || (origin.tapes().first()?.bytes() == b"x").then_some(()));
    client.reset();
    origin.settled();

    let origin = Origin::start(|connection| {
        connection.wire.read_exact(1)?;
        let socket = socket2::SockRef::from(connection.wire.stream());
        socket.set_linger(Some(Duration::ZERO))?;
        Err(WireError::Reset)
    });
    let gateway = Tcp::to([&origin]).start();
    let mut client = gateway.connect();
    client.send("x");
    let end = client.wire.read_some();
    assert!(matches!(end, Err(WireError::Reset)), "a cut must not look whole: {end:?}");
}

/// A server's last words reach a client that has much more to say.
#[test]
fn last_words_reach_a_client_that_goes_on_talking() {
    let origin = Origin::start(|connection| {
        connection.wire.read_exact(4)?;
        connection.write("bye")?;
        connection.wire.half_close();
        // Reads nothing more, and is gone.
        let socket = socket2::SockRef::from(connection.wire.stream());
        socket.shutdown(std::net::Shutdown::Both)?;
        Ok(())
    });
    let gateway = Tcp::to([&origin]).start();
    let mut client = gateway.connect();
    client.send("QUIT");
    for _ in 0..100 {
        if !client.try_send("more and more") {
            break;
        }
    }
    assert_eq!(client.wire.read_exact(3).expect("the last words"), b"bye");
    client.expect_close();
}

/// kill -9 of a server ends its connections; those of others do not notice.
#[test]
fn a_killed_server_takes_its_own_connections_along() {
    let start = || Tombolo::start(&["serve", "site", "--listen", "127.0.0.1:0"]).listening();
    let (mut first, second) = (start(), start());
    let gateway = Tcp::to_addresses([&first, &second].map(|it| it.address().to_string())).start();
    let mut clients = [gateway.connect(), gateway.connect()];
    for client in &mut clients {
        assert_eq!(client.get("/health").status(), 200);
    }
    first.kill();
    clients[0].expect_close();
    assert_eq!(clients[1].get("/health").status(), 200);
    // New ones go to the one that is left.
    for _ in 0..4 {
        assert_eq!(gateway.connect().get("/health").status(), 200);
    }
}

#[test]
fn a_file_comes_through_as_it_is() {
    let origin = Origin::start(|connection| {
        connection.stop_recording();
        echo(connection)
    });
    let gateway = Tcp::to([&origin]).start();
    let mut bytes = vec![0; 3 << 20];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).expect("bytes");
    let client: Client = gateway.connect();
    let mut writer: TcpStream = client.wire.stream().try_clone().expect("a second handle");
    let sent = bytes.clone();
    let source = std::thread::spawn(move || {
        writer.write_all(&sent)?;
        writer.shutdown(std::net::Shutdown::Write)
    });
    let mut client = client;
    assert!(client.read_to_end() == bytes, "other bytes came back");
    source.join().expect("the source").expect("all bytes were taken");
}
