//! `tombolo status` and `tombolo purge`: words for people, JSON for programs, exit codes for scripts.

use super::start;
use serde_json::Value;
use tombolo_e2e::{Finished, Origin, Refusing, Setup, Tombolo, scripts};

fn run(arguments: &[&str]) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    Tombolo::run(folder.path(), arguments)
}

#[test]
fn status_is_a_table_or_json() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (gateway, address) = start(Setup::to(&origin));
    gateway.connect().get("/");
    let address = address.to_string();
    let told = run(&["status", "--admin", &address]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{told:?}");
    for words in ["UPSTREAM", "app", &origin.address().to_string(), "up", &gateway.url("")] {
        assert!(told.stdout.contains(words), "{words} in {}", told.stdout);
    }
    let told = run(&["status", "--admin", &format!("http://{address}/"), "--json"]);
    let status: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(status["pid"], gateway.pid());
}

#[test]
fn who_is_not_there_is_told_with_the_next_step() {
    let refusing = Refusing::new();
    let gone = refusing.address();
    let gone = gone.to_string();
    for command in [vec!["status"], vec!["purge", "--all"]] {
        let told = run(&[command.as_slice(), &["--admin", &gone]].concat());
        assert_eq!((told.code, told.stdout.as_str()), (Some(1), ""), "{told:?}");
        for words in ["cannot be reached", &gone, "--admin ADDR"] {
            assert!(told.stderr.contains(words), "{words} in {}", told.stderr);
        }
    }
}

#[test]
fn another_server_is_not_taken_for_a_gateway() {
    let origin = Origin::start(scripts::answer(scripts::ok("{}")));
    let (gateway, _) =
        start(Setup::to(&origin).routes("[[route]]\npath = \"/x\"\nupstream = \"app\""));
    let told = run(&["status", "--admin", &gateway.address().to_string()]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stderr.contains("is not the admin API"), "{told:?}");
}

#[test]
fn the_token_is_read_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let [right, wrong] = ["right", "wrong"].map(|name| folder.path().join(name));
    std::fs::write(&right, "0123456789abcdef\n").unwrap();
    std::fs::write(&wrong, "fedcba9876543210\n").unwrap();
    let lines = format!("admin = \"127.0.0.1:0\"\nadmin_token_file = {right:?}");
    let gateway = Setup::to_addresses(["127.0.0.1:9"]).gateway(&lines).start();
    let address = gateway.admin().to_string();
    let ask = |file: Option<&std::path::Path>| {
        let mut arguments = vec!["status", "--admin", &address];
        if let Some(file) = file {
            arguments.extend(["--token-file", file.to_str().unwrap()]);
        }
        run(&arguments)
    };
    assert_eq!(ask(Some(&right)).code, Some(0));
    for (told, words) in [
        (ask(None), "--token-file FILE"),
        (ask(Some(&wrong)), "does not know the token"),
        (ask(Some(&folder.path().join("none"))), "cannot be read"),
    ] {
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(told.stderr.contains(words) && !told.stderr.contains("fedcba"), "{told:?}");
    }
}

#[test]
fn purge_tells_mistakes_apart_from_failures() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, address) = start(Setup::to(&origin));
    let address = address.to_string();
    for (what, code, words) in [
        (vec!["http://example.org/"], 1, "no cache"),
        (vec!["--tag", "t", "--soft"], 1, "no cache"),
        (vec!["--all", "--json"], 1, "no cache"),
        (vec!["/page"], 2, "a whole URL"),
        (vec!["--prefix", "http://"], 2, "a whole URL"),
        (vec![], 2, "required"),
        (vec!["--all", "--tag", "t"], 2, "cannot be used with"),
    ] {
        let told = run(&[&["purge", "--admin", &address], what.as_slice()].concat());
        assert_eq!(told.code, Some(code), "{what:?}: {told:?}");
        assert!(told.stderr.contains(words) && told.stdout.is_empty(), "{what:?}: {told:?}");
    }
}

/// A gateway whose socket is where `tombolo up` puts it: no command needs an address.
#[test]
fn the_gateway_is_found_by_its_socket() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("tombolo-data/run/gateway.sock");
    std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
    let lines = format!("admin_socket = {socket:?}");
    let gateway = Setup::to_addresses(["127.0.0.1:9"]).gateway(&lines).start();
    let told = |arguments: &[&str], folder: &std::path::Path, variable| {
        Tombolo::run_with(folder, arguments, variable)
    };
    let pid = format!("process {}, ", gateway.pid());
    let told_of = |finished: Finished| finished.succeeded().contains(&pid);
    assert!(told_of(told(&["status"], folder.path(), None)));
    let elsewhere = tempfile::tempdir().unwrap();
    let data = folder.path().join("tombolo-data");
    assert!(told_of(told(&["status", "--data", data.to_str().unwrap()], elsewhere.path(), None)));
    let named = format!("unix:{}", socket.display());
    assert!(told_of(told(&["status", "--admin", &named], elsewhere.path(), None)));
    assert!(told_of(told(&["status"], elsewhere.path(), Some(("TOMBOLO_ADMIN", &named)))));
    drop(gateway);
    // What a killed gateway leaves behind.
    let _ = std::fs::remove_file(&socket);
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let finished = told(&["status", "--admin", &named], elsewhere.path(), None);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("gateway.sock cannot be reached"), "{finished:?}");
}

#[test]
fn the_status_is_watched_until_its_reader_leaves() {
    let (gateway, address) = start(Setup::to_addresses(["127.0.0.1:9"]));
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["status", "--watch", "1", "--json", "--admin", &address.to_string()];
    let watching = Tombolo::program().args(arguments).folder(folder.path()).serve();
    for _ in 0..2 {
        watching.stdout().wait_for("a line of JSON", |line| {
            let status: Value = serde_json::from_str(line).ok()?;
            (status["pid"] == gateway.pid()).then_some(())
        });
    }
}
