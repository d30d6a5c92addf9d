//! One transfer, from the first command to the last reply, as far as each step can go.

mod abort;
mod setup;

use std::time::Duration;

use super::{
    cargo::{Cargo, Translation},
    command::Command,
    control::is_preliminary,
    data::{Clock, Data, Load},
    moving::{Failure, LONG, Moved, Mover},
    options::{FtpProgress, FtpTransferOptions, TransferMode},
    reply::Reply,
    response::FtpResponse,
    session::Session,
};
use crate::{
    error::{Error, Phase, Result},
    status::Status,
    sys::{Direction, Handle},
};

/// What the server is to do.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) command: Command,
    /// What the type has to be; listings are lines in any type.
    pub(super) mode: Option<TransferMode>,
    /// How many bytes are there already, and are left out.
    pub(super) offset: u64,
    /// The bytes go behind those that are there without the server being told how many.
    pub(super) is_behind: bool,
    /// Bytes that there are in all, if that is known.
    pub(super) total: Option<u64>,
}

/// A transfer in any phase.
#[derive(Debug)]
pub(super) struct Transfer {
    order: Order,
    step: Step,
    data: Option<Data>,
    load: Load,
    mover: Mover,
    clock: Clock,
    /// Bytes that the server says it will send.
    announced: Option<u64>,
    /// The last reply, where it came before the end of the data.
    early: Option<Reply>,
    /// Why it has failed, until the server has said what it thinks of it.
    failure: Option<Failure>,
    is_download: bool,
    /// Whether selectors watch the data connection and not the control connection.
    is_data_watched: bool,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Begin,
    /// The answer to TYPE.
    Typed,
    Open,
    /// The answer to EPSV or PASV.
    Entered,
    /// The answer to EPRT or PORT.
    Invited,
    /// The first data connection of a session.
    Connect,
    Offset,
    /// The answer to REST.
    Restarted,
    Ask,
    /// The first answer to the command itself.
    Asked,
    /// The data connection is not ready yet.
    Prepare,
    Move,
    /// All has been sent; the server has to hear of it.
    EndSession,
    /// And to have taken it.
    Drain,
    /// The last answer.
    Finish,
    /// An answer to a command before the transfer, which does not matter any more.
    Withdraw,
    /// The answer to the transfer, or to ABOR.
    Abort,
    /// So many more at most, the last of them to NOOP.
    Settle(u8),
    Over,
}

/// What has to happen before a transfer can go on.
#[derive(Debug)]
pub(super) enum Advance {
    /// A reply has to come.
    Control,
    /// The data connection has to be ready for this.
    Data(Direction),
    /// Either.
    Both(Direction),
    /// Nothing: a step is only short.
    More,
    /// It is over.
    Done(FtpResponse),
}

impl Transfer {
    pub(super) fn new(order: Order, options: &FtpTransferOptions, cargo: &Cargo<'_>, session: &mut Session) -> Self {
        let translation = match (&order.mode, cargo) {
            (None, _) => Translation::None,
            (Some(_), Cargo::Down(_)) => Translation::down(options),
            (Some(_), Cargo::Up(_)) => Translation::up(options),
        };
        let is_large = order.total.is_none_or(|total| total.saturating_sub(order.offset) > LONG);
        Self {
            load: if is_large && matches!(cargo, Cargo::Up(_)) { Load::Upload } else { Load::Other },
            is_download: matches!(cargo, Cargo::Down(_)),
            order,
            step: Step::Begin,
            data: None,
            mover: Mover::new(translation, std::mem::take(&mut session.buffer)),
            clock: Clock::new(session.options.silence),
            announced: None,
            early: None,
            failure: None,
            is_data_watched: false,
        }
    }

    pub(super) fn progress(&self) -> FtpProgress {
        let transferred = self.mover.moved().saturating_add(self.order.offset);
        // Behind an offset some servers announce the whole file, and some the rest of it.
        let total = self.order.total.or(self.announced.filter(|_| self.order.offset == 0));
        FtpProgress { transferred, total }
    }

    /// Goes on as far as it can. An error is the end of the session, too.
    pub(super) fn advance(&mut self, session: &mut Session, cargo: &mut Cargo<'_>) -> Result<Advance> {
        self.try_advance(session, cargo).map_err(|error| {
            session.control.abandon();
            // Why it failed says more than what came of that.
            self.failure.take().map_or(error, Failure::into_error)
        })
    }

