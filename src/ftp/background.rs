//! A transfer that nobody waits for.

mod cargo;
mod lent;

use std::time::Duration;

pub(super) use cargo::{Errand, Here};
use cargo::{OwnedCargo, Plan};
pub(super) use lent::{Lent, Loan};

use super::{
    control::Patience,
    options::FtpProgress,
    questions::Questions,
    response::FtpResponse,
    session::Session,
    transfer::{Advance, Transfer},
};
use crate::{
    error::{Error, Result},
    selector::{Selectable, sealed::Sealed},
    status::Status,
    sys::{Direction, Handle, Watch},
};

/// A transfer that was begun by [`Ftp::begin_download`](crate::Ftp::begin_download) or one of its kind, and goes on as it
/// is polled.
///
/// [`poll`](Self::poll) never waits for the server; it moves a piece at a time, and reads and writes of local files take
/// as long as they do. A transfer can sit in a [`SocketSelector`](crate::SocketSelector): it is ready when there is
/// something to do for `poll`, and chooses itself what it waits for, whatever interest it is added with. Limits of time
/// are kept by `poll` too: [`wakes_in`](Self::wakes_in) says when it should be called at the latest.
///
/// The transfer has the session for itself. Until it is over, every other method of its [`Ftp`](crate::Ftp) answers with
/// [`Error::NotReady`]; then the session is there again. Dropping a transfer that is not over ends the session.
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
/// use sockeye::{Ftp, FtpTransferOptions, SocketSelector, Status};
///
/// let mut ftp = Ftp::new();
/// ftp.connect("ftp.example.org", 21).into_result()?;
/// ftp.login_anonymous().into_result()?;
/// let mut transfer = ftp.begin_download("maps/island.txt", "island.txt", &FtpTransferOptions::default());
/// let mut selector = SocketSelector::new()?;
/// selector.add(&transfer)?;
/// loop {
///     match transfer.poll() {
///         Status::NotReady => println!("{} bytes", transfer.progress().transferred),
///         status => break println!("{}", status.into_result()?.message()),
///     }
///     selector.wait(Some(Duration::from_millis(16)))?;
/// }
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub struct FtpTransfer {
    state: State,
    progress: FtpProgress,
}

#[derive(Debug)]
enum State {
    /// It failed before it began.
    Failed(Error),
    Working(Box<Work>),
    Finished,
}

#[derive(Debug)]
struct Work {
    session: Loan,
    cargo: OwnedCargo,
    phase: Phase,
    is_cancelled: bool,
    waits_for: WaitsFor,
}

/// What a transfer that is moving waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WaitsFor {
    Control,
    Data,
    /// Selectors watch only one of them.
    Both,
}

#[derive(Debug)]
enum Phase {
    Asking(Box<Questions>),
    Moving(Box<Transfer>),
}

impl FtpTransfer {
    pub(super) fn failed(error: Error) -> Self {
        Self { state: State::Failed(error), progress: FtpProgress::default() }
    }

    pub(super) fn begin(mut session: Loan, errand: Errand) -> Self {
        let begun = session.get().and_then(|session| {
            session.control.set_patience(Patience::Polls)?;
            OwnedCargo::new(session, errand)
        });
        match begun {
            Ok((cargo, questions)) => {
                let phase = Phase::Asking(Box::new(questions));
                let work = Work { session, cargo, phase, is_cancelled: false, waits_for: WaitsFor::Control };
                Self { state: State::Working(Box::new(work)), progress: FtpProgress::default() }
            }
            Err(error) => {
                session.give_back();
                Self::failed(error)
            }
        }
    }

    /// Goes on as far as it can at once.
    ///
    /// `Done` gives the server's answer, whatever its status; `NotReady` says to come again; `Error` is the reason why
    /// the transfer failed on this side or on the way. After either, the answer is `Disconnected`.
    pub fn poll(&mut self) -> Status<FtpResponse> {
        let stepped = match &mut self.state {
            State::Working(work) => work.step(&mut self.progress),
            State::Finished => return Status::Disconnected,
            State::Failed(_) => Err(Error::Disconnected),
        };
        if matches!(stepped, Ok(None)) {
            return Status::NotReady;
        }
        match (std::mem::replace(&mut self.state, State::Finished), stepped) {
            (State::Failed(error), _) => Status::Error(error),
            (State::Working(mut work), Ok(Some(response))) => {
                work.session.give_back();
                let mut response = work.cargo.end(response);
                match response.take_error() {
                    Some(error) => Status::Error(error),
                    None => Status::Done(response),
                }
            }
            (State::Working(mut work), Err(error)) => {
                work.session.give_back();
                Status::Error(error)
            }
            (State::Working(_) | State::Finished, _) => Status::Disconnected,
        }
    }

