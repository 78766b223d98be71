//! `tombolo status --watch`: the status again and again. A terminal shows the newest alone; a file or
//! a pipe gets one after the other.

use std::io::{self, IsTerminal, Write};
use std::thread::sleep;
use std::time::Duration;

use tombolo_daemon::exit::ExitCode;

use super::report;
use crate::admin::Access;
use crate::console;

/// Moves to the top left corner and clears what is below.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

/// Prints the status until the process is ended or its reader goes away. A gateway that does not
/// answer is said so and asked again: it may be starting.
pub(super) fn watch(access: &Access, json: bool, pause: Duration) -> ExitCode {
    let is_terminal = io::stdout().is_terminal();
    loop {
        let text = match access.get("/api/v1/status") {
            // One line each, as a program reads it.
            Ok(status) if json => format!("{status}\n"),
            Ok(status) => report::report(&status) + if is_terminal { "" } else { "\n" },
            Err(refused) => {
                refused.tell();
                sleep(pause);
                continue;
            }
        };
        let before = if is_terminal { CLEAR } else { "" };
        let mut out = io::stdout().lock();
        let written =
            out.write_all(before.as_bytes()).and_then(|()| out.write_all(text.as_bytes()));
        match written.and_then(|()| out.flush()) {
            Ok(()) => sleep(pause),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::Success,
            Err(error) => return console::fail(&error),
        }
    }
}
