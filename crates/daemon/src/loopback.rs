//! Connections within one machine need no congestion control.
//!
//! Where the system paces what it sends (BBR does), every send over the loopback interface sets a
//! timer and waits for it, though there is no network to be spared. Reno only counts; it is in
//! every Linux kernel and open to every user. Connections that leave the machine keep what the
//! system's administrator chose.

use std::net::SocketAddr;
use std::os::fd::AsFd;

/// What sends without pacing.
#[cfg(target_os = "linux")]
const UNPACED: &str = "reno";

/// Spares a socket whose address is of this machine the pacing of its sends. On a listener it
/// holds for the connections it accepts: no system call for each. A system that does not know it
/// goes on as before.
pub fn spare_pacing(socket: impl AsFd, address: SocketAddr) {
    #[cfg(target_os = "linux")]
    if address.ip().to_canonical().is_loopback() {
        // Refused where an administrator allows less: then it is as slow as he wants it.
        let _ = rustix::net::sockopt::set_tcp_congestion(socket, UNPACED);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, address);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::net::sockopt::tcp_congestion;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn connections_accepted_within_the_machine_are_not_paced() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        spare_pacing(&listener, address);
        let _client = TcpStream::connect(address).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        assert_eq!(tcp_congestion(&accepted).unwrap(), UNPACED);
    }

    #[test]
    fn a_listener_for_other_machines_keeps_the_systems_choice() {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let before = tcp_congestion(&listener).unwrap();
        spare_pacing(&listener, listener.local_addr().unwrap());
        assert_eq!(tcp_congestion(&listener).unwrap(), before);
    }
}
