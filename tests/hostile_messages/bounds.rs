//! So long may it take, and so much may it cost.
#![allow(unreachable_pub, reason = "the tests beside it use it")]

use std::time::{Duration, Instant};

use crate::allocator::counted;

pub const KIB: usize = 1024;

/// What a hostile peer may take of anybody's time, on a machine that has much else to do. What the real libraries do is
/// to wait for ever, or 24 s.
pub const TIME: Duration = Duration::from_secs(10);

/// Runs something, which must not take longer than [`TIME`] and not need more heap at any time.
#[track_caller]
pub fn within<T>(most: usize, what: impl std::fmt::Debug, body: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let (value, _, peak) = counted(body);
    println!("{what:?}: {peak} bytes at most, {:?}", begin.elapsed());
    assert!(begin.elapsed() < TIME, "{what:?}: {:?}", begin.elapsed());
    assert!(peak <= most, "{what:?}: {peak} bytes at most");
    value
}

/// Runs something again and again, of which nothing must be left once it has been run a first time.
#[track_caller]
pub fn leaves_nothing(what: impl std::fmt::Debug, rounds: usize, mut body: impl FnMut()) {
    body();
    let begin = Instant::now();
    let ((), held, _) = counted(|| (0..rounds).for_each(|_| body()));
    println!("{what:?}: {held} bytes after {rounds} rounds, {:?}", begin.elapsed());
    assert!(begin.elapsed() < TIME, "{what:?}: {:?}", begin.elapsed());
    assert!(held < 2 * KIB, "{what:?}: {held} bytes are left");
}
