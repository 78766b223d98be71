//! For programs: a line of standard input is a message, a message is a line of standard output.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::sync::mpsc;
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::terminal;

use super::line::Form;
use super::link::Event;
use super::wire::Page;
use crate::console;

/// Bytes of a line of input; one that is longer is refused, as the service would.
const LINE_BYTES: u64 = 64 * 1024;

/// Writes what was said before. Some: nobody reads it, so that is the end.
pub(super) fn show_history(page: &Page, form: &Form) -> Option<ExitCode> {
    let mut form = form.clone();
    let text: String = page.messages.iter().map(|message| form.write(message)).collect();
    match console::styled(&text) {
        ExitCode::Success => None,
        failed => Some(failed),
    }
}

/// Sends lines and shows messages, to the end of the input, or for ever.
pub(super) async fn run(
    mut form: Form,
    follow: bool,
    say: mpsc::Sender<String>,
    mut events: mpsc::Receiver<Event>,
) -> ExitCode {
    // Held, it keeps the link from ending.
    let held = follow.then(|| say.clone());
    let reading = tokio::spawn(read(say));
    let mut ended = ExitCode::Success;
    while let Some(event) = events.recv().await {
        match event {
            Event::Message(message) => match console::styled(&form.write(&message)) {
                ExitCode::Success => {}
                failed => return failed,
            },
            Event::Refused { text, why } => {
                console::say(&format!(
                    "not sent: {}: {}",
                    terminal::line(&why),
                    terminal::line(&text)
                ));
                ended = ExitCode::Failure;
            }
            Event::Failed(why) => {
                console::say(&terminal::line(&why));
                return ExitCode::Failure;
            }
            Event::Done => break,
            other => {
                if let Some(words) = words(&other) {
                    console::say(&words);
                }
            }
        }
    }
    drop(held);
    match reading.await {
        Ok(Ok(())) => ended,
        Ok(Err(words)) => {
            console::say(&words);
            ExitCode::Failure
        }
        Err(_) => ExitCode::Failure,
    }
}

/// What a person should know of an event, if anything.
pub(super) fn words(event: &Event) -> Option<String> {
    match event {
        Event::Lost(why) => {
            Some(format!("lost the connection ({}); connecting again", terminal::line(why)))
        }
        Event::Back(replica) => {
            Some(format!("connected again, to {}; nothing is missing", terminal::line(replica)))
        }
        Event::Reset(reason) => Some(format!(
            "the room's history has changed ({}); messages may be missing here",
            terminal::line(reason)
        )),
        Event::Waits(1) => Some("not sent yet; it is tried again".to_owned()),
        Event::Waits(count) => Some(format!("{count} messages are not sent yet; trying again")),
        Event::Sent => Some("everything is sent now".to_owned()),
        Event::Message(_)
        | Event::Present(_)
        | Event::Refused { .. }
        | Event::Failed(_)
        | Event::Done => None,
    }
}

/// Reads lines until the end; blank ones say nothing.
async fn read(say: mpsc::Sender<String>) -> Result<(), String> {
    let mut input = BufReader::new(tokio::io::stdin());
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut input).take(LINE_BYTES).read_until(b'\n', &mut line).await;
        let read = read.map_err(|error| format!("standard input cannot be read: {error}"))?;
        if read == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() && say.send(text.to_owned()).await.is_err() {
            return Ok(());
        }
    }
}
