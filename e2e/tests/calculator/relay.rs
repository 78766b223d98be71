//! A balancer of the test's own: each connection goes to the next replica that can be reached, and
//! is cut on both sides when either ends. Knows nothing of what goes through.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// The balancer's address, and the replicas behind it.
#[derive(Clone)]
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    replicas: Arc<Mutex<Vec<SocketAddr>>>,
    answered_bytes: Arc<AtomicU64>,
}

impl Relay {
    pub(crate) fn to(replicas: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (replicas, answered_bytes) = (Arc::new(Mutex::new(replicas)), Arc::default());
        let relay = Self { address, replicas, answered_bytes };
        let accepting = relay.clone();
        thread::spawn(move || {
            for (turn, stream) in listener.incoming().flatten().enumerate() {
                let relay = accepting.clone();
                thread::spawn(move || relay.connect(&stream, turn));
            }
        });
        relay
    }

    /// One replica in the place of another.
    pub(crate) fn replace(&self, index: usize, replica: SocketAddr) {
        self.replicas.lock().unwrap()[index] = replica;
    }

    /// How much has come from replicas, in bytes.
    pub(crate) fn answered_bytes(&self) -> &AtomicU64 {
        &self.answered_bytes
    }

    fn connect(&self, client: &TcpStream, turn: usize) {
        let replicas = self.replicas.lock().unwrap().clone();
        let in_turn = (0..replicas.len()).map(|step| replicas[(turn + step) % replicas.len()]);
        let Some(server) = in_turn.filter_map(|to| TcpStream::connect(to).ok()).next() else {
            return;
        };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (up, down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let upward = thread::spawn(move || pass(up, down, &AtomicU64::new(0)));
        pass(server, client.try_clone().unwrap(), &self.answered_bytes);
        upward.join().expect("the other direction");
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, passed: &AtomicU64) {
    let mut buffer = [0; 16 * 1024];
    let whole = loop {
        match from.read(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(read) => {
                if let Err(error) = to.write_all(&buffer[..read]) {
                    break Err(error);
                }
                passed.fetch_add(read as u64, Ordering::Relaxed);
            }
            Err(error) => break Err(error),
        }
    };
    // A reset on one side is passed on as an end: which of them it is makes no difference here.
    let _ = to.shutdown(if whole.is_ok() { Shutdown::Write } else { Shutdown::Both });
    if whole.is_err() {
        let _ = from.shutdown(Shutdown::Both);
    }
}
