//! Clients of both families at one socket: each is who it is by its own family.

use std::net::{Ipv4Addr, SocketAddr};

use tombolo_e2e::{Client, Origin, Tombolo, scripts};

#[test]
fn every_address_is_of_both_families() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = Tombolo::gateway(&format!(
        "[gateway]\nworkers = 1\nlisten = [\"[::]:0\"]\ntrusted = [\"127.0.0.2/32\"]\n\
         [access_log]\nstdout = true\nformat = \"json\"\n\
         [[upstream]]\nname = \"app\"\nservers = [\"{}\"]\n",
        origin.address()
    ));
    let port = gateway.address().port();
    let to = |ip: &str| SocketAddr::new(ip.parse().unwrap(), port);
    let told = "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\
                X-Forwarded-Proto: https\r\n\r\n";
    let mut trusted = Client::connect_from(to("127.0.0.1"), Ipv4Addr::new(127, 0, 0, 2));
    assert_eq!(trusted.exchange(told).status(), 200);
    assert_eq!(Client::connect(to("127.0.0.1")).exchange(told).status(), 200);
    assert_eq!(Client::connect(to("::1")).exchange(told).status(), 200);
    let requests = origin.requests();
    let field = |nth: usize, name: &str| requests[nth].head.one(name).map(str::to_owned);
    assert_eq!(field(0, "x-forwarded-for").as_deref(), Some("203.0.113.9, 127.0.0.2"));
    assert_eq!(field(0, "x-forwarded-proto").as_deref(), Some("https"), "the hop is believed");
    assert_eq!(field(1, "x-forwarded-proto").as_deref(), Some("http"));
    for (nth, client) in [(1, "for=127.0.0.1;"), (2, "for=\"[::1]\";")] {
        assert!(field(nth, "forwarded").unwrap().contains(client), "{:?}", requests[nth].head);
    }
    for client in ["127.0.0.2:", "127.0.0.1:", "[::1]:"] {
        gateway.wait_for_record("the client's address", |record| {
            record["client"].as_str().is_some_and(|shown| shown.starts_with(client))
        });
    }
}
