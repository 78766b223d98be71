//! The accept loop: connections in, connections served, connections drained.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tombolo_daemon::memory;
use tombolo_daemon::shutdown::Shutdown;

use crate::connection::{Connection, Replica, part};
use crate::limits;
use crate::protocol::Closing;

/// A replica's connections.
pub(crate) struct Server {
    replica: Arc<Replica>,
    shutdown: Shutdown,
    connections: JoinSet<()>,
}

impl Server {
    pub(crate) fn new(replica: Replica, shutdown: Shutdown) -> Self {
        Self { replica: Arc::new(replica), shutdown, connections: JoinSet::new() }
    }

    /// Serves until a drain is asked for, then drains within `drain`.
    pub(crate) async fn run(mut self, listener: TcpListener, drain: Duration) {
        let shutdown = self.shutdown.clone();
        let mut draining = pin!(shutdown.draining());
        loop {
            tokio::select! {
                biased;
                () = &mut draining => break,
                Some(_) = self.connections.join_next() => {}
                stream = accept(&listener) => self.serve(stream),
            }
        }
        self.take_backlog(&listener).await;
        // From now on connecting fails, and a balancer asks another replica.
        drop(listener);
        self.drain(drain).await;
    }

    /// Lets every connection answer what it has read and say goodbye.
    async fn drain(mut self, limit: Duration) {
        tracing::info!(connections = self.connections.len(), ?limit, "draining");
        let shutdown = self.shutdown.clone();
        let all = async { while self.connections.join_next().await.is_some() {} };
        tokio::select! {
            () = all => {}
            () = shutdown.now() => {}
            () = tokio::time::sleep(limit) => {}
        }
        match self.connections.len() {
            0 => tracing::info!("drained"),
            cut => tracing::warn!(connections = cut, "the drain is over, connections are cut"),
        }
        self.connections.shutdown().await;
    }

    /// Takes the connections that the system has accepted for us already: their clients believe
    /// that they are being served, and are to be told better.
    async fn take_backlog(&mut self, listener: &TcpListener) {
        loop {
            tokio::select! {
                biased;
                stream = accept(listener) => self.serve(stream),
                () = std::future::ready(()) => return,
            }
        }
    }

    /// Serves one connection on a task of its own.
    fn serve(&mut self, (stream, peer): (TcpStream, SocketAddr)) {
        let client = self.replica.peers.connected(peer.ip()).ok();
        let client =
            client.filter(|_| self.connections.len() < limits::CONNECTIONS && !memory::is_short());
        let Some(client) = client else {
            // On the same count, so that a flood of these is bounded as well.
            if self.connections.len() < limits::CONNECTIONS + limits::CONNECTIONS / 8 {
                self.connections.spawn(turn_away(stream));
            }
            return;
        };
        let connection =
            Connection::new(stream, client, Arc::clone(&self.replica), self.shutdown.clone());
        self.connections.spawn(async move {
            if let Err(error) = connection.run().await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
}

async fn turn_away(mut stream: TcpStream) {
    // Who is gone before that needs no answer.
    if stream.write_all(Closing::Busy.line().as_bytes()).await.is_ok() {
        let _ = part(stream).await;
    }
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // Gone again before it was taken.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                // Often a full file table: the connection stays in the backlog meanwhile.
                tracing::warn!(%error, "cannot accept a connection, trying again");
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::thread;

    use tombolo_daemon::shutdown::Trigger;

    use super::*;
    use crate::connection::Patience;
    use crate::evaluator::{Pool, Program};
    use crate::peers::Peers;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(200);

    /// A replica without evaluators, with little patience.
    fn start(patience: Patience) -> (SocketAddr, Trigger) {
        let (trigger, shutdown) = Shutdown::by_hand();
        let (tell, told) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let nothing =
                    Program { path: "".into(), arguments: Vec::new(), environment: Vec::new() };
                let evaluators = Pool::start(nothing, 0).unwrap();
                let peers = Peers::new(Vec::new(), true);
                let replica = Replica { name: "test-1".to_owned(), evaluators, patience, peers };
                Server::new(replica, shutdown).run(listener, LONG).await;
            });
        });
        (told.recv_timeout(LONG).unwrap(), trigger)
    }

    fn rest(stream: &mut std::net::TcpStream) -> String {
        stream.set_read_timeout(Some(LONG)).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_client_that_says_nothing_is_told_goodbye() {
        let (address, _trigger) = start(Patience { idle: SHORT, line: LONG });
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(b"EVAL 1+1\n").unwrap();
        let said = rest(&mut stream);
        assert!(said.starts_with("OK 2\nBYE idle "), "{said}");
    }

    #[test]
    fn a_header_of_a_gateway_is_no_request() {
        let (address, _trigger) = start(Patience { idle: LONG, line: LONG });
        for header in ["", "PROXY TCP4 192.0.2.7 127.0.0.1 5000 7070\r\n", "PROXY UNKNOWN\r\n"] {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all(format!("{header}PING\nQUIT\n").as_bytes()).unwrap();
            assert_eq!(rest(&mut stream), "OK pong\nOK bye\n", "{header}");
        }
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(b"PROXY and more\nPROXY TCP4 1.1.1.1 1.1.1.1 1 1\nQUIT\n").unwrap();
        let said = rest(&mut stream);
        assert_eq!(said.matches("ERR unknown-command ").count(), 2, "{said}");
    }

    #[test]
    fn a_line_that_drips_is_cut_off_however_it_drips() {
        let (address, _trigger) = start(Patience { idle: LONG, line: SHORT });
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let mut dripping = stream.try_clone().unwrap();
        let drip = thread::spawn(move || {
            let drops = std::iter::repeat_with(|| {
                thread::sleep(SHORT / 20);
                dripping.write_all(b"1")
            });
            drops.take(2000).take_while(Result::is_ok).count()
        });
        let said = rest(&mut stream);
        assert!(said.starts_with("BYE slow "), "{said}");
        drop(stream);
        assert!(drip.join().unwrap() < 2000);
    }

    #[test]
    fn a_long_line_that_drips_is_cut_off_as_well() {
        let (address, _trigger) = start(Patience { idle: LONG, line: SHORT });
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(&[b'1'; 20_000]).unwrap();
        let said = rest(&mut stream);
        assert!(said.starts_with("ERR too-long ") && said.contains("\nBYE slow "), "{said}");
    }
}
