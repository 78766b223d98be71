//! Many connections, much data, slow readers.

use crate::{Tcp, echo, numbered};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tombolo_e2e::{Client, Connection, Origin, allow_descriptors, eventually};

#[test]
fn a_thousand_connections_at_once() {
    const COUNT: usize = 1000;
    allow_descriptors(8192);
    let origins = numbered(3);
    let gateway = Tcp::to(&origins).workers(2).start();
    let before = gateway.figures();
    let mut clients: Vec<Client> = (0..COUNT).map(|_| gateway.connect()).collect();
    for client in &mut clients {
        client.wire.read_exact(1).expect("the server's number");
    }
    for round in 0..3 {
        for (n, client) in clients.iter_mut().enumerate() {
            client.send(format!("<{round}:{n}>"));
        }
        for (n, client) in clients.iter_mut().enumerate() {
            let expected = format!("<{round}:{n}>");
            assert_eq!(client.wire.read_exact(expected.len()).unwrap(), expected.as_bytes());
        }
    }
    let now = gateway.figures();
    assert_eq!(now.sockets - before.sockets, 2 * COUNT);
    let each = (now.resident_bytes.saturating_sub(before.resident_bytes)) / COUNT as u64;
    assert!(each < 4 * 1024, "{each} bytes for each quiet connection");
    for origin in &origins {
        assert!((333..=334).contains(&origin.connections()), "{}", origin.connections());
    }
    clients.clear();
    eventually("all to end", || (gateway.figures().sockets == before.sockets).then_some(()));
}

/// Both directions at once, more than any buffer holds: neither may block the other.
#[test]
fn both_directions_flow_at_once() {
    const SIZE: usize = 32 << 20;
    let origin = Origin::start(|connection| {
        connection.stop_recording();
        let mut reader = connection.wire.stream().try_clone()?;
        let sink = std::thread::spawn(move || {
            std::io::copy(&mut std::io::Read::take(&mut reader, SIZE as u64), &mut std::io::sink())
        });
        connection.write(vec![7; SIZE])?;
        assert_eq!(sink.join().expect("the sink")?, SIZE as u64);
        Ok(())
    });
    let gateway = Tcp::to([&origin]).start();
    let mut client = gateway.connect();
    let mut writer = client.wire.stream().try_clone().expect("a second handle");
    let source = std::thread::spawn(move || std::io::Write::write_all(&mut writer, &vec![9; SIZE]));
    let got = client.wire.read_exact(SIZE).expect("the server's bytes");
    assert!(got.iter().all(|&byte| byte == 7));
    source.join().expect("the source").expect("all bytes were taken");
}

/// Readers that stop stop their servers, in the kernel's buffers and not in our memory; and they
/// get everything once they go on.
#[test]
fn slow_readers_cost_no_memory() {
    const READERS: usize = 20;
    const SIZE: usize = 64 << 20;
    const PIECE: usize = 64 << 10;
    let written = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&written);
    let origin = Origin::start(move |connection| {
        for _ in 0..SIZE / PIECE {
            connection.wire.set_patience(std::time::Duration::from_secs(60))?;
            connection.write(vec![1; PIECE])?;
            counter.fetch_add(PIECE, Ordering::SeqCst);
        }
        Ok(())
    });
    let gateway = Tcp::to([&origin]).start();
    let before = gateway.figures().resident_bytes;
    let mut clients: Vec<Client> =
        (0..READERS).map(|_| Client::connect_narrow(gateway.address())).collect();
    let (mut last, mut same) = (0, 0);
    eventually("all servers to be stopped", || {
        let now = written.load(Ordering::SeqCst);
        same = if now == last { same + 1 } else { 0 };
        last = now;
        (now > 0 && same > 30).then_some(())
    });
    assert!(last < READERS * SIZE / 2, "{last} bytes were taken for readers that do not read");
    let grown = gateway.figures().resident_bytes.saturating_sub(before);
    assert!(grown < 4 << 20, "{grown} bytes more for {READERS} readers that do not read");
    let mut one = clients.remove(0);
    assert_eq!(one.wire.read_exact(SIZE).expect("everything").len(), SIZE);
    one.expect_close();
}

/// A connection that moves a great deal does not keep the others waiting.
#[test]
fn bulk_leaves_room_for_small_talk() {
    let bulk = Origin::start(|connection: &mut Connection| {
        connection.stop_recording();
        let first = connection.wire.read_exact(1)?;
        if first == b"t" {
            return echo(connection);
        }
        loop {
            connection.write(vec![0; 1 << 20])?;
        }
    });
    let gateway = Tcp::to([&bulk]).start();
    let mut streams: Vec<Client> = (0..3).map(|_| gateway.connect()).collect();
    let readers: Vec<_> = streams
        .iter_mut()
        .map(|client| {
            client.send("b");
            let mut reader = client.wire.stream().try_clone().expect("a second handle");
            std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()))
        })
        .collect();
    let mut talk = gateway.connect();
    talk.send("t");
    for _ in 0..200 {
        talk.send("ping");
        assert_eq!(talk.wire.read_exact(4).expect("an answer"), b"ping");
    }
    drop(gateway);
    for reader in readers {
        // Cut with the gateway: an end or a reset.
        let _ = reader.join().expect("the reader");
    }
}