    fn try_advance(&mut self, session: &mut Session, cargo: &mut Cargo<'_>) -> Result<Advance> {
        loop {
            let waited_for = match self.step {
                Step::Begin => self.set_mode(session)?,
                Step::Typed => self.typed(session)?,
                Step::Open => self.open(session)?,
                Step::Entered => self.entered(session)?,
                Step::Invited => self.invited(session)?,
                Step::Connect => self.connect(session)?,
                Step::Offset => self.set_offset(session)?,
                Step::Restarted => self.restarted(session)?,
                Step::Ask => self.ask(session)?,
                Step::Asked => self.asked(session)?,
                Step::Prepare => self.prepare(session)?,
                Step::Move => self.move_bytes(session, cargo)?,
                Step::EndSession => self.end_session(session)?,
                Step::Drain => self.drain(session)?,
                Step::Finish => self.finish(session)?,
                Step::Withdraw => self.withdraw(session)?,
                Step::Abort => self.abort(session)?,
                Step::Settle(left) => self.settle(session, left)?,
                Step::Over => return Err(Error::Disconnected),
            };
            if let Some(advance) = waited_for {
                return Ok(advance);
            }
        }
    }

    /// Gives up for this reason. It goes on until the server has agreed, so that the session can be used again.
    pub(super) fn give_up(&mut self, session: &mut Session, reason: Error) -> Result<()> {
        if self.failure.is_some() {
            return Ok(());
        }
        self.failure = Some(Failure::Here(reason));
        match self.step {
            Step::Typed | Step::Entered | Step::Invited | Step::Restarted => self.step = Step::Withdraw,
            Step::Asked | Step::Prepare | Step::Move | Step::EndSession | Step::Drain => {
                session.control.abort(&session.build("ABOR", "")?)?;
                self.clock = Clock::new(Some(ABORT_HEARD));
                self.step = Step::Abort;
            }
            // It is all there, and only the last word is missing; or nobody was asked for anything yet.
            Step::Finish | Step::Abort | Step::Settle(_) | Step::Withdraw => {}
            Step::Begin | Step::Open | Step::Connect | Step::Offset | Step::Ask | Step::Over => {
                self.detach(session);
                self.hand_back(session);
                self.step = Step::Over;
            }
        }
        Ok(())
    }

    /// The reason, if it was given up before there was anything to wait for.
    pub(super) fn withdrawn(&mut self) -> Option<Error> {
        if self.step == Step::Over { self.failure.take().map(Failure::into_error) } else { None }
    }

    /// Lets the server connect, or secures the connection.
    fn prepare(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        let Some(data) = &mut self.data else { return Err(Error::NotOpen) };
        let was_listening = matches!(data, Data::Listening(_));
        let has_no_first_word = self.early.is_some();
        if was_listening || matches!(data, Data::Open(wire) if wire.is_encrypted()) {
            // Instead of a connection there may come a reason why there will be none. It is looked for first: a
            // connection that came before the last word, or the end of its handshake, is found then.
            look_for_last_word(&mut self.early, session)?;
        }
        let mut status = data.accept(session);
        if was_listening && has_no_first_word && status.is_not_ready() {
            // It is done without a data connection.
            return self.no_more_data(session);
        }
        if was_listening && status.is_done() {
            self.watch_data(session, false);
            status = self.data.as_mut().map_or(Ok(()), |data| data.secure(session)).into();
        }
        let Some(data) = &mut self.data else { return Err(Error::NotOpen) };
        if let Some(wire) = data.wire()
            && status.is_done()
        {
            status = wire.handshake();
        }
        match status {
            Status::Done(()) => {
                self.clock.restart();
                self.step = Step::Move;
                Ok(None)
            }
            Status::NotReady => {
                if self.early.is_some() {
                    return self.data_failed(session, Error::Disconnected);
                }
                let phase = if was_listening { Phase::Connect } else { Phase::Handshake };
                match self.clock.check(phase) {
                    Ok(()) => Ok(Some(Advance::Both(data.direction()))),
                    Err(error) => self.give_up(session, error).map(|()| None),
                }
            }
            Status::Disconnected => self.data_failed(session, Error::Disconnected),
            Status::Error(error) => self.data_failed(session, error),
        }
    }

    fn move_bytes(&mut self, session: &mut Session, cargo: &mut Cargo<'_>) -> Result<Option<Advance>> {
        let Some(wire) = self.data.as_mut().and_then(Data::wire) else { return Err(Error::NotOpen) };
        if session.waits() {
            self.mover.let_system_wait(wire)?;
        }
        match self.mover.step(wire, cargo, &mut self.clock) {
            Ok(Moved::Wait(direction)) => match self.clock.check(Phase::Silence) {
                Ok(()) => Ok(Some(Advance::Data(direction))),
                Err(error) => self.give_up(session, error).map(|()| None),
            },
            Ok(Moved::More) => Ok(Some(Advance::More)),
            Ok(Moved::End) if matches!(cargo, Cargo::Up(_)) && wire.is_encrypted() => {
                self.step = Step::EndSession;
                Ok(None)
            }
            Ok(Moved::End) => {
                let advance = self.no_more_data(session);
                // The server goes on while the last bytes are written.
                if let Cargo::Down(sink) = cargo
                    && let Err(failure) = self.mover.finish(*sink)
                {
                    self.failure = Some(failure);
                }
                advance
            }
            Err(Failure::Here(error)) => self.give_up(session, error).map(|()| None),
            Err(Failure::There(error)) => self.data_failed(session, error),
        }
    }

