//! The blocks that are kept in reserve. Giving one back takes no lock and allocates nothing, because
//! it is done in the middle of an allocation that has failed.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::limits::{BLOCK, BLOCKS_MAX};

static BLOCKS: [AtomicPtr<u8>; BLOCKS_MAX] =
    [const { AtomicPtr::new(ptr::null_mut()) }; BLOCKS_MAX];

/// How many of them are to be kept.
static WANTED: AtomicUsize = AtomicUsize::new(0);

/// From now on so many bytes are to be kept in reserve.
pub(super) fn set(bytes: u64) {
    let blocks = usize::try_from(bytes).unwrap_or(usize::MAX).div_ceil(BLOCK);
    WANTED.store(blocks.min(BLOCKS_MAX), Ordering::Relaxed);
}

fn layout() -> Option<Layout> {
    Layout::from_size_align(BLOCK, 16).ok()
}

/// Takes blocks until all there are to be are there; false if the allocator has too little.
///
/// `allocator` is always the same one, and not the one that falls back on this reserve.
#[allow(unsafe_code)]
pub(super) fn fill<A: GlobalAlloc>(allocator: &A) -> bool {
    let Some(layout) = layout() else { return true };
    for place in BLOCKS.iter().take(WANTED.load(Ordering::Relaxed)) {
        if !place.load(Ordering::Relaxed).is_null() {
            continue;
        }
        // SAFETY: the layout's size is not zero.
        let block = unsafe { allocator.alloc(layout) };
        if block.is_null() {
            return false;
        }
        // Only this function fills places, on one thread; `give_back` empties them.
        place.store(block, Ordering::Release);
    }
    true
}

/// Gives one block back to the allocator; false if none was left.
#[allow(unsafe_code)]
pub(super) fn give_back<A: GlobalAlloc>(allocator: &A) -> bool {
    let Some(layout) = layout() else { return false };
    for place in &BLOCKS {
        if place.load(Ordering::Relaxed).is_null() {
            continue;
        }
        let block = place.swap(ptr::null_mut(), Ordering::Acquire);
        if block.is_null() {
            // Another thread was faster.
            continue;
        }
        // SAFETY: `fill` had the block from the same allocator, with the same layout, and whoever
        // swaps it out of its place is its only owner.
        unsafe { allocator.dealloc(block, layout) };
        return true;
    }
    false
}
