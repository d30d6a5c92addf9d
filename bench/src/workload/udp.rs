//! Datagrams of 64 bytes: sent only, sent and received one call each, in batches, and there and back.

use std::thread;

use crate::Result;
use crate::contestant::{BURST, Batches, Datagrams, SMALL};
use crate::session::Session;
use crate::workload::beside;

/// Sends to a bound socket that nobody reads: its buffer fills and the kernel drops the rest, for all contestants alike.
pub fn send<D: Datagrams>(session: Session) -> Result<()> {
    let (mut near, _far) = D::pair()?;
    let data = [7; SMALL];
    session.serve(1, |operations| (0..operations).try_for_each(|_| near.send(&data)))
}

/// There and back on one thread.
pub fn ping_pong<D: Datagrams>(session: Session) -> Result<()> {
    let (mut near, mut far) = D::pair()?;
    let data = [7; SMALL];
    session.serve(1, |operations| {
        for _ in 0..operations {
            near.send(&data)?;
            far.receive_all(1)?;
            far.send(&data)?;
            near.receive_all(1)?;
        }
        Ok(())
    })
}

/// There and back, the echo on a thread of its own. Nothing is lost: one datagram is on its way at a time.
pub fn ping_pong_beside<D: Datagrams>(session: Session) -> Result<()> {
    let (mut near, mut far) = D::pair()?;
    let data = [7; SMALL];
    session.serve(1, |operations| {
        thread::scope(|scope| {
            let echo = beside(scope, || {
                (0..operations).try_for_each(|_| {
                    far.receive_all(1)?;
                    far.send(&data)
                })
            });
            for _ in 0..operations {
                near.send(&data)?;
                near.receive_all(1)?;
            }
            echo.join().map_err(|_| "the echo panicked")?
        })
    })
}

/// A burst sent one call each, then drained, on one thread; an operation is one datagram.
pub fn bursts_one_by_one<D: Datagrams>(session: Session) -> Result<()> {
    let (mut near, mut far) = D::pair()?;
    let data = [7; SMALL];
    session.serve(BURST, |operations| {
        for _ in 0..operations / BURST {
            (0..BURST).try_for_each(|_| near.send(&data))?;
            far.receive_all(BURST)?;
        }
        Ok(())
    })
}

/// A burst sent as a batch, then drained in batches, on one thread; an operation is one datagram.
pub fn bursts_batched<B: Batches>(session: Session) -> Result<()> {
    let (mut near, mut far) = B::pair()?;
    let data = [7; SMALL];
    let burst = vec![&data[..]; BURST as usize];
    session.serve(BURST, |operations| {
        for _ in 0..operations / BURST {
            near.send_burst(&burst)?;
            far.receive_all(BURST)?;
        }
        Ok(())
    })
}
