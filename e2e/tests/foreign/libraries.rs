//! HTTP and WebSocket libraries of other languages; each script judges what it sees.

use crate::kept;
use std::path::PathBuf;
use tombolo_e2e::{Foreign, Origin, Setup, Tombolo, scripts};

pub(crate) fn script(name: &str) -> String {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.join("tests/foreign/clients").join(name).display().to_string()
}

/// Answers as the scripts expect: by method and path.
fn origin() -> Origin {
    Origin::start(|connection| {
        loop {
            let head = connection.wire.read_head()?;
            if head.one("expect").is_some() {
                connection.write("HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            let framing = head.request_framing().expect("plain framing");
            let (body, _) = connection.wire.read_body(framing)?;
            let length = body.len();
            match (head.method(), head.target()) {
                ("HEAD", _) => connection.write("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")?,
                ("DELETE", _) => connection.write("HTTP/1.1 204 No Content\r\n\r\n")?,
                (_, "/chunks") => connection.write(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                     3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Checksum: 1\r\n\r\n",
                )?,
                (_, "/hints") => connection.write(format!(
                    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{}",
                    scripts::ok("hinted")
                ))?,
                _ => {
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                    connection.write([head.as_bytes(), &body].concat())?;
                }
            }
        }
    })
}

pub(crate) fn passes(program: Foreign, name: &str, gateway: &Tombolo) {
    let said = program.arg(script(name)).arg(gateway.address().to_string()).run().succeeded();
    assert!(said.contains("all well"), "{said}");
}

/// The environment's Python with `websockets`, `opentelemetry-proto` and `prometheus-client`.
pub(crate) fn python() -> Foreign {
    let python = kept().join("venv/bin/python");
    assert!(
        python.is_file(),
        "no {}: `cargo xtask test` makes it, or run: python3 -m venv {}; {} -m pip install websockets opentelemetry-proto prometheus-client",
        python.display(),
        kept().join("venv").display(),
        python.display(),
    );
    Foreign::at(python)
}

/// Node with `ws`.
pub(crate) fn node() -> Foreign {
    let modules = kept().join("node_modules");
    assert!(
        modules.join("ws").is_dir(),
        "no ws in {}: `cargo xtask test` installs it, or run: npm install --prefix {} ws",
        modules.display(),
        kept().display(),
    );
    Foreign::program("node", "nodejs").env("NODE_PATH", modules)
}

#[test]
fn python_http_client() {
    let origin = origin();
    let gateway = Setup::to(&origin).start();
    passes(Foreign::program("python3", "python3"), "http_client.py", &gateway);
}

#[test]
fn node_fetch() {
    let origin = origin();
    let gateway = Setup::to(&origin).workers(2).start();
    passes(Foreign::program("node", "nodejs"), "fetch.cjs", &gateway);
}

/// A WebSocket server of the same library, told its gateway after it has said where it listens.
fn websockets(run: fn() -> Foreign, server: &str, client: &str) {
    let server = run().arg(script(server)).serve();
    let address = server
        .stdout()
        .wait_for("its address", |line| line.strip_prefix("listening on ").map(str::to_owned));
    let gateway = Setup::to_addresses([address]).start();
    passes(run(), client, &gateway);
    let record = gateway.wait_for_record("the tunnel", |record| record["status"] == 101);
    assert!(record["bytes_out"].as_u64().is_some_and(|bytes| bytes > 1 << 20), "{record}");
}

#[test]
fn python_websockets() {
    websockets(python, "websocket_server.py", "websocket_client.py");
}

#[test]
fn node_ws() {
    websockets(node, "ws_server.cjs", "ws_client.cjs");
}
