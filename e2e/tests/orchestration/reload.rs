//! `up -c FILE`: a reload reads FILE, and gateway and services follow it.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tombolo_e2e::{Client, eventually};

use crate::rollout::under_load;
use crate::{Up, json as json_of, own_ports, text};

/// The file of [`Up::start`] with other replicas, another folder and further tables.
fn write(up: &Up, replicas: usize, root: &str, gateway: &str, tables: &str) {
    let listen = own_ports();
    let text = format!(
        "[gateway]\nlisten = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n{gateway}\n\
         [access_log]\nfile = \"access.log\"\n\
         [[service]]\nname = \"site\"\nroot = \"{root}\"\nreplicas = {replicas}\n\
         listen = \"127.0.0.1:{listen}\"\n{tables}"
    );
    std::fs::write(up.process.folder().join("tombolo.toml"), text).unwrap();
}

fn reload(up: &Up) -> (u16, Value) {
    let answer = up.post("/api/v1/reload", "{}");
    (answer.status(), json_of(&answer))
}

/// The change of this thing in an answer.
fn change(told: &Value, what: &str, name: &str) -> Value {
    let changes = told["changes"].as_array().unwrap().iter();
    let mut found = changes.filter(|one| one["what"] == what && one["name"] == name);
    found.next().cloned().unwrap_or_else(|| panic!("no {what} {name} in {told:#}"))
}

fn get(up: &Up, host: &str, path: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let answer = Client::connect(up.gateway).exchange(request);
    (answer.status(), answer.text().to_owned())
}

#[test]
fn services_are_added_scaled_changed_and_removed_and_no_request_fails() {
    let up = Up::start("");
    let chat = format!(
        "[[service]]\nname = \"chat\"\nreplicas = 1\nlisten = \"127.0.0.1:{}\"\n\
         [[route]]\npath = \"/\"\nupstream = \"site\"\n[[route]]\nhost = \"chat.test\"\npath = \"/\"\nupstream = \"chat\"\n",
        own_ports() + 6
    );
    let load = under_load(&up, || {
        write(&up, 3, "public", "", &chat);
        let (status, told) = reload(&up);
        assert_eq!(status, 200, "{told:#}");
        assert_eq!(change(&told, "service", "chat")["change"], "added");
        let site = change(&told, "service", "site");
        assert_eq!(site["fields"]["replicas"], json!({ "from": "2", "to": "3" }), "{site:#}");
        assert_eq!(change(&told, "upstream", "chat")["change"], "added");
        // Whoever is answered finds it in force.
        assert_eq!(get(&up, "chat.test", "/health").0, 200);
        assert_eq!(up.status()["services"].as_array().unwrap().len(), 2);

        let before = up.process("site-1")["pid"].clone();
        let public = up.process.folder().join("public");
        write(&up, 1, public.to_str().unwrap(), "", "");
        let told = up.run(&["reload"]);
        assert_eq!(told.code, Some(0), "{told:?}");
        for part in ["- service chat", "~ service site", "replicas: 3 -> 1", "root: public -> /"] {
            assert!(told.stdout.contains(part), "{part}: {told:?}");
        }
        let status = up.status();
        assert_eq!(status["services"].as_array().unwrap().len(), 1, "{status:#}");
        let site = &status["services"][0];
        assert_eq!((&site["replicas"], &site["configured"]), (&json!(1), &json!(1)), "{site:#}");
        assert_eq!(status["operation"]["state"], "done", "{status:#}");
        assert_ne!(up.process("site-1")["pid"], before, "it has the other folder");
        assert_eq!(status["reload"]["successful"], true, "{status:#}");
    });
    assert_eq!(load.failed, Vec::<String>::new());
    assert!(load.requests > 50, "{}", load.requests);
    let (status, told) = reload(&up);
    assert_eq!((status, &told["changed"]), (200, &json!(false)), "{told:#}");
    assert_eq!(told["kept"]["services"], 1, "{told:#}");
}

