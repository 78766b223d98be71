//! A connection that sends requests with large bodies and reads answers with large bodies, without a
//! copy that could be spared: the load has one core for all.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};

/// An answer takes no longer.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// Bytes that are read or written at a time.
const PIECE: usize = 256 * 1024;

/// A kept connection.
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    /// What is sent.
    noise: Vec<u8>,
    /// Where answers go.
    sink: Vec<u8>,
}

/// The head of an answer; its body was read and is gone.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) item: Option<String>,
    pub(super) length: u64,
    is_chunked: bool,
}

impl Connection {
    pub(super) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).context("connecting")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIME))?;
        stream.set_write_timeout(Some(ANSWER_TIME))?;
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let noise = (0..PIECE).map(|_| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            seed.to_be_bytes().first().copied().unwrap_or_default()
        });
        let (noise, sink) = (noise.collect(), vec![0; PIECE]);
        Ok(Self { stream: BufReader::new(stream), noise, sink })
    }

    /// Sends a request with so many bytes of noise; what was answered.
    pub(super) fn ask(&mut self, head: &str, bytes: u64) -> Result<Answer> {
        let head = format!("{head}Host: bench\r\nContent-Length: {bytes}\r\n\r\n");
        let stream = self.stream.get_mut();
        // A small body goes with its head.
        let mut first = head.into_bytes();
        let mut left = bytes;
        if bytes <= PIECE as u64 {
            first.extend_from_slice(self.noise.get(..bytes as usize).unwrap_or_default());
            left = 0;
        }
        stream.write_all(&first).context("sending a request")?;
        while left > 0 {
            let count = left.min(PIECE as u64) as usize;
            let piece = self.noise.get(..count).unwrap_or_default();
            stream.write_all(piece).context("sending a body")?;
            left -= count as u64;
        }
        self.answer()
    }

    /// Sends a request with this body; the body of the answer.
    pub(super) fn call(&mut self, head: &str, body: &str) -> Result<Vec<u8>> {
        let request = format!("{head}Host: bench\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        self.stream.get_mut().write_all(request.as_bytes()).context("sending a request")?;
        let answer = self.head()?;
        ensure!(
            answer.status / 100 == 2,
            "{}: {answer:?}",
            head.lines().next().unwrap_or_default()
        );
        let mut body = Vec::new();
        self.stream.by_ref().take(answer.length).read_to_end(&mut body)?;
        Ok(body)
    }

    fn answer(&mut self) -> Result<Answer> {
        let answer = self.head()?;
        if answer.is_chunked {
            self.chunks()?;
            return Ok(answer);
        }
        let mut left = answer.length;
        while left > 0 {
            let count = left.min(PIECE as u64) as usize;
            let sink = self.sink.get_mut(..count).unwrap_or_default();
            match self.stream.read(sink).context("reading an answer")? {
                0 => bail!("an answer ended {left} bytes too early"),
                count => left -= count as u64,
            }
        }
        Ok(answer)
    }

    /// Reads a body in chunks to its end.
    fn chunks(&mut self) -> Result<()> {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).context("reading a chunk")?;
            let size = u64::from_str_radix(line.trim(), 16).context("the size of a chunk")?;
            // With the line end after it.
            std::io::copy(&mut self.stream.by_ref().take(size + 2), &mut std::io::sink())?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn head(&mut self) -> Result<Answer> {
        let mut answer = Answer::default();
        let mut line = String::new();
        self.stream.read_line(&mut line).context("reading an answer")?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        answer.status = status.with_context(|| format!("no answer but {line:?}"))?;
        loop {
            line.clear();
            ensure!(self.stream.read_line(&mut line)? > 0, "an answer ended in its head");
            if line == "\r\n" {
                return Ok(answer);
            }
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => answer.length = value.parse().context("a length")?,
                "location" => answer.location = Some(path_of(value)),
                "transfer-encoding" => answer.is_chunked = value.eq_ignore_ascii_case("chunked"),
                "library-item" => answer.item = Some(value.to_owned()),
                _ => {}
            }
        }
    }
}

/// The path of an address.
fn path_of(address: &str) -> String {
    let Some((_, rest)) = address.split_once("://") else { return address.to_owned() };
    rest.split_once('/').map_or_else(String::new, |(_, path)| format!("/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_absolute_or_a_path() {
        assert_eq!(path_of("http://127.0.0.1:1/a/b"), "/a/b");
        assert_eq!(path_of("/a"), "/a");
    }
}
