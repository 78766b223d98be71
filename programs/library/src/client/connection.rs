//! One connection to the library: opened when it is needed, used again while it is good, and given
//! up when nothing moves on it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, RETRY_AFTER};
use http::{Method, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::ServerName;

use super::error::Failure;
use super::server::Server;
use super::trust::Trust;

/// For a connection to be made.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Without a byte in either direction. The library answers within 10 s whatever its database does.
const STALL_TIME: Duration = Duration::from_secs(30);
/// Bytes of an answer that is no file.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;

type Body = BoxBody<Bytes, io::Error>;
/// Pieces of a file.
pub(super) type Pieces = Pin<Box<dyn futures_util::Stream<Item = io::Result<Bytes>> + Send + Sync>>;

/// A line, with TLS or without.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What a request is: its method, its target, its fields.
pub(super) struct Asked<'a> {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) fields: &'a [(&'static str, String)],
}

impl<'a> Asked<'a> {
    pub(super) fn new(
        method: Method,
        target: String,
        fields: &'a [(&'static str, String)],
    ) -> Self {
        Self { method, target, fields }
    }
}

/// A connection, or the wish for one.
pub(super) struct Connection {
    server: Server,
    trust: Trust,
    token: Option<String>,
    sender: Option<SendRequest<Body>>,
}

impl Connection {
    pub(super) fn new(server: Server, trust: Trust, token: Option<String>) -> Self {
        Self { server, trust, token, sender: None }
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Asks, with a small body; the answer's head, of any status, and its body to be read.
    pub(super) async fn ask(
        &mut self,
        asked: &Asked<'_>,
        body: impl Into<Bytes>,
    ) -> Result<Response<Incoming>, Failure> {
        let body = body.into();
        let length = body.len() as u64;
        let body = Full::new(body).map_err(|never| match never {}).boxed();
        self.send(asked, body, length, &Arc::default()).await
    }

    /// Sends a file; `sent` counts the bytes that went out.
    pub(super) async fn send_pieces(
        &mut self,
        asked: &Asked<'_>,
        pieces: Pieces,
        length: u64,
        sent: &Arc<AtomicU64>,
    ) -> Result<Response<Incoming>, Failure> {
        let counted = Arc::clone(sent);
        let frames = futures_util::StreamExt::map(pieces, move |piece| {
            piece.map(|piece| {
                counted.fetch_add(piece.len() as u64, Ordering::Relaxed);
                Frame::data(piece)
            })
        });
        self.send(asked, StreamBody::new(frames).boxed(), length, sent).await
    }

    async fn send(
        &mut self,
        asked: &Asked<'_>,
        body: Body,
        length: u64,
        sent: &AtomicU64,
    ) -> Result<Response<Incoming>, Failure> {
        let mut request = Request::builder().method(&asked.method).uri(&asked.target);
        request = request.header(HOST, self.server.authority());
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if length > 0 || asked.method == Method::POST || asked.method == Method::PATCH {
            request = request.header(CONTENT_LENGTH, length);
        }
        for (name, value) in asked.fields {
            request = request.header(*name, value);
        }
        let request = request.body(body).map_err(|error| Failure::Nonsense(error.to_string()))?;
        let sender = self.sender().await?;
        let answer = sender.send_request(request);
        tokio::pin!(answer);
        loop {
            let before = sent.load(Ordering::Relaxed);
            match timeout(STALL_TIME, &mut answer).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => {
                    self.sender = None;
                    return Err(line(&error));
                }
                // It is still taking bytes.
                Err(_) if sent.load(Ordering::Relaxed) > before => {}
                Err(_) => {
                    self.sender = None;
                    return Err(stalled());
                }
            }
        }
    }

    async fn sender(&mut self) -> Result<&mut SendRequest<Body>, Failure> {
        let is_good = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !is_good {
            let stream = timeout(CONNECT_TIME, self.connect()).await.map_err(|_| stalled())??;
            let io = TokioIo::new(stream);
            let (sender, connection) = http1::handshake(io).await.map_err(|error| line(&error))?;
            // Its errors are those of the request.
            tokio::spawn(connection);
            self.sender = Some(sender);
        }
        self.sender.as_mut().ok_or_else(stalled)
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, Failure> {
        let failed = |error: io::Error| Failure::Line(error.to_string());
        let stream = TcpStream::connect(self.server.address()).await.map_err(failed)?;
        let _ = stream.set_nodelay(true);
        if !self.server.is_secure() {
            return Ok(Box::new(stream));
        }
        let connector = self.trust.connector().ok_or_else(stalled)?;
        let name = ServerName::try_from(self.server.host().to_owned());
        let name = name.map_err(|error| Failure::Differs(error.to_string()))?;
        match connector.connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            // Somebody else answers, or a certificate has run out: another try changes nothing.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let words = "its certificate is not trusted";
                // What `openssl req -x509` makes if nothing else is asked for.
                let hint = if error.to_string().contains("CaUsedAsEndEntity") {
                    ": it is that of an authority; make one for the server, with \
                     basicConstraints=critical,CA:FALSE"
                } else {
                    ""
                };
                Err(Failure::Differs(format!("{}: {words}: {error}{hint}", self.server)))
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Asks for JSON. A failure that passes is that of the line or of the library.
    pub(super) async fn json(
        &mut self,
        asked: &Asked<'_>,
        body: impl Into<Bytes>,
    ) -> Result<Value, Failure> {
        let response = self.ask(asked, body).await?;
        let response = self.success(response).await?;
        let bytes = whole(response).await.inspect_err(|_| self.sender = None)?;
        serde_json::from_slice(&bytes).map_err(|error| Failure::Nonsense(error.to_string()))
    }

    /// The answer if it is a success, else what it says is wrong.
    pub(super) async fn success(
        &mut self,
        response: Response<Incoming>,
    ) -> Result<Response<Incoming>, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|seconds| seconds.trim().parse().ok());
        let bytes = whole(response).await.unwrap_or_default();
        // What was not taken of a body may still be on the line.
        self.sender = None;
        Err(Failure::of_answer(status.as_u16(), after, &bytes))
    }
}

/// The next piece of an answer's body; None at its end.
pub(super) async fn piece(response: &mut Response<Incoming>) -> Result<Option<Bytes>, Failure> {
    loop {
        let frame = timeout(STALL_TIME, response.body_mut().frame()).await;
        match frame.map_err(|_| stalled())? {
            None => return Ok(None),
            Some(Err(error)) => return Err(line(&error)),
            Some(Ok(frame)) => {
                if let Ok(piece) = frame.into_data() {
                    return Ok(Some(piece));
                }
            }
        }
    }
}

/// The whole body of an answer that is no file.
pub(super) async fn whole(mut response: Response<Incoming>) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(piece) = piece(&mut response).await? {
        if bytes.len().saturating_add(piece.len()) > ANSWER_BYTES {
            return Err(Failure::Nonsense("it is too long".to_owned()));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn stalled() -> Failure {
    Failure::Line("nothing moved on the line for too long".to_owned())
}

/// What hyper says, and what lies below it.
fn line(error: &hyper::Error) -> Failure {
    let below = std::error::Error::source(error).map(|source| format!(": {source}"));
    Failure::Line(format!("{error}{}", below.unwrap_or_default()))
}
