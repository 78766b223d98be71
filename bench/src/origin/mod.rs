//! The constant backend: one blocking epoll loop per thread, each with its own listener on the
//! same port (`SO_REUSEPORT`), prebuilt answers, two system calls per request.
//!
//! Owns what a benchmark needs from a backend and no more: `GET` and `HEAD` without a body, kept
//! connections, pipelining in order, a count of what a cache should have answered. Refuses everything
//! else by closing the connection.

mod answers;

mod connection;

use std::{
    io::Write as _,
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use anyhow::{Context as _, Result};
use rustix::event::epoll;
use slab::Slab;
use socket2::{Domain, Protocol, Socket, Type};

pub(crate) use self::answers::{
    Answers, CACHED_SIZES, COUNT, ECHO, ETAG, GZIP_ETAG, MAX_AGE, SIZES, VARYING, body,
};
use self::connection::{Connection, Next};

/// Most connections one thread keeps; further ones are closed as they come.
const CONNECTIONS_MAX: usize = 65_536;
/// Connections waiting to be accepted, per listener.
const BACKLOG: i32 = 4_096;
/// Events taken from the kernel at once.
const EVENTS_MAX: usize = 256;
/// The event key of the listener; connections have their place in the slab.
const LISTENER: u64 = u64::MAX;

/// Command line of the origin.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Address to listen on; port 0 takes a free one and prints it
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Threads, each with its own listener on the same port
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
}

/// Serves until killed. Prints `listening on http://ADDR` once every thread listens.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let answers: &'static Answers = Box::leak(Box::new(Answers::new()));
    let first = listen(arguments.listen)?;
    let address = first.local_addr().context("asking for the listener's address")?;
    let mut listeners = vec![first];
    for _ in 1..arguments.threads {
        listeners.push(listen(address)?);
    }
    let threads: Vec<_> = listeners
        .into_iter()
        .map(|listener| thread::spawn(move || serve(&listener, answers)))
        .collect();
    println!("listening on http://{address}");
    std::io::stdout().flush().context("printing the address")?;
    for thread in threads {
        thread.join().map_err(|_| anyhow::anyhow!("an origin thread panicked"))??;
    }
    Ok(())
}

fn listen(address: SocketAddr) -> Result<TcpListener> {
    let open = || -> std::io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    };
    open().with_context(|| format!("listening on {address}"))
}

fn serve(listener: &TcpListener, answers: &'static Answers) -> Result<()> {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC).context("creating an epoll")?;
    let readable = epoll::EventFlags::IN;
    epoll::add(&poll, listener, epoll::EventData::new_u64(LISTENER), readable)
        .context("watching the listener")?;
    let mut connections: Slab<Connection> = Slab::new();
    let mut events: Vec<epoll::Event> = Vec::with_capacity(EVENTS_MAX);
    loop {
        events.clear();
        match epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error).context("waiting for events"),
        }
        for event in &events {
            let key = { event.data }.u64();
            if key == LISTENER {
                accept_all(listener, &poll, &mut connections)?;
            } else {
                turn(&poll, &mut connections, key, answers);
            }
        }
    }
}

/// Takes every waiting connection.
fn accept_all(
    listener: &TcpListener,
    poll: &impl rustix::fd::AsFd,
    connections: &mut Slab<Connection>,
) -> Result<()> {
    loop {
        let stream: TcpStream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(error).context("accepting a connection"),
        };
        if connections.len() >= CONNECTIONS_MAX {
            continue;
        }
        stream.set_nonblocking(true).context("making a connection non-blocking")?;
        stream.set_nodelay(true).context("setting TCP_NODELAY")?;
        let entry = connections.vacant_entry();
        let data = epoll::EventData::new_u64(entry.key() as u64);
        epoll::add(poll, &stream, data, epoll::EventFlags::IN).context("watching a connection")?;
        entry.insert(Connection::new(stream));
    }
}

/// Lets one connection go on, and watches for what it waits for next.
fn turn(
    poll: &impl rustix::fd::AsFd,
    connections: &mut Slab<Connection>,
    key: u64,
    answers: &'static Answers,
) {
    let index = usize::try_from(key).unwrap_or(usize::MAX);
    let Some(connection) = connections.get_mut(index) else { return };
    let before = connection.waits_to_write();
    let next = connection.go_on(answers);
    if next == Next::Close {
        connections.remove(index);
        return;
    }
    let after = connection.waits_to_write();
    if before != after {
        let flags = if after { epoll::EventFlags::OUT } else { epoll::EventFlags::IN };
        let data = epoll::EventData::new_u64(key);
        if epoll::modify(poll, connection.stream(), data, flags).is_err() {
            connections.remove(index);
        }
    }
}
