//! Scripted origins: servers behind the gateway that do exactly as told, byte by byte, and record
//! what each upstream connection brought them.

use crate::{Fields, Framing, Head, Wire, WireError, eventually};
use socket2::{Domain, Socket, Type};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long an origin waits for the next bytes of a connection: longer than any test, so that it
/// is never the origin that closes unless the script says so.
const ORIGIN_PATIENCE: Duration = Duration::from_secs(120);

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

/// What one upstream connection brought, and whether it is over.
#[derive(Debug, Default)]
pub struct Tape {
    bytes: Mutex<Vec<u8>>,
    closed: AtomicBool,
    paused: AtomicBool,
}

impl Tape {
    pub(crate) fn append(&self, bytes: &[u8]) {
        if !self.paused.load(Ordering::Relaxed) {
            self.bytes.lock().unwrap().extend_from_slice(bytes);
        }
    }

    /// Everything received so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    /// Whether the connection has ended, from either side.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

/// One whole request as an origin received it.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its head.
    pub head: Head,
    /// Its body, decoded.
    pub body: Vec<u8>,
    /// Its trailers.
    pub trailers: Fields,
    /// How the body was framed on the wire.
    pub framing: Framing,
}

/// A connection from the gateway, in the hands of a script.
pub struct Connection {
    /// Counts connections of this origin from 0, in the order of their coming.
    pub number: usize,
    /// The socket, for scripts that go below messages.
    pub wire: Wire,
    tape: Arc<Tape>,
}

impl Connection {
    /// Reads one whole request; `Closed` when the gateway has closed instead.
    pub fn read_request(&mut self) -> Result<Request, WireError> {
        let head = self.wire.read_head()?;
        let framing = head.request_framing().map_err(WireError::Malformed)?;
        let (body, trailers) = self.wire.read_body(framing)?;
        Ok(Request { head, body, trailers, framing })
    }

    /// Writes bytes to the gateway.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), WireError> {
        self.wire.write(bytes)
    }

    /// Reads (and records) until the gateway closes.
    pub fn read_to_close(&mut self) -> Result<(), WireError> {
        while !self.wire.read_some()?.is_empty() {}
        Ok(())
    }

    /// Stops recording, for bodies too large to keep.
    pub fn stop_recording(&self) {
        self.tape.paused.store(true, Ordering::Relaxed);
    }
}

struct Shared {
    tapes: Mutex<Vec<Arc<Tape>>>,
    mistakes: Mutex<Vec<String>>,
    stopped: AtomicBool,
}

/// A running origin. Dropping it stops the listener and fails the test if a script went wrong or
/// the gateway sent something that is no HTTP.
pub struct Origin {
    place: Place,
    shared: Arc<Shared>,
    listener: Option<std::thread::JoinHandle<()>>,
}

enum Place {
    Tcp(SocketAddr),
    /// And a second handle to end it by: its path may be gone by then.
    Unix(PathBuf, UnixListener),
}

type Script = dyn Fn(&mut Connection) -> Result<(), WireError> + Send + Sync;

impl Origin {
    /// Listens on a free port of 127.0.0.1 and runs `script` once for every connection, each in a
    /// thread of its own. When the script returns, our side is closed (FIN) and what the gateway
    /// still sends is recorded until it closes too. A script that ends with a [`WireError`] other
    /// than `Malformed` is fine: the gateway was free to leave.
    pub fn start(
        script: impl Fn(&mut Connection) -> Result<(), WireError> + Send + Sync + 'static,
    ) -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"), script)
    }

    /// As [`Origin::start`], on a given address: for a server that comes back where it was.
    pub fn start_at(
        address: SocketAddr,
        script: impl Fn(&mut Connection) -> Result<(), WireError> + Send + Sync + 'static,
    ) -> Self {
        // A connection of another test may have this port as its own for a moment.
        let listener = eventually("the origin's port to be free", || listen(address).ok());
        let address = listener.local_addr().expect("a bound listener has an address");
        let accept = move || listener.accept().map(|(stream, _)| stream);
        Self::run(Place::Tcp(address), accept, script)
    }

    /// As [`Origin::start`], on a Unix socket of this path, in place of one that was left there.
    pub fn start_unix(
        path: &Path,
        script: impl Fn(&mut Connection) -> Result<(), WireError> + Send + Sync + 'static,
    ) -> Self {
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path).expect("a socket for the origin");
        let handle = listener.try_clone().expect("a second handle");
        // For reading and writing the two kinds of sockets are the same.
        let accept = move || listener.accept().map(|(stream, _)| OwnedFd::from(stream).into());
        Self::run(Place::Unix(path.to_owned(), handle), accept, script)
    }

    fn run(
        place: Place,
        next: impl FnMut() -> std::io::Result<TcpStream> + Send + 'static,
        script: impl Fn(&mut Connection) -> Result<(), WireError> + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            tapes: Mutex::default(),
            mistakes: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let (inner, script): (_, Arc<Script>) = (Arc::clone(&shared), Arc::new(script));
        let thread = std::thread::spawn(move || accept(next, &inner, &script));
        Self { place, shared, listener: Some(thread) }
    }

    /// Where the gateway finds it, unless it is on a Unix socket.
    pub fn address(&self) -> SocketAddr {
        match self.place {
            Place::Tcp(address) => address,
            Place::Unix(..) => panic!("it listens on a Unix socket"),
        }
    }

    /// Where the gateway finds it, in the words of its configuration.
    pub fn server(&self) -> String {
        match &self.place {
            Place::Tcp(address) => address.to_string(),
            Place::Unix(path, _) => format!("unix:{}", path.display()),
        }
    }

    /// How many connections have come.
    pub fn connections(&self) -> usize {
        self.shared.tapes.lock().unwrap().len()
    }

    /// How many connections are still open.
    pub fn open(&self) -> usize {
        self.tapes().iter().filter(|tape| !tape.is_closed()).count()
    }

    /// The recordings, in the order of the connections.
    pub fn tapes(&self) -> Vec<Arc<Tape>> {
        self.shared.tapes.lock().unwrap().clone()
    }

    /// Waits until all connections have ended, and gives what each brought: final evidence.
    pub fn settled(&self) -> Vec<Vec<u8>> {
        eventually("all upstream connections to end", || (self.open() == 0).then_some(()));
        self.tapes().iter().map(|tape| tape.bytes()).collect()
    }

    /// All whole requests of all connections so far; fails the test if the bytes break the grammar.
    /// Each connection may end in an unfinished request, which is left out.
    pub fn requests(&self) -> Vec<Request> {
        let mut all = Vec::new();
        for tape in self.tapes() {
            all.extend(replay(&tape.bytes()));
        }
        all
    }

    /// Stops listening: from now on connections are refused. Open ones go on.
    pub fn stop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        if let Some(thread) = self.listener.take() {
            // Wakes the thread that waits in accept.
            match &self.place {
                Place::Tcp(address) => drop(TcpStream::connect(address)),
                Place::Unix(_, listener) => {
                    let _ = rustix::net::shutdown(listener, rustix::net::Shutdown::Both);
                }
            }
            thread.join().expect("the accepting thread does not panic");
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.stop();
        let mistakes = self.shared.mistakes.lock().unwrap();
        if !std::thread::panicking() {
            assert!(mistakes.is_empty(), "at the origin: {}", mistakes.join("; "));
        }
    }
}

