//! Bounds on time that a machine which has much else to do does not break.
#![allow(dead_code, unreachable_pub, reason = "every test program uses a part of it")]

use std::time::{Duration, Instant};

/// Runs something again and again until it has taken less than the limit, which it must in one of ten times: what always
/// waits is never in time, and what the machine has held up is the next time.
#[track_caller]
pub fn once_within(limit: Duration, mut body: impl FnMut()) {
    let mut found = Vec::new();
    while found.len() < 10 {
        let begin = Instant::now();
        body();
        if begin.elapsed() < limit {
            return;
        }
        found.push(begin.elapsed());
    }
    panic!("later than {limit:?} every time: {found:?}");
}
