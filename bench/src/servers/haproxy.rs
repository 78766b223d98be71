//! HAProxy's configuration: one thread, every upstream connection shared between clients, log
//! lines handed over by the way that costs it least.

use std::{
    fs::File,
    io::{BufWriter, Read as _, Write as _},
    net::SocketAddr,
    os::unix::net::{UnixDatagram, UnixListener},
    path::PathBuf,
    process::Command,
    thread::{self, JoinHandle},
};

use anyhow::{Context as _, Result, anyhow};

use super::{Setup, create_log, write_configuration};

/// The program's name, as Debian installs it.
pub(crate) const PROGRAM: &str = "haproxy";

/// Longest log line, in bytes.
const LINE_BYTES_MAX: usize = 2048;

/// How HAProxy hands its log lines over. It never writes files itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogVia {
    /// A datagram for each line to a Unix socket, as to a system logger
    Datagram,
    /// A ring in memory, sent on as a stream to a Unix socket
    Ring,
}

/// The log line: the fields of the gateway's own. What a client chose is escaped.
const LOG_FORMAT: &str = "log-format '{\
    \"time\":\"%[date,ltime(%Y-%m-%dT%H:%M:%S)].%ms\",\"request_id\":\"%ID\",\"client\":\"%ci:%cp\",\
    \"method\":\"%HM\",\"scheme\":\"http\",\"host\":\"%[capture.req.hdr(0),json(utf8s)]\",\
    \"target\":\"%[capture.req.uri,json(utf8s)]\",\"protocol\":\"%HV\",\"status\":%ST,\
    \"bytes_in\":%U,\"bytes_out\":%B,\"duration_ms\":%Ta,\"upstream_ms\":%Tr,\
    \"backend\":\"%si:%sp\",\"attempts\":1,\"cache\":null,\
    \"user_agent\":\"%[capture.req.hdr(1),json(utf8s)]\",\
    \"referer\":\"%[capture.req.hdr(2),json(utf8s)]\",\"error\":null}'";

/// The command that starts it, and what takes its log lines.
pub(super) fn command(
    setup: &Setup<'_>,
    address: SocketAddr,
    splice: bool,
) -> Result<(Command, Option<Drain>)> {
    let configuration = configuration(setup, address, splice);
    let path = write_configuration(setup.folder, "haproxy.cfg", &configuration)?;
    let drain = if setup.log {
        let file = create_log(setup.folder)?;
        Some(Drain::start(setup.folder.join(SOCKET), setup.haproxy_log, file)?)
    } else {
        None
    };
    let mut command = Command::new(PROGRAM);
    command.arg("-db").arg("-f").arg(path);
    Ok((command, drain))
}

/// The socket's name in the server's folder.
const SOCKET: &str = "log.sock";

fn configuration(setup: &Setup<'_>, address: SocketAddr, splice: bool) -> String {
    let Setup { workers, origin, folder, buffer_bytes, .. } = setup;
    let socket = folder.join(SOCKET);
    let socket = socket.display();
    let (ring, to) = match setup.haproxy_log {
        LogVia::Datagram => (String::new(), socket.to_string()),
        LogVia::Ring => (
            format!(
                "ring lines
    format raw
    maxlen {LINE_BYTES_MAX}
    size 1048576
    timeout connect 1s
    timeout server 10s
    server drain unix@{socket}
"
            ),
            "ring@lines".to_owned(),
        ),
    };
    let (ring, log) = if setup.log {
        let captures = "http-request capture req.hdr(host) len 64
    http-request capture req.hdr(user-agent) len 128
    http-request capture req.hdr(referer) len 128";
        let log = format!("log {to} len {LINE_BYTES_MAX} format raw local0 info");
        (ring, format!("{log}\n    {captures}\n    {LOG_FORMAT}"))
    } else {
        (String::new(), "no log".to_owned())
    };
    let splice = if splice { "option splice-auto" } else { "no option splice-auto" };
    format!(
        "global
    nbthread {workers}
    maxconn 12000
    no strict-limits
    tune.bufsize {buffer_bytes}
{ring}
defaults
    mode http
    timeout connect 2s
    timeout client 75s
    timeout server 60s
    timeout http-request 10s
    timeout http-keep-alive 75s
    {splice}
frontend measured
    bind {address} backlog 4096
    {log}
    unique-id-format %[uuid()]
    unique-id-header X-Request-Id
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header Forwarded for=%[src];host=\\\"%[req.hdr(host)]\\\";proto=http
    http-request add-header Via \"1.1 haproxy\"
    http-response add-header Via \"1.1 haproxy\"
    http-response set-header X-Request-Id %[unique-id]
    default_backend origin
backend origin
    option forwardfor
    http-reuse always
    server origin {origin} pool-max-conn 128 pool-purge-delay 60s
"
    )
}

/// Takes log lines from a socket to a file, off the server's cores.
pub(crate) struct Drain {
    socket: PathBuf,
    via: LogVia,
    thread: JoinHandle<std::io::Result<()>>,
}

impl Drain {
    fn start(socket: PathBuf, via: LogVia, file: File) -> Result<Drain> {
        let thread = match via {
            LogVia::Datagram => {
                let from = UnixDatagram::bind(&socket).context("binding the log socket")?;
                thread::spawn(move || write_datagrams(&from, file))
            }
            LogVia::Ring => {
                let from = UnixListener::bind(&socket).context("binding the log socket")?;
                thread::spawn(move || write_stream(&from, file))
            }
        };
        Ok(Drain { socket, via, thread })
    }

    /// Waits until everything that a server, which has ended, had sent is in the file.
    ///
    /// # Errors
    /// When the file could not be written.
    pub(crate) fn finish(self) -> Result<()> {
        if self.via == LogVia::Datagram {
            // An empty datagram is the end; it comes behind all the others.
            let end = UnixDatagram::unbound().context("ending the log")?;
            end.send_to(&[], &self.socket).context("ending the log")?;
        }
        let outcome = self.thread.join().map_err(|_| anyhow!("a log drain panicked"))?;
        outcome.context("writing HAProxy's log")
    }
}

/// Writes each datagram as a line until an empty one comes.
fn write_datagrams(from: &UnixDatagram, file: File) -> std::io::Result<()> {
    let mut to = BufWriter::with_capacity(64 * 1024, file);
    let mut buffer = [0_u8; LINE_BYTES_MAX];
    loop {
        let length = from.recv(&mut buffer)?;
        let line = buffer.get(..length).unwrap_or_default();
        if line.is_empty() {
            return to.flush();
        }
        to.write_all(line)?;
        if !line.ends_with(b"\n") {
            to.write_all(b"\n")?;
        }
    }
}

/// Writes what comes on the first connection, until it ends.
fn write_stream(listener: &UnixListener, mut file: File) -> std::io::Result<()> {
    let (mut from, _) = listener.accept()?;
    let mut buffer = vec![0_u8; 256 * 1024];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        file.write_all(buffer.get(..length).unwrap_or_default())?;
    }
}
