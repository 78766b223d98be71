//! One place to connect to.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::TcpStream;
use tombolo_daemon::config::UnixPath;

use crate::data_plane::spare_pacing;

/// What a Unix socket says when its backlog is full; TCP would let a connection wait.
const BUSY: &str = "its backlog is full, it does not accept connections fast enough";

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// A Unix socket of this machine.
    Unix(UnixPath),
}

impl Address {
    /// Opens a connection, ready for small writes.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) async fn connect(&self) -> io::Result<TcpStream> {
        match self {
            Self::Ip(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                spare_pacing(&stream, *address);
                Ok(stream)
            }
            Self::Unix(path) => connect_unix(path),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(out),
            Self::Unix(path) => path.fmt(out),
        }
    }
}

/// Connects to a Unix socket, which succeeds or fails at once (unix(7)).
///
/// The connection is a [`TcpStream`] like any other: that is a descriptor and its readiness, and
/// read, write, shutdown, splice and poll are the same system calls for both kinds of sockets. What
/// only TCP has (no delay, pacing) is not set here, and nothing asks an upstream connection for its
/// addresses.
fn connect_unix(path: &UnixPath) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path.as_path())?) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(io::Error::new(io::ErrorKind::WouldBlock, BUSY))
        }
        outcome => outcome.and_then(|()| TcpStream::from_std(socket.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use tombolo_daemon::config::ServerAddress;

    fn unix(path: &std::path::Path) -> Address {
        match format!("unix:{}", path.display()).parse().unwrap() {
            ServerAddress::Unix(path) => Address::Unix(path),
            ServerAddress::Host(host) => panic!("{host}"),
        }
    }

    #[tokio::test]
    async fn bytes_go_both_ways_over_a_unix_socket() {
        let folder = tempfile::tempdir().unwrap();
        let address = unix(&folder.path().join("app.sock"));
        let listener =
            std::os::unix::net::UnixListener::bind(folder.path().join("app.sock")).unwrap();
        let stream = address.connect().await.unwrap();
        let (mut accepted, _) = listener.accept().unwrap();
        accepted.write_all(b"down").unwrap();
        stream.readable().await.unwrap();
        let mut bytes = [0; 8];
        assert_eq!(stream.try_read(&mut bytes).unwrap(), 4);
        assert_eq!(stream.try_write(b"up").unwrap(), 2);
        rustix::net::shutdown(&stream, rustix::net::Shutdown::Write).unwrap();
        let mut all = Vec::new();
        accepted.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"up");
    }

    #[tokio::test]
    async fn no_server_and_a_full_backlog_are_failures_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.sock");
        let address = unix(&path);
        assert_eq!(address.connect().await.unwrap_err().kind(), io::ErrorKind::NotFound);
        let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        listener.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        let refused = address.connect().await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        listener.listen(0).unwrap();
        let mut held = Vec::new();
        let failure = loop {
            match address.connect().await {
                Ok(stream) => held.push(stream),
                Err(error) => break error,
            }
            assert!(held.len() < 100, "the backlog has an end");
        };
        assert_eq!(failure.to_string(), BUSY);
    }
}
