//! A library with users and items, asked as over HTTP but without sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tombolo_daemon::shutdown::{Shutdown, Trigger};
use tombolo_serve::{Limits, Server};
use tombolo_storage::{ObjectsUrl, Query};

use super::{Store, soon};
use crate::accounts::Role;
use crate::catalogue::{Folder, NewItem, register};
use crate::content::{Content, Kept, Place};
use crate::http::Entrance;
use crate::ids::{ContentId, ItemId, UploadId, UserId};
use crate::settings::Settings;
use crate::state::Library;
use crate::time::Time;

/// A library on an engine of its own.
pub(crate) struct World {
    pub(crate) library: Arc<Library>,
    router: Router,
    store: Arc<Store>,
    _trigger: Trigger,
    background: JoinSet<()>,
}

/// A user with a session.
#[derive(Clone, Debug)]
pub(crate) struct Someone {
    pub(crate) id: UserId,
    token: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A field, or nothing.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl World {
    /// One on each engine that is here.
    pub(crate) async fn each() -> Vec<Self> {
        let mut worlds = Vec::new();
        for store in Store::each() {
            worlds.push(Self::on(Arc::new(store), |_| {}).await);
        }
        worlds
    }

    /// One on SQLite, with other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::on(Arc::new(Store::sqlite()), change).await
    }

    /// One on SQLite, with content of the test's own.
    pub(crate) async fn with_content(content: Arc<dyn Content>) -> Self {
        Self::of(Arc::new(Store::sqlite()), |_| {}, Some(content)).await
    }

    async fn on(store: Arc<Store>, change: impl FnOnce(&mut Settings)) -> Self {
        Self::of(store, change, None).await
    }

    async fn of(
        store: Arc<Store>,
        change: impl FnOnce(&mut Settings),
        content: Option<Arc<dyn Content>>,
    ) -> Self {
        let objects = ObjectsUrl::of_folder(&store.folder().join("objects"));
        let listen = "127.0.0.1:0".parse().unwrap();
        let mut settings = Settings::new(listen, store.url(), objects);
        change(&mut settings);
        let (trigger, shutdown) = Shutdown::by_hand();
        let library = match content {
            Some(content) => Library::open_with(settings, content, shutdown).await.unwrap(),
            None => Library::open(settings, shutdown).await.unwrap(),
        };
        let router = crate::http::for_tests(&library);
        let background = JoinSet::new();
        Self { library, router, store, _trigger: trigger, background }
    }

    /// A second replica of the same library.
    pub(crate) async fn replica(&self) -> Self {
        Self::on(Arc::clone(&self.store), |_| {}).await
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.store.folder()
    }

    /// Starts what goes on in the background.
    pub(crate) fn start(&mut self) {
        crate::catalogue::background(&self.library, &mut self.background);
        crate::transfers::background(&self.library, &mut self.background);
    }

    /// Serves over sockets as well, until it is dropped.
    pub(crate) async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let entrance = Entrance::new("library-1");
        entrance.open(Arc::clone(&self.library));
        let answer = move |request, peer| entrance.answer(request, peer);
        let shutdown = self.library.shutdown.clone();
        let server = Server::new(listener, shutdown, Limits::default(), answer);
        tokio::spawn(server.run(Duration::ZERO));
        address
    }

    pub(crate) async fn user(&self, name: &str) -> Someone {
        self.someone(name, Role::User).await
    }

    pub(crate) async fn admin(&self, name: &str) -> Someone {
        self.someone(name, Role::Admin).await
    }

    async fn someone(&self, name: &str, role: Role) -> Someone {
        let id = UserId::new();
        let token = format!("tml_{:A>43}", name);
        let insert =
            "INSERT INTO library_user (id, email, email_key, name, password, role, created)
            VALUES ($1, $2 || '@example.org', $2 || '@example.org', $2, 'x', $3, 0)";
        let insert = Query::new(insert).bind(id).bind(name).bind(role);
        self.library.call(insert).await.unwrap();
        let insert = "INSERT INTO library_session (token, user_id, created, expires)
            VALUES ($1, $2, 0, $3)";
        let hash = Sha256::digest(token.as_bytes()).to_vec();
        let insert = Query::new(insert).bind(hash).bind(id).bind(i64::MAX);
        self.library.call(insert).await.unwrap();
        Someone { id, token }
    }

    /// An item as an upload leaves it.
    pub(crate) async fn item(&self, owner: &Someone, name: &str, bytes: &[u8]) -> ItemId {
        let place = Place { upload: UploadId::new(), content: ContentId::new() };
        let content = &self.library.content;
        content.create(&place, Some(bytes.len() as u64)).await.unwrap();
        let mut writer = content.open(&place, Kept::default()).await.unwrap();
        writer.write(vec![Bytes::copy_from_slice(bytes)]).await.unwrap();
        writer.sync(true).await.unwrap();
        writer.seal().await.unwrap();
        let _held = writer.complete().await.unwrap();
        let item = NewItem {
            id: ItemId::new(),
            owner: owner.id,
            name: name.to_owned(),
            folder: Folder::default(),
            media_type: None,
            size: bytes.len() as u64,
            sha256: Sha256::digest(bytes).into(),
            content: place.content,
            created: Time::now(),
        };
        let id = item.id;
        let work = self
            .library
            .database
            .write(soon(), move |work| Box::pin(async move { register(work, item).await }));
        work.await.unwrap();
        id
    }

    /// The file of an item's content.
    pub(crate) async fn content_file(&self, item: ItemId) -> std::path::PathBuf {
        let find = Query::new("SELECT content FROM library_item WHERE id = $1").bind(item);
        let rows = self.library.query(find).await.unwrap();
        let name = ContentId::of_row(&rows[0], 0).unwrap().to_string();
        let mut folders = vec![self.store.folder().join("objects")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.file_name().is_some_and(|found| found.to_string_lossy() == name) {
                    return path;
                }
            }
        }
        unreachable!("{name} is nowhere")
    }

    /// Asks as somebody, or as nobody, with more fields and a body.
    pub(crate) async fn send(
        &self,
        who: Option<&Someone>,
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let response = self.ask(who, method, target, fields, body).await;
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: head.status, headers: head.headers, body }
    }

    /// Asks, and leaves the body to be read.
    pub(crate) async fn open(&self, who: &Someone, target: &str) -> Response {
        self.ask(Some(who), "GET", target, &[], "").await
    }

    /// Asks, and reads nothing of the body.
    pub(crate) async fn ask(
        &self,
        who: Option<&Someone>,
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(target);
        if let Some(someone) = who {
            request = request.header("authorization", format!("Bearer {}", someone.token));
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        crate::http::ask_for_tests(&self.library, &self.router, request).await
    }

    pub(crate) async fn get(&self, who: Option<&Someone>, target: &str) -> Answer {
        self.send(who, "GET", target, &[], "").await
    }

    /// Changes an item.
    pub(crate) async fn patch(&self, who: &Someone, item: ItemId, changes: &Value) -> Answer {
        let target = format!("/library/api/items/{item}");
        self.send(Some(who), "PATCH", &target, &[], &changes.to_string()).await
    }
}
