//! `tombolo chat`: a room at a terminal, or for a program's lines.

mod history;
mod line;
mod link;
mod piped;
mod place;
mod prompt;
mod wire;

use std::io::IsTerminal;

use clap::Args;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tombolo_chat::said::{Author, RoomName};
use tombolo_daemon::exit::ExitCode;

use self::place::{Place, Server};
use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo chat lobby                          talk in the room 'lobby'
  tombolo chat lobby --name Ana               under this name
  uptime | tombolo chat lobby --name server   a line each, and an end once all are stored
  tombolo chat lobby --follow < /dev/null     only read, until Ctrl+C
  tombolo chat lobby --json --follow          one JSON object a line, as the API has them

AT THE TERMINAL
  /who, /help, /quit; Ctrl+D ends too. Lines that others write appear above the one being typed.

WHEN A REPLICA GOES AWAY
  The next one goes on where it stopped; what was not acknowledged is sent again, and is there once.
  Standard error says so.

EXIT STATUS
  0  everything was sent
  1  something was refused, or there is no chat
  2  wrong usage";

/// Messages that wait to be sent; the reader of the keyboard waits for room.
const WAITING: usize = 200;
/// Events that wait to be shown; the reader of the socket waits for room.
const EVENTS: usize = 256;

/// Talk in a room of the chat
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The room: letters, digits, '-', '_' and '.'
    #[arg(value_name = "ROOM")]
    room: String,

    /// Where the chat is
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = Server::read)]
    server: Server,

    /// Under which name to talk [default: the user's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Messages to show at the start, at most 256
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=256))]
    history: u16,

    /// Go on reading after the end of standard input
    #[arg(long)]
    follow: bool,

    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let place = match place(&arguments) {
        Ok(place) => place,
        Err(words) => return console::wrong_usage(&words),
    };
    // One thread for the link, beside the one that reads the keyboard.
    let runtime = match Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return console::fail(&error),
    };
    let page = match history::latest(&place, arguments.history) {
        Ok(page) => page,
        Err(words) => {
            console::say(&words);
            return ExitCode::Failure;
        }
    };
    let (say, said) = mpsc::channel(WAITING);
    let (tell, events) = mpsc::channel(EVENTS);
    runtime.spawn(link::run(place.clone(), page.place(), said, tell));
    let at_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let ended = if at_terminal && !arguments.json {
        prompt::run(&runtime, &place, &page, say, events)
    } else {
        let form = line::Form::of_lines(arguments.json);
        let begun = piped::show_history(&page, &form);
        begun.unwrap_or_else(|| runtime.block_on(piped::run(form, arguments.follow, say, events)))
    };
    // Standard input may still be read by a thread that cannot be interrupted.
    runtime.shutdown_background();
    ended
}

/// Checks the room and the name by the rules of the service.
fn place(arguments: &Arguments) -> Result<Place, String> {
    let room = RoomName::new(&arguments.room).map_err(|mistake| format!("ROOM: {mistake}"))?;
    let user = || std::env::var("USER").ok().filter(|user| !user.is_empty());
    let name = arguments.name.clone().or_else(user);
    let name = name.ok_or("say under which name to talk: --name NAME")?;
    let name = Author::new(&name).map_err(|mistake| format!("--name: {mistake}"))?;
    Ok(Place { server: arguments.server.clone(), room, name })
}
