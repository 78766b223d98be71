//! What a reload answers: what changes, what stays, what needs a restart.

use crate::{Changing, origin};
use serde_json::{Value, json};
use tombolo_e2e::{Finished, Setup, Tombolo};

fn run(changing: &Changing, arguments: &[&str]) -> Finished {
    let admin = changing.admin.to_string();
    let arguments = [arguments, &["--admin", &admin]].concat();
    Tombolo::run(changing.gateway.folder(), &arguments)
}

const ROUTES: &str =
    "[[route]]\npath = \"/\"\nupstream = \"app\"\n[[route]]\npath = \"/b\"\nupstream = \"app\"";

#[test]
fn the_answer_names_what_changed_and_counts_what_did_not() {
    let (one, two) = (origin("one"), origin("two"));
    let changing = Changing::start(&Setup::to(&one));
    let after = Setup::to(&two).timeouts("idle = \"60s\"").workers(2).routes(ROUTES);
    let told = changing.reload(&after);
    let server = |origin: &tombolo_e2e::Origin, how: &str| json!({"what": "server", "upstream": "app", "name": origin.address().to_string(), "change": how});
    let changes = json!([
        {"what": "route", "name": "/b", "change": "added"},
        server(&one, "removed"),
        server(&two, "added"),
        {"what": "setting", "name": "gateway.timeouts.idle", "change": "changed", "from": "75s", "to": "60s"},
    ]);
    let kept = json!({"listeners": 1, "routes": 1, "upstreams": 1, "servers": 0, "tcp": 0});
    let workers = json!([{"what": "setting", "name": "gateway.workers", "change": "changed", "from": "1", "to": "2"}]);
    assert_eq!(
        (&told["changed"], &told["changes"], &told["kept"]),
        (&true.into(), &changes, &kept)
    );
    assert_eq!(told["restart"], workers);
    assert_eq!(changing.status()["workers"], 1);
    changing.gateway.stderr().wait_for_text("gateway.workers 1 -> 2");
    let again = changing.reload(&after);
    assert_eq!((&again["changed"], &again["changes"]), (&false.into(), &json!([])));
    assert_eq!(again["restart"], workers, "told until it holds");
}

#[test]
fn the_command_tells_in_words_or_json_and_exits_as_a_script_expects() {
    let (one, two) = (origin("one"), origin("two"));
    let changing = Changing::start(&Setup::to(&one));
    let told = run(&changing, &["reload"]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{told:?}");
    assert!(
        told.stdout.starts_with("reloaded: nothing has changed\nas before: 1 listeners"),
        "{told:?}"
    );
    changing.write(&Setup::to_all([&one, &two]));
    let told = run(&changing, &["reload"]);
    assert!(told.stdout.contains(&format!("+ server {} of app\n", two.address())), "{told:?}");
    changing.write(&Setup::to(&one));
    let told = run(&changing, &["reload", "--json"]);
    let answer: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((told.code, &answer["changed"]), (Some(0), &Value::Bool(true)));
    changing.write_text("[gateway]\nlisen = 1\n");
    let told = run(&changing, &["reload"]);
    assert_eq!((told.code, told.stdout.as_str()), (Some(2), ""), "{told:?}");
    for words in ["nothing has changed", "tombolo.toml:2:1:", "listen", "hint:"] {
        assert!(told.stderr.contains(words), "{words} in {}", told.stderr);
    }
    let told = run(&changing, &["reload", "--json"]);
    let problem: Value = serde_json::from_str(&told.stdout).unwrap();
    let errors = problem["errors"].as_array().unwrap();
    assert!(told.code == Some(2) && errors.iter().any(|one| one["line"] == 2), "{told:?}");
}
