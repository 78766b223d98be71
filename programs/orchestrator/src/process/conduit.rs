//! The streams of a process that may outlive us: pipes that stay open while it lives.
//!
//! The process itself holds both ends of its pipe, so that writing never fails for want of a reader,
//! and it never waits: what does not fit into a full pipe is lost. Whoever comes after us opens the
//! pipe anew through `/proc` and reads on where we stopped.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::OFlags;
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use tokio::io::AsyncRead;
use tokio::net::unix::pipe;

/// Bytes that wait in a pipe while nobody reads.
const WAITING_BYTES: usize = 1 << 20;

/// What a process says, whatever way it comes.
pub(crate) type Source = Box<dyn AsyncRead + Unpin + Send>;

/// A pipe: our end, and that of the process.
pub(super) fn pair() -> io::Result<(Source, OwnedFd)> {
    let (ours, write_only) = pipe_with(PipeFlags::CLOEXEC)?;
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let path = format!("/proc/self/fd/{}", ours.as_raw_fd());
    let theirs: File =
        OpenOptions::new().read(true).write(true).custom_flags(nonblocking).open(path)?;
    drop(write_only);
    // Less will do where the system allows no more.
    let _ = fcntl_setpipe_size(&theirs, WAITING_BYTES);
    let ours = pipe::Receiver::from_owned_fd(ours)?;
    Ok((Box::new(ours), theirs.into()))
}

/// The pipe that a process has as this descriptor; None if it has another kind of thing there.
pub(super) fn of_process(pid: u32, descriptor: u32) -> Option<Source> {
    let opened = pipe::OpenOptions::new().open_receiver(format!("/proc/{pid}/fd/{descriptor}"));
    opened.ok().map(|receiver| -> Source { Box::new(receiver) })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn who_comes_after_reads_on_and_hears_the_end() {
        let (ours, theirs) = pair().unwrap();
        let script = "echo one; read go; echo two";
        let mut child = Command::new("/bin/sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::from(theirs))
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(ours).lines();
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "one");
        // As if we had been killed.
        drop(lines);
        let mut again = of_process(child.id(), 1).unwrap();
        drop(child.stdin.take());
        let mut rest = String::new();
        let ended = timeout(Duration::from_secs(30), again.read_to_string(&mut rest));
        ended.await.unwrap().unwrap();
        assert_eq!(rest, "two\n");
        child.wait().unwrap();
    }
}
