//! The same room over a WebSocket, spoken here by hand (RFC 6455).

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::on_both;
use crate::replicas::{PATIENCE, Replica, Store};

on_both!(a_socket_reads_posts_and_resumes, a_draining_replica_closes_with_1012);

/// A client's end of a WebSocket.
struct Socket(TcpStream);

/// What came.
#[derive(Debug)]
enum Came {
    Text(Value),
    Close(u16),
}

impl Socket {
    fn open(replica: &Replica, query: &str) -> Self {
        let (status, stream) = handshake(replica, query, "");
        assert_eq!(status, 101);
        Self(stream)
    }

    fn send(&mut self, text: &Value) {
        let text = text.to_string();
        let length = u16::try_from(text.len()).unwrap().to_be_bytes();
        // A mask of zeros leaves the text as it is.
        let head = [0x81, 0x80 | 126, length[0], length[1], 0, 0, 0, 0];
        self.0.write_all(&[&head, text.as_bytes()].concat()).unwrap();
    }

    fn next(&mut self) -> Came {
        loop {
            let [first, second] = self.bytes();
            let length = match second & 0x7f {
                126 => usize::from(u16::from_be_bytes(self.bytes())),
                127 => usize::try_from(u64::from_be_bytes(self.bytes())).unwrap(),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).unwrap();
            match first & 0x0f {
                1 => return Came::Text(serde_json::from_slice(&payload).unwrap()),
                8 => return Came::Close(u16::from_be_bytes([payload[0], payload[1]])),
                _ => {}
            }
        }
    }

    fn expect(&mut self, kind: &str) -> Value {
        loop {
            match self.next() {
                Came::Text(said) if said["type"] == kind => return said,
                Came::Text(said) => {
                    assert!(said["type"] != "error" && said["type"] != "reset", "{said}")
                }
                close => panic!("{close:?} before {kind}"),
            }
        }
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }
}

fn handshake(replica: &Replica, query: &str, fields: &str) -> (u16, TcpStream) {
    let mut stream = TcpStream::connect(replica.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "GET /chat/rooms/lobby/ws?{query} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let status = String::from_utf8(head).unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    (status, stream)
}

fn a_socket_reads_posts_and_resumes(store: Store) {
    let (one, other) = (store.replica(), store.replica());
    one.say("lobby", ["first".to_owned()]);
    let mut socket = Socket::open(&one, "after=0&name=Ana");
    assert_eq!(socket.expect("hello")["id"].as_str().unwrap().split('-').nth(1), Some("0"));
    assert_eq!(socket.expect("message")["data"]["text"], "first");
    let post = json!({"type": "post", "author": "Ana", "text": "second", "key": "k"});
    socket.send(&post);
    let (mut posted, mut message) = (None, None);
    while posted.is_none() || message.is_none() {
        match socket.next() {
            Came::Text(said) if said["type"] == "posted" => posted = Some(said),
            Came::Text(said) if said["type"] == "message" => message = Some(said),
            Came::Text(_) => {}
            close => panic!("{close:?}"),
        }
    }
    let (posted, message) = (posted.unwrap(), message.unwrap());
    assert_eq!((&posted["data"], posted["status"].as_u64()), (&message["data"], Some(201)));
    socket.send(&post);
    assert_eq!(socket.expect("posted")["status"], 200);
    socket.send(&json!({"type": "post", "author": "", "text": "x"}));
    let Came::Text(refused) = socket.next() else { panic!("closed") };
    let refused = if refused["type"] == "error" {
        refused
    } else {
        let Came::Text(next) = socket.next() else { panic!("closed") };
        next
    };
    assert_eq!(
        (refused["field"].as_str(), refused["status"].as_u64()),
        (Some("author"), Some(400))
    );
    drop(socket);
    other.say("lobby", ["third".to_owned()]);
    let mut socket = Socket::open(&other, &format!("after={}", message["id"].as_str().unwrap()));
    assert_eq!(socket.expect("message")["data"]["text"], "third");
}

fn a_draining_replica_closes_with_1012(store: Store) {
    let replica = store.replica();
    let mut socket = Socket::open(&replica, "");
    socket.expect("hello");
    replica.trigger.drain();
    loop {
        match socket.next() {
            Came::Close(code) => break assert_eq!(code, 1012),
            Came::Text(_) => {}
        }
    }
    drop(socket);
    replica.ended().unwrap();
}

#[test]
fn a_socket_that_says_nonsense_and_goes_on_is_closed() {
    let store = Store::sqlite();
    let replica = store.replica();
    for nonsense in
        [json!(["post", "Ana", "x"]), json!({"type": "post", "author": "", "text": "x"})]
    {
        let mut socket = Socket::open(&replica, "");
        let mut sending = Socket(socket.0.try_clone().unwrap());
        let sender = std::thread::spawn(move || {
            let text = nonsense.to_string();
            let length = u8::try_from(text.len()).unwrap();
            let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat();
            // It may be closed meanwhile.
            (0..10_000).take_while(|_| sending.0.write_all(&frame).is_ok()).count()
        });
        let mut refused = 0;
        loop {
            match socket.next() {
                Came::Text(said) if said["type"] == "error" => refused += 1,
                Came::Text(_) => {}
                Came::Close(code) => break assert_eq!(code, 1008),
            }
        }
        assert!(refused < 1000, "{refused}");
        drop(socket);
        sender.join().unwrap();
    }
}

#[test]
fn a_page_of_another_site_may_not_connect() {
    let store = Store::sqlite();
    let replica = store.replica();
    for (origin, status) in
        [("http://test", 101), ("https://test", 101), ("http://evil.example", 403), ("null", 403)]
    {
        let (answered, _) = handshake(&replica, "", &format!("Origin: {origin}\r\n"));
        assert_eq!(answered, status, "{origin}");
    }
}
