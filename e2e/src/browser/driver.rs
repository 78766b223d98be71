//! The wire to a browser: WebDriver (W3C, with Chromium's own commands), spoken to a `chromedriver`
//! of the test's own.

use crate::Output;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long the browser may take for one command: starting takes seconds on a busy machine.
const COMMAND: Duration = Duration::from_secs(60);
/// How often a driver is started until it finds a port.
const STARTS: usize = 10;
/// Bytes of an answer: a picture in base64 is the largest.
const ANSWER_BYTES: u64 = 64 << 20;

/// A running `chromedriver` with one open session.
pub(super) struct Driver {
    child: Child,
    agent: ureq::Agent,
    session: String,
}

/// Starts `chromedriver`; its port. None: it chose a port by its IPv6 half whose IPv4 half was taken.
fn try_start() -> Option<(Child, u16)> {
    let mut child = Command::new(program("chromedriver", "chromium-driver"))
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver runs");
    let said = Output::collect(child.stdout.take().expect("piped"));
    let port = said.wait_for("its port", |line| {
        if line.contains("port not available") {
            return Some(None);
        }
        let port = line.split("started successfully on port ").nth(1)?;
        port.trim_end_matches('.').parse::<u16>().ok().map(Some)
    });
    if port.is_none() {
        let _ = child.wait();
    }
    Some((child, port?))
}

impl Driver {
    /// Starts a driver and, through it, a browser with these capabilities.
    ///
    /// A missing program fails the test, saying which package brings it.
    pub(super) fn start(capabilities: &Value) -> Self {
        let (child, port) =
            (0..STARTS).find_map(|_| try_start()).expect("chromedriver finds a port");
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(COMMAND))
            .proxy(None)
            .http_status_as_error(false)
            .build()
            .into();
        let mut driver = Self { child, agent, session: format!("http://127.0.0.1:{port}/session") };
        let begun = driver.post("", &json!({"capabilities": {"alwaysMatch": capabilities}}));
        let id = begun["sessionId"].as_str().expect("a session");
        driver.session = format!("{}/{id}", driver.session);
        driver
    }

    /// `GET` of a command; its value.
    pub(super) fn get(&self, path: &str) -> Value {
        let answer = self.agent.get(self.url(path)).call();
        value(path, answer)
    }

    /// `POST` of a command; its value. Fails the test when the browser says that it failed.
    pub(super) fn post(&self, path: &str, body: &Value) -> Value {
        self.try_post(path, body).unwrap_or_else(|error| panic!("{path} {body}: {error}"))
    }

    /// As [`Driver::post`]; what the browser said when the command failed.
    pub(super) fn try_post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let request = self.agent.post(self.url(path)).header("Content-Type", "application/json");
        let value = value(path, request.send(body.to_string()));
        match value.get("error") {
            Some(error) => Err(format!("{error}: {}", value["message"])),
            None => Ok(value),
        }
    }

    /// A command of Chromium's own protocol.
    pub(super) fn chromium(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.session)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Ends the browser, which is no child of ours.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn value(path: &str, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Value {
    let answer =
        answer.unwrap_or_else(|error| panic!("the driver does not answer {path}: {error}"));
    let text = answer.into_body().into_with_config().limit(ANSWER_BYTES).read_to_string();
    let text = text.unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}"));
    body["value"].take()
}

fn program(name: &str, package: &str) -> PathBuf {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|dir| dir.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("{name} is not installed: `cargo xtask test` installs it (package {package})")
    })
}
