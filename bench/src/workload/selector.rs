//! One round of a server's loop with one socket of many ready.

use crate::Result;
use crate::contestant::{Peers, Watcher, expect};
use crate::session::Session;

/// A peer writes 64 bytes; the contestant waits, finds the socket and reads. The peer is chosen at random, the same for all.
pub fn round<W: Watcher, const COUNT: usize>(session: Session) -> Result<()> {
    let (mut watcher, mut peers) = W::gather(COUNT)?;
    let mut order = Order::new(COUNT);
    session.serve(1, |operations| {
        for _ in 0..operations {
            let chosen = order.next_index();
            peers.send_to(chosen)?;
            expect(watcher.take()? == chosen, "another socket was ready")?;
        }
        Ok(())
    })
}

/// A fixed pseudo-random order of indices (Knuth's MMIX constants, the high bits).
pub struct Order {
    state: u64,
    count: u64,
}

impl Order {
    pub fn new(count: usize) -> Self {
        Self { state: 1, count: count as u64 }
    }

    pub fn next_index(&mut self) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (((self.state >> 33) * self.count) >> 31) as usize
    }
}
