//! The payments sandbox that `up` starts for the library: a plan is subscribed to and paid, and no
//! money moves.

use serde_json::Value;
use tombolo_e2e::{Client, Response, eventually};

use crate::{Up, json, own_ports};

fn ask(at: &str, method: &str, target: &str, fields: &str, body: &str) -> Response {
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {at}\r\n{fields}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    Client::connect(at.parse().unwrap()).exchange(request)
}

#[test]
fn a_plan_is_paid_at_the_sandbox() {
    let first = own_ports();
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[gateway]\nlisten = [\"127.0.0.1:{first}\"]\nadmin = \"127.0.0.1:0\"\n[access_log]\n\
         [[service]]\nname = \"library\"\nreplicas = 1\nlisten = \"127.0.0.1:{}\"\n\
         payments = \"sandbox\"\n[[route]]\npath = \"/library\"\nupstream = \"library\"\n",
        first + 1
    );
    std::fs::write(folder.path().join("tombolo.toml"), text).unwrap();
    let up = Up::start_in(folder);
    assert_eq!(up.process("payments-sandbox-1")["state"], "up");
    let gateway = format!("127.0.0.1:{first}");
    let offer = json(&ask(&gateway, "GET", "/library/api/payments/provider", "", ""));
    assert_eq!(
        (offer["provider"].as_str(), offer["is_sandbox"].as_bool()),
        (Some("sandbox"), Some(true))
    );

    let kind = "Content-Type: application/json\r\n";
    let who = r#"{"email":"ana@example.org","password":"correct horse battery"}"#;
    let user = who.replace('{', r#"{"name":"Ana","#);
    assert_eq!(ask(&gateway, "POST", "/library/api/users", kind, &user).status(), 201);
    let session = json(&ask(&gateway, "POST", "/library/api/sessions", kind, who));
    let token = format!("Authorization: Bearer {}\r\n", session["token"].as_str().unwrap());
    let fields = format!("{kind}{token}Idempotency-Key: one\r\n");
    let plan = r#"{"plan":"plus"}"#;
    let made = ask(&gateway, "POST", "/library/api/subscriptions", &fields, plan);
    assert_eq!(made.status(), 201, "{}", made.text());
    let live = |found: fn(&Value) -> Option<String>| {
        let list = json(&ask(&gateway, "GET", "/library/api/subscriptions", &token, ""));
        found(&list["items"][0])
    };
    let checkout = eventually("a checkout page", || {
        live(|one| one["payment"]["checkout"].as_str().map(str::to_owned))
    });
    let rest = checkout.strip_prefix("http://").unwrap();
    let (sandbox, path) = rest.split_at(rest.find('/').unwrap());
    let page = ask(sandbox, "GET", path, "", "");
    assert!(page.text().contains("no money moves") && page.text().contains("5.00 EUR"));
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    assert_eq!(ask(sandbox, "POST", path, form, "act=pay").status(), 303);
    // The sandbox tells it at once; asking without being told would take half a minute.
    eventually("the plan to be active", || {
        live(|one| (one["state"] == "active").then(String::new))
    });
    // Its console shows what the library tells of itself.
    let admin = up.admin.to_string();
    let figures = json(&ask(&admin, "GET", "/api/v1/figures", "", ""));
    let library = &figures["services"][0];
    assert_eq!(
        (library["service"].as_str(), library["replica"].as_str()),
        (Some("library"), Some("library-1"))
    );
    let of = |name: &str| {
        let all = library["figures"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()["value"].as_u64().unwrap()
    };
    assert_eq!((of("users"), of("transfers_under_way")), (1, 0));
    // And nobody else is told.
    assert_eq!(ask(&gateway, "GET", "/statistics", "", "").status(), 404);
}
