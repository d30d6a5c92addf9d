//! Byte streams: bulk and ping-pong, with both ends on one thread and with a thread for each.

use std::thread;

use crate::Result;
use crate::contestant::{BULK, SMALL, Stream, raw};
use crate::session::Session;
use crate::workload::beside;

/// 64 KiB sent, then received, on one thread.
pub fn bulk<S: Stream>(session: Session) -> Result<()> {
    let (mut near, mut far) = S::pair()?;
    let data = raw::buffer();
    session.serve(1, |operations| {
        for _ in 0..operations {
            near.send(&data)?;
            far.receive_all(BULK as u64)?;
        }
        Ok(())
    })
}

/// 64 KiB after 64 KiB sent by one thread and received by another.
pub fn bulk_beside<S: Stream>(session: Session) -> Result<()> {
    let (mut near, mut far) = S::pair()?;
    let data = raw::buffer();
    session.serve(1, |operations| {
        thread::scope(|scope| {
            let sender = beside(scope, || (0..operations).try_for_each(|_| near.send(&data)));
            far.receive_all(operations * BULK as u64)?;
            sender.join().map_err(|_| "the sender panicked")?
        })
    })
}

/// 64 bytes there and back on one thread.
pub fn ping_pong<S: Stream>(session: Session) -> Result<()> {
    let (mut near, mut far) = S::pair()?;
    let data = [7; SMALL];
    session.serve(1, |operations| {
        for _ in 0..operations {
            near.send(&data)?;
            far.receive_all(SMALL as u64)?;
            far.send(&data)?;
            near.receive_all(SMALL as u64)?;
        }
        Ok(())
    })
}

/// 64 bytes there and back, the echo on a thread of its own.
pub fn ping_pong_beside<S: Stream>(session: Session) -> Result<()> {
    let (mut near, mut far) = S::pair()?;
    let data = [7; SMALL];
    session.serve(1, |operations| {
        thread::scope(|scope| {
            let echo = beside(scope, || {
                (0..operations).try_for_each(|_| {
                    far.receive_all(SMALL as u64)?;
                    far.send(&data)
                })
            });
            for _ in 0..operations {
                near.send(&data)?;
                near.receive_all(SMALL as u64)?;
            }
            echo.join().map_err(|_| "the echo panicked")?
        })
    })
}
