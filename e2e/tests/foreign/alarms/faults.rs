//! Gateways, each with a fault of its own that can be made.

mod itself;
mod servers;
mod services;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use tombolo_e2e::{Client, Gate, Origin, Refusing, Response, Setup, Tombolo, eventually, scripts};

/// A gateway and what is going to be wrong with it.
pub(super) struct Fault {
    what: &'static str,
    alarms: &'static [&'static str],
    admin: SocketAddr,
    make: Box<dyn FnMut() + Send>,
}

impl Fault {
    pub(super) fn what(&self) -> &'static str {
        self.what
    }

    /// The alarms that have to fire, and no other.
    pub(super) fn alarms(&self) -> &'static [&'static str] {
        self.alarms
    }

    /// What Prometheus calls the gateway.
    pub(super) fn instance(&self) -> String {
        self.admin.to_string()
    }

    /// Makes the fault.
    pub(super) fn make(&mut self) {
        (self.make)();
    }
}

fn fault(
    what: &'static str,
    alarms: &'static [&'static str],
    gateway: Tombolo,
    mut make: impl FnMut(&mut Tombolo) + Send + 'static,
) -> Fault {
    let mut gateway = gateway;
    fault_of(what, alarms, gateway.admin(), move || make(&mut gateway))
}

/// A fault of what has its metrics at this address.
fn fault_of(
    what: &'static str,
    alarms: &'static [&'static str],
    admin: SocketAddr,
    make: impl FnMut() + Send + 'static,
) -> Fault {
    Fault { what, alarms, admin, make: Box::new(make) }
}

fn start(setup: Setup) -> Tombolo {
    setup.access_log("stdout = false").gateway("admin = \"127.0.0.1:0\"").start()
}

fn good() -> Origin {
    Origin::start(scripts::answer(scripts::ok("ok")))
}

/// The faults that are made at once.
pub(super) fn all() -> Vec<Fault> {
    vec![
        nothing(),
        gateway_gone(),
        server_down(),
        server_ejected(),
        server_answers_errors(),
        queue_full(),
        connections_refused(),
        reload_refused(),
        cache_disk(),
        rate_limit(),
        tcp_unreached(),
        replica_restarts(),
    ]
}

/// Those that take longer.
pub(super) fn further() -> Vec<Fault> {
    [servers::faults(), itself::faults(), services::faults()].into_iter().flatten().collect()
}

fn nothing() -> Fault {
    let origin = good();
    fault("nothing is wrong", &[], start(Setup::to(&origin)), move |gateway| {
        let mut client = gateway.connect();
        (0..50).for_each(|_| assert_eq!(client.get("/").status(), 200));
        assert!(!origin.requests().is_empty());
    })
}

fn gateway_gone() -> Fault {
    let origin = good();
    fault("the gateway ended", &["GatewayGone"], start(Setup::to(&origin)), move |gateway| {
        gateway.kill();
        assert!(origin.connections() == 0);
    })
}

fn server_down() -> Fault {
    let (staying, mut leaving) = (good(), good());
    let checks = "health = { path = \"/\", interval = \"200ms\", timeout = \"1s\", healthy = 1, unhealthy = 2 }";
    let setup = Setup::to_all([&staying, &leaving]).upstream(checks);
    fault("a server stopped", &["ServerDown"], start(setup), move |_| {
        leaving.stop();
        assert!(staying.connections() > 0);
    })
}

fn server_ejected() -> Fault {
    let staying = good();
    let failing = Origin::start(|connection| connection.read_request().map(drop));
    let setup = Setup::to_all([&staying, &failing]).upstream("ejection = { failures = 3 }");
    fault("a server breaks off", &["ServerEjected"], start(setup), move |gateway| {
        let mut client = gateway.connect();
        for _ in 0..12 {
            assert_eq!(client.get("/").status(), 200, "another server answers");
        }
        assert!(failing.connections() >= 3 && staying.connections() > 0);
    })
}

fn server_answers_errors() -> Fault {
    let origin = Origin::start(scripts::answer("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"));
    let alarms = &["ManyErrors", "ServerAnswersErrors"];
    let setup = Setup::to(&origin).upstream("ejection = false");
    fault("a server answers 500", alarms, start(setup), move |gateway| {
        let mut client = gateway.connect();
        (0..20).for_each(|_| assert_eq!(client.get("/").status(), 500));
        assert!(!origin.requests().is_empty());
    })
}

/// One request in many is refused: that is an alarm, and no share of errors that is another.
fn queue_full() -> Fault {
    let (gate, plain) = (Gate::new(), good());
    let opened = gate.clone();
    let origin = Origin::start(move |connection| {
        connection.read_request()?;
        opened.wait("the end of the fault");
        connection.write(scripts::ok("ok"))
    });
    let routes = format!(
        "[[route]]\npath = \"/\"\nupstream = \"app\"\n[[route]]\npath = \"/plain\"\nupstream = \"plain\"\n\
         [[upstream]]\nname = \"plain\"\nservers = [\"{}\"]",
        plain.address()
    );
    let setup = Setup::to(&origin).upstream("limit = { in_flight = 1, queue = 0 }").routes(&routes);
    fault("a queue is full", &["UpstreamOverrun"], start(setup), move |gateway| {
        let mut client = gateway.connect();
        let mut much = || (0..300).for_each(|_| assert_eq!(client.get("/plain").status(), 200));
        let mut held = gateway.connect();
        held.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
        eventually("the request at the server", || (origin.connections() == 1).then_some(()));
        much();
        assert_eq!(gateway.connect().get("/").status(), 503);
        much();
        gate.open();
        assert_eq!(held.read_response().unwrap().status(), 200);
        assert!(plain.connections() > 0);
    })
}

