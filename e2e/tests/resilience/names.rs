//! Servers by name: one name, several servers; answers that change; SRV records; a resolver that fails.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use serde_json::Value;

use crate::{start, upstream};
use tombolo_e2e::{Client, Dns, Origin, Record, Setup, Tombolo, eventually, scripts};

/// Servers on one port of addresses of this machine, each of which answers with its address, and keeps
/// connections or not.
fn origins<const N: usize>(last: [u8; N], keeps: bool) -> ([Origin; N], u16) {
    let mut port = 0;
    let origins = last.map(|last| {
        let address = SocketAddr::from(([127, 0, 0, last], port));
        let text = scripts::ok(&last.to_string());
        let origin = if keeps {
            Origin::start_at(address, scripts::answer(text))
        } else {
            let text = text.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
            Origin::start_at(address, scripts::answer_and_close(text))
        };
        port = origin.address().port();
        origin
    });
    (origins, port)
}

fn addresses<const N: usize>(last: [u8; N]) -> [Record; N] {
    last.map(|last| Record::A(Ipv4Addr::new(127, 0, 0, last)))
}

fn named(dns: &Dns, server: &str) -> (Tombolo, SocketAddr) {
    let setup = Setup::to_addresses([server.to_owned()]).workers(2);
    start(setup.gateway(&format!("dns = [\"{}\"]", dns.address())))
}

/// Who answered so many requests.
fn answered(client: &mut Client, requests: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for _ in 0..requests {
        *counts.entry(client.get("/").text()).or_default() += 1;
    }
    counts
}

fn backends(admin: SocketAddr) -> Vec<Value> {
    upstream(admin)["backends"].as_array().unwrap().clone()
}

#[test]
fn a_name_with_several_addresses_is_several_servers() {
    let (mut origins, port) = origins([11, 12], false);
    let dns = Dns::start();
    dns.set("app.test", 3600, &addresses([12, 11]));
    let (gateway, admin) = named(&dns, &format!("app.test:{port}"));
    let mut client = gateway.connect();
    assert_eq!(answered(&mut client, 40), BTreeMap::from([("11".into(), 20), ("12".into(), 20)]));
    let told = backends(admin);
    let names: Vec<&str> = told.iter().map(|one| one["address"].as_str().unwrap()).collect();
    assert_eq!(names, [11, 12].map(|last| format!("app.test:{port}/127.0.0.{last}")));
    assert!(told.iter().all(|one| one["requests"] == 20 && one["state"] == "up"), "{told:?}");
    // One of them dies: the other has all, and is not blamed.
    origins[0].stop();
    drop(client);
    let mut client = gateway.connect();
    eventually("the one to be left out", || {
        let all = answered(&mut client, 10);
        assert!(all.keys().all(|one| one == "11" || one == "12"), "{all:?}");
        (backends(admin)[0]["state"] == "ejected").then_some(())
    });
    assert_eq!(backends(admin)[1]["state"], "up");
    assert_eq!(answered(&mut client, 10), BTreeMap::from([("12".into(), 10)]));
}

#[test]
fn connections_follow_the_name_and_stay_when_the_resolver_fails() {
    let (_origins, port) = origins([11, 12], true);
    let dns = Dns::start();
    dns.set("app.test", 1, &addresses([11]));
    let server = format!("app.test:{port}");
    let (gateway, admin) = named(&dns, &server);
    let mut client = gateway.connect();
    let first = client.get("/");
    assert_eq!((first.text().as_str(), first.head.one("x-served-by")), ("11", Some(&*server)));
    dns.set("app.test", 1, &addresses([12]));
    // The client's connection is kept, and the gateway had one to the first.
    eventually("the other address", || (client.get("/").text() == "12").then_some(()));
    assert_eq!(answered(&mut client, 20), BTreeMap::from([("12".into(), 20)]));
    assert_eq!(backends(admin).len(), 1);
    dns.set("app.test", 1, &addresses([11, 12]));
    eventually("both addresses", || (backends(admin).len() == 2).then_some(()));
    assert_eq!(answered(&mut client, 20).len(), 2);
    dns.set("app.test", 1, &[]);
    gateway.stderr().wait_for_text("no longer resolves");
    assert_eq!(answered(&mut client, 20).len(), 2);
}

