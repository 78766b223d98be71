//! An address of loopback at which every connection is refused.

use socket2::{Domain, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr};

/// A port that is bound and not listened on: the kernel refuses connections to it, and gives it to
/// no other test for as long as this value lives.
pub struct Refusing {
    _bound: Socket,
    address: SocketAddr,
}

impl Refusing {
    /// Takes a free port.
    #[allow(clippy::new_without_default, reason = "it takes a port of the machine")]
    pub fn new() -> Self {
        let bound = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        bound.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a free port");
        let address = bound.local_addr().ok().and_then(|address| address.as_socket());
        Self { _bound: bound, address: address.expect("the address of a bound socket") }
    }

    /// Where connections are refused.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn connections_are_refused_and_the_port_is_taken() {
        let refusing = Refusing::new();
        let refused = TcpStream::connect(refusing.address()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let taken = TcpListener::bind(refusing.address()).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    }
}
