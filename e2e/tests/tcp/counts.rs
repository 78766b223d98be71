//! What the admin listener tells of connections.

use crate::{Tcp, numbered};
use std::net::{SocketAddr, TcpStream};
use tombolo_e2e::{Client, Foreign, Origin, eventually};

fn get(admin: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n");
    Client::connect(admin).exchange(request).text()
}

#[test]
fn connections_and_bytes_are_counted() {
    let mut origins = numbered(1);
    let gateway = Tcp::to(&origins)
        .tcp("connections = 2")
        .gateway("admin = \"127.0.0.1:0\"")
        .workers(2)
        .start();
    let admin = gateway.admin();
    let mut held = [gateway.connect(), gateway.connect()];
    for client in &mut held {
        client.send("12345");
        assert_eq!(client.wire.read_exact(6).expect("number and echo"), b"012345");
    }
    Client::expect_turned_away(Client::try_connect(gateway.address()));
    let tcp = || {
        let status: serde_json::Value =
            serde_json::from_str(&get(admin, "/api/v1/status")).unwrap();
        status["tcp"][0].clone()
    };
    // The bytes are counted once they are sent, which a client can be quicker to see.
    eventually("the last bytes", || (tcp()["bytes_out"] == 12).then_some(()));
    let told = tcp();
    assert_eq!((&told["open"], &told["limit"]), (&2.into(), &2.into()));
    assert_eq!((&told["connections"], &told["refused"]), (&2.into(), &1.into()));
    assert_eq!((&told["bytes_in"], &told["upstream"]), (&10.into(), &"app".into()));
    drop(held);
    eventually("both to end", || (tcp()["open"] == 0).then_some(()));
    origins.iter_mut().for_each(Origin::stop);
    drop(TcpStream::connect(gateway.address()));
    eventually("the one that met no server, and its end", || {
        let told = tcp();
        (told["unreached"] == 1 && told["open"] == 0).then_some(())
    });
    let metrics = get(admin, "/metrics");
    let labels = "{listen=\"127.0.0.1:0\",upstream=\"app\"}";
    for line in [
        format!("tombolo_tcp_connections_open{labels} 0"),
        format!("tombolo_tcp_connections_total{labels} 3"),
        format!("tombolo_tcp_refused_total{labels} 1"),
        format!("tombolo_tcp_unreached_total{labels} 1"),
        format!("tombolo_tcp_in_bytes_total{labels} 10"),
        format!("tombolo_tcp_out_bytes_total{labels} 12"),
    ] {
        assert!(metrics.lines().any(|one| one == line), "{line} in {metrics}");
    }
    std::fs::write(gateway.folder().join("metrics.txt"), &metrics).unwrap();
    let _ = Foreign::program("promtool", "prometheus");
    let check = ["-c", "promtool check metrics < metrics.txt"];
    Foreign::program("sh", "dash").args(check).folder(gateway.folder()).run().succeeded();
}