    fn end_session(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        let Some(wire) = self.data.as_mut().and_then(Data::wire) else { return Err(Error::NotOpen) };
        match wire.end_session() {
            Status::Done(()) => {
                session.control.expect_reply();
                self.step = Step::Drain;
                Ok(None)
            }
            Status::NotReady => match self.clock.check(Phase::Silence) {
                Ok(()) => Ok(Some(Advance::Data(Direction::Write))),
                Err(error) => self.give_up(session, error).map(|()| None),
            },
            Status::Disconnected => self.data_failed(session, Error::Disconnected),
            Status::Error(error) => self.data_failed(session, error),
        }
    }

    /// Waits until the server has ended its side or has confirmed the file. To close before would be a reset if the
    /// server has sent something that nobody reads, a session ticket for one, and the end of the file would be lost.
    fn drain(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        let Some(wire) = self.data.as_mut().and_then(Data::wire) else { return Err(Error::NotOpen) };
        for _ in 0..MAX_DRAINED {
            match wire.receive(&mut [0; 256]) {
                Status::Done(_) => {}
                Status::NotReady => {
                    look_for_last_word(&mut self.early, session)?;
                    if self.early.is_none() {
                        session.control.check_time()?;
                        return Ok(Some(Advance::Both(Direction::Read)));
                    }
                    break;
                }
                Status::Disconnected | Status::Error(_) => break,
            }
        }
        self.no_more_data(session)
    }

    fn data_failed(&mut self, session: &mut Session, error: Error) -> Result<Option<Advance>> {
        self.failure.get_or_insert(Failure::There(error));
        self.no_more_data(session)
    }

    fn no_more_data(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        self.detach(session);
        session.control.expect_reply();
        self.step = Step::Finish;
        Ok(None)
    }

    fn finish(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        let reply = match self.early.take() {
            Some(reply) => Some(reply),
            None => session.control.final_reply()?,
        };
        let Some(reply) = reply else { return Ok(Some(Advance::Control)) };
        let moved = self.mover.moved();
        if let Some(expected) = self.announced
            && self.is_download
            && self.order.mode == Some(TransferMode::Binary)
            && self.failure.is_none()
            && moved != expected
            && moved.saturating_add(self.order.offset) < expected
        {
            self.failure = Some(Failure::There(Error::CutShort { received: moved, expected }));
        }
        self.over(session, reply)
    }

    /// The end, with the server's last word or, after an ABOR, with its first one.
    fn over(&mut self, session: &mut Session, reply: Reply) -> Result<Option<Advance>> {
        self.detach(session);
        self.hand_back(session);
        self.step = Step::Over;
        let response = session.response(&self.early.take().unwrap_or(reply));
        Ok(Some(Advance::Done(match self.failure.take() {
            None => response,
            // That the connection broke is what the server has refused with.
            Some(Failure::There(Error::Disconnected | Error::Io(_))) if !response.ok() => response,
            Some(failure) => response.with_error(failure.into_error()),
        })))
    }

    /// Takes the data connection out, and lets selectors watch the control connection again.
    fn detach(&mut self, session: &mut Session) -> Option<Data> {
        let mut data = self.data.take();
        if std::mem::take(&mut self.is_data_watched)
            && let (Some(from), Some(to)) = (data.as_mut().and_then(Data::handle_mut), session.control.handle_mut())
        {
            from.hand_over(to);
        }
        data
    }

    fn hand_back(&mut self, session: &mut Session) {
        session.buffer = self.mover.take_buffer();
    }

    /// What selectors are to watch.
    pub(super) fn handle<'a>(&'a self, session: &'a Session) -> Option<&'a Handle> {
        match &self.data {
            Some(data) if self.is_data_watched => data.handle(),
            _ => session.control.handle(),
        }
    }

    /// Lets selectors watch the one connection or the other.
    pub(super) fn watch_data(&mut self, session: &mut Session, watch_data: bool) {
        if self.is_data_watched == watch_data {
            return;
        }
        let data = self.data.as_mut().and_then(Data::handle_mut);
        if let (Some(data), Some(control)) = (data, session.control.handle_mut()) {
            if watch_data {
                control.hand_over(data);
            } else {
                data.hand_over(control);
            }
            self.is_data_watched = watch_data;
        }
    }

    /// How the data connection is waited for: who, and how long at most.
    pub(super) fn data_wait(&self) -> (Option<&Handle>, Clock) {
        (self.data.as_ref().and_then(Data::handle), self.clock)
    }
}

/// Takes the server's last word on a transfer, if it has come already.
fn look_for_last_word(early: &mut Option<Reply>, session: &mut Session) -> Result<()> {
    if early.is_none() {
        *early = session.control.reply_if_there()?.filter(|reply| !is_preliminary(reply));
    }
    Ok(())
}

/// How long a server may take to hear of an ABOR.
const ABORT_HEARD: Duration = Duration::from_millis(500);
/// A server has hardly anything to say on the data connection of an upload.
const MAX_DRAINED: usize = 64;
