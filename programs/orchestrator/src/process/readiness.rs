//! Learns that a process serves: it listens itself, and answers what it must answer.
//!
//! That somebody answers on the address is not enough: it could be a stranger who took the port.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::listeners;

/// Between two looks. No event tells that another process has begun to listen.
const INTERVAL: Duration = Duration::from_millis(20);
/// For one request to `/health` or its like, so that a hung answer is asked for again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// What a process must do to count as ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Listen on all of these.
    Listens(Vec<SocketAddr>),
    /// Answer 200 to `GET /health` here.
    Healthy(SocketAddr),
    /// Answer what a service without HTTP is asked.
    Answers {
        /// Where.
        address: SocketAddr,
        /// What is sent.
        asked: &'static [u8],
        /// What must come first in return.
        answer: &'static [u8],
    },
}

/// Returns when the process is ready; whoever waits holds the deadline.
pub(crate) async fn ready(pid: u32, probe: Probe) {
    while !attempt(pid, &probe).await {
        sleep(INTERVAL).await;
    }
}

async fn attempt(pid: u32, probe: &Probe) -> bool {
    match probe {
        Probe::Listens(addresses) => {
            for address in addresses {
                let answers = match listeners::listens(pid, *address) {
                    Some(known) => known,
                    None => TcpStream::connect(reachable(*address)).await.is_ok(),
                };
                if !answers {
                    return false;
                }
            }
            true
        }
        Probe::Healthy(address) => {
            listeners::listens(pid, *address).unwrap_or(true)
                && matches!(timeout(ANSWER_TIMEOUT, health(*address)).await, Ok(Ok(200)))
        }
        Probe::Answers { address, asked, answer } => {
            let answered = timeout(ANSWER_TIMEOUT, first_bytes(*address, asked, answer.len()));
            listeners::listens(pid, *address).unwrap_or(true)
                && matches!(answered.await, Ok(Ok(first)) if first == *answer)
        }
    }
}

/// Whether anything is answered, be it an error.
pub(super) async fn answers(probe: &Probe) -> bool {
    match probe {
        // The system does that for a process that hangs.
        Probe::Listens(_) => false,
        Probe::Healthy(address) => health(*address).await.is_ok(),
        Probe::Answers { address, asked, .. } => first_bytes(*address, asked, 1).await.is_ok(),
    }
}

/// What comes first after these bytes were sent, up to `length`.
async fn first_bytes(address: SocketAddr, asked: &[u8], length: usize) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(reachable(address)).await?;
    stream.write_all(asked).await?;
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// The status of one `GET /health`.
async fn health(address: SocketAddr) -> io::Result<u16> {
    let mut stream = TcpStream::connect(reachable(address)).await?;
    let request = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    // "HTTP/1.1 200" is all that is of interest.
    let mut line = [0; 12];
    stream.read_exact(&mut line).await?;
    status(&line).ok_or(io::ErrorKind::InvalidData.into())
}

/// The status code of a status line's first twelve bytes (RFC 9112 section 4).
fn status(line: &[u8]) -> Option<u16> {
    let code = line.strip_prefix(b"HTTP/1.")?.get(1..)?.strip_prefix(b" ")?;
    std::str::from_utf8(code).ok()?.parse().ok()
}

/// An address that listens on every interface is reached over loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[test]
    fn status_line_is_read() {
        assert_eq!(status(b"HTTP/1.1 200"), Some(200));
        assert_eq!(status(b"HTTP/1.0 503"), Some(503));
        assert_eq!(status(b"SSH-2.0-Open"), None);
        assert_eq!(status(b"HTTP/1.1 2x0"), None);
    }

    /// Answers one connection after the other with these statuses.
    fn server(statuses: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for status in statuses {
                let (mut stream, _) = listener.accept().unwrap();
                let mut head = [0; 512];
                let _ = stream.read(&mut head).unwrap();
                write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").unwrap();
            }
            listener.accept()
        });
        address
    }

    #[tokio::test]
    async fn ready_once_health_is_good() {
        let address = server(&["503 Service Unavailable", "200 OK"]);
        let me = std::process::id();
        timeout(PATIENCE, ready(me, Probe::Healthy(address))).await.unwrap();
    }

    #[tokio::test]
    async fn ready_once_a_line_is_answered() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for answer in ["BYE draining\n", "OK pong\n"] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut asked = [0; 5];
                stream.read_exact(&mut asked).unwrap();
                assert_eq!(&asked, b"PING\n");
                stream.write_all(answer.as_bytes()).unwrap();
            }
            listener.accept()
        });
        let me = std::process::id();
        let probe = Probe::Answers { address, asked: b"PING\n", answer: b"OK pong\n" };
        timeout(PATIENCE, ready(me, probe)).await.unwrap();
    }

    #[tokio::test]
    async fn stranger_on_the_port_does_not_count() {
        let address = server(&["200 OK"]);
        // Process 1 is never ours to be taken for.
        if listeners::listens(1, address) != Some(true) {
            let someone_else = std::process::Command::new("sleep").arg("600").spawn();
            let mut child = someone_else.unwrap();
            assert!(!attempt(child.id(), &Probe::Listens(vec![address])).await);
            assert!(!attempt(child.id(), &Probe::Healthy(address)).await);
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(attempt(std::process::id(), &Probe::Listens(vec![address])).await);
    }

    #[tokio::test]
    async fn unspecified_addresses_are_reached_over_loopback() {
        assert_eq!(reachable("0.0.0.0:1".parse().unwrap()), "127.0.0.1:1".parse().unwrap());
        assert_eq!(reachable("[::]:1".parse().unwrap()), "[::1]:1".parse().unwrap());
    }
}
