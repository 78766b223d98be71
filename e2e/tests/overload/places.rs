//! What needs a place, for how long, and who goes elsewhere instead.

use crate::server::Server;
use crate::{asks, start, status, waiting};
use tombolo_e2e::{Connection, Origin, Setup, WireError};

/// A full server is passed over: by clients that a cookie keeps there, too.
#[test]
fn a_client_that_stays_goes_elsewhere_while_its_server_is_full() {
    let servers = [Server::held(), Server::held()];
    let lines = "sticky = { cookie = \"seat\" }\nlimit = { in_flight = 1, queue = 0 }";
    let setup = Setup::to_all(servers.iter().map(|server| &server.origin)).upstream(lines);
    let (gateway, _) = start(setup);
    servers[0].answer(1);
    let first = gateway.connect().get("/");
    let cookie =
        first.head.one("set-cookie").expect("a seat").split(';').next().unwrap().to_owned();
    let stays = || {
        let mut client = gateway.connect();
        client.send(format!("GET /stays HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n"));
        client
    };
    let mut one = stays();
    servers[0].was_asked(2);
    let mut two = stays();
    servers[1].was_asked(1);
    servers.iter().for_each(|server| server.answer(1));
    assert_eq!((status(&mut one), status(&mut two)), (200, 200));
}

/// A tunnel has its place for as long as it lasts.
#[test]
fn a_tunnel_keeps_its_place() {
    fn tunnel(connection: &mut Connection) -> Result<(), WireError> {
        loop {
            if connection.read_request()?.head.one("upgrade").is_some() {
                let switch = "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n";
                connection.write(switch)?;
                return connection.read_to_close();
            }
            connection.write(tombolo_e2e::scripts::ok("ok"))?;
        }
    }
    let origin = Origin::start(tunnel);
    let lines = "limit = { in_flight = 1, queue = 5, wait = \"1m\" }";
    let (gateway, admin) = start(Setup::to(&origin).upstream(lines));
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    assert_eq!(client.wire.read_head().expect("an answer").status(), 101);
    let mut next = asks(&gateway, "/");
    waiting(admin, 1);
    drop(client);
    assert_eq!(status(&mut next), 200);
}

/// What is stored is served however full the servers are.
#[test]
fn a_hit_needs_no_place() {
    let server = Server::held();
    let lines = "limit = { in_flight = 1, queue = 0 }";
    let routes = "[[route]]\nupstream = \"app\"\ncache = true\n[cache]\ndir = \"kept\"";
    let (gateway, _) = start(Setup::to(&server.origin).upstream(lines).routes(routes));
    server.answer(1);
    assert_eq!(gateway.connect().get("/kept").status(), 200);
    let mut inside = asks(&gateway, "/inside");
    server.was_asked(2);
    let hit = gateway.connect().get("/kept");
    assert_eq!(hit.status(), 200, "{}", hit.text());
    assert_eq!(gateway.connect().get("/else").status(), 503);
    server.answer(1);
    assert_eq!(status(&mut inside), 200);
    assert_eq!(server.targets(), ["/kept", "/inside"]);
}

/// A request that goes on to another server needs a place there, and waits for it.
#[test]
fn a_repeat_waits_for_its_place() {
    let broken = Origin::start(|connection| connection.read_request().map(drop));
    let busy = Server::held();
    let lines = "ejection = false\nlimit = { in_flight = 1, wait = \"1m\" }";
    let (gateway, admin) = start(Setup::to_all([&broken, &busy.origin]).upstream(lines));
    // It is there in the end, perhaps by way of the one that breaks.
    let mut held = asks(&gateway, "/held");
    busy.was_asked(1);
    let mut repeats = asks(&gateway, "/repeats");
    waiting(admin, 1);
    assert!(broken.requests().iter().any(|request| request.head.target() == "/repeats"));
    assert_eq!(busy.targets(), ["/held"]);
    busy.answer(2);
    assert_eq!((status(&mut held), status(&mut repeats)), (200, 200));
    assert_eq!(busy.most(), 1);
}