    /// Gives up. Go on polling until the server has agreed: the outcome is `Error` with the kind `Cancelled` then, and
    /// the session can be used for something else.
    pub fn cancel(&mut self) {
        if let State::Working(work) = &mut self.state {
            work.is_cancelled = true;
        }
    }

    /// Tells whether the outcome was given.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished)
    }

    /// Tells how far it has come.
    #[must_use]
    pub fn progress(&self) -> FtpProgress {
        self.progress
    }

    /// Returns after how long [`poll`](Self::poll) should be called even if no selector says so; `None` for never.
    #[must_use]
    pub fn wakes_in(&self) -> Option<Duration> {
        match &self.state {
            State::Working(work) => work.wakes_in(),
            State::Failed(_) => Some(Duration::ZERO),
            State::Finished => None,
        }
    }
}

impl Work {
    /// `None` while there is nothing to do but to come again.
    fn step(&mut self, progress: &mut FtpProgress) -> Result<Option<FtpResponse>> {
        let session = self.session.get()?;
        loop {
            match &mut self.phase {
                Phase::Asking(questions) => {
                    if self.is_cancelled {
                        questions.stop();
                    }
                    if !questions.step(session)? {
                        watch(session.control.handle(), Direction::Read);
                        return Ok(None);
                    }
                    if self.is_cancelled {
                        return Err(Error::Cancelled);
                    }
                    if let Some(goodbye) = questions.goodbye.take() {
                        return Ok(Some(goodbye));
                    }
                    match self.cargo.plan(session, questions)? {
                        Plan::Whole(response) => return Ok(Some(response)),
                        Plan::Move(transfer) => self.phase = Phase::Moving(transfer),
                    }
                }
                Phase::Moving(transfer) => {
                    if self.is_cancelled {
                        transfer.give_up(session, Error::Cancelled)?;
                        if let Some(error) = transfer.withdrawn() {
                            return Err(error);
                        }
                    }
                    let advanced = self.cargo.advance(transfer, session)?;
                    *progress = transfer.progress();
                    if let Advance::Done(response) = advanced {
                        match self.cargo.plan_again(session, &response)? {
                            Some(again) => self.phase = Phase::Moving(again),
                            None => return Ok(Some(response)),
                        }
                        continue;
                    }
                    self.waits_for = match advanced {
                        Advance::Control | Advance::Done(_) => WaitsFor::Control,
                        Advance::Data(_) | Advance::More => WaitsFor::Data,
                        Advance::Both(_) => WaitsFor::Both,
                    };
                    transfer.watch_data(session, !matches!(advanced, Advance::Control));
                    let direction = match advanced {
                        Advance::Data(direction) | Advance::Both(direction) => direction,
                        // Ready at once: nothing is waited for but the next poll.
                        Advance::More => Direction::Write,
                        Advance::Control | Advance::Done(_) => Direction::Read,
                    };
                    watch(transfer.handle(session), direction);
                    return Ok(None);
                }
            }
        }
    }

    fn wakes_in(&self) -> Option<Duration> {
        let session = self.session.peek()?;
        let clock = match &self.phase {
            // The limits of a data connection say nothing of an answer.
            Phase::Moving(_) if self.waits_for == WaitsFor::Control => None,
            Phase::Moving(transfer) => transfer.data_wait().1.remaining(),
            Phase::Asking(questions) if questions.is_waiting() => None,
            Phase::Asking(_) => Some(Duration::ZERO),
        };
        let both = (self.waits_for == WaitsFor::Both).then_some(BOTH);
        session.control.remaining().into_iter().chain(clock).chain(both).min()
    }
}

impl Selectable for FtpTransfer {}

impl Sealed for FtpTransfer {
    #[allow(private_interfaces)]
    fn handle(&self) -> Option<&Handle> {
        let State::Working(work) = &self.state else { return None };
        let session: &Session = work.session.peek()?;
        match &work.phase {
            Phase::Moving(transfer) => transfer.handle(session),
            Phase::Asking(_) => session.control.handle(),
        }
    }
}

fn watch(handle: Option<&Handle>, direction: Direction) {
    if let Some(handle) = handle {
        handle.set_watch(Watch { read: true, write: direction == Direction::Write });
    }
}

/// How often it is asked for the connection that selectors do not watch, while a data connection comes about.
const BOTH: Duration = Duration::from_millis(10);
