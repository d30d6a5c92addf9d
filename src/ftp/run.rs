//! A transfer that is waited for.

use std::{ops::ControlFlow, time::Duration};

use super::{
    cargo::Cargo,
    moving::TICK,
    options::{FtpProgress, FtpTransferOptions},
    response::FtpResponse,
    session::Session,
    transfer::{Advance, Order, Transfer},
};
use crate::{
    error::{Error, Result},
    mode::wait_until,
    sys::{Direction, Events, Registry, Watch},
    time::Deadline,
};

/// Who looks on.
pub(super) type Watching<'a> = &'a mut dyn FnMut(FtpProgress) -> ControlFlow<()>;

/// Does a whole transfer.
pub(super) fn run(
    session: &mut Session,
    order: Order,
    options: &FtpTransferOptions,
    mut cargo: Cargo<'_>,
    watching: Watching<'_>,
) -> FtpResponse {
    let mut transfer = Transfer::new(order, options, &cargo, session);
    loop {
        let advanced = transfer.advance(session, &mut cargo);
        let waited = match advanced {
            Ok(Advance::Done(response)) => {
                // A short transfer has been waited for nowhere. It is too late to end it.
                let _ = watching(transfer.progress());
                return response;
            }
            Ok(Advance::More) => Ok(()),
            Ok(Advance::Control) => wait_for_control(session),
            Ok(Advance::Data(direction)) => wait_for_data(&transfer, direction),
            Ok(Advance::Both(direction)) => wait_for_either(&transfer, session, direction),
            Err(error) => Err(error),
        };
        let watched = waited.and_then(|()| match watching(transfer.progress()) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => transfer.give_up(session, Error::Cancelled),
        });
        if let Err(error) = watched {
            session.control.abandon();
            return FtpResponse::failed(error);
        }
        if let Some(error) = transfer.withdrawn() {
            return FtpResponse::failed(error);
        }
    }
}

fn wait_for_control(session: &Session) -> Result<()> {
    session.control.wire().wait(Direction::Read, soon(session.control.remaining())).map(drop)
}

fn wait_for_data(transfer: &Transfer, direction: Direction) -> Result<()> {
    let (Some(handle), clock) = transfer.data_wait() else { return Ok(()) };
    wait_until(handle.socket(), direction, soon(clock.remaining())).map(drop).map_err(Error::from_os)
}

/// Rare: while a server opens a data connection, and while one is secured.
fn wait_for_either(transfer: &Transfer, session: &Session, direction: Direction) -> Result<()> {
    let (Some(data), clock) = transfer.data_wait() else { return Ok(()) };
    let Some(control) = session.control.handle() else { return Ok(()) };
    let limit = session.control.remaining().into_iter().chain(clock.remaining()).min();
    let wait = || {
        let registry = Registry::new()?;
        registry.watch(control, Watch { read: true, write: false })?;
        registry.watch(data, Watch { read: true, write: direction == Direction::Write })?;
        registry.wait(&mut Events::new(), soon(limit).remaining())
    };
    wait().map(drop).map_err(Error::from_os)
}

/// What is left, or a moment of it: whoever looks on may want to end it.
fn soon(remaining: Option<Duration>) -> Deadline {
    Deadline::after(Some(remaining.map_or(TICK, |remaining| remaining.min(TICK))))
}
