//! From memory to the file, on the store's threads.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;

use super::progress::{Disk, Fill, Stage, State};
use crate::store::counters::{Count, now_ms};
use crate::store::disk::{Draft, read_front};
use crate::store::format::{FIXED, Fixed, Kind, write_front};
use crate::store::front::Front;
use crate::store::lock::lock;
use crate::store::object::{Kept, Object};
use crate::store::purge::Verdict;
use crate::store::queues::Enter;
use crate::store::settings::{KEPT_WRITTEN, WRITE_PIECE};
use crate::store::slot::Slot;
use crate::store::varying;

impl Fill {
    /// Has what is in memory written, unless that is under way.
    pub(super) fn flush_soon(self: &Arc<Self>, state: &mut State) {
        if state.disk != Disk::Idle {
            return;
        }
        if state.file.is_none() && !self.core.may_write() {
            self.turn_off(state);
            return;
        }
        state.disk = Disk::Busy(Instant::now());
        let fill = Arc::clone(self);
        self.core.pool.submit(move || fill.flush());
    }

    /// Has the file completed, after what is under way.
    pub(super) fn finish_soon(self: &Arc<Self>, state: &mut State) {
        if matches!(state.disk, Disk::Busy(_)) {
            return; // whoever is at it goes on to that
        }
        if state.disk == Disk::Idle {
            state.disk = Disk::Busy(Instant::now());
        }
        let fill = Arc::clone(self);
        self.core.pool.submit(move || fill.finish());
    }

    fn flush(self: &Arc<Self>) {
        let (pieces, front) = {
            let state = self.state();
            // Whole pieces, so that the next one begins where a large page of the page cache can.
            let whole = (Self::unwritten(&state) / WRITE_PIECE).min(2) * WRITE_PIECE;
            let pieces = match whole {
                0 => state.window.from(state.written, WRITE_PIECE),
                whole => state.window.exactly(state.written, whole),
            };
            (pieces, state.front.clone())
        };
        let Some(front) = front else { return };
        let result = {
            let mut draft = lock(&self.draft);
            let new = || Draft::new(Arc::clone(&self.core), front.fixed().body_at());
            let draft = draft.get_or_insert_with(new);
            draft.write(&pieces).map(|()| draft.file())
        };
        if let Err(error) = &result {
            self.core.write_failed("writing a response", error);
        }
        let mut state = self.state();
        // Given up meanwhile, by whoever fills or because the disk was too slow.
        let off = state.disk == Disk::Off;
        match result {
            Ok(file) if !off => {
                let written = pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
                self.recount(&mut state, |state| {
                    state.written += written;
                    state.file = file;
                    state.window.drop_before(state.written.saturating_sub(KEPT_WRITTEN));
                });
                state.disk = Disk::Idle;
            }
            _ => self.turn_off(&mut state),
        }
        if state.disk == Disk::Off {
            let complete = matches!(state.stage, Stage::Complete);
            drop(state);
            self.discard();
            if complete {
                self.finish();
            }
            return;
        }
        match state.stage {
            Stage::Complete => self.finish_soon(&mut state),
            _ if Self::unwritten(&state) >= WRITE_PIECE => self.flush_soon(&mut state),
            _ => {}
        }
        drop(state);
        self.room.notify_one();
    }

    fn finish(&self) {
        let stored = self.store();
        if stored {
            self.core.counters.add(Count::Stores);
        }
        self.discard();
        if stored || self.state().hot.is_some() {
            self.core.fills.deregister_stored(self);
        } else {
            self.core.fills.deregister(self);
        }
        let mut state = self.state();
        if let Some(tell) = state.stored.take() {
            let _: Result<(), bool> = tell.send(stored);
        }
        if state.file.is_some() {
            self.recount(&mut state, |state| {
                state.window.drop_before(state.written.saturating_sub(KEPT_WRITTEN));
            });
        }
    }

