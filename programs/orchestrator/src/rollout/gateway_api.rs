//! The gateway's admin API as a rollout needs it, over the socket that only this user may connect to.

use std::path::PathBuf;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tombolo_daemon::orchestration;

use crate::fleet::Place;

/// Where it is asked to reload.
const RELOAD: &str = "/api/v1/reload";
/// For one exchange.
const EXCHANGE: Duration = Duration::from_secs(15);
/// Bytes of an answer; the status of 4096 servers is about 2 MiB.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// A gateway that listens on this socket.
#[derive(Debug, Clone)]
pub(super) struct GatewayApi {
    socket: PathBuf,
}

impl GatewayApi {
    pub(super) fn new(socket: PathBuf) -> Self {
        GatewayApi { socket }
    }

    /// Has it read the configuration that was generated for it; what that changed.
    pub(super) async fn take_over(&self) -> Result<Value, String> {
        self.ask(Method::POST, RELOAD, &json!({ "generated": true })).await
    }

    /// Has it ask us to read our configuration file, as an operator would.
    pub(super) async fn reload(&self) -> Result<(), String> {
        let order = json!({});
        let asked = self.exchange(Method::POST, RELOAD, &order);
        match timeout(orchestration::RELOAD, asked).await {
            // It says itself what it is refused.
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("it did not answer in time".to_owned()),
        }
    }

    /// Has it send nothing new to a server, or again.
    pub(super) async fn drain(&self, place: &Place, drain: bool) -> Result<(), String> {
        let path = if drain { "/api/v1/drain" } else { "/api/v1/undrain" };
        let Place { upstream, server } = place;
        // A rollout that dies with the gateway leaves nobody who would take it back.
        let order = json!({ "upstream": upstream, "server": server, "lasting": false });
        self.ask(Method::POST, path, &order).await.map(drop)
    }

    /// Tells it that a server was started again and is ready: it need not find out by itself.
    pub(super) async fn restarted(&self, place: &Place) -> Result<(), String> {
        let Place { upstream, server } = place;
        let order = json!({ "upstream": upstream, "server": server });
        self.ask(Method::POST, "/api/v1/restarted", &order).await.map(drop)
    }

    /// Requests and connections that these servers are busy with.
    pub(super) async fn in_flight(&self, places: &[Place]) -> Result<u64, String> {
        if places.is_empty() {
            return Ok(0);
        }
        let status = self.ask(Method::GET, "/api/v1/status", &Value::Null).await?;
        let upstreams = list(&status, "upstreams");
        let counts = upstreams.iter().flat_map(|upstream| {
            let servers = list(upstream, "backends");
            let is_meant = |server: &&Value| {
                places.iter().any(|Place { upstream: name, server: address }| {
                    says(upstream, "name", name) && says(server, "address", address)
                })
            };
            servers.iter().filter(is_meant).filter_map(|server| server.get("in_flight")?.as_u64())
        });
        Ok(counts.sum())
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value, String> {
        let failed = |why: String| format!("the gateway could not be asked ({path}): {why}");
        match timeout(EXCHANGE, self.exchange(method, path, body)).await {
            Ok(Ok((200..=299, answer))) => Ok(answer),
            Ok(Ok((status, answer))) => {
                let detail = answer.get("detail").and_then(Value::as_str).unwrap_or_default();
                Err(format!("the gateway refused ({path}): {status} {detail}"))
            }
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed("it did not answer in time".to_owned())),
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<(u16, Value), Box<dyn std::error::Error + Send + Sync>> {
        let stream = UnixStream::connect(&self.socket).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await?.to_bytes();
        connection.abort();
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn says(value: &Value, name: &str, text: &str) -> bool {
    value.get(name).and_then(Value::as_str) == Some(text)
}
