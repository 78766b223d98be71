//! Methods that speak to the gateway itself: Max-Forwards, TRACE, CONNECT (RFC 9110 sections 7.6.2,
//! 9.3.6 and 9.3.8).

use crate::through;
use tombolo_e2e::{Origin, Setup, scripts};

fn refused(request: &str, statuses: &[u16]) {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = Setup::to(&origin).start();
    let answer = gateway.connect().exchange(request);
    assert!(statuses.contains(&answer.status()), "{request}: {:?}", answer.head);
    assert_eq!(origin.connections(), 0, "{request}");
    assert!(!answer.text().contains("secret"), "nothing of the request is echoed: {answer:?}");
}

#[test]
fn trace_is_refused_and_echoes_nothing() {
    refused("TRACE / HTTP/1.1\r\nHost: x\r\nCookie: secret\r\n\r\n", &[405, 501]);
}

#[test]
fn connect_is_refused() {
    refused("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", &[400, 405, 501]);
}

#[test]
fn max_forwards_counts_down_for_options() {
    let (got, _) = through(|s| s, "OPTIONS /a HTTP/1.1\r\nHost: x\r\nMax-Forwards: 7\r\n\r\n");
    assert_eq!(got.head.one("max-forwards"), Some("6"));
    let (got, _) = through(|s| s, "GET /a HTTP/1.1\r\nHost: x\r\nMax-Forwards: 7\r\n\r\n");
    assert_eq!(got.head.one("max-forwards"), Some("7"), "means nothing for GET");
}

#[test]
fn options_that_may_go_no_further_are_answered_here() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = Setup::to(&origin).start();
    for target in ["*", "/a"] {
        let answer = gateway
            .connect()
            .exchange(format!("OPTIONS {target} HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n"));
        assert!([200, 204].contains(&answer.status()), "{:?}", answer.head);
    }
    assert_eq!(origin.connections(), 0);
}