/// A listener as a real server has it. The standard library's queue of 128 is overrun when a
/// thousand connections come at once: those dropped are tried again by the kernel after seconds.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn accept(
    mut next: impl FnMut() -> std::io::Result<TcpStream>,
    shared: &Arc<Shared>,
    script: &Arc<Script>,
) {
    loop {
        let stream = next();
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let tape = Arc::new(Tape::default());
        let number = {
            let mut tapes = shared.tapes.lock().unwrap();
            tapes.push(Arc::clone(&tape));
            tapes.len() - 1
        };
        let (shared, script) = (Arc::clone(shared), Arc::clone(script));
        let serve = move || {
            serve(stream, number, &tape, &shared, &script);
            // Only now, when our side of the connection is closed, is it over.
            tape.closed.store(true, Ordering::SeqCst);
        };
        let builder = std::thread::Builder::new().stack_size(512 * 1024);
        builder.spawn(serve).expect("a thread for the connection");
    }
}

/// Runs the script on one connection. What went wrong is noted before the connection closes, so
/// that who sees the close can rely on the note.
fn serve(
    stream: std::io::Result<TcpStream>,
    number: usize,
    tape: &Arc<Tape>,
    shared: &Shared,
    script: &Arc<Script>,
) {
    let wire = stream.and_then(|stream| Wire::new(stream, Some(Arc::clone(tape))));
    // A connection that is gone before it could be set up has nothing to tell.
    let Ok(mut wire) = wire else { return };
    if wire.set_patience(ORIGIN_PATIENCE).is_err() {
        return;
    }
    let mut connection = Connection { number, wire, tape: Arc::clone(tape) };
    let mistake = match catch_unwind(AssertUnwindSafe(|| script(&mut connection))) {
        Ok(Ok(())) => {
            connection.wire.half_close();
            let _ = connection.read_to_close();
            None
        }
        Ok(Err(WireError::Malformed(how))) => Some(how),
        Ok(Err(_)) => None,
        Err(_) => Some("a script panicked (see above)".to_owned()),
    };
    shared.mistakes.lock().unwrap().extend(mistake);
}

/// Reads recorded bytes as a sequence of requests.
fn replay(bytes: &[u8]) -> Vec<Request> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port to replay on");
    let address = listener.local_addr().expect("a bound listener has an address");
    let copy = bytes.to_vec();
    let writer = std::thread::spawn(move || {
        let stream = TcpStream::connect(address)?;
        std::io::Write::write_all(&mut &stream, &copy)
    });
    let (stream, _) = listener.accept().expect("our own connection");
    let wire = Wire::new(stream, None).expect("socket options");
    let mut connection = Connection { number: 0, wire, tape: Arc::default() };
    let mut requests = Vec::new();
    loop {
        match connection.read_request() {
            Ok(request) => requests.push(request),
            Err(WireError::Malformed(how)) => panic!("malformed bytes went upstream: {how}"),
            Err(_) => break,
        }
    }
    writer.join().expect("the writer does not panic").expect("our own connection takes the bytes");
    requests
}
