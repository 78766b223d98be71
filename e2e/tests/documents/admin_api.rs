//! Members of the JSON that the admin API answers, and its endpoints, as in docs/admin-api.md.

use std::net::SocketAddr;

use serde_json::Value;
use tombolo_e2e::{Client, Origin, Response, Setup, Tombolo, scripts};

use super::{Names, compare, quoted, rows, section, text};

fn get(admin: SocketAddr, path: &str) -> Response {
    Client::connect(admin).exchange(format!("GET {path} HTTP/1.1\r\nHost: {admin}\r\n\r\n"))
}

fn json(admin: SocketAddr, path: &str) -> Value {
    serde_json::from_slice(&get(admin, path).body).unwrap()
}

/// Where the admin API of a `tombolo up` is.
pub(super) fn admin_of(up: &Tombolo) -> SocketAddr {
    let told = up.folder().join("tombolo-data/run/gateway.toml");
    let told = std::fs::read_to_string(told).unwrap();
    let line = told.lines().find_map(|line| line.strip_prefix("admin = ")).unwrap();
    line.trim_matches('"').parse().unwrap()
}

/// The names of all members, at any depth.
fn members(value: &Value, found: &mut Names) {
    match value {
        Value::Object(all) => {
            for (name, value) in all {
                found.insert(name.clone());
                members(value, found);
            }
        }
        Value::Array(all) => all.iter().for_each(|one| members(one, found)),
        _ => {}
    }
}

/// The last part of a member as documents write it: `backends[].checks` is `checks`.
fn leaf(member: &str) -> &str {
    member.rsplit('.').next().unwrap_or(member).trim_end_matches("[]")
}

/// The members in the first column of the tables of these sections, and all that is quoted there.
fn documented(headings: &[&str]) -> (Names, Names) {
    let document = text("docs/admin-api.md");
    let (mut first, mut all) = (Names::new(), Names::new());
    for heading in headings {
        let section = section(&document, heading);
        for row in rows(&section) {
            first.extend(quoted(&row[0]).iter().map(|name| leaf(name).to_owned()));
        }
        for name in quoted(&section.replace("```", "")) {
            all.extend(name.split('.').map(|part| leaf(part).to_owned()));
        }
    }
    (first, all)
}

/// Compares what is answered with the documents: each member is mentioned, and each in a first
/// column is there. `values`: names of such a column that are no members.
fn compare_members(what: &str, headings: &[&str], answered: &Value, values: &[&str]) {
    let mut there = Names::new();
    members(answered, &mut there);
    let (first, all) = documented(headings);
    let missing: Names = there.difference(&all).cloned().collect();
    compare(what, &Names::new(), &missing);
    let invented = first.difference(&there).filter(|name| !values.contains(&name.as_str()));
    let invented: Names = invented.cloned().collect();
    compare(what, &invented, &Names::new());
}

#[test]
fn members_of_the_status_are_documented_and_documented_ones_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[gateway]\nlisten = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n[access_log]\n\
                [cache]\ndir = \"cache\"\n\
                [[upstream]]\nname = \"site\"\nlimit = 5\n\
                [[upstream]]\nname = \"calculator\"\n\
                [[route]]\npath = \"/\"\nupstream = \"site\"\n\
                [[tcp]]\nlisten = \"127.0.0.1:0\"\nupstream = \"calculator\"\n\
                [[service]]\nname = \"site\"\nreplicas = 1\n\
                [[service]]\nname = \"calculator\"\nreplicas = 1\n";
    std::fs::write(folder.path().join("t.toml"), text).unwrap();
    let up = Tombolo::start_in(folder, &["up", "-c", "t.toml"]).ended_gently();
    up.stderr().wait_for_text("all of it is ready");
    let admin = admin_of(&up);
    for command in [["reload"].as_slice(), &["restart", "site", "--now"]] {
        let asked = admin.to_string();
        let arguments = [command, &["--admin", &asked]].concat();
        let told = Tombolo::run(up.folder(), &arguments);
        assert_eq!(told.code, Some(0), "{told:?}");
    }
    let status = json(admin, "/api/v1/status");
    // Told only of disks that fail, and of a reload that was refused.
    let seldom = ["reason", "failures", "failure", "trouble"];
    compare_members(
        "status",
        &["## Status", "## Services and replicas", "### Outcomes of an attempt"],
        &status,
        &{
            let mut values = seldom.to_vec();
            // Statuses of the answers to `scale` and `restart`.
            values.extend(["202", "400", "409", "422", "503"]);
            values
        },
    );
}

#[test]
fn members_of_requests_and_why_are_documented_and_documented_ones_are_there() {
    let origin = Origin::start(scripts::answer(scripts::ok("page")));
    let setup = Setup::to(&origin).gateway("admin = \"127.0.0.1:0\"");
    let setup =
        setup.routes("[cache]\ndir = \"cache\"\n[[route]]\npath = \"/\"\nupstream = \"app\"");
    let gateway = setup.start();
    gateway.connect().get("/page");
    let admin = gateway.admin();
    let requests = tombolo_e2e::eventually("the request", || {
        let requests = json(admin, "/api/v1/requests");
        requests["requests"].get(0).is_some().then_some(requests)
    });
    compare_members("requests", &["## The last requests"], &requests, &[]);
    let why = json(admin, &format!("/api/v1/why?url=http://{}/page", gateway.address()));
    compare_members("why", &["## Why"], &why, &[]);
    let series = tombolo_e2e::eventually("a sample", || {
        let series = json(admin, "/api/v1/series");
        series["samples"].get(0).is_some().then_some(series)
    });
    compare_members("series", &["## Rates over time"], &series, &[]);
}

#[test]
fn every_documented_endpoint_is_there() {
    let origin = Origin::start(scripts::answer(scripts::ok("page")));
    let gateway = Setup::to(&origin).gateway("admin = \"127.0.0.1:0\"").start();
    let admin = gateway.admin();
    let table = section(&text("docs/admin-api.md"), "## Endpoints");
    let listed: Vec<String> = rows(&table).iter().flat_map(|row| quoted(&row[0])).collect();
    assert!(listed.len() > 12, "{listed:?}");
    for endpoint in listed {
        let (method, path) = endpoint.split_once(' ').unwrap();
        let path = path.replace("{file}", "console.css");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {admin}\r\nContent-Type: application/json\r\n\
             Content-Length: 0\r\n\r\n"
        );
        let status = Client::connect(admin).exchange(request).status();
        assert!(![404, 405].contains(&status), "{endpoint}: {status}");
    }
}
