//! A look at what is stored that leaves no trace, for who asks what would be answered: nothing is
//! counted, no use is noted, and what is read from a file is not kept.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Store;
use super::core::Core;
use super::disk;
use super::local::Held;
use super::object::{Found, Source, Varying};
use super::settings::QUEUED_LOOKUPS;
use super::slot::Slot;
use crate::key::Key;
use crate::vary::VariantKey;

impl Store {
    /// What [`Self::lookup`] would find.
    pub async fn peek(&self, key: Key<'_>) -> Found {
        self.peek_at(Slot::of(key, None), key, b"", 0).await
    }

    /// What [`Self::lookup_variant`] would find.
    pub async fn peek_variant(
        &self,
        key: Key<'_>,
        varying: &Varying,
        variant: VariantKey<'_>,
    ) -> Found {
        let slot = Slot::of(key, Some((varying.generation(), variant)));
        let soft = varying.object().soft.load(Ordering::Relaxed);
        self.peek_at(slot, key, variant.text, soft).await
    }

    async fn peek_at(&self, slot: Slot, key: Key<'_>, variant: &[u8], soft: u64) -> Found {
        let core = &self.inner.core;
        if let Some(object) = core.memory.peek(slot) {
            let found = core.found(Held::Direct(object), key.text, variant, Source::Memory);
            return found.unwrap_or(Found::Miss).purged_until(soft);
        }
        let readable = core.layout.usable() && core.index.may_hold(slot);
        if !readable || !core.health.reading.open() {
            return Found::Miss;
        }
        let (of_job, key, variant) = (Arc::clone(core), key.text.to_vec(), variant.to_vec());
        let read = move || of_job.peek_file(slot, &key, &variant);
        let Some(answer) = core.calls.try_call(&core.pool, QUEUED_LOOKUPS, read) else {
            return Found::Miss;
        };
        answer.await.unwrap_or(Found::Miss).purged_until(soft)
    }
}

impl Core {
    /// Reads the file of a slot. Blocks.
    fn peek_file(self: &Arc<Self>, slot: Slot, key: &[u8], variant: &[u8]) -> Found {
        let Ok(loaded) = disk::load(&self.layout, slot, self.settings.hot_object, 0) else {
            return Found::Miss;
        };
        let object = Held::Direct(Arc::new(self.object(slot, loaded)));
        self.found(object, key, variant, Source::Disk).unwrap_or(Found::Miss)
    }
}
