//! The faults of docs/recipes.md, made for real: the commands that stand there find the cause, and
//! print what stands there.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tombolo_e2e::{Client, Origin, Response, Setup, Tombolo, eventually, scripts};

const ROUTES: &str = r#"
[cache]
ttl = "60s"
[[upstream]]
name = "dead"
servers = ["127.0.0.1:1"]
[[upstream]]
name = "narrow"
servers = ["ORIGIN"]
limit = { in_flight = 1, queue = 0 }
[[route]]
path = "/"
upstream = "app"
[[route]]
path = "/dead"
upstream = "dead"
[[route]]
path = "/slow"
upstream = "app"
timeouts = { first_byte = "200ms", total = "200ms" }
[[route]]
path = "/narrow"
upstream = "narrow"
[[route]]
path = "/rate"
upstream = "app"
rate_limit = { requests = 1, per = "1m", burst = 1 }
[[route]]
path = "/upload"
upstream = "app"
limits = { body_bytes = "10B" }
"#;

/// A gateway with a fault for each of its paths, and its operator.
struct Place {
    gateway: Tombolo,
    document: String,
    #[expect(dead_code, reason = "serves while it is held")]
    origin: Origin,
    /// Whether the server's checks fail.
    is_ill: Arc<AtomicBool>,
}

impl Place {
    fn new() -> Self {
        let is_ill = Arc::new(AtomicBool::new(false));
        let ill = Arc::clone(&is_ill);
        let origin = Origin::start(move |connection| {
            loop {
                let request = connection.read_request()?;
                match request.head.target() {
                    "/slow" | "/narrow/slow" => drop(connection.read_request()),
                    "/health" if ill.load(Ordering::Relaxed) => {
                        connection.write("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")?;
                    }
                    "/private" => connection.write(
                        "HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 2\r\n\r\nok",
                    )?,
                    _ => connection.write(scripts::ok("ok"))?,
                }
            }
        });
        let gateway = Setup::to(&origin)
            .gateway("admin = \"127.0.0.1:0\"")
            .upstream("health = { path = \"/health\", interval = \"50ms\" }")
            .routes(&ROUTES.replace("ORIGIN", &origin.server()))
            .start();
        Self { gateway, document: document(), origin, is_ill }
    }

    /// What an operator's command prints.
    fn run(&self, arguments: &[&str]) -> String {
        let admin = self.gateway.admin().to_string();
        let told = Tombolo::run(self.gateway.folder(), &[arguments, &["--admin", &admin]].concat());
        assert_eq!(told.code, Some(0), "{told:?}");
        told.stdout
    }

    /// `tombolo why` with the id of this answer.
    fn why(&self, answer: &Response) -> String {
        let id = answer.head.one("x-request-id").expect("an id").to_owned();
        self.run(&["why", &id])
    }

    fn get(&self, path: &str, status: u16) -> Response {
        let answer = self.gateway.connect().get(path);
        assert_eq!(answer.status(), status, "{path}");
        answer
    }

    /// The text is printed, and stands in the document.
    fn prints(&self, printed: &str, text: &str) {
        assert!(printed.contains(text), "{text:?} is not in:\n{printed}");
        assert!(self.document.contains(text), "{text:?} is not in docs/recipes.md");
    }
}

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/recipes.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn answers_of_the_gateway_itself_are_explained() {
    let place = Place::new();
    let why = place.why(&place.get("/dead", 502));
    place.prints(&why, "connecting to 127.0.0.1:1 failed: Connection refused (os error 111)");
    place.prints(&why, "attempt 1   127.0.0.1:1 unreachable in ");
    let why = place.why(&place.get("/slow", 504));
    place.prints(
        &why,
        "error       no response from the upstream within timeouts.first_byte of the route (200ms)",
    );
    place.prints(&why, "mostly      the server had the whole request, and was slow to answer");
    let mut long = place.gateway.connect();
    long.send("GET /narrow/slow HTTP/1.1\r\nHost: x\r\n\r\n");
    let busy = eventually("its place to be taken", || {
        let answer = place.gateway.connect().get("/narrow");
        (answer.status() == 503).then_some(answer)
    });
    let full = "error       every server is full (limit of the upstream), and so is the queue";
    place.prints(&place.why(&busy), full);
    place.get("/rate", 200);
    place.get("/rate", 429);
    let url = format!("http://{}/rate", place.gateway.address());
    place.prints(
        &place.run(&["why", &url, "--client", "127.0.0.1"]),
        "guard       the gateway itself answers 429: beyond rate_limit of the route (key client, 127.0.0.1: 1 in 60s, 1 at once)",
    );
    let upload = "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n";
    let large = place.gateway.connect().exchange(upload);
    assert_eq!(large.status(), 413);
    place.prints(
        &place.why(&large),
        "error       the request body is larger than limits.body_bytes of the route (10)",
    );
}

