//! What the user sees: the lines of every process behind its name, and the orchestrator's words.
//!
//! Standard output of a child goes to standard output, its standard error to standard error, so
//! that `tombolo up > requests.log` holds the access log alone.

mod lines;
mod manner;
mod rotating;
mod sink;
mod table;
mod tail;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lines::Lines;
use manner::Manner;
pub(crate) use rotating::Bounds;
use rotating::Rotating;
use sink::Sink;
pub(crate) use table::{Row, table};
pub(crate) use tail::Tail;
use tokio::io::{AsyncRead, AsyncReadExt};
use tombolo_daemon::logging::Form;
use tombolo_daemon::terminal;

/// How long the end waits for a reader to take the last lines.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);
/// How long a result keeps the words that follow it waiting; everything else waits with them.
const SHOW_PATIENCE: Duration = Duration::from_millis(100);
/// Read from a child at once.
const READ_BYTES: usize = 64 << 10;
/// Told apart at a glance on dark and on light: cyan, yellow, green, magenta, blue, red.
const COLOURS: [u8; 6] = [36, 33, 32, 35, 34, 31];

/// Both streams to the user.
#[derive(Clone)]
pub(crate) struct Output {
    out: Stream,
    err: Stream,
}

/// One stream and its ways.
#[derive(Clone)]
struct Stream {
    sink: Sink,
    colour: bool,
    manner: Manner,
}

/// Which of a child's streams a line came from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum From {
    /// Results: the access log.
    Out,
    /// Words: the program log.
    Err,
}

impl Output {
    /// Writers for the process's own two streams; `form` is that of program logs.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn start(form: Form) -> io::Result<Self> {
        let manner = Manner::of_stderr(form);
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let err = Stream {
            sink: Sink::start(io::stderr(), || {})?,
            colour: !no_colour && io::stderr().is_terminal(),
            manner,
        };
        let words = err.sink.clone();
        let out_gone = move || {
            let text = manner.own("standard output has no reader any more; continuing without it");
            words.offer(text.as_bytes(), 1);
        };
        let out = Stream {
            sink: Sink::start(io::stdout(), out_gone)?,
            colour: !no_colour && io::stdout().is_terminal(),
            manner: Manner::Plain,
        };
        Ok(Output { out, err })
    }

    /// The orchestrator's own words, one line.
    pub(crate) fn say(&self, words: &str) {
        let words = terminal::lines(words);
        self.err.sink.offer(self.err.manner.own(&words).as_bytes(), 1);
    }

    /// A result, such as the table of what runs where.
    pub(crate) fn show(&self, text: &str) {
        let text = terminal::lines(text);
        self.out.sink.offer(text.as_bytes(), text.lines().count() as u64);
        // What is said about it comes after it, where both go to one terminal.
        self.out.sink.flush(SHOW_PATIENCE);
    }

    /// Passes a child's stream on, line by line behind its name, until it ends.
    pub(crate) async fn relay(self, source: impl AsyncRead + Unpin, name: Arc<Name>, from: From) {
        let stream = match from {
            From::Out => &self.out,
            From::Err => &self.err,
        };
        let prefix = if stream.colour { &name.coloured } else { &name.plain };
        let kept = matches!(from, From::Err).then_some((&name.tail, name.log.as_ref()));
        let write = |out: &mut Vec<u8>, line: &[u8]| {
            stream.manner.push(out, &name.name, prefix.as_bytes(), line);
        };
        relay_lines(source, write, &stream.sink, kept).await;
    }

    /// Waits, for a bounded time, until everything is written.
    pub(crate) fn close(&self) {
        self.out.sink.close(CLOSE_PATIENCE);
        self.err.sink.close(CLOSE_PATIENCE);
    }
}

/// A process's name as it stands before its lines, and where else its words go.
pub(crate) struct Name {
    name: String,
    plain: String,
    coloured: String,
    /// What it said last.
    pub(crate) tail: Tail,
    /// The file with all it says.
    log: Option<Sink>,
}