#[test]
fn replicas_move_to_where_the_file_says_and_no_request_fails() {
    let up = Up::start("");
    let load = under_load(&up, || {
        let file = up.process.folder().join("tombolo.toml");
        let (old, new) = (own_ports(), own_ports() + 4);
        let moved = text(&file).replace(&old.to_string(), &new.to_string());
        std::fs::write(&file, moved).unwrap();
        let told = up.run(&["reload"]);
        assert_eq!(told.code, Some(0), "{told:?}");
        for (name, port) in [("site-1", new), ("site-2", new + 1)] {
            let address = format!("http://127.0.0.1:{port}");
            assert_eq!(up.process(name)["addresses"], json!([address]));
        }
    });
    assert_eq!(load.failed, Vec::<String>::new());
}

#[test]
fn mistakes_are_those_of_the_file_and_change_nothing() {
    let up = Up::start("");
    let pids = || [up.process("site-1")["pid"].clone(), up.process("site-2")["pid"].clone()];
    let before = pids();
    let generated = text(&up.process.folder().join("tombolo-data/run/gateway.toml"));
    write(&up, 5, "public", "lisen = 1", "[[route]]\npath = \"/\"\nupstream = \"none\"\n");
    let (status, problem) = reload(&up);
    assert_eq!(status, 422, "{problem:#}");
    let errors = problem["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{problem:#}");
    assert_eq!((&errors[0]["file"], &errors[0]["line"]), (&json!("tombolo.toml"), &json!(4)));
    let told = up.run(&["reload"]);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(told.stderr.contains("tombolo.toml:4:1:"), "{told:?}");
    // By a signal nobody is answered: the status tells.
    kill_process(Pid::from_raw(up.process.pid().try_into().unwrap()).unwrap(), Signal::HUP)
        .unwrap();
    up.process.stderr().wait_for_text("tombolo.toml:4:1:");
    let last = &up.status()["reload"];
    assert_eq!(last["successful"], false, "{last:#}");
    assert_eq!(pids(), before);
    assert_eq!(text(&up.process.folder().join("tombolo-data/run/gateway.toml")), generated);
}

#[test]
fn what_the_gateway_or_a_replica_refuses_is_taken_back_whole() {
    let up = Up::start("");
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap();
    let file = up.process.folder().join("tombolo.toml");
    let good = text(&file);
    // The gateway cannot have a new address.
    let listen = format!("listen = [\"127.0.0.1:0\", \"{taken}\"]");
    let more = good.replace("replicas = 2", "replicas = 3");
    std::fs::write(&file, more.replacen("listen = [\"127.0.0.1:0\"]", &listen, 1)).unwrap();
    let (status, problem) = reload(&up);
    let detail = problem["detail"].as_str().unwrap();
    assert!(status == 409 && detail.contains(&taken.to_string()), "{problem:#}");
    // A new replica cannot have its port.
    let third = std::net::TcpListener::bind(("127.0.0.1", (own_ports() + 2) as u16)).unwrap();
    std::fs::write(&file, &more).unwrap();
    let (status, problem) = reload(&up);
    let detail = problem["detail"].as_str().unwrap();
    assert!(status == 409 && detail.contains("site-3"), "{problem:#}");
    let status = up.status();
    assert_eq!(status["services"][0]["replicas"], 2, "{status:#}");
    assert_eq!(status["listeners"].as_array().unwrap().len(), 1, "{status:#}");
    assert_eq!(get(&up, "a", "/"), (200, "the page".to_owned()));
    drop(third);
    let (status, told) = reload(&up);
    assert_eq!(status, 200, "{told:#}");
    assert_eq!(up.status()["services"][0]["up"], 3);
}

#[test]
fn saved_file_is_read_by_itself_and_a_signal_reads_it_too() {
    let up = Up::start("");
    write(&up, 2, "public", "watch = true", "");
    kill_process(Pid::from_raw(up.process.pid().try_into().unwrap()).unwrap(), Signal::HUP)
        .unwrap();
    eventually("the file to be read after a signal", || {
        up.status()["reload"]["time"].is_string().then_some(())
    });
    write(&up, 3, "public", "watch = true", "");
    eventually("the saved file to be in force", || {
        (up.status()["services"][0]["up"] == 3).then_some(())
    });
}

#[test]
fn one_change_at_a_time() {
    let up = Up::start("");
    assert_eq!(up.post("/api/v1/restart", "{\"service\":\"site\"}").status(), 202);
    let (status, problem) = reload(&up);
    assert!(
        status == 409 && problem["detail"].as_str().unwrap().contains("Try again"),
        "{status} {problem:#}"
    );
    assert_eq!(up.status()["reload"]["successful"], false);
}