    /// Puts the complete response where look-ups find it. True: in its file.
    fn store(&self) -> bool {
        let _key = self.core.key_lock(self.hash);
        let state = self.state();
        let Some(front) = state.front.clone() else { return false };
        let (off, hot) = (state.disk == Disk::Off, state.hot.clone());
        let (written, length) = (state.written, state.window.end());
        let names = state.varies_by.as_ref().map(|by| (by.names.clone(), by.hash));
        let rest = state.window.from(written, u64::MAX);
        let whole = state.window.start() == 0;
        drop(state);

        let verdict = self.core.records.judge(&front);
        if verdict == Verdict::Gone || self.superseded.load(Ordering::Relaxed) {
            hot.iter().for_each(|object| self.core.memory.remove_object(object));
            return false;
        }
        let soft = if let Verdict::Stale(stamp) = verdict { stamp } else { 0 };
        let (generation, slot) = match names {
            None => (0, Slot::of_key(self.hash)),
            Some((names, variant)) => match self.generation(&names) {
                None => return false,
                Some(generation) => (generation, Slot::of_variant(self.hash, generation, variant)),
            },
        };
        let fixed = Fixed { body: length, generation, soft, ..*front.fixed() };
        let parts = [front.key(), front.variant(), front.raw_tags(), front.meta(), front.head()];
        let (fixed, bytes) = write_front(fixed, parts);
        let stored = !off && self.publish(slot, &fixed, &bytes, &rest);
        let small = whole && written == 0 && length <= self.core.settings.hot_object;
        if !stored && small && self.core.layout.usable() {
            self.core.remove_file(slot); // older than what memory holds
        }
        if small && hot.is_none() {
            let front = Front::new(fixed, Bytes::from(bytes).slice(FIXED..));
            let body = Bytes::from(rest.concat());
            self.core.memory.insert(Arc::new(Object::new(slot, front, Kept::Memory(body))));
        } else if stored && !small {
            self.core.memory.remove(slot);
        }
        stored
    }

    fn publish(&self, slot: Slot, fixed: &Fixed, front: &[u8], rest: &[Bytes]) -> bool {
        let draft = lock(&self.draft).take();
        let draft = match draft {
            Some(draft) => draft,
            None if !self.core.may_write() => return false,
            None => Draft::new(Arc::clone(&self.core), fixed.body_at()),
        };
        match draft.publish(rest, front, fixed.sum, slot) {
            Ok(length) => {
                self.core.index.insert(slot, length, Enter::New);
                self.core.health.writing.worked();
                true
            }
            Err(error) => {
                self.core.write_failed("writing a response", &error);
                false
            }
        }
    }

    /// The generation of the key's record, which is made to list `names` first. The key's lock is
    /// held.
    fn generation(&self, names: &[u8]) -> Option<u64> {
        let core = &self.core;
        let slot = Slot::of_key(self.hash);
        let held = core.memory.get(slot).filter(|object| core.vet(object));
        let before = match held {
            Some(object) => {
                let soft = object.soft.load(Ordering::Relaxed);
                Some((object.front.clone(), soft))
            }
            None if core.layout.usable() && core.index.may_hold(slot) => {
                let read = read_front(&core.layout, slot).ok();
                let good = read.filter(|(_, front)| core.records.judge(front) != Verdict::Gone);
                good.map(|(_, front)| (front.fixed().soft, front))
                    .map(|(soft, front)| (front, soft))
            }
            None => None,
        };
        let before = before
            .filter(|(front, _)| front.fixed().kind == Kind::Vary && front.key() == &*self.key);
        let meta = before.as_ref().map_or(&b""[..], |(front, _)| front.meta());
        if let (Some(first), Some((front, _))) = (varying::lists(meta).next(), &before)
            && first == names
        {
            return Some(front.fixed().generation);
        }
        let meta = varying::with_list(meta, names)?;
        let fixed = Fixed {
            kind: Kind::Vary,
            lengths: [0; 5],
            aligned: false,
            body: 0,
            stamp: before.as_ref().map_or(self.stamp, |(front, _)| front.fixed().stamp),
            stored_at: now_ms(),
            generation: before
                .as_ref()
                .map_or_else(|| fastrand::u64(1..), |(front, _)| front.fixed().generation),
            sum: 0,
            soft: before.as_ref().map_or(0, |(_, soft)| *soft),
        };
        let (fixed, bytes) = write_front(fixed, [&self.key, b"", b"", &meta, b""]);
        if core.may_write() {
            let draft = Draft::new(Arc::clone(core), fixed.body_at());
            match draft.publish(&[], &bytes, fixed.sum, slot) {
                Ok(length) => core.index.insert(slot, length, Enter::New),
                Err(error) => core.write_failed("writing how a response varies", &error),
            }
        }
        let front = Front::new(fixed, Bytes::from(bytes).slice(FIXED..));
        core.memory.insert(Arc::new(Object::new(slot, front, Kept::Memory(Bytes::new()))));
        Some(fixed.generation)
    }
}
