//! Messages of 64 bytes one way, with a length before each.

use std::thread;

use crate::Result;
use crate::contestant::{BURST, Framed};
use crate::session::Session;
use crate::workload::beside;

/// A burst of messages, one call each, then received, on one thread.
pub fn one_by_one<F: Framed>(session: Session) -> Result<()> {
    bursts::<F>(session, |near| (0..BURST).try_for_each(|_| near.send()))
}

/// A burst of messages gathered into one call, then received, on one thread.
pub fn gathered<F: Framed>(session: Session) -> Result<()> {
    bursts::<F>(session, |near| near.send_gathered(BURST))
}

/// Messages one call each by one thread, received by another.
pub fn one_by_one_beside<F: Framed>(session: Session) -> Result<()> {
    bursts_beside::<F>(session, |near| (0..BURST).try_for_each(|_| near.send()))
}

/// Messages gathered by one thread, received by another.
pub fn gathered_beside<F: Framed>(session: Session) -> Result<()> {
    bursts_beside::<F>(session, |near| near.send_gathered(BURST))
}

fn bursts<F: Framed>(session: Session, burst: impl Fn(&mut F) -> Result<()>) -> Result<()> {
    let (mut near, mut far) = F::pair()?;
    session.serve(BURST, |operations| {
        for _ in 0..operations / BURST {
            burst(&mut near)?;
            far.receive_all(BURST)?;
        }
        Ok(())
    })
}

fn bursts_beside<F: Framed>(session: Session, burst: impl Fn(&mut F) -> Result<()> + Sync) -> Result<()> {
    let (mut near, mut far) = F::pair()?;
    session.serve(BURST, |operations| {
        thread::scope(|scope| {
            let sender = beside(scope, || (0..operations / BURST).try_for_each(|_| burst(&mut near)));
            far.receive_all(operations)?;
            sender.join().map_err(|_| "the sender panicked")?
        })
    })
}
