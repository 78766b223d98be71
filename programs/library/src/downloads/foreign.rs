//! Downloads as other people's programs do them: curl, wget, aria2, lftp and rclone, over sockets,
//! whole, cut and gone on with, from three replicas.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::process::Command;
use tokio::time::timeout;

use crate::testing::World;

/// What the item holds: nothing in it repeats, so that a part in a wrong place is noticed.
fn bytes() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut digest = Sha256::digest(b"seed");
    while bytes.len() < 5_000_000 {
        bytes.extend_from_slice(&digest);
        digest = Sha256::digest(digest);
    }
    bytes
}

/// Runs a program; false if it is not installed.
async fn run(program: &str, arguments: &[&str], folder: &Path) -> bool {
    let started = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let Ok(child) = started else {
        eprintln!("\n!!! NOT TESTED with {program}: it is not installed\n");
        return false;
    };
    let done = timeout(Duration::from_secs(60), child.wait_with_output()).await;
    let done = done.unwrap_or_else(|_| panic!("{program} {arguments:?} takes too long")).unwrap();
    assert!(done.status.success(), "{program} {arguments:?}: {done:?}");
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_programs_fetch_and_go_on() {
    let world = World::with(|_| {}).await;
    let others = [world.replica().await, world.replica().await];
    let ana = world.user("ana").await;
    let bytes = bytes();
    let item = world.item(&ana, "film.bin", &bytes).await;
    let path = format!("/library/api/items/{item}/links");
    let link = world.send(Some(&ana), "POST", &path, &[], "{}").await.json();
    let path = link["url"].as_str().unwrap().strip_prefix("http://localhost").unwrap().to_owned();
    let mut urls = Vec::new();
    for replica in [&world, &others[0], &others[1]] {
        urls.push(format!("http://{}{path}", replica.listen().await));
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = folder.join("film.bin");
    let is_whole = |program: &str| {
        assert!(fs::read(&file).unwrap() == bytes, "{program} has another file");
        fs::remove_file(&file).unwrap();
    };
    // Cut in the middle at one replica, gone on with at another.
    let cut = || fs::write(&file, &bytes[..1_234_567]).unwrap();
    let url = urls[1].as_str();
    if run("curl", &["-sSf", "-o", "film.bin", url], folder).await {
        is_whole("curl");
        cut();
        run("curl", &["-sSf", "-C", "-", "-o", "film.bin", url], folder).await;
        is_whole("curl -C -");
        // A file that is whole already: 416, which curl takes as an answer.
        fs::write(&file, &bytes).unwrap();
        run("curl", &["-sS", "-C", "-", "-o", "film.bin", url], folder).await;
        is_whole("curl -C - on a whole file");
    }
    if run("wget", &["-q", "-O", "film.bin", url], folder).await {
        is_whole("wget");
        cut();
        run("wget", &["-q", "-c", "-O", "film.bin", url], folder).await;
        is_whole("wget -c");
    }
    let digest = Sha256::digest(&bytes);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let check = format!("--checksum=sha-256={digest}");
    let arguments = ["-q", "-x8", "-s8", "-k1M", "--no-conf", check.as_str(), "-o", "film.bin"];
    // From all three at once.
    let all: Vec<&str> = arguments.into_iter().chain(urls.iter().map(String::as_str)).collect();
    if run("aria2c", &all, folder).await {
        is_whole("aria2c -x8");
    }
    let script = format!("set net:max-retries 2; pget -n 4 {url} -o film.bin; exit");
    if run("lftp", &["-c", &script], folder).await {
        is_whole("lftp pget");
    }
    if run("rclone", &["copyurl", url, "film.bin"], folder).await {
        is_whole("rclone copyurl");
    }
}
