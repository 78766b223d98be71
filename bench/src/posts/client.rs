//! Connections that post one message after the other.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};

/// Characters of a message.
const TEXT: usize = 120;
/// An answer takes no longer.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Load {
    pub(super) address: SocketAddr,
    pub(super) connections: usize,
}

impl Load {
    /// Posts for so long; how long each post waited, in seconds.
    pub(super) fn run(&self, time: Duration) -> Result<Vec<f64>> {
        let end = Instant::now() + time;
        let running: Vec<_> = (0..self.connections)
            .map(|_| {
                let address = self.address;
                thread::spawn(move || post_until(address, end))
            })
            .collect();
        let mut waits = Vec::new();
        for one in running {
            waits.extend(one.join().map_err(|_| anyhow!("a client panicked"))??);
        }
        Ok(waits)
    }
}

fn post_until(address: SocketAddr, end: Instant) -> Result<Vec<f64>> {
    let stream = TcpStream::connect(address).context("connecting")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = BufReader::new(stream);
    let body = format!("{{\"author\":\"bench\",\"text\":\"{:x<TEXT$}\"}}", "");
    let request = format!(
        "POST /chat/rooms/bench/messages HTTP/1.1\r\nHost: bench\r\nContent-Type: \
         application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut waits = Vec::new();
    while Instant::now() < end {
        let sent = Instant::now();
        stream.get_mut().write_all(request.as_bytes()).context("posting")?;
        answer(&mut stream)?;
        waits.push(sent.elapsed().as_secs_f64());
    }
    Ok(waits)
}

fn answer(stream: &mut BufReader<TcpStream>) -> Result<()> {
    let (mut line, mut length) = (String::new(), 0);
    stream.read_line(&mut line).context("the answer to a post")?;
    ensure!(line.split(' ').nth(1) == Some("201"), "a post was refused: {line}");
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            bail!("an answer ended in its head");
        }
        if line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().context("its length")?;
        }
    }
    let mut body = Vec::new();
    stream.by_ref().take(length).read_to_end(&mut body)?;
    Ok(())
}
