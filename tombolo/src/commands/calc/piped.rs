//! Lines from standard input, a line of answer for each, many on their way at once.

use std::io::{self, BufWriter, Write};

use tokio::io::{AsyncBufReadExt, BufReader};
use tombolo_calculator::client::{Client, Exchange};
use tombolo_calculator::protocol::{Answer, Request};
use tombolo_daemon::exit::ExitCode;

use super::output::{self, Output};
use super::request;
use crate::console;

/// A line of input, in bytes; more is given to the server cut there, which refuses it as too long.
const LINE_BYTES: usize = 8 * 1024;

/// Answers every line. Empty ones and those that begin with `#` are passed over.
pub(super) async fn run(mut client: Client, output: &Output) -> ExitCode {
    let mut lines = Input { reader: BufReader::new(tokio::io::stdin()), line: Vec::new() };
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut more, mut good) = (true, true);
    while more || client.waiting() > 0 {
        let room = more && client.has_room();
        let turn = tokio::select! {
            biased;
            answered = client.next(), if client.waiting() > 0 => Turn::Answered(answered),
            line = lines.next(), if room => Turn::Read(line),
        };
        output::tell(&mut client);
        match turn {
            Turn::Read(Ok(Some(line))) => {
                if let Some(line) = request::of(&line).filter(|line| !line.starts_with("EVAL #")) {
                    more = !matches!(Request::parse(&line), Ok(Request::Quit));
                    client.ask(&line);
                }
            }
            Turn::Read(Ok(None)) => more = false,
            Turn::Read(Err(error)) => {
                console::say(&format!("standard input cannot be read: {error}"));
                return ExitCode::Failure;
            }
            Turn::Answered(Err(error)) => {
                let _ = out.flush();
                return console::fail(&error);
            }
            Turn::Answered(Ok(None)) => {}
            Turn::Answered(Ok(Some(exchange))) => {
                good &= matches!(exchange.answer, Answer::Ok(_));
                if let Err(error) = show(output, &exchange, client.waiting() == 0, &mut out) {
                    return broken(&error);
                }
            }
        }
    }
    match out.flush() {
        Ok(()) if good => ExitCode::Success,
        Ok(()) => ExitCode::Failure,
        Err(error) => broken(&error),
    }
}

enum Turn {
    Read(io::Result<Option<String>>),
    Answered(Result<Option<Exchange>, tombolo_calculator::client::Error>),
}

/// Whoever waits for an answer before asking on must get it at once.
fn show(out: &Output, exchange: &Exchange, last: bool, to: &mut impl Write) -> io::Result<()> {
    out.write(exchange, to)?;
    if last { to.flush() } else { Ok(()) }
}

fn broken(error: &io::Error) -> ExitCode {
    if error.kind() == io::ErrorKind::BrokenPipe {
        // The reader has seen all it wanted.
        return ExitCode::Success;
    }
    console::say(&format!("the result could not be written to standard output: {error}"));
    ExitCode::Failure
}

struct Input<R> {
    reader: R,
    line: Vec<u8>,
}

impl<R: tokio::io::AsyncBufRead + Unpin> Input<R> {
    /// The next line; None at the end. Safe to drop and call again.
    async fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            let there = self.reader.fill_buf().await?;
            let (taken, ends) = match there.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (there.len(), there.is_empty()),
            };
            let ended = there.is_empty();
            let room = LINE_BYTES.saturating_sub(self.line.len());
            self.line.extend(there.iter().take(taken.min(room)));
            self.reader.consume(taken);
            if ends {
                let line = std::mem::take(&mut self.line);
                let line = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
                return Ok((!ended || !line.is_empty()).then_some(line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_read_and_long_ones_cut() {
        let text = format!("1+1\n\n{}\nlast", "9".repeat(3 * LINE_BYTES));
        let mut input = Input { reader: text.as_bytes(), line: Vec::new() };
        assert_eq!(input.next().await.unwrap().as_deref(), Some("1+1"));
        assert_eq!(input.next().await.unwrap().as_deref(), Some(""));
        assert_eq!(input.next().await.unwrap().unwrap().len(), LINE_BYTES);
        assert_eq!(input.next().await.unwrap().as_deref(), Some("last"));
        assert_eq!(input.next().await.unwrap(), None);
    }
}
