//! A server that can be told to be slow or to fail: the subcommand, and the handle on its process.
//! It is told on its standard input, so that no balancer sees it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU8, Ordering::Relaxed},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::{body::body, trouble::What};
use crate::{cores, servers};

/// How long an answer of a slow replica takes.
const SLOW: Duration = Duration::from_secs(1);
/// A request head longer than this closes the connection.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

const WELL: u8 = 0;
const IS_SLOW: u8 = 1;
const FAILS: u8 = 2;

/// Command line of the server.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where it listens; port 0 lets the system choose
    #[arg(long)]
    listen: SocketAddr,
}

static STATE: AtomicU8 = AtomicU8::new(WELL);

/// Serves until standard input ends. Each line there says how it is from now on: `well`, `slow`
/// or `fails`.
///
/// # Errors
/// When it cannot listen.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let domain = socket2::Domain::for_address(arguments.listen);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&arguments.listen.into()).context("binding")?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    println!("listening on http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    for line in std::io::stdin().lines() {
        STATE.store(
            match line?.as_str() {
                "slow" => IS_SLOW,
                "fails" => FAILS,
                _ => WELL,
            },
            Relaxed,
        );
    }
    Ok(())
}

/// Answers the requests of one connection, until it ends.
fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        while let Some(end) = memchr::memmem::find(&head, b"\r\n\r\n") {
            let rest = head.split_off(end + 4);
            let whole = std::mem::replace(&mut head, rest);
            answer(&mut stream, &whole)?;
        }
        let read = stream.read(&mut buffer)?;
        if read == 0 || head.len() > HEAD_BYTES_MAX {
            return Ok(());
        }
        head.extend_from_slice(buffer.get(..read).unwrap_or_default());
    }
}

fn answer(stream: &mut TcpStream, head: &[u8]) -> std::io::Result<()> {
    let state = STATE.load(Relaxed);
    if state == IS_SLOW {
        thread::sleep(SLOW);
    }
    let target = head.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
    let target = String::from_utf8_lossy(target);
    let number = target.split_once("n=").and_then(|(_, number)| number.parse().ok());
    let (status, body) = match (state, number) {
        (FAILS, _) => ("500 Internal Server Error", b"told to fail\n".to_vec()),
        (_, Some(number)) => ("200 OK", body(number)),
        (_, None) => ("200 OK", b"well\n".to_vec()),
    };
    let mut answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    stream.write_all(&answer)
}

/// A replica's process, ended when dropped.
pub(crate) struct Replica {
    child: Child,
    address: SocketAddr,
    cores: Vec<usize>,
}

impl Replica {
    /// Starts one on a free port.
    pub(crate) fn start(cores: &[usize]) -> Result<Replica> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), cores)
    }

    fn start_at(address: SocketAddr, cores: &[usize]) -> Result<Replica> {
        let mut command: Command = servers::own_program()?;
        command.args(["replica", "--listen", &address.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = cores::pinned(cores, || command.spawn())?.context("starting a replica")?;
        let mut line = String::new();
        let out = child.stdout.take().context("its output")?;
        BufReader::new(out).read_line(&mut line).context("reading where it listens")?;
        let said = line.trim().strip_prefix("listening on http://");
        let address = said.and_then(|said| said.parse().ok());
        let address = address.with_context(|| format!("a replica said {line:?}"))?;
        Ok(Replica { child, address, cores: cores.to_vec() })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does to it what a fault is.
    pub(crate) fn suffer(&mut self, what: What) -> Result<()> {
        match what {
            What::Kill => {
                self.child.kill().context("killing")?;
                self.child.wait().context("waiting for the end")?;
            }
            What::Start => *self = Self::start_at(self.address, &self.cores)?,
            What::Stop => self.signal(Signal::STOP)?,
            What::Continue => self.signal(Signal::CONT)?,
            What::Slow => self.tell("slow")?,
            What::Fail => self.tell("fails")?,
            What::Behave => self.tell("well")?,
        }
        Ok(())
    }

    fn tell(&mut self, state: &str) -> Result<()> {
        let input = self.child.stdin.as_mut().context("its input")?;
        writeln!(input, "{state}").context("telling it")
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        ensure!(pid.is_some(), "no process number");
        pid.map_or(Ok(()), |pid| kill_process(pid, signal)).context("sending a signal")
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
