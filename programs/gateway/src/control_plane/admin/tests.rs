//! The admin API over a real socket and a real store: what purges answer, and what is told of a
//! cache.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tombolo_cache::store::{Settings, Store};
use tombolo_daemon::config::{self, Config, Overrides, builtin_gateway};
use tombolo_daemon::shutdown::{Shutdown, Trigger};

use super::{Admin, Facts};
use crate::access_log::AccessLog;
use crate::control_plane::{Publication, Snapshot, Standing};
use crate::data_plane::Admission;
use crate::metrics::Metrics;
use crate::recent::Memory;

/// An admin API that is being served, with what it must not outlive.
struct Running {
    address: std::net::SocketAddr,
    _trigger: Trigger,
}

/// Queries are sorted into keys on its one route.
fn config() -> Config {
    let flags = Overrides {
        upstreams: vec!["127.0.0.1:9".parse().unwrap()],
        cache_ttl: Some(Duration::from_secs(60)),
        ..Overrides::default()
    };
    let mut config = builtin_gateway(&flags).unwrap();
    let sort = tombolo_cache::key::QueryParameters { sort: true, ..Default::default() };
    for route in &mut config.routes {
        let cache = route.cache.as_mut().unwrap();
        cache.key.query = tombolo_cache::key::QueryRule::Parameters(sort.clone());
    }
    config
}

async fn start(cache: Option<Store>) -> Running {
    let config = config();
    let log = config::AccessLog { stdout: false, file: None, ..config.access_log.clone() };
    let (trigger, shutdown): (Trigger, Shutdown) = Shutdown::by_hand();
    let facts = Facts {
        publication: Publication::new(Snapshot::new(config, Default::default(), 1, cache)),
        metrics: Arc::new(Metrics::new(1)),
        memory: Arc::new(Memory::new(1, 16, false)),
        series: Arc::default(),
        traces: None,
        admission: Admission::new(10, 10, 0),
        log_lines: AccessLog::start(&log).unwrap().lines(),
        standing: Arc::new(Standing::new(shutdown)),
        reloads: Arc::new(crate::control_plane::Reloads::new()),
        listeners: Default::default(),
        wishes: tokio::sync::mpsc::channel(1).0,
        orchestrator: None,
        workers: 1,
        started: (Instant::now(), SystemTime::now()),
    };
    let settings = config::Admin { listen: "127.0.0.1:0".parse().unwrap(), token_file: None };
    let admin = Admin::bind(&settings, None).await.unwrap();
    let address = admin.address;
    tokio::spawn(admin.serve(Arc::new(facts)));
    Running { address, _trigger: trigger }
}

impl Running {
    /// Status, head and body of the answer.
    async fn ask(&self, request: &str, body: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let message = format!(
            "{request} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}",
            self.address
        );
        stream.write_all(message.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_owned(), body.to_owned())
    }

    async fn purge(&self, body: &str) -> (u16, Value) {
        let (status, _, body) = self.ask("POST /api/v1/purge", body).await;
        (status, serde_json::from_str(&body).unwrap())
    }
}

fn store(folder: &Path) -> Store {
    Store::open(Settings::new(folder))
}

#[tokio::test]
async fn a_purge_answers_what_was_purged_and_that_it_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(Some(store(folder.path()))).await;
    for (body, kind, value) in [
        (r#"{"url":"http://Example.org:80/a?b=2&a=1#x"}"#, "url", "http://example.org/a?a=1&b=2"),
        (r#"{"prefix":"http://Example.org"}"#, "prefix", "http://example.org/"),
        (r#"{"tag":"product-17"}"#, "tag", "product-17"),
    ] {
        let (status, answer) = running.purge(body).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["purged"][kind], value, "{answer}");
        assert_eq!((&answer["durable"], &answer["soft"]), (&true.into(), &false.into()));
    }
    let (status, answer) = running.purge(r#"{"all":true,"soft":true}"#).await;
    assert_eq!(
        (status, &answer["purged"]["all"], &answer["soft"]),
        (200, &true.into(), &true.into())
    );
}

#[tokio::test]
async fn a_purge_that_cannot_be_written_down_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    std::fs::write(&file, b"").unwrap();
    let running = start(Some(store(&file.join("no folder")))).await;
    let (status, answer) = running.purge(r#"{"all":true}"#).await;
    assert_eq!((status, &answer["durable"]), (200, &false.into()), "{answer}");
    assert!(answer["note"].as_str().unwrap().contains("in force"), "{answer}");
    let (_, _, status) = running.ask("GET /api/v1/status", "").await;
    let status: Value = serde_json::from_str(&status).unwrap();
    let trouble = &status["cache"]["writing"];
    assert!(trouble["reason"].is_string() && trouble["since"].is_string(), "{status}");
    let (_, _, metrics) = running.ask("GET /metrics", "").await;
    assert!(metrics.contains("tombolo_cache_trouble{operation=\"writing\"} 1\n"), "{metrics}");
}

#[test]
fn too_many_purges_are_told_when_to_come_again() {
    use super::refusal::Refusal;
    use axum::response::IntoResponse;
    let refusal: Refusal = super::purge::refused(tombolo_cache::store::PurgeError::TooMany, "tag");
    let answer = refusal.into_response();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "5");
}

#[tokio::test]
async fn a_cache_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(Some(store(folder.path()))).await;
    let (_, _, status) = running.ask("GET /api/v1/status", "").await;
    let status: Value = serde_json::from_str(&status).unwrap();
    let cache = &status["cache"];
    assert_eq!(
        (&cache["objects"], &cache["limit_bytes"]),
        (&0.into(), &(1 << 30).into()),
        "{cache}"
    );
    assert!(cache["reading"].is_null() && cache["writing"].is_null(), "{cache}");
}
