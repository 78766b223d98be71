//! Other people's programs at the other end of a PROXY protocol header.

use crate::{Tcp, echo};
use std::net::{SocketAddr, TcpListener, TcpStream};
use tombolo_e2e::{Client, Foreign, Origin, Server, eventually};

/// A port that is free now, for programs that cannot be told to take any.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port")
}

/// Writes `text` to a file of a fresh folder, and starts the program with it.
fn serve(program: Foreign, name: &str, text: &str, at: SocketAddr) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(name), text).expect("writable");
    let server = program.folder(folder.path()).serve();
    eventually("the program to listen", || TcpStream::connect(at).ok());
    (server, folder)
}

/// HAProxy in front sends either version; its client's address reaches the server.
#[test]
fn haproxy_in_front() {
    for send in ["send-proxy", "send-proxy-v2"] {
        let origin = Origin::start(echo);
        let gateway = Tcp::to([&origin])
            .tcp("proxy_protocol_in = true\ntrusted = [\"127.0.0.1\"]\nproxy_protocol_out = \"v1\"")
            .start();
        let front = free();
        let text = format!(
            "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n\
             listen front\n  bind {front}\n  server gateway {} {send}\n",
            gateway.address()
        );
        let haproxy = Foreign::program("haproxy", "haproxy").args(["-db", "-f", "h.cfg"]);
        let _haproxy = serve(haproxy, "h.cfg", &text, front);
        let mut client = Client::connect(front);
        let from = client.wire.stream().local_addr().expect("bound").port();
        client.send("hello");
        let expected = format!("PROXY TCP4 127.0.0.1 127.0.0.1 {from} {}\r\nhello", front.port());
        assert_eq!(client.wire.read_exact(expected.len()).expect("echo"), expected.as_bytes());
    }
}

/// HAProxy's health checks are its own connections (LOCAL): no complaint, and it stays up.
#[test]
fn haproxys_checks_pass() {
    let origin = Origin::start(echo);
    let trusted = "proxy_protocol_in = true\ntrusted = [\"127.0.0.1\"]";
    let gateway = Tcp::to([&origin]).tcp(trusted).start();
    let front = free();
    let text = format!(
        "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n\
         listen front\n  bind {front}\n  server gateway {} send-proxy-v2 check inter 50ms\n",
        gateway.address()
    );
    let haproxy = Foreign::program("haproxy", "haproxy").args(["-db", "-f", "h.cfg"]);
    let _haproxy = serve(haproxy, "h.cfg", &text, front);
    for _ in 0..5 {
        let mut client = Client::connect(front);
        client.send("hello");
        assert_eq!(client.wire.read_exact(5).expect("the echo"), b"hello");
    }
    assert!(!gateway.stderr().text().contains("WARN"), "{}", gateway.stderr().text());
}

/// nginx behind reads either version.
#[test]
fn nginx_behind() {
    let server = free();
    let text = format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n  access_log off;\n\
         client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;\n\
         uwsgi_temp_path t4; scgi_temp_path t5;\n  server {{\n    listen {server} proxy_protocol;\n\
         location / {{ return 200 \"$proxy_protocol_addr $proxy_protocol_port\"; }}\n  }}\n}}\n"
    );
    let nginx = Foreign::program("nginx", "nginx").args(["-p", ".", "-c", "n.conf"]);
    let _nginx = serve(nginx, "n.conf", &text, server);
    for version in ["v1", "v2"] {
        let gateway = Tcp::to_addresses([server.to_string()])
            .tcp(format!("proxy_protocol_out = \"{version}\""))
            .start();
        let mut client = gateway.connect();
        let from = client.wire.stream().local_addr().expect("bound").port();
        assert_eq!(client.get("/").text(), format!("127.0.0.1 {from}"), "{version}");
    }
}
