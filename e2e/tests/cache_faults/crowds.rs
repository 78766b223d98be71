//! A thousand who ask for the same at one time: one request upstream, and everybody gets what comes
//! as it comes.

use crate::{Frame, caching, content, get, holding};
use tombolo_e2e::{Client, Gate, Origin, Tombolo, allow_descriptors};

const CROWD: usize = 1000;
const LENGTH: usize = 200_000;

/// Everybody asks; nobody waits for anybody.
fn ask(gateway: &Tombolo, count: usize) -> Vec<Client> {
    allow_descriptors(4 * CROWD as u64);
    let mut clients: Vec<_> = (0..count).map(|_| gateway.connect()).collect();
    clients.iter_mut().for_each(|client| client.send(get("/page")));
    clients
}

/// Reads a head and at least a byte of the body while the upstream holds the rest back; tells what
/// it says of the cache.
fn first_bytes(client: &mut Client) -> (tombolo_e2e::Framing, String) {
    let head = client.wire.read_head().expect("a head while upstream holds the second half");
    assert_eq!(head.status(), 200);
    if client.wire.unread().is_empty() {
        let seen = client.wire.stream().peek(&mut [0]).expect("bytes before upstream has ended");
        assert_eq!(seen, 1, "closed before a byte of the body");
    }
    let status = head.one("cache-status").expect("a Cache-Status").to_owned();
    (head.response_framing("GET").expect("plain framing"), status)
}

/// The whole answer, for those who stay.
fn everybody_is_served(frame: Frame, leave: impl Fn(usize) -> bool) {
    let (body, gate) = (content::body(7, LENGTH), Gate::new());
    let origin = holding(frame, &body, &gate);
    let gateway = caching(&origin, "").workers(2).start();
    let mut clients = ask(&gateway, CROWD);
    let heads: Vec<_> = clients.iter_mut().map(first_bytes).collect();
    let stored = heads.iter().filter(|(_, status)| status.ends_with("fwd=uri-miss; stored"));
    let collapsed = heads.iter().filter(|(_, status)| status.contains("; collapsed"));
    assert_eq!((stored.count(), collapsed.count()), (1, CROWD - 1), "{frame:?}");
    let mut staying = Vec::new();
    for (index, (client, (framing, status))) in clients.into_iter().zip(heads).enumerate() {
        // Who asked upstream leaves too when somebody does.
        if leave(index) || leave(0) && status.ends_with("; stored") {
            client.reset();
        } else {
            staying.push((client, framing));
        }
    }
    gate.open();
    for (mut client, framing) in staying {
        let (got, _) = client.wire.read_body(framing).expect("the whole body");
        assert_eq!(content::seed_of(&got), Ok(7), "{frame:?}");
    }
    let after = gateway.connect().get("/page");
    assert!(crate::is_hit(&after) && after.body == body, "{:?}", after.head);
    assert_eq!(requests(&origin), 1, "{frame:?}");
}

fn requests(origin: &Origin) -> usize {
    origin.requests().len()
}

#[test]
fn a_thousand_at_once_are_one_request_with_a_length() {
    everybody_is_served(Frame::Length, |_| false);
}

#[test]
fn a_thousand_at_once_are_one_request_in_chunks() {
    everybody_is_served(Frame::Chunked, |_| false);
}

#[test]
fn a_thousand_at_once_are_one_request_until_the_connection_closes() {
    everybody_is_served(Frame::UntilClose, |_| false);
}

#[test]
fn those_who_leave_in_the_middle_disturb_nobody() {
    for frame in [Frame::Length, Frame::Chunked, Frame::UntilClose] {
        everybody_is_served(frame, |index| index % 7 == 0);
    }
}
