//! A network between two programs, for a test to disturb: cut, silent, slow, or leading elsewhere.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A port of this machine that leads to a Unix socket.
pub struct Link {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    target: Mutex<PathBuf>,
    pairs: Mutex<Vec<(TcpStream, UnixStream)>>,
    /// New connections are refused at once.
    is_down: AtomicBool,
    /// Nothing passes, and nothing ends.
    is_silent: AtomicBool,
    /// Connections made so far.
    count: AtomicUsize,
    /// Connections with a smaller number stay open and carry nothing any more.
    forgotten: AtomicUsize,
    /// Milliseconds that every piece of data takes, each way.
    delay: AtomicU64,
}

impl Link {
    /// A link to the socket at `target`.
    pub fn to(target: PathBuf) -> Self {
        Self::on(SocketAddr::from(([127, 0, 0, 1], 0)), target)
    }

    /// The same on a given address of this machine.
    pub fn on(address: SocketAddr, target: PathBuf) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(State {
            target: Mutex::new(target),
            pairs: Mutex::default(),
            is_down: AtomicBool::new(false),
            is_silent: AtomicBool::new(false),
            count: AtomicUsize::new(0),
            forgotten: AtomicUsize::new(0),
            delay: AtomicU64::new(0),
        });
        let accepting = Arc::clone(&state);
        thread::spawn(move || listener.incoming().flatten().for_each(|one| accepting.accept(one)));
        Self { address, state }
    }

    /// Where it takes connections.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection.
    pub fn cut(&self) {
        for (near, far) in self.state.pairs.lock().unwrap().drain(..) {
            let _ = near.shutdown(Shutdown::Both);
            let _ = far.shutdown(Shutdown::Both);
        }
    }

    /// Ends every connection and refuses further ones, or takes them again.
    pub fn set_down(&self, is_down: bool) {
        self.state.is_down.store(is_down, Ordering::Relaxed);
        if is_down {
            self.cut();
        }
    }

    /// Lets nothing through while connections stay open, or lets all of it through.
    pub fn set_silent(&self, is_silent: bool) {
        self.state.is_silent.store(is_silent, Ordering::Relaxed);
    }

    /// What is connected now stays open and carries nothing any more, as when a firewall forgets.
    pub fn forget(&self) {
        let count = self.state.count.load(Ordering::Relaxed);
        self.state.forgotten.store(count, Ordering::Relaxed);
    }

    /// Has every piece of data take so long, each way.
    pub fn set_delay(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).expect("short");
        self.state.delay.store(millis, Ordering::Relaxed);
    }

    /// Leads new connections elsewhere.
    pub fn lead_to(&self, target: PathBuf) {
        *self.state.target.lock().unwrap() = target;
    }
}

impl State {
    fn accept(self: &Arc<Self>, near: TcpStream) {
        if self.is_down.load(Ordering::Relaxed) {
            return;
        }
        let Ok(far) = UnixStream::connect(&*self.target.lock().unwrap()) else { return };
        let _ = near.set_nodelay(true);
        let clones = || Ok::<_, io::Error>((near.try_clone()?, far.try_clone()?));
        let (Ok((near_in, far_out)), Ok((near_out, far_in)), Ok(pair)) =
            (clones(), clones(), clones())
        else {
            return;
        };
        self.pairs.lock().unwrap().push(pair);
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let (up, down) = (Arc::clone(self), Arc::clone(self));
        thread::spawn(move || {
            up.carry(number, near_in, far_out, |far| far.shutdown(Shutdown::Write));
        });
        thread::spawn(move || {
            down.carry(number, far_in, near_out, |near| near.shutdown(Shutdown::Write));
        });
    }

    fn carry<W: Write>(
        &self,
        number: usize,
        mut from: impl Read,
        mut to: W,
        end: impl Fn(&W) -> io::Result<()>,
    ) {
        let mut bytes = vec![0; 65_536];
        while let Ok(count) = from.read(&mut bytes) {
            thread::sleep(Duration::from_millis(self.delay.load(Ordering::Relaxed)));
            while self.is_silent.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(5));
            }
            if count > 0 && number < self.forgotten.load(Ordering::Relaxed) {
                continue;
            }
            if count == 0 || to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = end(&to);
    }
}
