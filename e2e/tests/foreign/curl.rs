//! curl: uploads, old protocol, expectations, resumption, proxies, many at once.

use crate::noise;
use crate::site::site;
use std::fs;
use std::path::Path;
use tombolo_e2e::{Finished, Foreign, Framing, Origin, Setup, scripts};

fn curl(folder: &Path, arguments: &[&str]) -> Finished {
    let quiet = ["--silent", "--show-error", "--max-time", "60", "--noproxy", ""];
    Foreign::program("curl", "curl").args(quiet).args(arguments).folder(folder).run()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Allows a body when asked, takes it, and tells its length.
fn counting() -> Origin {
    Origin::start(|connection| {
        loop {
            let head = connection.wire.read_head()?;
            if head.one("expect").is_some() {
                connection.write("HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            let framing = head.request_framing().expect("plain framing");
            let (body, _) = connection.wire.read_body(framing)?;
            connection.write(scripts::ok(&format!("{} bytes", body.len())))?;
        }
    })
}

#[test]
fn upload_of_a_file() {
    let (folder, origin) = (folder(), counting());
    let body = noise(3 << 20);
    fs::write(folder.path().join("file"), &body).expect("writable");
    let gateway = Setup::to(&origin).start();
    let url = gateway.url("/up");
    let done = curl(folder.path(), &["-v", "-T", "file", &url]);
    assert!(done.stderr.contains("HTTP/1.1 100 Continue"), "{}", done.stderr);
    assert_eq!(done.succeeded(), format!("{} bytes", body.len()));
    let request = origin.requests().remove(0);
    assert_eq!((request.head.method(), request.framing), ("PUT", Framing::Length(3 << 20)));
    assert!(request.body == body, "the bytes are the same");
}

#[test]
fn upload_of_a_stream() {
    let (folder, origin) = (folder(), counting());
    let body = noise(1 << 20);
    fs::write(folder.path().join("file"), &body).expect("writable");
    let gateway = Setup::to(&origin).start();
    let url = gateway.url("/up");
    let done = curl(folder.path(), &["-H", "Transfer-Encoding: chunked", "-T", "file", &url]);
    assert_eq!(done.succeeded(), format!("{} bytes", body.len()));
    let request = origin.requests().remove(0);
    assert_eq!(request.framing, Framing::Chunked);
    assert!(request.body == body, "the bytes are the same");
}

#[test]
fn http_1_0() {
    let (folder, origin) = (folder(), counting());
    fs::write(folder.path().join("file"), "hello").expect("writable");
    let gateway = Setup::to(&origin).start();
    let url = gateway.url("/");
    let format = "%{stderr}%{http_version} %{http_code}";
    let done = curl(folder.path(), &["--http1.0", "-w", format, &url]);
    assert!(done.stderr.contains("200"), "{}", done.stderr);
    assert_eq!(done.succeeded(), "0 bytes");
    let done = curl(folder.path(), &["--http1.0", "-T", "file", &url]);
    assert_eq!(done.succeeded(), "5 bytes");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let origin = Origin::start(scripts::answer(chunked));
    let gateway = Setup::to(&origin).start();
    assert_eq!(curl(folder.path(), &["--http1.0", &gateway.url("/")]).succeeded(), "hello");
}

#[test]
fn expectations() {
    let (folder, origin) = (folder(), counting());
    let gateway = Setup::to(&origin).start();
    let url = gateway.url("/");
    let timer = std::time::Instant::now();
    // curl waits up to a minute for the 100 here, so only a passed one is quick.
    let done = curl(
        folder.path(),
        &["-v", "-H", "Expect: 100-continue", "--expect100-timeout", "50", "-d", "hello", &url],
    );
    assert!(done.stderr.contains("HTTP/1.1 100 Continue"), "{}", done.stderr);
    assert_eq!(done.succeeded(), "5 bytes");
    assert!(timer.elapsed().as_secs() < 20);
    let done = curl(
        folder.path(),
        &["-o", "page", "-w", "%{http_code}", "-H", "Expect: wonders", "-d", "hello", &url],
    );
    assert_eq!(done.succeeded(), "417");
}

#[test]
fn an_interrupted_download_is_resumed() {
    let files = folder();
    let body = noise(5 << 20);
    fs::write(files.path().join("big.bin"), &body).expect("writable");
    let site = site(Some(files.path()));
    let here = folder();
    fs::write(here.path().join("big.bin"), &body[..1_234_567]).expect("writable");
    let url = site.gateway.url("/big.bin");
    let done = curl(here.path(), &["-C", "-", "-o", "big.bin", "-w", "%{http_code}", &url]);
    assert_eq!(done.succeeded(), "206");
    assert!(fs::read(here.path().join("big.bin")).expect("readable") == body);
}

#[test]
fn connections_are_kept() {
    let (folder, origin) = (folder(), counting());
    let gateway = Setup::to(&origin).start();
    let url = gateway.url("/");
    let format = "%{num_connects} %{http_code}\n";
    let arguments = ["-w", format, "-o", "a", &url, "-o", "b", &url, "-o", "c", &url];
    assert_eq!(curl(folder.path(), &arguments).succeeded(), "1 200\n0 200\n0 200\n");
    assert_eq!(origin.connections(), 1);
}

#[test]
fn many_at_once() {
    let (folder, origin) = (folder(), counting());
    let gateway = Setup::to(&origin).workers(2).start();
    let url = gateway.url("/[1-200]");
    let arguments = ["-Z", "--parallel-max", "50", "-w", "%{http_code}\n", "-o", "out_#1", &url];
    let done = curl(folder.path(), &arguments).succeeded();
    assert_eq!(done.lines().filter(|line| *line == "200").count(), 200, "{done}");
}

#[test]
fn head_and_delete() {
    let folder = folder();
    let files = tempfile::tempdir().expect("a folder");
    fs::write(files.path().join("a.txt"), "0123456789").expect("writable");
    let site = site(Some(files.path()));
    let head = curl(folder.path(), &["-I", &site.gateway.url("/a.txt")]).succeeded();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.to_ascii_lowercase().contains("content-length: 10\r\n"), "{head}");
    let origin = Origin::start(scripts::answer("HTTP/1.1 204 No Content\r\n\r\n"));
    let gateway = Setup::to(&origin).start();
    let url = gateway.url("/");
    let arguments = ["-X", "DELETE", "-w", "%{http_code}\n", &url, &url];
    assert_eq!(curl(folder.path(), &arguments).succeeded(), "204\n204\n");
}

/// curl told to use the gateway as its proxy sends absolute-form.
#[test]
fn as_a_proxy() {
    let (folder, origin) = (folder(), counting());
    let gateway = Setup::to(&origin).start();
    let proxy = gateway.url("");
    let done = curl(folder.path(), &["-x", &proxy, "http://some.example:81/path?q"]);
    assert_eq!(done.succeeded(), "0 bytes");
    let head = origin.requests().remove(0).head;
    assert_eq!((head.target(), head.one("host")), ("/path?q", Some("some.example:81")));
}
