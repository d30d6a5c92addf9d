//! The heap of a test program, counted. It is the whole process that is counted, so each test has one of its own, as
//! `child::in_child` gives it.
#![allow(dead_code, unreachable_pub, reason = "every test program uses a part of it")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// The system's allocator, which also counts.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static WATCHES: AtomicBool = AtomicBool::new(false);
static LEFT: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to the system's allocator as it is.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(used, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        if WATCHES.load(Ordering::Relaxed) {
            // SAFETY: the block is the caller's until it is given back, as long as the layout says.
            let has_secret = unsafe { holds_secret(pointer, layout.size()) };
            LEFT.fetch_add(usize::from(has_secret), Ordering::Relaxed);
        }
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs something and tells how many bytes of heap it holds afterwards, and how many it held at most.
pub fn counted<T>(body: impl FnOnce() -> T) -> (T, usize, usize) {
    let before = USED.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let value = body();
    let held = USED.load(Ordering::Relaxed).saturating_sub(before);
    (value, held, PEAK.load(Ordering::Relaxed) - before)
}

/// What must not be left in memory that is given back.
pub const SECRET: &[u8; 32] = b"marked for whoever reads memory!";

/// Runs something and tells how many blocks of heap were given back with [`SECRET`] in them.
pub fn left_secrets(body: impl FnOnce()) -> usize {
    LEFT.store(0, Ordering::Relaxed);
    WATCHES.store(true, Ordering::Relaxed);
    body();
    WATCHES.store(false, Ordering::Relaxed);
    LEFT.load(Ordering::Relaxed)
}

/// Looks through a block, of which a part may never have been written: byte by byte, as whoever finds it would.
///
/// # Safety
///
/// The block has to be allocated, and so long.
#[allow(unsafe_code)]
unsafe fn holds_secret(block: *const u8, length: usize) -> bool {
    // SAFETY: the caller says that all of it is allocated, and `last` stays that far from its end.
    let is_at =
        |start: usize| (0..SECRET.len()).all(|at| unsafe { block.add(start + at).read_volatile() } == SECRET[at]);
    length.checked_sub(SECRET.len()).is_some_and(|last| (0..=last).any(is_at))
}
