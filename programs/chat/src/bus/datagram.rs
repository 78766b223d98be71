//! The bus of one machine: a UNIX socket for each replica, in a folder beside the database that
//! this user alone may enter.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
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

/// Whether an entry is a socket with a name that [`bind`] gives. Nothing else is written to or removed.
fn is_of_a_replica(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    let parts = name.to_str().and_then(|name| name.split_once('-'));
    let is_ours = parts.is_some_and(|(pid, random)| {
        pid.parse::<u32>().is_ok() && random.len() == 8 && u32::from_str_radix(random, 16).is_ok()
    });
    is_ours && entry.file_type().is_ok_and(|kind| kind.is_socket())
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
        self.paths.clear();
        // Something else may have been put in the folder's place since it was made.
        if !fs::symlink_metadata(&self.folder).is_ok_and(|folder| folder.is_dir()) {
            return;
        }
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let paths = entries.filter(is_of_a_replica).map(|entry| entry.path());
        let paths = paths.filter(|path| *path != self.own);
        self.paths.extend(paths.take(limits::SIBLINGS));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_dead_sockets_of_replicas_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str| folder.path().join(name);
        let files = ["notes.txt", "1234-00abcdef", ".hidden"];
        files.iter().for_each(|name| fs::write(of(name), "mine").unwrap());
        drop(UnixDatagram::bind(of("7-0123abcd")).unwrap());
        drop(UnixDatagram::bind(of("another.sock")).unwrap());
        let socket = UnixDatagram::unbound().unwrap();
        socket.writable().await.unwrap();
        let mut siblings = Siblings {
            folder: folder.path().to_owned(),
            own: of("own"),
            paths: Vec::new(),
            seen: None,
        };
        siblings.look();
        siblings.send(&socket, b"x");
        assert!(files.iter().all(|name| of(name).exists()));
        assert!(of("another.sock").exists() && !of("7-0123abcd").exists());
    }
}
