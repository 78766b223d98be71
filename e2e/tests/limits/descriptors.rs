//! Few file descriptors: connections beyond are refused in words, and servers are not blamed.

use crate::willing;
use tombolo_e2e::{Client, Setup, Tombolo, WireError, eventually};

#[test]
fn with_few_descriptors_connections_are_refused_and_servers_stay_up() {
    let origin = willing();
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::to(&origin).workers(2).gateway("admin = \"127.0.0.1:0\"");
    let health = "health = { path = \"/\", interval = \"50ms\" }";
    std::fs::write(folder.path().join("t.toml"), setup.upstream(health).text()).unwrap();
    let limited = "ulimit -n 256; exec \"$0\" gateway -c t.toml";
    let program = Tombolo::path();
    let gateway =
        Tombolo::start_program_in(folder, "sh", &["-c", limited, program.to_str().unwrap()])
            .listening();
    let mut quiet: Vec<Client> =
        (0..150).filter_map(|_| Client::try_connect(gateway.address()).ok()).collect();
    // Those that are in are served, in the order in which they came; the others were told why not.
    let served = quiet.iter_mut().map(|client| {
        client.try_send("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
        match client.read_response() {
            Ok(answer) => answer.status(),
            Err(WireError::Closed | WireError::Reset) => 503,
            Err(other) => panic!("{other:?}"),
        }
    });
    let served: Vec<u16> = served.collect();
    let places = served.iter().filter(|status| **status == 200).count();
    assert_eq!(places, (256 - 64 - 18) / 2, "{served:?}");
    assert!(served.iter().all(|status| [200, 503].contains(status)), "{served:?}");
    let admin = gateway.admin();
    let status = |path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {admin}\r\n\r\n");
        let answer = Client::connect(admin).exchange(request);
        String::from_utf8_lossy(&answer.body).into_owned()
    };
    assert!(status("/api/v1/status").contains("\"limit\": 87"), "the limit that holds is told");
    // Checks go on over connections of their own.
    let checks = || status("/api/v1/status").matches("\"state\": \"up\"").count();
    assert_eq!(checks(), 1, "the server is well");
    drop(quiet);
    eventually("a place that is free again", || {
        (gateway.connect().get("/").status() == 200).then_some(())
    });
}
