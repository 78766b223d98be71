//! A room at a terminal: what others say appears above the line that is being typed.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::terminal;

use super::line::Form;
use super::link::Event;
use super::piped;
use super::place::Place;
use super::wire::{Message, Page, Present};
use crate::console;

/// Lines of history that are kept, for as long as the command runs.
const HISTORY: usize = 200;

const HELP: &str = "what is typed is said to the room when Enter is pressed
/who    who is here
/help   this
/quit   ends; so does Ctrl+D
A line that begins with a slash is said when it begins with two.";

/// What the keyboard and the link both know.
#[derive(Default)]
struct Shared {
    /// None until the room has told.
    present: Option<Present>,
    /// `/who` waits for it.
    wants_present: bool,
    /// What was typed here and has not come back from the room: it stands on the screen already.
    own: VecDeque<String>,
    failed: bool,
}

/// Talks until the person has enough.
pub(super) fn run(
    runtime: &Runtime,
    place: &Place,
    page: &Page,
    say: mpsc::Sender<String>,
    events: mpsc::Receiver<Event>,
) -> ExitCode {
    let config = Config::builder().max_history_size(HISTORY).map(|config| config.build());
    let editor = config.and_then(|config| {
        let history = MemHistory::with_config(&config);
        Editor::<(), MemHistory>::with_history(config, history)
    });
    let mut editor = match editor {
        Ok(editor) => editor,
        Err(error) => return console::fail(&error),
    };
    let printer = match editor.create_external_printer() {
        Ok(printer) => printer,
        Err(error) => return console::fail(&error),
    };
    let mut form = Form::of_terminal(console::wants_colour(&io::stdout()));
    let history: String = page.messages.iter().map(|message| form.write(message)).collect();
    if console::styled(&history) != ExitCode::Success {
        return ExitCode::Failure;
    }
    console::say(&format!("in {} as {}; /who, /help, /quit", place.room, place.name.as_str()));
    let shared = Arc::new(Mutex::new(Shared::default()));
    let showing = Showing {
        printer,
        form,
        shared: Arc::clone(&shared),
        name: place.name.as_str().to_owned(),
    };
    runtime.spawn_blocking(move || showing.run(events));
    converse(&mut editor, place, &say, &shared)
}

fn converse(
    editor: &mut Editor<(), MemHistory>,
    place: &Place,
    say: &mpsc::Sender<String>,
    shared: &Mutex<Shared>,
) -> ExitCode {
    let prompt = format!("{}> ", place.name.as_str());
    loop {
        let line = match editor.readline(&prompt) {
            Ok(line) => line,
            // Ctrl+C gives the line up, not the conversation.
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return ExitCode::Success,
            Err(error) => return console::fail(&error),
        };
        let line = line.trim_end();
        if line.is_empty() {
            continue;
        }
        let _ = editor.add_history_entry(line);
        let text = match line.trim() {
            "/quit" | "/exit" => return ExitCode::Success,
            "/help" | "/?" => {
                console::say(HELP);
                continue;
            }
            "/who" => {
                let mut shared = lock(shared);
                match &shared.present {
                    Some(present) => console::say(&who(present)),
                    None => shared.wants_present = true,
                }
                continue;
            }
            other if other.starts_with("//") => other.get(1..).unwrap_or_default(),
            other if other.starts_with('/') => {
                console::say(&format!("there is no {other}; /help tells what there is"));
                continue;
            }
            _ => line,
        };
        if lock(shared).failed {
            return ExitCode::Failure;
        }
        lock(shared).own.push_back(text.to_owned());
        if say.blocking_send(text.to_owned()).is_err() {
            return ExitCode::Failure;
        }
    }
}

fn who(present: &Present) -> String {
    let names: Vec<_> = present.names.iter().map(|name| terminal::line(name)).collect();
    let rest = present.count.saturating_sub(names.len() as u64);
    let rest = if rest == 0 { String::new() } else { format!(", and {rest} more") };
    format!("here: {}{rest}", names.join(", "))
}

/// Shows what happens, beside the line that is being typed.
struct Showing<P> {
    printer: P,
    form: Form,
    shared: Arc<Mutex<Shared>>,
    name: String,
}

impl<P: ExternalPrinter> Showing<P> {
    fn run(mut self, mut events: mpsc::Receiver<Event>) {
        while let Some(event) = events.blocking_recv() {
            let text = match event {
                Event::Message(message) if self.is_own(&message) => continue,
                Event::Message(message) => self.form.write(&message),
                Event::Present(present) => {
                    let mut shared = lock(&self.shared);
                    let words = format!("tombolo: {}\n", who(&present));
                    shared.present = Some(present);
                    if !std::mem::take(&mut shared.wants_present) {
                        continue;
                    }
                    words
                }
                Event::Refused { text, why } => {
                    lock(&self.shared).own.retain(|own| *own != text);
                    format!(
                        "tombolo: not sent: {}: {}\n",
                        terminal::line(&why),
                        terminal::line(&text)
                    )
                }
                Event::Failed(why) => {
                    lock(&self.shared).failed = true;
                    format!("tombolo: {}; Enter ends\n", terminal::line(&why))
                }
                other => match piped::words(&other) {
                    Some(words) => format!("tombolo: {words}\n"),
                    None => continue,
                },
            };
            if self.printer.print(text).is_err() {
                return;
            }
        }
    }

    /// Whether it was typed here, and so stands on the screen. The room says messages of one
    /// person in the order in which they were sent.
    fn is_own(&self, message: &Message) -> bool {
        if message.author != self.name {
            return false;
        }
        let mut shared = lock(&self.shared);
        let found = shared.own.iter().position(|text| *text == message.text);
        match found {
            Some(index) => shared.own.remove(index).is_some(),
            None => false,
        }
    }
}

/// Nothing in here is left half changed by a panic.
fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
