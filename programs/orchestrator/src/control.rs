//! The socket on which the gateway asks: `run/up.sock` in the data folder, for its owner alone.
//!
//! One JSON object a line each way ([`tombolo_daemon::orchestration`]). Owns connections, lines and
//! their bounds; what is asked is answered by the loop.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tombolo_daemon::json;
use tombolo_daemon::orchestration::{Answer, REQUEST_BYTES_MAX, Refusal, Request};

/// Connections at one time; others wait in the system's queue.
const CONNECTIONS_MAX: usize = 16;
/// For a line to come, and for its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
/// After the system refused a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Something that was asked, and where the answer goes.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) request: Request,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// The socket, bound.
#[derive(Debug)]
pub(crate) struct Control {
    listener: std::os::unix::net::UnixListener,
}

impl Control {
    /// Binds the socket, in place of one that an earlier orchestrator left. Whoever calls this holds
    /// the lock of the data folder.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        Ok(Control { listener: tombolo_files::bind_stream(path)? })
    }

    /// Takes connections and passes on what they ask, for as long as somebody answers.
    pub(crate) async fn serve(self, asked: mpsc::Sender<Asked>) {
        // It fails for a descriptor that cannot be watched, which this one can.
        let Ok(listener) = UnixListener::from_std(self.listener) else { return };
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let asked = asked.clone();
                    tokio::spawn(async move {
                        // It ended early: the next one who asks makes a connection of its own.
                        let _ = converse(stream, asked).await;
                        drop(place);
                    });
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
        }
    }
}

/// Answers line after line until the other end has no more.
async fn converse(stream: UnixStream, asked: mpsc::Sender<Asked>) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bounded = (&mut read).take(REQUEST_BYTES_MAX as u64);
        timeout(PATIENCE, bounded.read_until(b'\n', &mut line)).await??;
        if line.is_empty() {
            return Ok(());
        }
        let whole = line.last() == Some(&b'\n');
        let answer = match json::object(&line) {
            Ok(request) if whole => put(&asked, request).await,
            Ok(_) => Answer::Refused(Refusal::new(400, "The line is too long, or not whole.")),
            Err(error) => Answer::Refused(Refusal::new(400, format!("Not understood: {error}"))),
        };
        let mut text = serde_json::to_vec(&answer)?;
        text.push(b'\n');
        timeout(PATIENCE, write.write_all(&text)).await??;
        if !whole {
            return Ok(());
        }
    }
}

/// Has the loop answer.
async fn put(asked: &mpsc::Sender<Asked>, request: Request) -> Answer {
    let (answer, told) = oneshot::channel();
    let gone = || Answer::Refused(Refusal::new(503, "`tombolo up` is ending."));
    if asked.send(Asked { request, answer }).await.is_err() {
        return gone();
    }
    told.await.unwrap_or_else(|_| gone())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use serde_json::json;
    use tombolo_daemon::orchestration::ask;

    use super::*;

    /// A socket whose every request is answered with its own words.
    async fn echo(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("up.sock");
        // As one that was killed leaves it.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let control = Control::bind(&path).unwrap();
        let (asked, mut requests) = mpsc::channel(1);
        tokio::spawn(control.serve(asked));
        tokio::spawn(async move {
            while let Some(Asked { request, answer }) = requests.recv().await {
                answer.send(Answer::Done(json!(format!("{request:?}")))).unwrap();
            }
        });
        path
    }

    #[tokio::test]
    async fn only_the_owner_may_ask_and_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let path = echo(folder.path()).await;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(ask(&path, &Request::Status).await.unwrap(), Answer::Done(json!("Status")));
    }

    #[tokio::test]
    async fn line_after_line_is_answered_and_nonsense_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut stream = UnixStream::connect(echo(folder.path()).await).await.unwrap();
        let endless = vec![b'x'; REQUEST_BYTES_MAX + 9];
        for lines in ["{}\n{\"ask\":\"status\"}\n".as_bytes(), &endless] {
            stream.write_all(lines).await.unwrap();
        }
        let mut told = String::new();
        let _ = stream.read_to_string(&mut told).await;
        let told: Vec<_> = told.lines().collect();
        assert!(told[0].contains("\"status\":400") && told[0].contains("ask"), "{told:?}");
        assert_eq!(told[1], "{\"done\":\"Status\"}");
        assert!(told[2].contains("400"), "{told:?}");
        assert_eq!(told.len(), 3);
    }
}
