//! Finds addresses to listen on: the usual one while it is free, another one otherwise.
//!
//! Free means free now; who is given a port must still be ready to lose it to somebody quicker.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

/// Ports tried above the usual one, after which the system may choose.
pub(crate) const TRIED: u16 = 400;

/// Whether one could listen here, as a plain bind finds out.
///
/// # Errors
/// What the system says against it.
pub(crate) fn probe(address: SocketAddr) -> io::Result<()> {
    bind(address).map(drop)
}

/// The same address with a port that is free: the given one, else one of those above that is not
/// in `taken`. With port 0 the system chooses, once and for all restarts.
///
/// `skip` ports are left out at first: who was beaten to one port begins elsewhere, by chance, so
/// that several who look at the same time do not meet again.
pub(crate) fn free_near(wanted: SocketAddr, taken: &[SocketAddr], skip: u16) -> Option<SocketAddr> {
    let steps = (skip..TRIED).chain(0..skip.min(TRIED)).filter(|_| wanted.port() > 0);
    let numbered = steps.filter_map(|step| {
        let port = wanted.port().checked_add(step)?;
        Some(SocketAddr::new(wanted.ip(), port))
    });
    let mut candidates = numbered.filter(|address| !taken.contains(address));
    candidates.find(|address| probe(*address).is_ok()).or_else(|| chosen_by_system(wanted))
}

fn chosen_by_system(wanted: SocketAddr) -> Option<SocketAddr> {
    bind(SocketAddr::new(wanted.ip(), 0)).ok()?.local_addr().ok()?.as_socket()
}

/// Binds as the gateway does: `[::]` takes both families.
fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener};

    use super::{free_near, probe};

    #[test]
    fn usual_port_is_kept_while_it_is_free() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = held.local_addr().unwrap();
        assert!(probe(address).is_err());
        let other = free_near(address, &[], 0).unwrap();
        assert_ne!(other, address);
        drop(held);
        assert_eq!(free_near(address, &[], 0), Some(address));
    }

    #[test]
    fn ports_promised_to_others_are_left_alone() {
        let usual = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_ne!(free_near(usual, &[usual], 0), Some(usual));
    }

    #[test]
    fn second_choice_lies_elsewhere() {
        let usual = SocketAddr::from(([127, 0, 0, 1], 20_000));
        let chosen = free_near(usual, &[], 100).unwrap();
        assert!(chosen.port() >= 20_100, "{chosen}");
    }

    #[test]
    fn port_zero_becomes_a_number() {
        let chosen = free_near(SocketAddr::from(([127, 0, 0, 1], 0)), &[], 7).unwrap();
        assert_ne!(chosen.port(), 0);
    }
}
