//! A client that goes on by itself while replicas are killed in turn; in the long form with files of
//! every size.

use std::io::Write;
use std::path::Path;

use tombolo_e2e::{Foreign, eventually};

use crate::cluster::{Cluster, ask};
use crate::foreign::{node, script};
use crate::noise;

const MIB: usize = 1024 * 1024;

/// Makes a file; its SHA-256, as another program computes it.
fn file(path: &Path, length: usize) -> String {
    let mut file = std::fs::File::create(path).unwrap();
    let block = noise(MIB);
    for _ in 0..length / MIB {
        file.write_all(&block).unwrap();
    }
    file.write_all(&block[..length % MIB]).unwrap();
    let said = Foreign::program("sha256sum", "coreutils").arg(path).run().succeeded();
    // A name that is not plain has a backslash before its line.
    said.trim_start_matches('\\').split_whitespace().next().unwrap().to_owned()
}

/// Uploads with tus-js-client while replicas are killed one after the other.
fn arrives_whole(cluster: &mut Cluster, token: &str, length: usize) {
    let path = cluster.folder.path().join("file.bin");
    let digest = file(&path, length);
    let endpoint = format!("http://{}/library/api/uploads", cluster.gateway.address());
    let arguments = [script("tus.cjs"), endpoint, token.to_owned(), path.display().to_string()];
    let client = node().args(arguments).arg("killed").serve();
    let (mut kills, mut seen) = (0, 0);
    loop {
        let text = eventually("the client to go on, or to end", || {
            let text = client.stdout().text();
            (text.contains("all well") || text.matches("sent ").count() > seen).then_some(text)
        });
        if text.contains("all well") {
            break;
        }
        seen = text.matches("sent ").count();
        let index = kills % 3;
        cluster.kill(index);
        cluster.start_again(index);
        kills += 1;
    }
    let bearer = format!("Bearer {token}");
    let target = "/library/api/items?sort=-created&limit=1";
    let list = ask(cluster.gateway.address(), "GET", target, &[("Authorization", &bearer)], b"");
    let item = list.json()["items"][0].clone();
    assert_eq!(
        (item["size"].as_u64(), item["sha256"].as_str()),
        (Some(length as u64), Some(&*digest))
    );
    // What is fetched is what was sent, too.
    let url = format!(
        "http://{}/library/api/items/{}/content",
        cluster.gateway.address(),
        item["id"].as_str().unwrap()
    );
    let fetch = format!(
        "curl -sS --retry 5 --retry-all-errors -H 'Authorization: {bearer}' {url} | sha256sum"
    );
    let said = Foreign::program("sh", "dash").args(["-c", &fetch]).run().succeeded();
    assert!(said.starts_with(&digest), "{said}");
    println!("{length} bytes arrived whole over {kills} kills");
}

#[test]
fn a_client_goes_on_while_replicas_are_killed() {
    let mut cluster = Cluster::start();
    let token = cluster.token();
    arrives_whole(&mut cluster, &token, 40 * MIB + 1);
}

#[test]
#[ignore = "minutes: cargo xtask test --long library"]
fn files_of_every_size_arrive_whole_while_replicas_are_killed() {
    let mut cluster = Cluster::start();
    let token = cluster.token();
    for length in [1, MIB, 100 * MIB, 2048 * MIB] {
        arrives_whole(&mut cluster, &token, length);
    }
}
