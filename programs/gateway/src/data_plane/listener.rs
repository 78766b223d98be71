//! Binding: a socket for each address and thread, so that the kernel spreads connections over the
//! threads (`SO_REUSEPORT`) and no thread hands one to another.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::spare_pacing;

/// Connections the kernel holds for a listener until they are accepted (it may allow fewer:
/// `net.core.somaxconn`).
pub(super) const BACKLOG: i32 = 4096;

/// Why an address cannot be listened on, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {cause}; {advice}")]
pub struct BindError {
    /// The address asked for.
    pub address: SocketAddr,
    /// What the system said.
    #[source]
    pub cause: io::Error,
    /// The next step.
    pub advice: &'static str,
}

/// What is spoken on the connections of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// HTTP/1.1.
    Http,
    /// Anything: they are passed on as the `[[tcp]]` of this index says.
    Tcp(usize),
}

impl Speaks {
    /// A listener's address as a URL.
    pub(crate) fn url(self, address: SocketAddr) -> String {
        match self {
            Self::Http => format!("http://{address}"),
            Self::Tcp(_) => format!("tcp://{address}"),
        }
    }
}

/// A listener by what the configuration says of it, so that a reload knows it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Door {
    /// The address as configured: port 0 stands for any free one.
    pub(crate) asked: SocketAddr,
    /// Counts those of the same address: port 0 may be there several times.
    pub(crate) turn: usize,
}

impl Door {
    /// Whether it is for IPv6 alone: any but `[::]`, which is for both families unless one of
    /// `all` takes IPv4 at the same port.
    pub(crate) fn only_v6(self, mut all: impl Iterator<Item = Self>) -> bool {
        let Self { asked, .. } = self;
        let takes_v4 = |other: Self| other.asked.is_ipv4() && other.asked.port() == asked.port();
        !asked.ip().is_unspecified() || asked.port() != 0 && all.any(takes_v4)
    }
}

/// A listener, bound: a socket for each thread.
pub(crate) struct Bound {
    pub(crate) door: Door,
    /// Where it listens, with the port the system chose where 0 was asked for.
    pub(crate) address: SocketAddr,
    /// In turn for each thread; there may be more than threads, if they came from elsewhere.
    pub(crate) sockets: Vec<TcpListener>,
}

impl Bound {
    /// Binds an address for `workers` threads. Sockets that another process had there are all
    /// served, since each has a queue of its own; more are bound if there are fewer than threads.
    /// Where those do not allow that (`SO_REUSEPORT`), threads share them. `only_v6` leaves IPv4 to
    /// another listener of the same port.
    ///
    /// # Errors
    /// The address, what the system said, and what to do.
    pub(crate) fn bind(
        door: Door,
        speaks: Speaks,
        workers: usize,
        only_v6: bool,
        inherited: Vec<TcpListener>,
    ) -> Result<Self, BindError> {
        let Door { asked: address, .. } = door;
        let explain =
            |cause: io::Error| BindError { address, advice: advice(&cause, speaks), cause };
        // Another process that also shares the port would take part of our connections
        // without a word: an exclusive socket first tells whether the address is free.
        let mut actual = address;
        if let Some(first) = inherited.first() {
            actual = first.local_addr().map_err(explain)?;
        } else if address.port() != 0 {
            drop(bind(address, only_v6, false).map_err(explain)?);
        }
        let shared = inherited.iter().all(|one| SockRef::from(one).reuse_port().unwrap_or(false));
        let had = inherited.len();
        let mut sockets = inherited;
        for turn in sockets.len()..workers {
            if !shared && let Some(one) = sockets.get(turn.checked_rem(had).unwrap_or(0)) {
                let again = one.try_clone().map_err(explain)?;
                sockets.push(again);
                continue;
            }
            let socket = bind(actual, only_v6, true).map_err(explain)?;
            socket.listen(BACKLOG).map_err(explain)?;
            let socket = TcpListener::from(socket);
            actual = socket.local_addr().map_err(explain)?;
            sockets.push(socket);
        }
        Ok(Self { door, address: actual, sockets })
    }
}

fn bind(address: SocketAddr, only_v6: bool, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM.nonblocking().cloexec(),
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    // Accepted sockets inherit it: no system call for each connection.
    socket.set_tcp_nodelay(true)?;
    spare_pacing(&socket, address);
    socket.bind(&address.into())?;
    Ok(socket)
}

fn advice(cause: &io::Error, speaks: Speaks) -> &'static str {
    match cause.kind() {
        io::ErrorKind::AddrInUse if speaks != Speaks::Http => {
            "another program listens there (`ss -ltnp` shows which): stop it, or choose another address in `listen` of the [[tcp]]"
        }
        io::ErrorKind::AddrInUse => {
            "another program listens there (`ss -ltnp` shows which): stop it, or choose another address with --listen or `listen` in [gateway]"
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need the capability CAP_NET_BIND_SERVICE: choose a port above, or grant it"
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address: `ip address` lists those it has; 0.0.0.0 stands for all"
        }
        _ => "check the address, and the system's limits",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(asked: SocketAddr) -> Door {
        Door { asked, turn: 0 }
    }

    #[test]
    fn every_thread_has_a_socket_on_the_same_port() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let bound = Bound::bind(door(any), Speaks::Http, 3, false, Vec::new()).unwrap();
        assert_ne!(bound.address.port(), 0);
        assert_eq!(bound.sockets.len(), 3);
        for socket in &bound.sockets {
            assert_eq!(socket.local_addr().unwrap(), bound.address);
        }
    }

    #[test]
    fn every_address_is_of_both_families_unless_ipv4_is_listed_too() {
        let door = |text: &str| door(text.parse().unwrap());
        let only_v6 = |text: &str, all: &[&str]| door(text).only_v6(all.iter().copied().map(door));
        assert!(!only_v6("[::]:80", &["[::]:80", "0.0.0.0:81"]));
        assert!(only_v6("[::]:80", &["[::]:80", "0.0.0.0:80"]));
        assert!(only_v6("[::]:80", &["127.0.0.1:80"]));
        assert!(only_v6("[::1]:80", &[]));
        assert!(!only_v6("[::]:0", &["0.0.0.0:0"]), "they get ports of their own");
    }

    #[test]
    fn a_port_in_use_is_refused_even_where_it_could_be_shared() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let bound = Bound::bind(door(any), Speaks::Http, 1, false, Vec::new()).unwrap();
        let again = Bound::bind(door(bound.address), Speaks::Http, 1, false, Vec::new());
        let Err(error) = again else { panic!("bound twice") };
        assert!(error.to_string().contains("another program listens there"), "{error}");
    }

    #[test]
    fn sockets_of_another_process_are_all_served_and_completed() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let first = Bound::bind(door(any), Speaks::Http, 2, false, Vec::new()).unwrap();
        let (address, given) = (first.address, first.sockets);
        let more = Bound::bind(door(any), Speaks::Http, 3, false, given).unwrap();
        assert_eq!((more.address, more.sockets.len()), (address, 3));
        let fewer = Bound::bind(door(any), Speaks::Http, 1, false, more.sockets).unwrap();
        assert_eq!((fewer.address, fewer.sockets.len()), (address, 3));
        // One of a service manager, which shares its port with nobody.
        let alone = TcpListener::bind(any).unwrap();
        let address = alone.local_addr().unwrap();
        let bound = Bound::bind(door(address), Speaks::Http, 3, false, vec![alone]).unwrap();
        assert_eq!(bound.sockets.len(), 3);
        assert!(bound.sockets.iter().all(|one| one.local_addr().unwrap() == address));
    }
}
