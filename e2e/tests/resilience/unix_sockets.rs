//! Servers that listen on Unix sockets: everything that a server at a port has, they have too.

use std::path::PathBuf;

use crate::{administered, server_is, start, upstream};
use tombolo_e2e::{Client, Origin, Setup, Tombolo, eventually, scripts};

/// A folder of a test and the path of a socket in it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    (folder, path)
}

fn answering(path: &std::path::Path, text: &str) -> Origin {
    Origin::start_unix(path, scripts::answer(scripts::ok(text)))
}

fn served_by(client: &mut Client) -> String {
    let answer = client.get("/");
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer
        .head
        .fields
        .iter()
        .find(|(name, _)| name == "X-Served-By")
        .expect("X-Served-By")
        .1
        .clone()
}

#[test]
fn a_connection_is_used_again_and_the_path_is_the_servers_name() {
    let (_folder, path) = place();
    let origin = Origin::start_unix(&path, scripts::echo());
    let name = origin.server();
    let (gateway, admin) = start(Setup::to(&origin));
    let mut client = gateway.connect();
    assert_eq!(served_by(&mut client), name);
    let post = "POST /form HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello";
    assert!(client.exchange(post).text().ends_with("\r\n\r\nhello"));
    let chunked =
        "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    assert!(client.exchange(chunked).text().ends_with("\r\n\r\nhi"));
    // HTTP/1.0 may leave the host out, and a path is none.
    let mut old = gateway.connect();
    assert!(old.exchange("GET / HTTP/1.0\r\n\r\n").text().contains("\r\nHost: localhost\r\n"));
    assert_eq!(origin.connections(), 1);
    let told = upstream(admin)["backends"][0].clone();
    assert_eq!(
        (&told["address"], &told["resolved"][0]),
        (&name.clone().into(), &name.clone().into())
    );
    assert_eq!((&told["state"], &told["requests"]), (&"up".into(), &4.into()));
    gateway.wait_for_record("the server in the log", |record| record["backend"] == name.as_str());
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {admin}\r\n\r\n");
    let metrics = Client::connect(admin).exchange(request).text();
    assert!(metrics.contains(&format!("=\"{name}\"")), "{metrics}");
    let url = "http://a.test/form";
    let arguments = ["why", url, "--admin", &admin.to_string()];
    let why = Tombolo::run(gateway.folder(), &arguments).succeeded();
    assert!(why.contains(&name), "{why}");
}

