//! The bus of one machine: a UNIX socket for each replica, in a folder beside the database that
//! this user alone may enter.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixDatagram;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tombolo_files::Folder;

use super::{Notice, gather};
use crate::limits;

/// How long a look into the folder counts.
const LOOK: Duration = Duration::from_secs(1);

/// A socket that is gone when its replica ends.
struct Socket {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

pub(super) fn join(
    database: &Path,
    outgoing: mpsc::Receiver<Notice>,
    incoming: mpsc::Sender<Option<Notice>>,
) -> Vec<JoinHandle<()>> {
    let mut folder = database.as_os_str().to_owned();
    folder.push("-wake");
    let folder = PathBuf::from(folder);
    match bind(&folder) {
        Ok(socket) => vec![tokio::spawn(run(socket, folder, outgoing, incoming))],
        Err(error) => {
            let folder = folder.display();
            tracing::warn!(%error, %folder, "no wake-up from other replicas: polling alone");
            Vec::new()
        }
    }
}

fn bind(folder: &Path) -> io::Result<Socket> {
    Folder::make(folder)?;
    let name = format!("{}-{:08x}", std::process::id(), fastrand::u32(..));
    let path = folder.join(name);
    let socket = UnixDatagram::from_std(tombolo_files::bind_datagram(&path)?)?;
    Ok(Socket { socket, path })
}

async fn run(
    socket: Socket,
    folder: PathBuf,
    mut outgoing: mpsc::Receiver<Notice>,
    incoming: mpsc::Sender<Option<Notice>>,
) {
    let mut buffer = vec![0; limits::NOTICE_BYTES + 1];
    let mut siblings = Siblings { folder, own: socket.path.clone(), paths: Vec::new(), seen: None };
    loop {
        tokio::select! {
            received = socket.socket.recv(&mut buffer) => {
                let bytes = received.ok().and_then(|length| buffer.get(..length));
                if let Some(notice) = bytes.and_then(Notice::read) {
                    // When nobody reads fast enough, polling makes up for it.
                    let _ = incoming.try_send(Some(notice));
                }
            }
            notices = gather(&mut outgoing) => {
                let Some(notices) = notices else { return };
                siblings.look();
                for text in notices.into_iter().filter_map(Notice::write) {
                    siblings.send(&socket.socket, text.as_bytes());
                }
            }
        }
    }
}

/// The other replicas' sockets.
struct Siblings {
    folder: PathBuf,
    own: PathBuf,
    paths: Vec<PathBuf>,
    seen: Option<Instant>,
}

impl Siblings {
    /// Looks who is there, once a second at most.
    fn look(&mut self) {
        if self.seen.is_some_and(|seen| seen.elapsed() < LOOK) {
            return;
        }
        self.seen = Some(Instant::now());
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path()).filter(|path| *path != self.own);
        self.paths = paths.take(limits::SIBLINGS).collect();
    }

    /// Sends to each; removes the socket of one that has died.
    fn send(&mut self, socket: &UnixDatagram, bytes: &[u8]) {
        self.paths.retain(|path| match socket.try_send_to(bytes, path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                let _ = fs::remove_file(path);
                false
            }
            // A full socket among them: that replica polls.
            _ => true,
        });
    }
}