#[test]
fn answers_are_kept_for_as_long_as_they_say() {
    let (_origins, port) = origins([11], true);
    let dns = Dns::start();
    dns.set("long.test", 3600, &addresses([11]));
    dns.set("brief.test", 1, &addresses([11]));
    let servers = [format!("long.test:{port}"), format!("brief.test:{port}")];
    let setup = Setup::to_addresses(servers).gateway(&format!("dns = [\"{}\"]", dns.address()));
    let (_gateway, _) = start(setup);
    eventually("the brief one to be asked again", || {
        (dns.questions("brief.test") >= 3).then_some(())
    });
    assert_eq!(dns.questions("long.test"), 1);
}

#[test]
fn srv_records_have_hosts_ports_weights_and_priorities() {
    let (mut origins, port) = origins([11, 12, 13], false);
    let dns = Dns::start();
    let record = |priority, weight, host: &str| Record::Srv(priority, weight, port, host.into());
    // One target without an address does not keep the others from being known.
    let gone = record(1, 5, "gone.test");
    let records = [record(1, 3, "a.test"), record(1, 1, "b.test"), record(2, 9, "c.test"), gone];
    dns.set("_http._tcp.app.test", 3600, &records);
    for (name, last) in [("a.test", 11), ("b.test", 12), ("c.test", 13)] {
        dns.set(name, 3600, &addresses([last]));
    }
    let dns_line = format!("dns = [\"{}\"]", dns.address());
    let text =
        Setup::to_addresses(["127.0.0.1:1"]).gateway("admin = \"127.0.0.1:0\"").gateway(&dns_line);
    let text = text.text().replace("servers = [\"127.0.0.1:1\"]", "srv = \"_http._tcp.app.test\"");
    let gateway = Tombolo::gateway(&text);
    let admin = gateway.admin();
    let mut client = gateway.connect();
    // Turns of the third, which stands by, are divided among the others.
    let counts = answered(&mut client, 80);
    assert!(counts.len() == 2 && counts["11"].abs_diff(60) <= 4, "{counts:?}");
    assert_eq!(client.get("/").head.one("x-served-by").map(|by| &by[1..7]), Some(".test:"));
    // With all of the first priority gone the next one serves, as one that is up.
    origins[0].stop();
    origins[1].stop();
    drop(client);
    let mut client = gateway.connect();
    eventually("the second priority", || {
        (answered(&mut client, 20) == BTreeMap::from([("13".into(), 20)])).then_some(())
    });
    assert_eq!(backends(admin)[2]["state"], "up");
    eventually("it to be chosen rather than fallen back to", || {
        (upstream(admin)["failing_open"] == false).then_some(())
    });
}

#[test]
fn a_name_that_does_not_resolve_is_down_everywhere() {
    let dns = Dns::start();
    let (gateway, admin) = named(&dns, "nowhere.test:80");
    let told = backends(admin);
    assert_eq!(
        (told[0]["state"].as_str(), told[0]["why"].as_str()),
        (Some("down"), Some("its name does not resolve"))
    );
    assert_eq!(upstream(admin)["failing_open"], true);
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {admin}\r\n\r\n");
    let metrics = Client::connect(admin).exchange(request).text();
    let state = |state: &str| {
        format!(
            "tombolo_upstream_backend_state{{upstream=\"app\",backend=\"nowhere.test:80\",state=\"{state}\"}}"
        )
    };
    assert!(metrics.contains(&format!("{} 1", state("down"))), "{metrics}");
    assert!(metrics.contains(&format!("{} 0", state("up"))), "{metrics}");
    assert_eq!(gateway.connect().get("/").status(), 502);
}
