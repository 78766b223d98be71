//! What the gateway asks the `tombolo up` that runs it, over a Unix socket: one JSON object a line
//! each way, in order.
//!
//! ```text
//! {"ask":"status"}                                  {"done":{"services":[...]}}
//! {"ask":"scale","service":"site","replicas":5}     {"done":{"operation":{...}}}
//! {"ask":"restart","name":"site-2"}                 {"refused":{"status":422,"detail":"..."}}
//! {"ask":"reload"}                                  {"done":{"changes":[...],"operation":{...}}}
//! {"ask":"succession","pid":71,"by":92}            {"done":{}}
//! ```
//! Owns the words and one exchange of them. Who may connect is the socket's mode: its owner alone.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::config::Mistakes;
use crate::json;

/// Bytes of a request's line.
pub const REQUEST_BYTES_MAX: usize = 4 << 10;
/// Bytes of an answer's line: that of 400 replicas with their last words is about 1 MiB.
const ANSWER_BYTES_MAX: u64 = 16 << 20;
/// For one exchange. Nothing that takes long is waited for: it has begun when it is answered.
pub const EXCHANGE: Duration = Duration::from_secs(5);
/// For a reload to be answered: new replicas serve by then, or it is refused.
pub const RELOAD: Duration = Duration::from_secs(75);

/// Set in the environment of a gateway whose standard input is a pipe that only the `tombolo up` that
/// runs it holds the other end of: when that ends, so does the gateway.
pub const LIFELINE: &str = "TOMBOLO_LIFELINE";

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "lowercase", deny_unknown_fields)]
pub enum Request {
    /// The services with their replicas, and what is being done to them.
    Status,
    /// Another number of replicas.
    Scale {
        /// Which service.
        service: String,
        /// How many of it, from 1 on.
        replicas: usize,
    },
    /// A service's replicas, one after the other, or one replica.
    Restart {
        /// The service or the replica.
        name: String,
        /// It is killed at once, instead of being asked to end.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        now: bool,
    },
    /// The configuration file is to be read again, and put in force for services and gateway.
    Reload,
    /// Not asked but told: the gateway tried to have another process take its place.
    Succession {
        /// The gateway that tells it.
        pid: u32,
        /// The process that serves in its place from now on; none if there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<u32>,
        /// Why there is none, for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It was told, or has begun.
    Done(Value),
    /// It was not, and nothing has changed.
    Refused(Refusal),
}

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// As HTTP has it: 409 not now, 422 not with this name or number, 503 not yet.
    pub status: u16,
    /// What is wrong and what to do, for people.
    pub detail: String,
    /// Of a configuration file: its mistakes, as `Mistakes::to_json` has them, and `report`, the text
    /// that `tombolo check` prints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mistakes: Option<Value>,
}

impl Refusal {
    /// A refusal in words.
    #[must_use]
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), mistakes: None }
    }

    /// A configuration file says what cannot be meant.
    #[must_use]
    pub fn of_configuration(mistakes: &Mistakes) -> Self {
        let count = mistakes.count();
        let plural = if count == 1 { "mistake" } else { "mistakes" };
        let detail = format!(
            "The configuration file has {count} {plural}. Nothing has changed; the one in force stays in force."
        );
        let mut members = mistakes.to_json();
        if let Some(members) = members.as_object_mut() {
            members.insert("report".to_owned(), mistakes.render(false).into());
        }
        Self { mistakes: Some(members), ..Self::new(422, detail) }
    }
}

/// Why there is no answer. Asking again is safe for a status; of the others the next status tells
/// whether they were begun.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// Nobody is there, or the connection broke.
    #[error("the 'tombolo up' that ran this gateway cannot be asked: {0}")]
    Unreachable(#[from] io::Error),
    /// It did not answer in time.
    #[error("the 'tombolo up' that runs this gateway does not answer")]
    Late,
    /// What it answered is not understood.
    #[error("the 'tombolo up' that runs this gateway answers what is not understood: {0}")]
    Garbled(#[from] serde_json::Error),
}

/// Asks once, on a connection of its own, within 5 seconds.
///
/// # Errors
/// [`Unanswered`].
pub async fn ask(socket: &Path, request: &Request) -> Result<Answer, Unanswered> {
    ask_within(socket, request, EXCHANGE).await
}

/// The same within another time.
///
/// # Errors
/// [`Unanswered`].
pub async fn ask_within(
    socket: &Path,
    request: &Request,
    within: Duration,
) -> Result<Answer, Unanswered> {
    let exchange = async {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(&line).await?;
        let mut answer = Vec::new();
        BufReader::new(stream.take(ANSWER_BYTES_MAX)).read_until(b'\n', &mut answer).await?;
        if answer.last() != Some(&b'\n') {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(json::object(&answer)?)
    };
    timeout(within, exchange).await.unwrap_or(Err(Unanswered::Late))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::net::UnixListener;

    use super::*;

    #[test]
    fn requests_read_as_documented() {
        for (line, meant) in [
            (r#"{"ask":"status"}"#, Request::Status),
            (
                r#"{"ask":"scale","service":"site","replicas":5}"#,
                Request::Scale { service: "site".into(), replicas: 5 },
            ),
            (r#"{"ask":"reload"}"#, Request::Reload),
            (
                r#"{"ask":"restart","name":"site-2"}"#,
                Request::Restart { name: "site-2".into(), now: false },
            ),
            (
                r#"{"ask":"restart","name":"site-2","now":true}"#,
                Request::Restart { name: "site-2".into(), now: true },
            ),
            (
                r#"{"ask":"succession","pid":71,"by":92}"#,
                Request::Succession { pid: 71, by: Some(92), why: None },
            ),
        ] {
            assert_eq!(serde_json::from_str::<Request>(line).unwrap(), meant);
            assert_eq!(serde_json::to_string(&meant).unwrap(), line);
        }
        for line in ["", "7", "{}", r#"{"ask":"scale","service":"site","replicas":-1}"#] {
            assert!(serde_json::from_str::<Request>(line).is_err(), "{line}");
        }
    }

    #[tokio::test]
    async fn answer_comes_back_and_a_cut_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("up.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let server = async {
            for answer in ["{\"done\":{\"a\":1}}\n", "{\"done\":", "nonsense\n"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut asked = [0; 17];
                stream.read_exact(&mut asked).await.unwrap();
                assert_eq!(&asked, b"{\"ask\":\"status\"}\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        let client = async {
            let ask = || ask(&path, &Request::Status);
            assert_eq!(ask().await.unwrap(), Answer::Done(json!({ "a": 1 })));
            assert!(matches!(ask().await, Err(Unanswered::Unreachable(_))));
            assert!(matches!(ask().await, Err(Unanswered::Garbled(_))));
        };
        tokio::join!(server, client);
        drop(listener);
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(ask(&path, &Request::Status).await, Err(Unanswered::Unreachable(_))));
    }
}
