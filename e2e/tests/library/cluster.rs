//! Three replicas, the gateway before them, a user, and plain requests for uploads.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tombolo_e2e::{PATIENCE, Tombolo};

/// Of the user that [`Cluster::token`] registers.
pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct Cluster {
    pub(crate) replicas: Vec<Tombolo>,
    pub(crate) gateway: Tombolo,
    pub(crate) database: String,
    pub(crate) objects: String,
    /// Dropped after the processes that use it.
    pub(crate) folder: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn offset(&self) -> usize {
        let text = self.field("Upload-Offset").unwrap_or_else(|| panic!("no offset: {self:?}"));
        text.parse().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Cluster {
    /// With content in a folder of its own.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let objects = format!("file:{}", folder.path().join("objects").display());
        Self::start_with(folder, objects)
    }

    /// With content at an address.
    pub(crate) fn start_with(folder: tempfile::TempDir, objects: String) -> Self {
        let database = format!("sqlite:{}", folder.path().join("library.db").display());
        Self::start_at(folder, &database, objects)
    }

    /// With a database and content at addresses.
    pub(crate) fn start_at(folder: tempfile::TempDir, database: &str, objects: String) -> Self {
        let database = database.to_owned();
        let anywhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let replicas: Vec<_> =
            (0..3).map(|index| replica(&database, &objects, index, anywhere).listening()).collect();
        let servers: Vec<String> =
            replicas.iter().map(|replica| format!("{:?}", replica.address().to_string())).collect();
        let configuration = format!(
            "[gateway]\nlisten = [\"127.0.0.1:0\"]\nworkers = 1\n[gateway.limits]\nbody_bytes = 0\n\
             [access_log]\n[[upstream]]\nname = \"library\"\nservers = [{}]\n",
            servers.join(", ")
        );
        let gateway = Tombolo::gateway(&configuration);
        Self { replicas, gateway, database, objects, folder }
    }

    /// Kills a replica with SIGKILL.
    pub(crate) fn kill(&mut self, index: usize) {
        self.replicas[index].kill();
    }

    /// Starts another in the place of one that was killed.
    pub(crate) fn start_again(&mut self, index: usize) {
        let address = self.replicas[index].address();
        self.replicas[index] = replica(&self.database, &self.objects, index, address).listening();
    }

    /// Makes an admin, root@example.org, with the password of all.
    pub(crate) fn admin(&self) {
        let create = ["library", "admin", "create", "root@example.org", "--database"];
        let made = Tombolo::program().args(create).arg(&self.database);
        made.input(format!("{PASSWORD}\n")).run().succeeded();
    }

    /// Registers and logs in.
    pub(crate) fn token(&self) -> String {
        register(self.gateway.address())
    }

    /// The newest item's content, through the gateway.
    pub(crate) fn newest(&self, token: &str) -> Vec<u8> {
        let bearer = format!("Bearer {token}");
        let fields = [("Authorization", bearer.as_str())];
        let gateway = self.gateway.address();
        let list = ask(gateway, "GET", "/library/api/items?sort=-created&limit=1", &fields, b"");
        assert_eq!(list.status, 200, "{list:?}");
        let id = list.json()["items"][0]["id"].as_str().unwrap().to_owned();
        let content =
            ask(gateway, "GET", &format!("/library/api/items/{id}/content"), &fields, b"");
        assert_eq!(content.status, 200, "{}", content.head);
        content.body
    }
}

/// Registers and logs in.
pub(crate) fn register(address: SocketAddr) -> String {
    enrol(address, "ana@example.org", &[("Content-Type", "application/json")])
}

/// One of many users, each from an address of its own, as a gateway would tell: there is a limit to how many
/// register from one.
pub(crate) fn account(replica: SocketAddr, number: usize) -> String {
    let from = format!("198.51.{}.{}", 100 + number / 200, number % 200 + 1);
    let fields = [("Content-Type", "application/json"), ("X-Forwarded-For", &*from)];
    enrol(replica, &format!("user-{number}@example.org"), &fields)
}

fn enrol(address: SocketAddr, email: &str, kind: &[(&str, &str)]) -> String {
    let user = json!({"email": email, "name": "Ana", "password": PASSWORD});
    let made = ask(address, "POST", "/library/api/users", kind, user.to_string().as_bytes());
    assert_eq!(made.status, 201, "{made:?}");
    let session = json!({"email": email, "password": PASSWORD}).to_string();
    let begun = ask(address, "POST", "/library/api/sessions", kind, session.as_bytes());
    assert_eq!(begun.status, 201, "{begun:?}");
    begun.json()["token"].as_str().unwrap().to_owned()
}

/// One replica.
pub(crate) fn replica(database: &str, objects: &str, index: usize, listen: SocketAddr) -> Tombolo {
    let name = format!("library-{}", index + 1);
    let listen = listen.to_string();
    let arguments = ["serve", "library", "--listen", &listen, "--database", database];
    Tombolo::start(&[&arguments[..], &["--objects", objects, "--replica", &name]].concat())
}

/// Somebody who uploads by hand.
pub(crate) struct Uploader {
    bearer: String,
}

impl Uploader {
    pub(crate) fn new(token: &str) -> Self {
        Self { bearer: format!("Bearer {token}") }
    }

    pub(crate) fn token(&self) -> String {
        self.bearer.trim_start_matches("Bearer ").to_owned()
    }

    pub(crate) fn tus(
        &self,
        address: SocketAddr,
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut all = vec![("Tus-Resumable", "1.0.0"), ("Authorization", self.bearer.as_str())];
        all.extend_from_slice(fields);
        ask(address, method, target, &all, body)
    }

    /// Creates an upload; its path.
    pub(crate) fn create(&self, address: SocketAddr, length: usize) -> String {
        let length = length.to_string();
        let fields = [("Upload-Length", length.as_str())];
        let created = self.tus(address, "POST", "/library/api/uploads", &fields, b"");
        assert_eq!(created.status, 201, "{created:?}");
        let location = created.field("Location").unwrap();
        location[location.find("/library").unwrap()..].to_owned()
    }

    pub(crate) fn head(&self, address: SocketAddr, path: &str) -> Answer {
        self.tus(address, "HEAD", path, &[], b"")
    }

    pub(crate) fn patch(
        &self,
        address: SocketAddr,
        path: &str,
        offset: usize,
        body: &[u8],
    ) -> Answer {
        let offset = offset.to_string();
        let kind = ("Content-Type", "application/offset+octet-stream");
        self.tus(address, "PATCH", path, &[kind, ("Upload-Offset", &offset)], body)
    }

    /// Begins to add so many bytes.
    pub(crate) fn begin(
        &self,
        address: SocketAddr,
        path: &str,
        offset: usize,
        length: usize,
    ) -> TcpStream {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "PATCH {path} HTTP/1.1\r\nHost: test\r\nTus-Resumable: 1.0.0\r\n\
             Authorization: {}\r\nContent-Type: application/offset+octet-stream\r\n\
             Upload-Offset: {offset}\r\nContent-Length: {length}\r\n\r\n",
            self.bearer
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }
}

/// One request over a connection of its own.
pub(crate) fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    try_ask(address, method, target, fields, body).expect("an answer")
}

/// The same, where whoever answers may be killed meanwhile.
pub(crate) fn try_ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE + Duration::from_secs(30))).unwrap();
    let mut head =
        format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in fields {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).ok()?;
    // An answer may come before the body has gone.
    let _ = stream.write_all(body);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = bytes[end..].to_vec();
    let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Some(Answer { status, head, body: if is_chunked { unchunked(&body) } else { body } })
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let start = end + 2;
        all.extend_from_slice(&rest[start..start + size]);
        rest = &rest[start + size + 2..];
        if size == 0 {
            break;
        }
    }
    all
}

/// Files of a folder, at any depth.
pub(crate) fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}
