//! Who listens on an address, as far as the system tells: Linux, from `/proc`.
//!
//! Owns the reading of the kernel's socket tables. On other systems, and for processes of other
//! users, the answer is "not known", and callers must have words for that.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A process that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Its process id.
    pub(crate) pid: u32,
    /// Its short name.
    pub(crate) name: String,
}

/// Whether this process listens on exactly this address; None when it cannot be known.
pub(crate) fn listens(pid: u32, address: SocketAddr) -> Option<bool> {
    let tables = socket_tables(&format!("/proc/{pid}/net"))?;
    let inodes = tables.into_iter().filter(|(held, _)| *held == address).map(|(_, inode)| inode);
    let inodes: Vec<u64> = inodes.collect();
    Some(!inodes.is_empty() && owns_any(pid, &inodes)?)
}

/// The process whose listening socket keeps others off this address; None when it is not known.
pub(crate) fn holder(address: SocketAddr) -> Option<Holder> {
    let tables = socket_tables("/proc/net")?;
    let inodes = tables.into_iter().filter(|(held, _)| collide(*held, address));
    let inodes: Vec<u64> = inodes.map(|(_, inode)| inode).collect();
    if inodes.is_empty() {
        return None;
    }
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let pid = pids.find(|pid| owns_any(*pid, &inodes) == Some(true))?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Some(Holder { pid, name: name.trim_end().to_owned() })
}

/// Whether two listeners on these addresses exclude each other.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port()
        && (one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified())
}

/// All listening TCP sockets and their inodes; None on systems without these tables.
fn socket_tables(folder: &str) -> Option<Vec<(SocketAddr, u64)>> {
    let four = fs::read_to_string(format!("{folder}/tcp")).ok()?;
    // Absent where IPv6 is turned off.
    let six = fs::read_to_string(format!("{folder}/tcp6")).unwrap_or_default();
    Some(four.lines().chain(six.lines()).filter_map(listening_socket).collect())
}

/// Reads a line of the kernel's table: address and inode of a socket that listens.
fn listening_socket(line: &str) -> Option<(SocketAddr, u64)> {
    const LISTEN: &str = "0A";
    let mut fields = line.split_ascii_whitespace();
    let address = fields.nth(1)?;
    let state = fields.nth(1)?;
    let inode = fields.nth(5)?.parse().ok()?;
    if state != LISTEN {
        return None;
    }
    let (ip, port) = address.split_once(':')?;
    Some((SocketAddr::new(ip_address(ip)?, u16::from_str_radix(port, 16).ok()?), inode))
}

/// The kernel prints an address as one or four 32-bit words, each in the machine's own byte order.
fn ip_address(hex: &str) -> Option<IpAddr> {
    let words = hex.as_bytes().chunks(8).map(|word| {
        let digits = std::str::from_utf8(word).ok()?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    });
    let bytes = words.collect::<Option<Vec<[u8; 4]>>>()?.concat();
    if let Ok(four) = <[u8; 4]>::try_from(bytes.as_slice()) {
        return Some(Ipv4Addr::from(four).into());
    }
    let six = <[u8; 16]>::try_from(bytes.as_slice()).ok()?;
    Some(Ipv6Addr::from(six).into())
}

/// Whether the process has one of these sockets open; None when it may not be looked at.
fn owns_any(pid: u32, inodes: &[u64]) -> Option<bool> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let mut targets = descriptors.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    Some(targets.any(|target| {
        let inode = target.to_str().and_then(|text| text.strip_prefix("socket:["));
        let inode = inode.and_then(|text| text.strip_suffix(']')?.parse::<u64>().ok());
        inode.is_some_and(|inode| inodes.contains(&inode))
    }))
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener};

    use super::{collide, holder, listening_socket, listens};

    #[test]
    #[cfg(target_endian = "little")]
    fn table_lines_are_read() {
        let four = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0";
        let expected: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        assert_eq!(listening_socket(four), Some((expected, 4711)));
        let six = "   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 12 1 0 100 0 0 10 0";
        assert_eq!(listening_socket(six), Some(("[::1]:80".parse().unwrap(), 12)));
    }

    #[test]
    fn other_lines_are_passed_over() {
        for line in [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "   0: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000 0 0 4711 1",
            "   0: XX:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4711 1",
            "",
        ] {
            assert_eq!(listening_socket(line), None, "{line}");
        }
    }

    #[test]
    fn any_address_excludes_each_one() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert!(collide(address("0.0.0.0:80"), address("127.0.0.1:80")));
        assert!(collide(address("[::]:80"), address("127.0.0.1:80")));
        assert!(!collide(address("127.0.0.2:80"), address("127.0.0.1:80")));
        assert!(!collide(address("0.0.0.0:80"), address("0.0.0.0:81")));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn own_listener_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let me = std::process::id();
        assert_eq!(listens(me, address), Some(true));
        assert_eq!(holder(address).map(|holder| holder.pid), Some(me));
        drop(listener);
        assert_eq!(listens(me, address), Some(false));
        assert_eq!(holder(address), None);
    }
}