impl Name {
    /// The name filled up to `width`; `index` chooses the colour.
    pub(crate) fn new(name: &str, width: usize, index: usize) -> Self {
        let colour = COLOURS.get(index % COLOURS.len()).copied().unwrap_or(0);
        Name {
            name: name.to_owned(),
            plain: format!("{name:<width$} | "),
            coloured: format!("\x1b[{colour}m{name:<width$} |\x1b[0m "),
            tail: Tail::default(),
            log: None,
        }
    }

    /// Keeps what it says on standard error in this file, too.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn logged(self, path: PathBuf, bounds: Bounds) -> io::Result<Self> {
        Ok(Name { log: Some(Sink::start(Rotating::new(path, bounds), || {})?), ..self })
    }

    /// Waits, for a bounded time, until its file has all of it.
    pub(crate) fn close(&self) {
        if let Some(log) = &self.log {
            log.close(CLOSE_PATIENCE);
        }
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Name").field(&self.plain).finish()
    }
}

/// `kept`: where standard error goes beside the terminal.
async fn relay_lines(
    mut source: impl AsyncRead + Unpin,
    write: impl Fn(&mut Vec<u8>, &[u8]),
    sink: &Sink,
    kept: Option<(&Tail, Option<&Sink>)>,
) {
    let mut lines = Lines::default();
    let mut buffer = vec![0; READ_BYTES];
    let (mut batch, mut plain) = (Vec::new(), Vec::new());
    loop {
        // An error here means the same as the end: nothing more will come.
        let read = source.read(&mut buffer).await.unwrap_or(0);
        let mut count = 0;
        let emit = |line: &[u8]| {
            write(&mut batch, line);
            count += 1;
            if let Some((tail, _)) = kept {
                tail.push(line);
                terminal::push_line(&mut plain, line);
                plain.push(b'\n');
            }
        };
        match buffer.get(..read) {
            Some([]) | None => lines.finish(emit),
            Some(bytes) => lines.feed(bytes, emit),
        }
        if count > 0 {
            sink.offer(&batch, count);
            batch.clear();
            if let Some((_, Some(log))) = kept {
                log.offer(&plain, count);
            }
            plain.clear();
        }
        if read == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::{CLOSE_PATIENCE, Manner, Name, Sink, Tail, relay_lines};

    /// Keeps what it is asked to write.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn what_a_child_writes_cannot_steer_the_terminal() {
        let (shown, logged) = (Written::default(), Written::default());
        let start = |written: &Written| Sink::start(written.clone(), || {}).unwrap();
        let (sink, log, tail) = (start(&shown), start(&logged), Tail::default());
        let said = "\x1b]0;PWNED\x07 \u{9b}2J\u{202e}\nnext\tline\n";
        let write = |out: &mut Vec<u8>, line: &[u8]| {
            Manner::Plain.push(out, "site-1", b"site-1 | ", line);
        };
        relay_lines(said.as_bytes(), write, &sink, Some((&tail, Some(&log)))).await;
        sink.close(CLOSE_PATIENCE);
        log.close(CLOSE_PATIENCE);
        let text =
            |written: &Written| String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let harmless = "\u{fffd}]0;PWNED\u{fffd} \u{fffd}2J\u{fffd}";
        assert_eq!(text(&shown), format!("site-1 | {harmless}\nsite-1 | next\tline\n"));
        assert_eq!(text(&logged), format!("{harmless}\nnext\tline\n"));
    }

    #[test]
    fn names_line_up() {
        assert_eq!(Name::new("site-1", 7, 0).plain, "site-1  | ");
        assert_eq!(Name::new("gateway", 7, 0).plain, "gateway | ");
        assert_eq!(Name::new("site-1", 7, 7).coloured, "\x1b[33msite-1  |\x1b[0m ");
    }
}