fn connections_refused() -> Fault {
    let origin = good();
    let setup = Setup::to(&origin).limits("connections_per_client = 1");
    fault("too many connections", &["ConnectionsRefused"], start(setup), move |gateway| {
        let mut first = gateway.connect();
        assert_eq!(first.get("/").status(), 200);
        assert!(gateway.connect().read_to_end().starts_with(b"HTTP/1.1 503 "));
        assert!(origin.connections() == 1);
    })
}

fn reload_refused() -> Fault {
    let origin = good();
    fault("a file with a mistake", &["ReloadRefused"], start(Setup::to(&origin)), move |gateway| {
        std::fs::write(gateway.folder().join("tombolo.toml"), "nonsense").unwrap();
        gateway.signal(Signal::HUP);
        gateway.stderr().wait_for_text("nothing has changed");
        assert!(origin.connections() == 0);
    })
}

/// A file takes the place of the cache's folder, so that nothing can be stored.
fn cache_disk() -> Fault {
    let origin = good();
    let routes = "[[route]]\npath = \"/\"\nupstream = \"app\"\n[cache]\nttl = \"60s\"\ndir = \"c\"\nmemory = 0";
    let setup = Setup::to(&origin).routes(routes);
    fault("the cache's disk fails", &["CacheDiskFails"], start(setup), move |gateway| {
        let folder = gateway.folder().join("c");
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(&folder, "no folder").unwrap();
        let mut client = gateway.connect();
        let mut page = 0;
        eventually("the gateway to notice", || {
            page += 1;
            assert_eq!(client.get(&format!("/{page}")).status(), 200);
            gateway.stderr().text().contains("the cache cannot write").then_some(())
        });
        assert!(!origin.requests().is_empty());
    })
}

fn rate_limit() -> Fault {
    let origin = good();
    let routes =
        "[[route]]\npath = \"/\"\nupstream = \"app\"\nrate_limit = { requests = 1, per = \"1h\" }";
    let setup = Setup::to(&origin).routes(routes);
    fault("a client asks too often", &["RouteRefusesOften"], start(setup), move |gateway| {
        let mut client = gateway.connect();
        assert_eq!(client.get("/").status(), 200);
        (0..100).for_each(|_| assert_eq!(client.get("/").status(), 429));
        assert!(origin.connections() == 1);
    })
}

fn tcp_unreached() -> Fault {
    let refusing = Refusing::new();
    let text = format!(
        "[gateway]\nadmin = \"127.0.0.1:0\"\n[access_log]\nstdout = false\n[[tcp]]\nlisten = \"127.0.0.1:0\"\nupstream = \"app\"\n\
         [[upstream]]\nname = \"app\"\nservers = [\"{}\"]",
        refusing.address()
    );
    fault("no server for TCP", &["TcpUnreached"], Tombolo::tcp_gateway(&text), move |gateway| {
        Client::expect_turned_away(Client::try_connect(gateway.tcp_address()));
        assert!(refusing.address().port() > 0);
    })
}

fn replica_restarts() -> Fault {
    let up = up("");
    let admin = up.admin();
    fault_of("a replica dies", &["ReplicaStartedAgain"], admin, move || {
        kill_process(Up(admin).replica_pid("site-1"), Signal::KILL).unwrap();
        assert!(up.pid() > 0);
        eventually("the replica to be back", || {
            let replica = Up(admin).replica("site-1");
            (replica["restarts"] == 1 && replica["state"] == "up").then_some(())
        });
    })
}

/// `tombolo up` with two replicas of the site that serve the folder `public`, and what else `tables` say.
fn up(tables: &str) -> Tombolo {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("public")).unwrap();
    std::fs::write(folder.path().join("public/index.html"), "the page").unwrap();
    // Two that run at one time in this process, and other processes, have ports of their own.
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let nth = STARTED.fetch_add(1, Ordering::Relaxed);
    let port = 30_000 + std::process::id() % 250 * 8 + nth % 4 * 2;
    let text = format!(
        "[gateway]\nlisten = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n[access_log]\nstdout = false\n\
         [[service]]\nname = \"site\"\nroot = \"public\"\nreplicas = 2\nlisten = \"127.0.0.1:{port}\"\n{tables}"
    );
    std::fs::write(folder.path().join("tombolo.toml"), text).unwrap();
    let up = Tombolo::start_in(folder, &["up", "-c", "tombolo.toml"]).ended_gently();
    up.stderr().wait_for_text("all of it is ready");
    up
}

fn pid(process: &Value) -> Pid {
    let pid = process["pid"].as_i64().unwrap();
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

/// Where the admin API of an `up` is.
struct Up(SocketAddr);

impl Up {
    fn status(&self) -> Value {
        let request = format!("GET /api/v1/status HTTP/1.1\r\nHost: {}\r\n\r\n", self.0);
        serde_json::from_slice(&Client::connect(self.0).exchange(request).body).unwrap()
    }

    fn replica(&self, name: &str) -> Value {
        let status = self.status();
        let processes = status["services"][0]["processes"].as_array().unwrap();
        processes.iter().find(|process| process["name"] == name).unwrap().clone()
    }

    fn replica_pid(&self, name: &str) -> Pid {
        pid(&self.replica(name))
    }

    /// Of all that is started.
    fn pids(&self) -> Vec<Pid> {
        let status = self.status();
        let services = status["services"].as_array().unwrap().iter();
        let replicas = services.flat_map(|service| service["processes"].as_array().unwrap());
        replicas.chain([&status["gateway"]]).map(pid).collect()
    }
}

fn post(admin: SocketAddr, path: &str, body: &str) -> Response {
    Client::connect(admin).exchange(format!(
        "POST {path} HTTP/1.1\r\nHost: {admin}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}