#[test]
fn what_the_cache_did_is_explained() {
    let place = Place::new();
    place.get("/page", 200);
    let url = "http://example.org/page";
    let why = eventually("the page to be stored", || {
        Some(place.run(&["why", url])).filter(|why| why.contains("\ncache       hit"))
    });
    place.prints(&why, ": what is stored is fresh (RFC 9111 section 4.2)");
    place.prints(&why, "stored      status 200, ");
    place.prints(&why, "key         http://example.org/page");
    let why = place.why(&place.get("/private", 200));
    place.prints(&why, "cache       uri-miss: nothing is stored for this URL (RFC 9111 section 4)");
    place.prints(&why, "not stored  the response says private (RFC 9111 section 5.2.2.7)");
}

#[test]
fn a_server_that_comes_and_goes_is_explained() {
    let place = Place::new();
    place.is_ill.store(true, Ordering::Relaxed);
    let reason = "    its checks fail: it answered with status 500";
    let status = eventually("it to be down", || {
        Some(place.run(&["status"])).filter(|status| status.contains(reason))
    });
    place.prints(&status, reason);
    place.is_ill.store(false, Ordering::Relaxed);
    let log = place.gateway.stderr().wait_for_text("up again");
    let said = place.gateway.stderr().text() + &log;
    place.prints(&said, "why=\"its checks fail: it answered with status 500\" down: no requests for it while others can have them");
}

#[test]
fn a_disk_that_cannot_be_written_and_descriptors_that_run_out_are_explained() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), b"").unwrap();
    let setup = Setup::to(&origin).gateway("admin = \"127.0.0.1:0\"");
    let routes =
        "[cache]\ndir = \"file/cache\"\nttl = \"60s\"\n[[route]]\npath = \"/\"\nupstream = \"app\"";
    std::fs::write(folder.path().join("t.toml"), setup.routes(routes).text()).unwrap();
    let program = Tombolo::path();
    let script = "ulimit -n 256; exec \"$0\" gateway -c t.toml";
    let arguments = ["-c", script, program.to_str().unwrap()];
    let gateway = Tombolo::start_program_in(folder, "sh", &arguments).listening();
    let admin = gateway.admin().to_string();
    assert_eq!(gateway.connect().get("/page").status(), 200);
    let held: Vec<Client> =
        (0..150).filter_map(|_| Client::try_connect(gateway.address()).ok()).collect();
    let status = eventually("both to be told", || {
        let told = Tombolo::run(gateway.folder(), &["status", "--admin", &admin]).stdout;
        let turned_away = told.contains(" turned away") && !told.contains(" 0 turned away");
        (told.contains("CACHE TROUBLE, writing:") && turned_away).then_some(told)
    });
    drop(held);
    let document = document();
    assert!(document.contains("CACHE TROUBLE, writing:"));
    let limit = status.lines().find(|line| line.starts_with("connections ")).unwrap();
    assert!(limit.contains(" open of ") && document.contains(" open of 87, "), "{limit}");
    let said = gateway.stderr().text();
    assert!(said.contains("only 256 files may be open, so at most "), "{said}");
    assert!(document.contains("only 256 files may be open, so at most "));
}