/// More than fits in any buffer, each way: moved inside the kernel where that is possible.
#[test]
fn large_bodies_pass_both_ways() {
    const SIZE: usize = 8 << 20;
    let (_folder, path) = place();
    let origin = Origin::start_unix(&path, |connection| {
        connection.stop_recording();
        let request = connection.read_request()?;
        assert!(request.body.len() == SIZE && request.body.iter().all(|byte| *byte == b'u'));
        connection.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n"))?;
        connection.write(vec![b'd'; SIZE])
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send(format!("PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: {SIZE}\r\n\r\n"));
    client.send(vec![b'u'; SIZE]);
    let answer = client.read_response().unwrap();
    assert!(answer.body.len() == SIZE && answer.body.iter().all(|byte| *byte == b'd'));
}

/// A request goes to another server while this one is gone; when it is back it gets its share.
#[test]
fn a_server_that_goes_and_comes_back() {
    let (folder, path) = place();
    let other_path = folder.path().join("other.sock");
    let closing = |path| {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        Origin::start_unix(path, scripts::answer_and_close(answer))
    };
    let (mut one, other) = (closing(&path), closing(&other_path));
    let lines = "slow_start = \"0s\"\nejection = { time = \"100ms\" }\nretry_budget = false";
    let setup = Setup::to_all([&one, &other]).upstream(lines);
    let (gateway, _admin) = start(setup);
    let both = || {
        let mut client = gateway.connect();
        let mut names: Vec<String> = (0..20).map(|_| served_by(&mut client)).collect();
        names.sort();
        names.dedup();
        names
    };
    assert_eq!(both().len(), 2);
    one.stop();
    drop(one);
    let mut client = gateway.connect();
    eventually("the one to be passed over", || {
        (0..10).all(|_| served_by(&mut client) == other.server()).then_some(())
    });
    let back = closing(&path);
    eventually("the one to be back", || (both().len() == 2).then_some(()));
    assert!(back.connections() > 0);
}

/// With no other server the client is told, and the log says which socket and why.
#[test]
fn a_socket_that_is_not_there_is_a_502_and_no_mistake() {
    let (_folder, path) = place();
    let gateway = Setup::to_addresses([format!("unix:{}", path.display())]).start();
    assert_eq!(gateway.connect().get("/").status(), 502);
    let origin = answering(&path, "here now");
    eventually("the server to be found", || {
        (gateway.connect().get("/").text() == "here now").then_some(())
    });
    drop(origin);
}

#[test]
fn checks_follow_a_server_and_ask_for_localhost() {
    let (_folder, path) = place();
    let mut origin = Origin::start_unix(&path, scripts::answer_and_close(scripts::ok("well")));
    let check = "health = { path = \"/health\", interval = \"50ms\", healthy = 1, unhealthy = 2 }";
    let (_gateway, admin) = start(Setup::to(&origin).upstream(check));
    eventually("a check to succeed", || {
        (upstream(admin)["backends"][0]["checks"]["succeeded"].as_u64() > Some(0)).then_some(())
    });
    let asked = origin.requests().remove(0).head;
    let host = asked.fields.iter().find(|(name, _)| name == "Host").expect("Host");
    assert_eq!((asked.target(), host.1.as_str()), ("/health", "localhost"));
    origin.stop();
    let told = server_is(admin, 0, &["down"]);
    assert!(told["why"].as_str().unwrap().contains("cannot be connected to"), "{told}");
    drop(origin);
    let _origin = Origin::start_unix(&path, scripts::answer_and_close(scripts::ok("well")));
    server_is(admin, 0, &["up"]);
}

/// A drained server gets nothing, over a restart of the gateway too; a cookie leads to it otherwise.
#[test]
fn a_drained_server_gets_nothing_and_a_cookie_leads_to_its_own() {
    let (folder, path) = place();
    let other_path = folder.path().join("other.sock");
    let origins = [answering(&path, "one"), answering(&other_path, "other")];
    let setup =
        Setup::to_all(&origins).upstream("sticky = { cookie = \"at\" }\npolicy = \"round-robin\"");
    let (gateway, admin) = start(setup);
    let answer = gateway.connect().get("/");
    let set = answer.head.fields.iter().find(|(name, _)| name == "Set-Cookie").expect("a cookie");
    let cookie = set.1.split(';').next().unwrap().to_owned();
    let first = answer.text();
    let returning = format!("GET / HTTP/1.1\r\nHost: a.test\r\nCookie: {cookie}\r\n\r\n");
    let ask = |gateway: &Tombolo| gateway.connect().exchange(&returning).text();
    assert!((0..6).all(|_| ask(&gateway) == first));
    let (index, own) =
        origins.iter().enumerate().find(|(n, _)| (*n == 0) == (first == "one")).unwrap();
    let name = format!("app/{}", own.server());
    let arguments = ["drain", &name, "--admin", &admin.to_string()];
    let said = Tombolo::run(gateway.folder(), &arguments).succeeded();
    assert_eq!(said, format!("draining: {name}, 0 in flight\n"));
    server_is(admin, index, &["draining"]);
    let before = own.requests().len();
    assert!((0..6).all(|_| ask(&gateway) != first));
    // What is known of a server is kept under its name.
    let file = gateway.folder().join("gateway-state.json");
    eventually("it to be written down", || {
        let text = std::fs::read_to_string(&file).ok()?;
        (text.contains(&own.server()) && text.contains("draining")).then_some(())
    });
    let again = gateway.killed_and_started(&["gateway", "-c", "tombolo.toml"]).listening();
    let (gateway, admin) = administered(again);
    server_is(admin, index, &["draining"]);
    assert!((0..6).all(|_| ask(&gateway) != first));
    assert_eq!(own.requests().len(), before);
}

/// On the command line, and relative to the directory the gateway runs in.
#[test]
fn a_relative_path_on_the_command_line() {
    let (folder, path) = place();
    let arguments = ["gateway", "--listen", "127.0.0.1:0", "--upstream", "unix:app.sock"];
    // Dropped last, for the folder is its own.
    let gateway = Tombolo::start_in(folder, &arguments).listening();
    let _origin = answering(&path, "here");
    let mut client = gateway.connect();
    assert_eq!(served_by(&mut client), "unix:app.sock");
    assert_eq!(client.get("/").text(), "here");
}

/// A reload tells servers by their paths, and leaves what stays as it is.
#[test]
fn a_reload_adds_and_removes_servers() {
    let (folder, path) = place();
    let other_path = folder.path().join("other.sock");
    let origins = [answering(&path, "one"), answering(&other_path, "other")];
    let (one, other) = (origins[0].server(), origins[1].server());
    let setup = Setup::to(&origins[0]).gateway("admin = \"127.0.0.1:0\"");
    let (gateway, admin) = administered(setup.start());
    let mut client = gateway.connect();
    assert_eq!(client.get("/").text(), "one");
    let reload = |from: &str, to: &str| {
        let text = setup.text().replace(from, to);
        std::fs::write(gateway.folder().join("tombolo.toml"), text).unwrap();
        let arguments = ["reload", "--admin", &admin.to_string()];
        Tombolo::run(gateway.folder(), &arguments).succeeded()
    };
    let said = reload(&format!("{one:?}"), &format!("{one:?}, {other:?}"));
    assert!(said.contains(&format!("+ server {other} of app")), "{said}");
    eventually("the other to be asked", || (client.get("/").text() == "other").then_some(()));
    eventually("the one to be asked", || (client.get("/").text() == "one").then_some(()));
    assert_eq!(origins[0].connections(), 1, "its connection stays");
    let said = reload(&one, &other);
    assert!(said.contains(&format!("- server {one} of app")), "{said}");
    assert!((0..4).all(|_| client.get("/").text() == "other"));
}
