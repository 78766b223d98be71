//! Asks the admin API of a running gateway, for the commands of operators.
//!
//! Owns what they have in common: where the gateway is, the token, and words for whatever keeps an
//! answer from coming, each with the next step. The token goes into one request field and into no
//! message.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueHint};
use serde_json::Value;
use tombolo_daemon::config::HostPort;
use tombolo_daemon::exit::ExitCode;

use crate::{address, console};

/// For a connection to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// For the whole exchange; the gateway itself takes a few seconds at most.
const EXCHANGE: Duration = Duration::from_secs(30);
/// Bytes of an answer: that of 4096 servers is about 2 MiB.
const ANSWER_BYTES: u64 = 64 << 20;
/// Bytes of a token file.
const TOKEN_BYTES: u64 = 2048;

/// Which gateway, and the right to ask it.
#[derive(Args)]
pub(crate) struct Access {
    /// Where the gateway's admin API listens, HOST:PORT or a port of 127.0.0.1
    #[arg(long, value_name = "ADDR", value_parser = address::ask, default_value = "127.0.0.1:8081")]
    admin: HostPort,

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
        self.exchange(path, None)
    }

    /// `POST path` with a body.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, Refused> {
        self.exchange(path, Some(body.to_string()))
    }

    fn exchange(&self, path: &str, body: Option<String>) -> Result<Value, Refused> {
        let authorization = self.token_file.as_deref().map(authorization).transpose()?;
        let url = format!("http://{}{path}", self.admin);
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(EXCHANGE))
            // An operator's own gateway is asked straight, whatever the environment says.
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("tombolo/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        let answer = match body {
            None => {
                let mut request = agent.get(url);
                if let Some(value) = &authorization {
                    request = request.header("Authorization", value);
                }
                request.call()
            }
            Some(body) => {
                let mut request = agent.post(url).content_type("application/json");
                if let Some(value) = &authorization {
                    request = request.header("Authorization", value);
                }
                request.send(body)
            }
        };
        let mut answer = answer.map_err(|error| self.unreachable(&error))?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec();
        let body = body.map_err(|error| self.unreachable(&error))?;
        match (status, serde_json::from_slice::<Value>(&body)) {
            (200 | 202, Ok(body)) => Ok(body),
            // A data plane asked by mistake answers 404.
            (status, Ok(problem)) if status != 404 => match problem.get("detail") {
                Some(Value::String(detail)) => {
                    let refused = self.refused(status, detail);
                    Err(Refused { problem: Some(problem), ..refused })
                }
                _ => Err(self.another(status)),
            },
            _ => Err(self.another(status)),
        }
    }

    fn another(&self, status: u16) -> Refused {
        Refused::new(format!(
            "what answers at {} (with status {status}) is not the admin API of a gateway\n  check the address: --admin ADDR, the one of `admin` in [gateway]",
            self.admin
        ))
    }

    fn unreachable(&self, error: &ureq::Error) -> Refused {
        Refused::new(format!(
            "the gateway's admin API at {} cannot be reached: {error}\n  is the gateway running, with `admin = \"{}\"` in [gateway] or `--admin {}`?\n  is it another address? name it: --admin ADDR",
            self.admin, self.admin, self.admin
        ))
    }

    /// What the gateway said, with the next step where it cannot know it.
    fn refused(&self, status: u16, detail: &str) -> Refused {
        let words = match (status, &self.token_file) {
            (401, None) => format!(
                "the gateway at {} asks for its token: give it with --token-file FILE",
                self.admin
            ),
            (401, Some(file)) => format!(
                "the gateway at {} does not know the token in {}: give the file that its admin_token_file names",
                self.admin,
                file.display()
            ),
            _ => format!("the gateway refused: {}", plain(detail)),
        };
        let code = if matches!(status, 400 | 422) { ExitCode::Usage } else { ExitCode::Failure };
        Refused { words, code, problem: None }
    }
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
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}
