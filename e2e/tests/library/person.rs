//! A user of the library whose transfers are cut by whoever kills replicas, and who goes on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;

use tombolo_e2e::PATIENCE;

use crate::users::{World, again, asked};

/// Which way.
#[derive(Clone, Copy)]
pub(crate) enum Transfer {
    Up,
    Down,
}

pub(crate) struct Person {
    bearer: String,
    uploads: u64,
}

impl Person {
    pub(crate) fn new(token: &str) -> Self {
        Self { bearer: format!("Bearer {token}"), uploads: 0 }
    }

    /// Uploads a file, however often that is cut; the item that it has become, with the right digest.
    pub(crate) fn upload(&mut self, world: &World, file: usize) -> String {
        let (length, digest) = &world.files[file];
        self.uploads += 1;
        let (said, key) = (length.to_string(), format!("upload-{}", self.uploads));
        let tus = [("Tus-Resumable", "1.0.0"), ("Authorization", &*self.bearer)];
        let create = [&tus[..], &[("Upload-Length", &*said), ("Idempotency-Key", &*key)]].concat();
        // Asked again with the same key, it is the same upload.
        let path = again("a creation", || {
            let created = asked(world.gateway, "POST", "/library/api/uploads", &create, b"")?;
            assert_eq!(created.status, 201, "{created:?}");
            let location = created.field("Location").unwrap();
            Some(location[location.find("/library").unwrap()..].to_owned())
        });
        let mut offset = 0;
        let kind = ("Content-Type", "application/offset+octet-stream");
        let item = again("an upload", || {
            let at = offset.to_string();
            let add = [&tus[..], &[kind, ("Upload-Offset", &*at)]].concat();
            let rest = &world.bytes[offset..*length];
            if let Some(added) = asked(world.gateway, "PATCH", &path, &add, rest)
                && added.status == 204
                && let Some(item) = added.field("Library-Item")
            {
                return Some(item.to_owned());
            }
            world.resumed.fetch_add(1, Ordering::Relaxed);
            let told = again("an offset", || asked(world.gateway, "HEAD", &path, &tus, b""));
            assert_eq!(told.status, 200, "{told:?}");
            assert!(told.offset() >= offset, "an acknowledged byte is gone: {offset}, {told:?}");
            offset = told.offset();
            told.field("Library-Item").map(str::to_owned)
        });
        let target = format!("/library/api/items/{item}");
        let found = again("an item", || asked(world.gateway, "GET", &target, &tus[1..], b""));
        assert_eq!(found.json()["sha256"].as_str(), Some(&**digest), "{item} of {length} bytes");
        item
    }

    /// Deletes an item.
    pub(crate) fn delete(&self, world: &World, item: &str) {
        let fields = [("Authorization", &*self.bearer)];
        let target = format!("/library/api/items/{item}");
        let gone = again("a deletion", || asked(world.gateway, "DELETE", &target, &fields, b""));
        // 404: the first answer was cut.
        assert!([204, 404].contains(&gone.status), "{gone:?}");
    }

    /// Downloads a file, however often that is cut; every byte is the right one.
    pub(crate) fn download(&self, world: &World, file: usize) {
        let (length, item) = (world.files[file].0, &world.items[file]);
        let mut done = 0;
        again("a download", || {
            let before = done;
            let fetched = self.fetch(world, item, &mut done, length);
            assert!(done <= length, "more than there is");
            if fetched.is_none() && before > 0 {
                world.resumed.fetch_add(1, Ordering::Relaxed);
            }
            fetched
        });
    }

    /// Fetches what is left, and compares it as it comes; nothing if that was cut.
    fn fetch(&self, world: &World, item: &str, done: &mut usize, length: usize) -> Option<()> {
        let stream = TcpStream::connect(world.gateway).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "GET /library/api/items/{item}/content HTTP/1.1\r\nHost: test\r\nAuthorization: {}\r\n\
             Range: bytes={done}-\r\nConnection: close\r\n\r\n",
            self.bearer
        );
        (&stream).write_all(head.as_bytes()).ok()?;
        let mut answer = BufReader::with_capacity(128 * 1024, stream);
        let mut line = String::new();
        answer.read_line(&mut line).ok()?;
        let status = line.split(' ').nth(1)?.to_owned();
        if ["502", "503", "504"].contains(&&*status) {
            return None;
        }
        let mut range = String::new();
        while line != "\r\n" {
            line.clear();
            if answer.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some((name, value)) = line.split_once(": ")
                && name.eq_ignore_ascii_case("content-range")
            {
                range = value.trim().to_owned();
            }
        }
        assert_eq!(status, "206");
        assert_eq!(range, format!("bytes {done}-{}/{length}", length - 1));
        let mut piece = vec![0; 128 * 1024];
        while *done < length {
            let count = answer.read(&mut piece).ok().filter(|count| *count > 0)?;
            assert!(piece[..count] == world.bytes[*done..*done + count], "wrong bytes at {done}");
            *done += count;
        }
        Some(())
    }
}
