//! A new head for a stored response whose body stays: what a 304 or a HEAD brings.

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::store::core::Core;
use crate::store::counters::now_ms;
use crate::store::disk::{Draft, FileBody, read_checked, read_front, read_table};
use crate::store::format::{BodySums, FIXED, Fixed, write_front};
use crate::store::front::Front;
use crate::store::local::Held;
use crate::store::object::{Entry, Kept, Object};
use crate::store::queues::Enter;
use crate::store::settings::{MAX_FIELD, MAX_HEAD, QUEUED_LOOKUPS};

impl Core {
    /// Gives a stored response another head and metadata. With a stamp, the one of the fill that
    /// asked upstream, purges before it no longer hit.
    pub(in crate::store) fn refresh(
        self: &Arc<Self>,
        entry: &Entry,
        meta: &[u8],
        head: &[u8],
        stamp: Option<u64>,
    ) -> Entry {
        if meta.len() > MAX_FIELD || head.len() > MAX_HEAD {
            return entry.clone();
        }
        let old = &entry.object.front;
        let soft = entry.object.soft.load(std::sync::atomic::Ordering::Relaxed);
        let fixed = Fixed {
            stamp: stamp.unwrap_or(old.fixed().stamp),
            soft: if stamp.is_some() { 0 } else { soft },
            stored_at: now_ms().max(old.fixed().stored_at + 1),
            ..*old.fixed()
        };
        let parts = [old.key(), old.variant(), old.raw_tags(), meta, head];
        let (fixed, bytes) = write_front(fixed, parts);
        let bytes = Bytes::from(bytes);
        let front = Front::new(fixed, bytes.slice(FIXED..));
        let new = Object::new(entry.object.slot, front, entry.object.body.share());
        let new = Arc::new(new);
        self.memory.replace(&entry.object, Arc::clone(&new));
        let marked = if stamp.is_some() { 0 } else { entry.soft };
        let fresh = Entry { object: Held::Direct(new), soft: marked, ..entry.clone() };
        let (core, old, new) = (Arc::clone(self), entry.clone(), Arc::clone(fresh.object()));
        let job = move || {
            if let Err(error) = core.rewrite(&old, &new, &bytes) {
                core.write_failed("writing the new head of a stored response", &error);
            }
        };
        // When too much waits, the file keeps its old head and is revalidated again some day.
        self.pool.try_submit(QUEUED_LOOKUPS, job);
        fresh
    }

    fn rewrite(self: &Arc<Self>, old: &Entry, new: &Object, bytes: &[u8]) -> io::Result<()> {
        let _key = self.key_lock(crate::key::KeyHash::of(new.front.key()));
        let fixed = new.front.fixed();
        let Ok((there, front)) = read_front(&self.layout, new.slot) else { return Ok(()) };
        if front.fixed().stored_at > fixed.stored_at
            || (front.key(), front.variant()) != (new.front.key(), new.front.variant())
            || front.body_length() != new.front.body_length()
            || !has_body_of(&there, &front, old)
            || !self.may_write()
        {
            return Ok(()); // another response took its place, or a later head
        }
        let mut draft = Draft::new(Arc::clone(self), fixed.body_at());
        let mut rest = Vec::new();
        match &old.object.body {
            Kept::Memory(body) => rest.push(body.clone()),
            Kept::File(file) => copy(file, &mut draft)?,
        }
        let length = draft.publish(&rest, bytes, fixed.sum, new.slot)?;
        self.index.insert(new.slot, length, Enter::New);
        // The file it was read from has no name any more.
        self.memory.close_file(new.slot);
        self.health.writing.worked();
        Ok(())
    }
}

/// Whether a file has the body of an entry, as far as checksums tell.
fn has_body_of(file: &File, front: &Front, entry: &Entry) -> bool {
    let Ok(table) = read_table(file, front.fixed()) else { return false };
    match &entry.object.body {
        Kept::File(body) => *body.table == *table,
        Kept::Memory(body) => {
            let mut sums = BodySums::default();
            sums.update(body);
            sums.finish() == table
        }
    }
}

/// Copies a body, and compares it with its checksums on the way: damage is not signed anew.
fn copy(body: &FileBody, draft: &mut Draft) -> io::Result<()> {
    let mut at = 0;
    while at < body.length() {
        let piece = read_checked(&body.file, &body.fixed, &body.table, at)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        at += piece.len() as u64;
        draft.write(&[piece])?;
    }
    Ok(())
}
