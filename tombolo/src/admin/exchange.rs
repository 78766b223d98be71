//! One request to an admin API and its answer, over TCP or a Unix socket.

use std::io;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::Place;

/// For a connection to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// For the whole exchange of what the gateway does itself, in a few seconds at most.
pub(super) const EXCHANGE: Duration = Duration::from_secs(30);
/// Bytes of an answer: that of 4096 servers is about 2 MiB.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// What is asked.
pub(super) struct Question<'q> {
    /// Path and query.
    pub(super) path: &'q str,
    /// JSON to be sent with POST; without it, GET.
    pub(super) body: Option<String>,
    /// The field that carries the token.
    pub(super) authorization: Option<&'q str>,
    /// For the whole exchange.
    pub(super) within: Duration,
}

/// Why there is no answer.
pub(super) enum Failed {
    /// Nothing accepts connections there.
    NotThere(String),
    /// A connection was made, and no whole answer came.
    NoAnswer(String),
}

/// Asks. The status and the body of the answer.
pub(super) fn exchange(place: &Place, question: &Question<'_>) -> Result<(u16, Bytes), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failed::NoAnswer(error.to_string()))?;
    runtime.block_on(async {
        match timeout(question.within, ask(place, question)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                Err(Failed::NoAnswer(format!("no answer within {} s", question.within.as_secs())))
            }
        }
    })
}

async fn ask(place: &Place, question: &Question<'_>) -> Result<(u16, Bytes), Failed> {
    match place {
        Place::Address(address) => {
            let stream = connected(TcpStream::connect(address.to_string())).await?;
            over(stream, &address.to_string(), question).await
        }
        Place::Socket(path) => {
            let stream = connected(UnixStream::connect(path)).await?;
            over(stream, "localhost", question).await
        }
    }
}

async fn connected<S>(connecting: impl Future<Output = io::Result<S>>) -> Result<S, Failed> {
    match timeout(CONNECT, connecting).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(Failed::NotThere(error.to_string())),
        Err(_) => Err(Failed::NotThere(format!("no connection within {} s", CONNECT.as_secs()))),
    }
}

async fn over<S>(stream: S, host: &str, question: &Question<'_>) -> Result<(u16, Bytes), Failed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: &dyn std::error::Error| Failed::NoAnswer(error.to_string());
    let (mut sender, connection) =
        handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    tokio::spawn(connection);
    let method = if question.body.is_some() { Method::POST } else { Method::GET };
    let mut request = Request::builder()
        .method(method)
        .uri(question.path)
        .header(HOST, host)
        .header(USER_AGENT, concat!("tombolo/", env!("CARGO_PKG_VERSION")));
    if question.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    if let Some(value) = question.authorization {
        request = request.header(AUTHORIZATION, value);
    }
    let body = question.body.clone().unwrap_or_default();
    let request = request.body(Full::new(Bytes::from(body))).map_err(|error| failed(&error))?;
    let answer = sender.send_request(request).await.map_err(|error| failed(&error))?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|error| Failed::NoAnswer(error.to_string()))?;
    Ok((status, body.to_bytes()))
}
