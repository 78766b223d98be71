//! Limits, servers and the gateway itself that change while requests wait.

use crate::server::Server;
use crate::{asks, start, status, upstream, waiting};
use rustix::process::Signal;
use std::net::SocketAddr;
use tombolo_e2e::{Client, Setup, Tombolo};

fn setup(servers: &[&Server], limit: &str) -> Setup {
    Setup::to_all(servers.iter().map(|server| &server.origin)).workers(2).upstream(limit)
}

fn post(admin: SocketAddr, path: &str, body: &str) {
    let length = body.len();
    let answer = Client::connect(admin).exchange(format!(
        "POST {path} HTTP/1.1\r\nHost: {admin}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    ));
    assert_eq!(answer.status(), 200, "{}", answer.text());
}

fn reload((gateway, admin): &(Tombolo, SocketAddr), setup: Setup) {
    let text = setup.gateway("admin = \"127.0.0.1:0\"").text();
    std::fs::write(gateway.folder().join("tombolo.toml"), text).unwrap();
    post(*admin, "/api/v1/reload", "{}");
}

#[test]
fn a_raised_limit_lets_those_in_who_wait() {
    let server = Server::held();
    let running = start(setup(&[&server], "limit = { in_flight = 1, wait = \"1m\" }"));
    let mut clients: Vec<Client> = (0..6).map(|_| asks(&running.0, "/")).collect();
    waiting(running.1, 5);
    reload(&running, setup(&[&server], "limit = { in_flight = 4, wait = \"1m\" }"));
    server.was_asked(4);
    waiting(running.1, 2);
    assert_eq!(upstream(running.1)["backends"][0]["limit"], 4);
    // Lowered, it sends nobody out and lets nobody in before there is room again.
    reload(&running, setup(&[&server], "limit = { in_flight = 2, wait = \"1m\" }"));
    server.answer(6);
    clients.iter_mut().for_each(|client| assert_eq!(status(client), 200));
    assert_eq!(server.most(), 4);
}

#[test]
fn who_waits_is_let_in_when_the_limit_goes() {
    let server = Server::held();
    let running = start(setup(&[&server], "limit = { in_flight = 1, wait = \"1m\" }"));
    let mut clients: Vec<Client> = (0..6).map(|_| asks(&running.0, "/")).collect();
    waiting(running.1, 5);
    reload(&running, setup(&[&server], ""));
    server.was_asked(6);
    server.answer(6);
    clients.iter_mut().for_each(|client| assert_eq!(status(client), 200));
}

/// A server that a reload takes away gives no place to those who wait, while another stays.
#[test]
fn who_waits_goes_to_a_server_that_stays() {
    let (stays, goes) = (Server::held(), Server::held());
    let limit = "limit = { in_flight = 1, wait = \"1m\" }";
    let running = start(setup(&[&stays, &goes], limit));
    let mut clients: Vec<Client> = (0..6).map(|_| asks(&running.0, "/")).collect();
    waiting(running.1, 4);
    reload(&running, setup(&[&stays], limit));
    let mut late = asks(&running.0, "/late");
    waiting(running.1, 5);
    stays.answer(7);
    goes.answer(7);
    clients.iter_mut().for_each(|client| assert_eq!(status(client), 200));
    assert_eq!(status(&mut late), 200);
    assert_eq!((goes.targets().len(), stays.targets().len()), (1, 6));
    assert_eq!(stays.targets().last().map(String::as_str), Some("/late"));
}

/// A server that is back takes those who wait for the others, though no place was freed.
#[test]
fn a_server_that_is_back_serves_who_waits() {
    let (busy, back) = (Server::held(), Server::held());
    let limit = "limit = { in_flight = 1, wait = \"1m\" }";
    let running = start(setup(&[&busy, &back], limit));
    let name = format!("{{\"upstream\":\"app\",\"server\":\"{}\"}}", back.origin.address());
    post(running.1, "/api/v1/drain", &name);
    let mut clients: Vec<Client> = (0..3).map(|_| asks(&running.0, "/")).collect();
    waiting(running.1, 2);
    assert_eq!(back.targets().len(), 0, "a server that drains is not asked instead");
    post(running.1, "/api/v1/undrain", &name);
    back.was_asked(1);
    waiting(running.1, 1);
    back.answer(2);
    busy.answer(2);
    clients.iter_mut().for_each(|client| assert_eq!(status(client), 200));
}

/// Who waits is under way: a gateway that ends serves it first.
#[test]
fn a_gateway_that_ends_serves_who_waits() {
    let server = Server::held();
    let (mut gateway, admin) = start(setup(&[&server], "limit = { in_flight = 1, wait = \"1m\" }"));
    let mut clients: Vec<Client> = (0..5).map(|_| asks(&gateway, "/")).collect();
    waiting(admin, 4);
    gateway.signal(Signal::TERM);
    gateway.stderr().wait_for("the drain", |line| line.contains("drain").then_some(()));
    server.answer(5);
    clients.iter_mut().for_each(|client| assert_eq!(status(client), 200));
    assert!(gateway.wait_for_exit().success());
}
