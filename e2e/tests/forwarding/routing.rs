//! Which upstream a request goes to.

use tombolo_e2e::{Origin, Setup, scripts};

fn named(name: &'static str) -> Origin {
    Origin::start(scripts::answer(scripts::ok(name)))
}

#[test]
fn host_and_longest_prefix_decide() {
    let origins = [named("default"), named("api"), named("deep"), named("host"), named("wild")];
    let upstreams: String = origins
        .iter()
        .enumerate()
        .map(|(n, o)| format!("[[upstream]]\nname = \"u{n}\"\nservers = [\"{}\"]\n", o.address()))
        .collect();
    let routes = "
        [[route]]\npath = \"/\"\nupstream = \"u0\"
        [[route]]\npath = \"/api/\"\nupstream = \"u1\"
        [[route]]\npath = \"/api/deep/\"\nupstream = \"u2\"
        [[route]]\nhost = \"Host.example\"\npath = \"/\"\nupstream = \"u3\"
        [[route]]\nhost = \"*.wild.example\"\npath = \"/\"\nupstream = \"u4\"
    ";
    let gateway = Setup::to(&origins[0]).routes(&format!("{upstreams}{routes}")).start();
    let mut client = gateway.connect();
    for (host, path, expected) in [
        ("any.example", "/", "default"),
        ("any.example", "/ap", "default"),
        ("any.example", "/api/", "api"),
        ("any.example", "/api/x?y=/api/deep/", "api"),
        ("any.example", "/api/deep/x", "deep"),
        ("host.example", "/", "host"),
        ("HOST.example:8080", "/x", "host"),
        ("a.wild.example", "/", "wild"),
        ("A.B.Wild.example", "/", "wild"),
        ("wild.example", "/", "default"),
        ("notwild.example", "/", "default"),
    ] {
        let answer = client.exchange(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(answer.text(), expected, "{host}{path}");
    }
}

#[test]
fn a_request_nobody_serves_is_not_found() {
    let origin = named("api");
    let routes = "[[route]]\nhost = \"only.example\"\npath = \"/api/\"\nupstream = \"app\"";
    let gateway = Setup::to(&origin).routes(routes).start();
    let mut client = gateway.connect();
    for (host, path) in [("only.example", "/"), ("other.example", "/api/")] {
        let answer = client.exchange(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(answer.status(), 404, "{host}{path}");
    }
    let answer = client.exchange("GET /api/ HTTP/1.1\r\nHost: only.example\r\n\r\n");
    assert_eq!(answer.text(), "api");
}

/// A dot segment or an escape must not lead past a prefix that another route guards: the route is
/// chosen by the normal form, and dot segments are not sent on.
#[test]
fn rfc3986_6_2_2_the_path_is_routed_in_normal_form() {
    let (outer, inner) = (named("outer"), named("inner"));
    let routes = format!(
        "[[upstream]]\nname = \"inner\"\nservers = [\"{}\"]\n\
         [[route]]\npath = \"/\"\nupstream = \"app\"\n[[route]]\npath = \"/in/\"\nupstream = \"inner\"",
        inner.address()
    );
    let mut gateway = Setup::to(&outer).routes(&routes).start();
    let mut client = gateway.connect();
    for path in ["/in/../x", "/in/%2e%2e/y?a/../b", "/x/../in/y", "/%69n//z/.", "//in/%7Eq"] {
        assert_eq!(client.get(path).status(), 200, "{path}");
    }
    for path in ["/..", "/in/%2e%2e/../x", "/in/..%2fx", "/x%00"] {
        assert_eq!(client.get(path).status(), 400, "{path}");
        client = gateway.connect();
    }
    gateway.kill();
    let targets = |origin: &Origin| -> Vec<String> {
        origin.settled();
        origin.requests().iter().map(|request| request.head.target().to_owned()).collect()
    };
    assert_eq!(targets(&outer), ["/x", "/y?a/../b"]);
    assert_eq!(targets(&inner), ["/in/y", "/%69n//z/", "//in/%7Eq"], "all else byte for byte");
}

#[test]
fn a_route_says_in_which_form_the_path_is_sent_on() {
    let origin = named("app");
    for (form, sent) in
        [("as-sent", "/a/./%7Eb//c"), ("normal", "/a/~b/c"), ("resolved", "/a/%7Eb//c")]
    {
        let route = format!("[[route]]\nupstream = \"app\"\nforward_path = \"{form}\"\n");
        let gateway = Setup::to(&origin).routes(&route).start();
        assert_eq!(gateway.connect().get("/a/./%7Eb//c").status(), 200);
        let last = origin.requests().pop().map(|request| request.head.target().to_owned());
        assert_eq!(last.as_deref(), Some(sent));
    }
}

/// Whoever runs an application beside the library must not get to see its users' sessions, whatever
/// the browser or a link makes of the cookie's path.
#[test]
fn the_librarys_session_goes_to_the_library_alone() {
    let (library, app) = (
        Origin::start(scripts::answer(scripts::ok("library"))),
        Origin::start(scripts::answer(scripts::ok("app"))),
    );
    let routes = format!(
        "[[upstream]]\nname = \"library\"\nservers = [\"{}\"]\n\
         [[route]]\npath = \"/library\"\nupstream = \"library\"\n\
         [[route]]\npath = \"/library/other\"\nupstream = \"app\"\n\
         [[route]]\npath = \"/\"\nupstream = \"app\"\n",
        library.address()
    );
    let gateway = Setup::to(&app).routes(&routes).start();
    let mut client = gateway.connect();
    for (path, sent, expected) in [
        ("/library/", "library_session=t; a=b", &["library_session=t; a=b"][..]),
        ("/library/", "__Secure-library_session=t", &["__Secure-library_session=t"]),
        ("/", "a=b; library_session=t; c=d", &["a=b; c=d"]),
        ("/library/other", "__Secure-library_session=t; a=b", &["a=b"]),
        ("/", "library_session=t", &[]),
        ("/", "a=library_session; Library_session=x", &["a=library_session; Library_session=x"]),
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {sent}\r\n\r\n");
        let answer = client.exchange(head);
        let origin = if answer.text() == "library" { &library } else { &app };
        let requests = origin.requests();
        assert_eq!(requests.last().unwrap().head.all("cookie"), expected, "{path} {sent}");
    }
}
