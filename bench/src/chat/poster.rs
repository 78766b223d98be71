//! Posts messages at a steady rate over one kept connection.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    ops::Range,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use super::{PATIENCE, servers::Side};

/// Characters of a message; the text that people type is shorter than that, mostly.
const TEXT: usize = 120;

pub(super) struct Poster {
    stream: BufReader<TcpStream>,
    side: Side,
}

impl Poster {
    pub(super) fn connect(address: SocketAddr, side: Side) -> Result<Poster> {
        let stream = TcpStream::connect(address).context("connecting")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Poster { stream: BufReader::new(stream), side })
    }

    /// Posts these numbers, each `pause` after the one before; when each was sent. A post that
    /// takes longer makes the next ones late, not fewer.
    pub(super) fn send_all(
        mut self,
        numbers: Range<u32>,
        pause: Duration,
    ) -> Result<(Poster, Vec<Instant>)> {
        let begun = Instant::now();
        let mut sent = Vec::new();
        for (turn, number) in numbers.enumerate() {
            let due = begun + pause * u32::try_from(turn).unwrap_or(u32::MAX);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            sent.push(Instant::now());
            self.send(number)?;
        }
        Ok((self, sent))
    }

    fn send(&mut self, number: u32) -> Result<()> {
        let text = format!("{:x<TEXT$}", super::readers::mark(number));
        let (kind, body) = if self.side.is_ours() {
            ("application/json", format!("{{\"author\":\"bench\",\"text\":\"{text}\"}}"))
        } else {
            ("text/plain", text)
        };
        let (target, length) = (self.side.post(), body.len());
        let request = format!(
            "POST {target} HTTP/1.1\r\nHost: bench\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes()).context("posting")?;
        self.answer().context("the answer to a post")
    }

    fn answer(&mut self) -> Result<()> {
        let mut length = 0;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).unwrap_or_default().to_owned();
        ensure!(matches!(status.as_str(), "200" | "201" | "202"), "{line}");
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                bail!("it ended in its head");
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
        self.stream.by_ref().take(length).read_to_end(&mut body)?;
        Ok(())
    }
}
