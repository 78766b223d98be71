//! Clients that are not ours, through the gateway to three replicas: they upload, are cut, go on,
//! and what arrives is what they sent.

use std::path::{Path, PathBuf};

use tombolo_e2e::Foreign;

use crate::cluster::Cluster;
use crate::{kept, noise};

pub(crate) fn script(name: &str) -> String {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.join("tests/library/clients").join(name).display().to_string()
}

pub(crate) fn node() -> Foreign {
    let modules = kept().join("node_modules");
    let has = modules.join("tus-js-client").is_dir();
    assert!(has, "no tus-js-client at {}: `cargo xtask test` installs it", modules.display());
    Foreign::program("node", "nodejs").env("NODE_PATH", modules)
}

fn python() -> Foreign {
    let python = kept().join("venv/bin/python");
    assert!(python.is_file(), "no {}: `cargo xtask test` makes it", python.display());
    Foreign::at(python)
}

/// A file for a client.
fn file(folder: &Path, length: usize) -> (String, Vec<u8>) {
    let (path, bytes) = (folder.join("año Ł.bin"), noise(length));
    std::fs::write(&path, &bytes).unwrap();
    (path.display().to_string(), bytes)
}

/// Runs a script with the address of uploads, a token and a file, in several ways; what arrives is
/// the file.
fn uploads(program: fn() -> Foreign, name: &str, ways: &[&str]) {
    let cluster = Cluster::start();
    let token = cluster.token();
    let endpoint = format!("http://{}/library/api/uploads", cluster.gateway.address());
    for (index, way) in ways.iter().enumerate() {
        let (path, bytes) = file(cluster.folder.path(), 3_000_001 + index);
        let arguments = [script(name), endpoint.clone(), token.clone(), path, (*way).to_owned()];
        let said = program().args(arguments).run().succeeded();
        assert!(said.contains("all well"), "{name} {way}: {said}");
        assert!(cluster.newest(&token) == bytes, "{name} {way}");
    }
}

#[test]
fn tus_js_client() {
    uploads(node, "tus.cjs", &["whole", "chunks", "cut", "parallel", "draft", "deferred"]);
}

#[test]
fn uppy() {
    uploads(node, "uppy.mjs", &["whole", "chunks", "paused"]);
}

#[test]
fn tuspy() {
    uploads(python, "tuspy.py", &["chunks", "checksums"]);
}

#[test]
fn aiotus() {
    uploads(python, "aiotus.py", &["whole"]);
}

#[test]
fn curl() {
    let cluster = Cluster::start();
    let token = cluster.token();
    let endpoint = format!("http://{}/library/api/uploads", cluster.gateway.address());
    let (path, bytes) = file(cluster.folder.path(), 2_000_003);
    let curl = || {
        let curl = Foreign::program("curl", "curl").args(["--silent", "--show-error", "--fail"]);
        curl.args(["--header", &format!("Authorization: Bearer {token}")])
    };
    // A plain POST is all of a file.
    let data = format!("@{path}");
    let kind = ["--header", "Content-Type: application/octet-stream"];
    let post = curl().args(["--data-binary", &data]).args(kind).arg(&endpoint);
    let said = post.run().succeeded();
    assert!(said.contains("\"state\":\"complete\""), "{said}");
    assert!(cluster.newest(&token) == bytes);
    // By hand, with a cut in the middle: `--max-time` ends the first request.
    let length = format!("Upload-Length: {}", bytes.len());
    let version = ["--header", "Tus-Resumable: 1.0.0"];
    let created = curl().args(version).args(["--header", &length, "--request", "POST"]);
    let created = created.args(["--dump-header", "-", &endpoint]).run().succeeded();
    let location = created.lines().find_map(|line| line.strip_prefix("location: "));
    let location =
        location.or_else(|| created.lines().find_map(|line| line.strip_prefix("Location: ")));
    let location = location.expect("a location").trim().to_owned();
    let add = ["--header", "Content-Type: application/offset+octet-stream"];
    let cut = curl().args(version).args(add).args(["--header", "Upload-Offset: 0"]);
    let cut = cut.args(["--request", "PATCH", "--upload-file", &path, "--limit-rate", "500k"]);
    let cut = cut.args(["--max-time", "1", &location]).run();
    assert_eq!(cut.code, Some(28), "{cut:?}");
    let head = curl().args(version).args(["--head", &location]).run().succeeded();
    let offset = head.lines().find_map(|line| {
        line.to_ascii_lowercase().strip_prefix("upload-offset: ")?.trim().parse::<usize>().ok()
    });
    let offset = offset.unwrap();
    assert!(offset > 0 && offset < bytes.len(), "{offset}");
    let rest = cluster.folder.path().join("rest");
    std::fs::write(&rest, &bytes[offset..]).unwrap();
    let at = format!("Upload-Offset: {offset}");
    let done = curl().args(version).args(add).args(["--header", &at, "--request", "PATCH"]);
    done.arg("--upload-file").arg(&rest).arg(&location).run().succeeded();
    assert!(cluster.newest(&token) == bytes);
}
