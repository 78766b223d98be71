//! How answers are shown: to a person, to a program that reads lines, to one that reads JSON.

use std::io::{self, Write};

use tombolo_calculator::client::{Client, Exchange, Notice};
use tombolo_calculator::protocol::Answer;
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::terminal;

use crate::console;

/// A form of output.
pub(super) struct Output {
    json: bool,
    /// Each request has its line, refused or not.
    each: bool,
}

impl Output {
    /// For one answer.
    pub(super) fn one(json: bool) -> Self {
        Self { json, each: false }
    }

    /// For many.
    pub(super) fn lines(json: bool) -> Self {
        Self { json, each: true }
    }

    /// Shows one exchange; whether it was good.
    pub(super) fn show(&self, exchange: &Exchange) -> ExitCode {
        let code = match &exchange.answer {
            Answer::Ok(_) => ExitCode::Success,
            Answer::Err(..) => ExitCode::Failure,
        };
        let line = match &exchange.answer {
            _ if self.json => return ended(console::styled(&json(exchange)), code),
            Answer::Ok(text) if self.each => format!("{text}\n"),
            Answer::Ok(text) => format!("{}\n", text.replace('\t', "\n")),
            Answer::Err(code, words) if self.each => format!("ERR {code} {words}\n"),
            refused @ Answer::Err(..) => {
                console::say(&refused.to_string());
                return code;
            }
        };
        ended(console::result(line.as_bytes()), code)
    }

    /// Shows exchanges in one go.
    ///
    /// # Errors
    /// When standard output is gone.
    pub(super) fn write(&self, exchange: &Exchange, out: &mut impl Write) -> io::Result<()> {
        match &exchange.answer {
            _ if self.json => out.write_all(json(exchange).as_bytes()),
            Answer::Ok(text) => writeln!(out, "{}", terminal::lines(text)),
            Answer::Err(code, words) => {
                writeln!(out, "{}", terminal::line(&format!("ERR {code} {words}")))
            }
        }
    }
}

/// How it ends: with what the answer is worth, if it could be shown.
fn ended(shown: ExitCode, worth: ExitCode) -> ExitCode {
    match shown {
        ExitCode::Success => worth,
        failed => failed,
    }
}

/// One line of JSON.
fn json(exchange: &Exchange) -> String {
    let request = &exchange.request;
    let value = match &exchange.answer {
        Answer::Ok(text) => serde_json::json!({ "request": request, "ok": true, "answer": text }),
        Answer::Err(code, words) => {
            serde_json::json!({ "request": request, "ok": false, "code": code, "message": words })
        }
    };
    terminal::json(&format!("{value}\n")).into_owned()
}

/// Says on standard error what became of the connection.
pub(super) fn tell(client: &mut Client) {
    for notice in client.notices() {
        match notice {
            Notice::Lost(why) => {
                console::say(&format!("lost the connection ({why}); connecting again"));
            }
            Notice::Back { variables: 0 } => {
                console::say("connected again; what had no answer is asked again");
            }
            Notice::Back { variables } => console::say(&format!(
                "connected again; what had no answer is asked again, with the {variables} \
                 variables defined as before"
            )),
        }
    }
}
