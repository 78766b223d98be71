//! The listening socket of a service.

use std::io;
use std::net::SocketAddr;

use rustix::net::sockopt::set_ipv6_v6only;
use tokio::net::{TcpListener, TcpSocket};

use crate::loopback::spare_pacing;

/// Connections the kernel holds until they are accepted (it may allow fewer:
/// `net.core.somaxconn`). Beyond, it drops what a client sends to connect, and that client tries
/// again only after a second: a crowd that comes at once must fit.
pub const BACKLOG: u32 = 4096;

/// Listens on an address; port 0 lets the system choose. `[::]` takes clients of both families.
///
/// # Errors
/// What the system says: taken, not allowed, no such address.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A replica that is started again takes its address back while old connections still end.
    socket.set_reuseaddr(true)?;
    if address.is_ipv6() {
        // Else a setting of the system decides (`net.ipv6.bindv6only`).
        set_ipv6_v6only(&socket, !address.ip().is_unspecified())?;
    }
    socket.bind(address)?;
    // An event stream is small sends to many: pacing would set a timer for each of them.
    spare_pacing(&socket, address);
    socket.listen(BACKLOG)
}

/// A peer's address in the family it speaks: a client by IPv4 has an IPv4-mapped address at a
/// socket for both families. Done once, where a connection is accepted.
#[must_use]
pub fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::net::sockopt::tcp_congestion;

    #[tokio::test]
    async fn every_address_is_of_both_families() {
        let listener = listen("[::]:0".parse().unwrap()).unwrap();
        let port = listener.local_addr().unwrap().port();
        for ip in ["127.0.0.1", "::1"] {
            let to = SocketAddr::new(ip.parse().unwrap(), port);
            let (client, accepted) =
                tokio::join!(tokio::net::TcpStream::connect(to), listener.accept());
            assert_eq!(plain(accepted.unwrap().1), client.unwrap().local_addr().unwrap());
        }
    }

    #[tokio::test]
    async fn what_a_service_sends_within_the_machine_is_not_paced() {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (_client, accepted) =
            tokio::join!(tokio::net::TcpStream::connect(address), listener.accept());
        assert_eq!(tcp_congestion(&accepted.unwrap().0).unwrap(), "reno");
    }
}
