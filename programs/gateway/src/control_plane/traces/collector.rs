//! One `POST` to a collector, over a connection of its own: a batch every half second is not worth
//! keeping one.

use std::time::Duration;

use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tombolo_daemon::config::Traces;

/// Bytes of an answer that are read; what it says is only for the log.
const ANSWER_BYTES: usize = 4096;

/// Where spans are sent.
pub(super) struct Collector {
    address: String,
    path: String,
}

/// Why they were not taken. Sending again is safe: a collector tells spans apart by their ids.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// It does not answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// It cannot be reached.
    #[error("cannot be reached: {0}")]
    Unreachable(#[from] std::io::Error),
    /// It does not speak HTTP as it should.
    #[error("{0}")]
    Broken(#[from] hyper::Error),
    /// It refuses.
    #[error("answered {status}: {words}")]
    Refused {
        /// Its status.
        status: u16,
        /// The beginning of what it said.
        words: String,
    },
}

impl Collector {
    pub(super) fn new(traces: &Traces) -> Self {
        Self { address: traces.collector.to_string(), path: traces.path.clone() }
    }

    /// Sends a body of OTLP in JSON.
    pub(super) async fn send(&self, body: String, within: Duration) -> Result<(), SendError> {
        timeout(within, self.post(body)).await.unwrap_or(Err(SendError::TimedOut))
    }

    async fn post(&self, body: String) -> Result<(), SendError> {
        let stream = TcpStream::connect(&self.address).await?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
        let driving = tokio::spawn(connection);
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.path)
            .header(HOST, &self.address)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("tombolo/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| std::io::Error::other(error.to_string()))?;
        let answered = sender.send_request(request).await;
        let outcome = match answered {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => {
                let status = answer.status().as_u16();
                let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await;
                let body = body.map(|body| body.to_bytes()).unwrap_or_default();
                let words: String =
                    String::from_utf8_lossy(&body).chars().filter(|c| !c.is_control()).collect();
                Err(SendError::Refused { status, words })
            }
            Err(error) => Err(error.into()),
        };
        driving.abort();
        outcome
    }
}
