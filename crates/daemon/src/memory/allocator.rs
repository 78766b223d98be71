//! The allocator of the program: another one, which falls back on the reserve when it has no more.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::Ordering;

use super::{SHORT, reserve};

/// `A`, with the reserve behind it. At most one in a program.
#[derive(Debug)]
pub struct Bounded<A>(A);

impl<A: GlobalAlloc> Bounded<A> {
    /// Puts the reserve behind an allocator.
    pub const fn new(allocator: A) -> Self {
        Self(allocator)
    }

    /// The allocator without the reserve.
    pub(super) fn inner(&self) -> &A {
        &self.0
    }

    /// Tries once more for each block that the reserve has left.
    #[cold]
    fn again(&self, attempt: impl Fn() -> *mut u8) -> *mut u8 {
        while reserve::give_back(&self.0) {
            SHORT.store(true, Ordering::Relaxed);
            let memory = attempt();
            if !memory.is_null() {
                return memory;
            }
        }
        attempt()
    }
}

// SAFETY: every call goes to the allocator inside, with the arguments as they came; a call that is
// repeated is one that has failed, and changed nothing.
#[allow(unsafe_code)]
unsafe impl<A: GlobalAlloc> GlobalAlloc for Bounded<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules of `alloc`.
        let memory = unsafe { self.0.alloc(layout) };
        if memory.is_null() {
            // SAFETY: as above.
            return self.again(|| unsafe { self.0.alloc(layout) });
        }
        memory
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the rules of `dealloc`; the memory is from the allocator inside.
        unsafe { self.0.dealloc(memory, layout) };
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules of `alloc_zeroed`.
        let memory = unsafe { self.0.alloc_zeroed(layout) };
        if memory.is_null() {
            // SAFETY: as above.
            return self.again(|| unsafe { self.0.alloc_zeroed(layout) });
        }
        memory
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the rules of `realloc`; the memory is from the allocator inside.
        let moved = unsafe { self.0.realloc(memory, layout, size) };
        if moved.is_null() {
            // SAFETY: as above; a `realloc` that fails leaves the memory as it was.
            return self.again(|| unsafe { self.0.realloc(memory, layout, size) });
        }
        moved
    }
}
