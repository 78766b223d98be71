//! Asks the admin API of a running gateway, for the commands of operators.
//!
//! Owns what they have in common: where the gateway is, the token, and words for whatever keeps an
//! answer from coming, each with the next step. The token goes into one request field and into no
//! message.

mod exchange;
mod place;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueHint};
use serde_json::Value;
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::terminal;

use self::exchange::{EXCHANGE, Failed, Question, exchange};
pub(crate) use self::place::Place;
use crate::console;

/// Bytes of a token file.
const TOKEN_BYTES: u64 = 2048;

/// Which gateway, and the right to ask it.
#[derive(Args)]
pub(crate) struct Access {
    /// Where the gateway's admin API is: HOST:PORT, a port of 127.0.0.1, or unix:PATH. Without it: the
    /// socket in the data folder, /run/tombolo/gateway.sock, or 127.0.0.1:8081
    #[arg(long, value_name = "ADDR", env = "TOMBOLO_ADMIN")]
    admin: Option<Place>,

    /// The data folder of the `tombolo up` that is meant
    #[arg(long, value_name = "DIR", default_value = place::DATA, value_hint = ValueHint::DirPath)]
    data: PathBuf,

    /// File with the token, where the gateway has an admin_token_file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,
}

/// Why there is no answer, in words for the user.
pub(crate) struct Refused {
    words: String,
    code: ExitCode,
    /// What the gateway said, whole.
    problem: Option<Value>,
}

impl Refused {
    fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), code: ExitCode::Failure, problem: None }
    }

    /// The gateway's answer, if one came: an object of RFC 9457.
    pub(crate) fn problem(&self) -> Option<&Value> {
        self.problem.as_ref()
    }

    /// Tells the user, and the exit code.
    pub(crate) fn tell(&self) -> ExitCode {
        console::say(&self.words);
        self.code
    }
}

impl Access {
    /// `GET path`.
    pub(crate) fn get(&self, path: &str) -> Result<Value, Refused> {
        self.exchange(path, None, EXCHANGE)
    }

    /// `POST path` with a body.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, Refused> {
        self.post_within(path, body, EXCHANGE)
    }

    /// The same, for what may take longer.
    pub(crate) fn post_within(
        &self,
        path: &str,
        body: &Value,
        within: Duration,
    ) -> Result<Value, Refused> {
        self.exchange(path, Some(body.to_string()), within)
    }

    fn exchange(
        &self,
        path: &str,
        body: Option<String>,
        within: Duration,
    ) -> Result<Value, Refused> {
        let authorization = self.token_file.as_deref().map(authorization).transpose()?;
        let question = Question { path, body, authorization: authorization.as_deref(), within };
        let (place, status, body) = self.answer(&question)?;
        match (status, serde_json::from_slice::<Value>(&body)) {
            (200 | 202, Ok(body)) => Ok(body),
            // A data plane asked by mistake answers 404.
            (status, Ok(problem)) if status != 404 => match problem.get("detail") {
                Some(Value::String(detail)) => {
                    let refused = self.refused(&place, status, detail);
                    Err(Refused { problem: Some(problem), ..refused })
                }
                _ => Err(another(&place, status)),
            },
            _ => Err(another(&place, status)),
        }
    }

    /// The place that answered, the status and the body. Of several likely places the first that
    /// accepts a connection is asked, and no other: a command must not have its effect twice.
    fn answer(&self, question: &Question<'_>) -> Result<(Place, u16, Vec<u8>), Refused> {
        let places = match &self.admin {
            Some(place) => vec![place.clone()],
            None => Place::likely(&self.data),
        };
        let mut failures = Vec::new();
        for place in places {
            match exchange(&place, question) {
                Ok((status, body)) => return Ok((place, status, body.to_vec())),
                Err(Failed::NotThere(why)) => failures.push((place, why)),
                Err(Failed::NoAnswer(why)) => {
                    failures.push((place, why));
                    break;
                }
            }
        }
        Err(unreachable(&failures))
    }

    /// What the gateway said, with the next step where it cannot know it.
    fn refused(&self, place: &Place, status: u16, detail: &str) -> Refused {
        let words = match (status, &self.token_file) {
            (401, None) => {
                format!("the gateway at {place} asks for its token: give it with --token-file FILE")
            }
            (401, Some(file)) => format!(
                "the gateway at {place} does not know the token in {}: give the file that its admin_token_file names",
                file.display()
            ),
            _ => format!("the gateway refused: {}", plain(detail)),
        };
        let code = if matches!(status, 400 | 422) { ExitCode::Usage } else { ExitCode::Failure };
        Refused { words, code, problem: None }
    }
}

fn another(place: &Place, status: u16) -> Refused {
    Refused::new(format!(
        "what answers at {place} (with status {status}) is not the admin API of a gateway\n  check the address: --admin ADDR, the one of `admin` in [gateway]"
    ))
}

fn unreachable(failures: &[(Place, String)]) -> Refused {
    let tried: Vec<String> =
        failures.iter().map(|(place, why)| format!("{place} cannot be reached: {why}")).collect();
    Refused::new(format!(
        "no gateway answers; {}\n  is the gateway running, with `admin` or `admin_socket` in [gateway]?\n  is it elsewhere? name it: --admin ADDR (or TOMBOLO_ADMIN), or --data DIR for a `tombolo up`",
        tried.join("; ")
    ))
}

/// The value of the field that carries the token.
fn authorization(path: &Path) -> Result<String, Refused> {
    let token = read(path).map_err(|error| {
        Refused::new(format!("the token cannot be read from {}: {error}", path.display()))
    })?;
    let token = token.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refused::new(format!(
            "{} does not hold a token: one line of letters, digits and signs is expected",
            path.display()
        )));
    }
    Ok(format!("Bearer {token}"))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(TOKEN_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// A text from elsewhere without what could steer a terminal.
pub(crate) fn plain(text: &str) -> String {
    terminal::line(text).into_owned()
}
