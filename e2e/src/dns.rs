//! A small DNS server on loopback (RFC 1035, over UDP) that answers as a test says.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A record that answers a question.
#[derive(Clone, Debug)]
pub enum Record {
    /// An address.
    A(Ipv4Addr),
    /// Priority, weight, port and host of a server (RFC 2782).
    Srv(u16, u16, u16, String),
}

#[derive(Default)]
struct Zone {
    /// Seconds that the records of a name hold, and these.
    records: HashMap<String, (u32, Vec<Record>)>,
    questions: HashMap<String, usize>,
}

/// A running server. It ends when it is dropped.
pub struct Dns {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    ended: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Dns {
    /// Starts it on a free port.
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port for DNS");
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a socket option");
        let address = socket.local_addr().expect("it is bound");
        let zone = Arc::<Mutex<Zone>>::default();
        let ended = Arc::<AtomicBool>::default();
        let (known, end) = (Arc::clone(&zone), Arc::clone(&ended));
        let thread = std::thread::spawn(move || {
            let mut packet = [0; 1500];
            while !end.load(Ordering::SeqCst) {
                let Ok((length, from)) = socket.recv_from(&mut packet) else { continue };
                let answer = answer(&packet[..length], &mut known.lock().unwrap());
                let _ = socket.send_to(&answer, from);
            }
        });
        Self { address, zone, ended, thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the name has these records, which hold for so many seconds.
    pub fn set(&self, name: &str, ttl: u32, records: &[Record]) {
        let mut zone = self.zone.lock().unwrap();
        zone.records.insert(name.to_owned(), (ttl, records.to_vec()));
    }

    /// How often it was asked about a name.
    pub fn questions(&self, name: &str) -> usize {
        self.zone.lock().unwrap().questions.get(name).copied().unwrap_or(0)
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server does not panic");
        }
    }
}

/// The answer to a query with one question. A name without records does not exist.
fn answer(query: &[u8], zone: &mut Zone) -> Vec<u8> {
    let (mut place, mut labels) = (12, Vec::new());
    while query[place] > 0 {
        let end = place + 1 + usize::from(query[place]);
        labels.push(String::from_utf8_lossy(&query[place + 1..end]).to_lowercase());
        place = end;
    }
    let (name, question) = (labels.join("."), &query[12..place + 5]);
    *zone.questions.entry(name.clone()).or_default() += 1;
    let (ttl, records) = zone.records.get(&name).cloned().unwrap_or_default();
    let code = if records.is_empty() { 3 } else { 0 };
    let asked = u16::from_be_bytes([query[place + 1], query[place + 2]]);
    let fitting: Vec<Vec<u8>> =
        records.iter().filter(|record| kind(record) == asked).map(data).collect();
    let mut out = query[..2].to_vec();
    out.extend([0x85, 0x80 | code, 0, 1]);
    out.extend(u16::try_from(fitting.len()).expect("few records").to_be_bytes());
    out.extend([0; 4]);
    out.extend(question);
    for data in fitting {
        // The name is that of the question.
        out.extend([0xc0, 12]);
        out.extend(asked.to_be_bytes());
        out.extend([0, 1]);
        out.extend(ttl.to_be_bytes());
        out.extend(u16::try_from(data.len()).expect("a short record").to_be_bytes());
        out.extend(data);
    }
    out
}

fn kind(record: &Record) -> u16 {
    match record {
        Record::A(_) => 1,
        Record::Srv(..) => 33,
    }
}

fn data(record: &Record) -> Vec<u8> {
    match record {
        Record::A(address) => address.octets().to_vec(),
        Record::Srv(priority, weight, port, host) => {
            let mut data = [*priority, *weight, *port].map(u16::to_be_bytes).concat();
            for label in host.split('.') {
                data.push(u8::try_from(label.len()).expect("a short label"));
                data.extend(label.as_bytes());
            }
            data.push(0);
            data
        }
    }
}
