//! Where the gateway's listeners end up.

use std::net::{SocketAddr, TcpListener};

use tempfile::TempDir;
use tombolo_daemon::config::{Admin, Overrides, ProxyProtocol, builtin_up};

use super::*;
use crate::error::Error;

/// The built-in configuration with these addresses in place of its own, and a folder for it.
fn fleet(
    listen: SocketAddr,
    admin: SocketAddr,
    is_written: bool,
) -> (TempDir, Result<Fleet, Error>) {
    let flags = Overrides { listen: vec![listen], admin: Some(admin), ..Overrides::default() };
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    let fleet = Fleet::new(builtin_up(&flags), data, is_written);
    let checked = fleet.check_addresses();
    (folder, checked.map(|()| fleet))
}

/// Where the gateway is told to listen for its administration.
fn admin_of(fleet: &mut Fleet) -> SocketAddr {
    let gateway = fleet.by_importance().next().unwrap();
    let command_line = fleet.prepare(gateway).unwrap();
    let told = std::fs::read_to_string(command_line.last().unwrap()).unwrap();
    let Admin { listen, token_file } = fleet.config().gateway.admin.clone().unwrap();
    assert!(told.contains(&format!("admin = \"{listen}\"")), "{told}");
    assert_eq!(token_file, None);
    listen
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

#[test]
fn admin_port_that_nobody_wrote_moves_out_of_the_way() {
    let held = TcpListener::bind(any_port()).unwrap();
    let taken = held.local_addr().unwrap();
    let (_folder, built_in) = fleet(any_port(), taken, false);
    let mut built_in = built_in.unwrap();
    let found = admin_of(&mut built_in);
    assert!(found != taken && found.port() != 0, "{found}");
    // Once it has served it stays.
    let gateway = built_in.by_importance().next().unwrap();
    built_in.settle(gateway);
    assert_eq!(admin_of(&mut built_in), found);
}

#[test]
fn admin_port_that_is_written_stays_or_is_refused() {
    let held = TcpListener::bind(any_port()).unwrap();
    let address = held.local_addr().unwrap();
    let (_folder, written) = fleet(any_port(), address, true);
    let refused = written.unwrap_err().to_string();
    assert!(refused.contains("admin listener") && refused.contains("file"), "{refused}");
    drop(held);
    let (_folder, written) = fleet(any_port(), address, true);
    assert_eq!(admin_of(&mut written.unwrap()), address);
}

#[test]
fn admin_listener_keeps_off_the_address_for_clients() {
    let free = TcpListener::bind(any_port()).unwrap().local_addr().unwrap();
    let (_folder, built_in) = fleet(free, free, false);
    assert_ne!(admin_of(&mut built_in.unwrap()), free);
}

#[test]
fn admin_port_zero_becomes_a_number() {
    let (_folder, written) = fleet(any_port(), any_port(), true);
    assert_ne!(admin_of(&mut written.unwrap()).port(), 0);
}

#[test]
fn calculators_take_headers_only_where_the_gateway_writes_them() {
    for (header, is_distrusted) in [(Some(ProxyProtocol::V2), false), (None, true)] {
        let mut config = builtin_up(&Overrides::default());
        config.tcp.iter_mut().for_each(|tcp| tcp.proxy_protocol_out = header);
        let folder = tempfile::tempdir().unwrap();
        let fleet = Fleet::new(config, DataFolder::open(folder.path()).unwrap(), false);
        let lines = fleet.by_importance().filter_map(|id| fleet.command_line(id));
        let mut calculators = lines.filter(|line| line.contains(&"calculator".into())).peekable();
        assert!(calculators.peek().is_some());
        let flag = "--distrust-loopback".into();
        assert!(calculators.all(|line| line.contains(&flag) == is_distrusted), "{header:?}");
    }
}
