//! The listening socket of a service.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// Connections the kernel holds until they are accepted (it may allow fewer:
/// `net.core.somaxconn`). Beyond, it drops what a client sends to connect, and that client tries
/// again only after a second: a crowd that comes at once must fit.
pub const BACKLOG: u32 = 4096;

/// Listens on an address; port 0 lets the system choose.
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
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
