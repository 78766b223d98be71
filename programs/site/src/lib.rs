//! The static web application: one replica of the site behind the gateway.
//!
//! Serves a folder of files, or the built-in landing page, over HTTP/1.1: conditional and range
//! requests, precompressed files, `/health`, and `X-Replica` on every answer. It owns the meaning
//! of a request (RFC 9110); the message format (RFC 9112) is hyper's, except for deadlines. It
//! writes no access log and knows no other replica: that is the gateway's part.

mod accept_encoding;
mod body;
mod conditional;
mod content_hash;
mod entity_tag;
mod error;
mod field;
mod folder;
mod landing;
mod language;
mod limits;
mod media_type;
mod preference;
mod range;
mod refusal;
mod representation;
mod request_path;
mod respond;
mod root;
mod site;
mod stored_file;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tombolo_daemon::listener::listen;
use tombolo_daemon::shutdown::Shutdown;
use tombolo_serve::{Limits, Server};

pub use error::Error;

use crate::site::Site;

/// What `tombolo serve site` is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder to serve; None serves the built-in landing page.
    pub root: Option<PathBuf>,
    /// The name in `X-Replica`: 1 to 64 letters, digits, dots, hyphens and underscores.
    /// None makes one from the process's id.
    pub replica: Option<String>,
    /// How long requests under way may take to finish once a drain is asked for.
    pub drain: Duration,
}

/// Listens and serves until `shutdown` asks for an end and what was under way is finished.
///
/// # Errors
/// When the options are wrong or the address cannot be listened on; nothing that a client does
/// ends the server.
pub async fn run(options: Options, shutdown: Shutdown) -> Result<(), Error> {
    // Before listening: who connects must not wait for a server that then refuses to start.
    let site = Site::new(&options, shutdown.clone())?;
    let address = options.listen;
    let listener = listen(address).map_err(|source| Error::Listen { address, source })?;
    start(site, listener, &options, shutdown).await
}

/// Serves on a listener that is already bound; `options.listen` is not looked at.
///
/// # Errors
/// As [`run`].
pub async fn serve(
    listener: TcpListener,
    options: Options,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let site = Site::new(&options, shutdown.clone())?;
    start(site, listener, &options, shutdown).await
}

async fn start(
    site: Site,
    listener: TcpListener,
    options: &Options,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let address = listener.local_addr().map_err(Error::LocalAddress)?;
    let root =
        options.root.as_deref().map_or("built-in page".into(), |root| root.to_string_lossy());
    tracing::info!(replica = site.replica(), %root, "listening on http://{address}");
    serve_site(site, listener, shutdown, Limits::default(), options.drain).await;
    Ok(())
}

async fn serve_site(
    site: Site,
    listener: TcpListener,
    shutdown: Shutdown,
    limits: Limits,
    drain: Duration,
) {
    let site = Arc::new(site);
    let server = Server::new(listener, shutdown, limits, move |request, peer| {
        let site = Arc::clone(&site);
        // The request's body is dropped unread: no method here has a use for one.
        let (head, _) = http::Request::into_parts(request);
        async move { site.answer(&head, peer.exchange).await }
    });
    server.run(drain).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::SocketAddr;
    use std::thread;
    use std::time::Instant;
    use tombolo_daemon::shutdown::Trigger;
    use tombolo_serve::Patience;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(200);

    /// A replica of the built-in page, or of a folder, with little patience.
    fn start(patience: Patience, root: Option<std::path::PathBuf>) -> (SocketAddr, Trigger) {
        let (trigger, shutdown) = Shutdown::by_hand();
        let (tell, told) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let listen = listener.local_addr().unwrap();
                tell.send(listen).unwrap();
                let options = Options { listen, root, replica: None, drain: LONG };
                let site = Site::new(&options, shutdown.clone()).unwrap();
                let limits = Limits { patience, ..Limits::default() };
                serve_site(site, listener, shutdown, limits, LONG).await;
            });
        });
        (told.recv_timeout(LONG).unwrap(), trigger)
    }

    fn connect(address: SocketAddr) -> std::net::TcpStream {
        let stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// How long it takes until the server closes the connection.
    fn time_to_close(stream: &mut std::net::TcpStream) -> Duration {
        let start = Instant::now();
        // A reset is as good an end as any.
        let _ = stream.read_to_end(&mut Vec::new());
        start.elapsed()
    }

    #[test]
    fn a_client_that_says_nothing_is_cut_off() {
        let patience = Patience { idle: SHORT, head: LONG, write: LONG };
        let (address, _trigger) = start(patience, None);
        assert!(time_to_close(&mut connect(address)) < LONG / 2);
    }

    #[test]
    fn a_head_that_drips_is_cut_off() {
        let patience = Patience { idle: LONG, head: SHORT, write: LONG };
        let (address, _trigger) = start(patience, None);
        let mut stream = connect(address);
        let mut dripping = stream.try_clone().unwrap();
        let drip = thread::spawn(move || {
            let line = b"GET / HTTP/1.1\r\nHost: example.org\r\nX-Slow: ";
            let bytes = line.iter().chain(std::iter::repeat(&b'x')).take(20_000);
            bytes.map(|byte| dripping.write_all(&[*byte])).take_while(Result::is_ok).count()
        });
        assert!(time_to_close(&mut stream) < LONG / 2);
        drop(stream);
        drip.join().unwrap();
    }

    #[test]
    fn an_answered_client_may_rest_for_the_idle_time() {
        let patience = Patience { idle: 4 * SHORT, head: SHORT / 10, write: LONG };
        let (address, _trigger) = start(patience, None);
        let mut stream = connect(address);
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: example.org\r\n\r\n").unwrap();
        let elapsed = time_to_close(&mut stream);
        assert!((3 * SHORT..LONG / 2).contains(&elapsed), "closed after {elapsed:?}");
    }

    #[test]
    fn a_reader_that_takes_nothing_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("large"), vec![1; 15 * 1024 * 1024]).unwrap();
        let patience = Patience { idle: LONG, head: LONG, write: SHORT };
        let (address, trigger) = start(patience, Some(folder.path().to_owned()));
        let mut stream = connect(address);
        stream.write_all(b"GET /large HTTP/1.1\r\nHost: example.org\r\n\r\n").unwrap();
        stream.read_exact(&mut [0; 10]).unwrap();
        // Once the drain is asked for, the listener is closed as soon as this connection is.
        trigger.drain();
        let start = Instant::now();
        while std::net::TcpStream::connect(address).is_ok() {
            assert!(start.elapsed() < LONG / 4, "the reader holds its connection");
            thread::yield_now();
        }
    }
}
