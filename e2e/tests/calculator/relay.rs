//! A balancer of the test's own: each connection goes to the next replica that can be reached, and
//! is cut on both sides when either ends. Knows nothing of what goes through.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The balancer's address, and the replicas behind it.
#[derive(Clone)]
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    replicas: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Relay {
    pub(crate) fn to(replicas: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let relay = Self { address, replicas: Arc::new(Mutex::new(replicas)) };
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

    fn connect(&self, client: &TcpStream, turn: usize) {
        let replicas = self.replicas.lock().unwrap().clone();
        let in_turn = (0..replicas.len()).map(|step| replicas[(turn + step) % replicas.len()]);
        let Some(server) = in_turn.filter_map(|to| TcpStream::connect(to).ok()).next() else {
            return;
        };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (up, down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let upward = thread::spawn(move || pass(up, down));
        pass(server, client.try_clone().unwrap());
        upward.join().expect("the other direction");
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    // A reset on one side is passed on as an end: which of them it is makes no difference here.
    let whole = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(if whole.is_ok() { Shutdown::Write } else { Shutdown::Both });
    if whole.is_err() {
        let _ = from.shutdown(Shutdown::Both);
    }
}
