//! Requests for uploads: whole ones, and ones that stop where the test says.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use tombolo_e2e::eventually;

use crate::accounts::{Person, person};
use crate::client::{Answer, request};
use crate::replicas::{PATIENCE, Replica};

pub(super) const UPLOADS: &str = "/library/api/uploads";

/// Somebody who uploads.
pub(super) struct Uploader {
    pub(super) token: String,
}

/// Bytes that differ from one position to the next.
pub(super) fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8 ^ (index / 65_536) as u8).collect()
}

impl Uploader {
    pub(super) fn new(replica: &Replica, name: &str) -> Self {
        let Person { token, .. } = person(replica, name);
        Self { token }
    }

    /// A request of tus.
    pub(super) fn tus(
        &self,
        replica: &Replica,
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut all = vec![("Tus-Resumable", "1.0.0")];
        all.extend_from_slice(fields);
        self.ask(replica, method, target, &all, body)
    }

    /// A request with just these fields, and the token.
    pub(super) fn ask(
        &self,
        replica: &Replica,
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("Authorization", bearer.as_str())];
        all.extend_from_slice(fields);
        request(replica.address, method, target, &all, body)
    }

    /// Creates an upload of tus; its path.
    pub(super) fn create(&self, replica: &Replica, length: usize) -> String {
        let length = length.to_string();
        let created = self.tus(replica, "POST", UPLOADS, &[("Upload-Length", &length)], b"");
        assert_eq!(created.status, 201, "{created:?}");
        path(&created)
    }

    /// Where an upload is.
    pub(super) fn offset(&self, replica: &Replica, path: &str) -> usize {
        let head = self.tus(replica, "HEAD", path, &[], b"");
        assert_eq!(head.status, 200, "{head:?}");
        head.field("Upload-Offset").unwrap().parse().unwrap()
    }

    /// Adds bytes.
    pub(super) fn patch(
        &self,
        replica: &Replica,
        path: &str,
        offset: usize,
        body: &[u8],
    ) -> Answer {
        let offset = offset.to_string();
        let kind = ("Content-Type", "application/offset+octet-stream");
        self.tus(replica, "PATCH", path, &[kind, ("Upload-Offset", &offset)], body)
    }

    /// Begins to add bytes: the head says more than is sent.
    pub(super) fn begin(
        &self,
        address: SocketAddr,
        path: &str,
        offset: usize,
        announced: usize,
    ) -> Sending {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "PATCH {path} HTTP/1.1\r\nHost: test\r\nTus-Resumable: 1.0.0\r\n\
             Authorization: Bearer {}\r\nContent-Type: application/offset+octet-stream\r\n\
             Upload-Offset: {offset}\r\nContent-Length: {announced}\r\n\r\n",
            self.token
        );
        stream.write_all(head.as_bytes()).unwrap();
        Sending { stream }
    }

    /// Fetches what an upload has become.
    pub(super) fn is_item(&self, replica: &Replica, path: &str, expected: &[u8]) {
        let head = self.tus(replica, "HEAD", path, &[], b"");
        let item = head.field("Library-Item").expect("an item").to_owned();
        let content =
            self.ask(replica, "GET", &format!("/library/api/items/{item}/content"), &[], b"");
        assert_eq!(content.status, 200, "{}", content.head);
        assert!(content.body == expected, "{} bytes of {}", content.body.len(), expected.len());
    }

    /// Waits until so many bytes are stored, without taking the upload over.
    pub(super) fn wait_for(&self, replica: &Replica, name: &str, offset: usize) {
        eventually("bytes that are stored", || {
            let list = self.ask(replica, "GET", UPLOADS, &[], b"").json();
            let items = list["items"].as_array().unwrap().clone();
            let ours = items.iter().find(|item| name.ends_with(item["id"].as_str().unwrap()));
            (ours?["offset"].as_u64()? as usize >= offset).then_some(())
        });
    }
}

/// The path of an upload that was created.
pub(super) fn path(created: &Answer) -> String {
    let location = created.field("Location").expect("a place");
    let path = location.strip_prefix("http://test").expect("an absolute address");
    path.to_owned()
}

/// A request that is under way.
pub(super) struct Sending {
    stream: TcpStream,
}

impl Sending {
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Goes away without a word.
    pub(super) fn vanish(self) {
        self.stream.shutdown(Shutdown::Both).unwrap();
    }

    /// The status of the answer; None if the connection ended without one.
    pub(super) fn status(&mut self) -> Option<u16> {
        let mut bytes = vec![0; 64 * 1024];
        let count = self.stream.read(&mut bytes).unwrap_or(0);
        let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
        text.split(' ').nth(1).and_then(|status| status.parse().ok())
    }
}
