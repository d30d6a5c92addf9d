//! One request and its response, for programs that cannot wait.

use std::{
    sync::{
        Arc,
        mpsc::{self, TryRecvError},
    },
    thread,
    time::Duration,
};

use super::{
    arriving::InMemory,
    cancel::Cancel,
    client::Shared,
    opening::Opening,
    pool::Connection,
    request::HttpRequest,
    response::HttpResponse,
    transfer::Pace,
    url::Url,
    work::{Advance, Work},
};
use crate::{
    error::{Error, Result},
    selector::{Selectable, sealed::Sealed},
    status::Status,
    sys::{self, Direction, Handle, Watch},
};

/// A request that was begun by [`Http::begin`](crate::Http::begin) and goes on as it is polled.
///
/// [`poll`](Self::poll) never waits. Looking names up, connecting and securing a connection, which take time by their
/// nature, are done by a thread of their own; sending and receiving by `poll` itself, a little at a time. An exchange
/// can sit in a [`SocketSelector`](crate::SocketSelector): it is ready, for reading or for writing, when there is
/// something to do for `poll`. It chooses itself what it waits for, whatever interest it is added with. Limits of time
/// are kept by `poll` too: [`wakes_in`](Self::wakes_in) says when it should be called at the latest.
///
/// Dropping it cancels it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::{Http, HttpRequest, IpAddress, SocketSelector, Status, TcpListener};
///
/// let mut listener = TcpListener::new();
/// listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
/// let http = Http::new("127.0.0.1", listener.local_port())?;
/// # let server = std::thread::spawn(move || {
/// #     let mut socket = listener.accept().into_result()?;
/// #     socket.receive(&mut [0; 1024]).into_result()?;
/// #     socket.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").into_result()
/// # });
///
/// let mut exchange = http.begin(&HttpRequest::get("/")?);
/// let mut selector = SocketSelector::new()?;
/// selector.add(&exchange)?;
/// let response = loop {
///     match exchange.poll() {
///         Status::NotReady => { /* draw the next frame; here: wait for something to do */ }
///         status => break status.into_result()?,
///     }
///     selector.wait(Some(Duration::from_millis(16)))?;
/// };
/// assert_eq!(response.body(), b"hello");
/// # server.join().unwrap()?;
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub struct HttpExchange {
    state: State,
    /// What selectors watch while there is no connection.
    bell: Option<Handle>,
    /// Whether it waits to send: there is a request for a connection that is there already.
    wants_to_send: bool,
}

#[derive(Debug)]
enum State {
    /// It failed before it began.
    Failed(Error),
    Working {
        work: Box<Work>,
        opening: Option<Pending>,
    },
    Finished(Option<Box<HttpResponse>>),
}

/// A connection that a thread is opening.
#[derive(Debug)]
struct Pending {
    connection: mpsc::Receiver<Result<Connection>>,
    cancel: Cancel,
}

/// How far an exchange has come, in bytes of bodies as they are sent, compressed or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HttpProgress {
    /// Bytes of the request's body that have gone.
    pub sent: u64,
    /// Bytes that the request's body has, if that is known.
    pub to_send: Option<u64>,
    /// Bytes of the response's body that have come.
    pub received: u64,
    /// Bytes that the response's body has, once and if that is known.
    pub to_receive: Option<u64>,
}

impl HttpProgress {
    /// The same for a body whose first bytes were there before.
    pub(super) fn beyond(self, offset: u64) -> Self {
        let beyond = |count: u64| count.saturating_add(offset);
        Self { received: beyond(self.received), to_receive: self.to_receive.map(beyond), ..self }
    }
}

impl HttpExchange {
    pub(super) fn begin(shared: &Arc<Shared>, request: &HttpRequest, base: &Url, limit: Option<Duration>) -> Self {
        let begun = Work::new(shared, request, base, limit);
        let state = match begun {
            Ok(work) => State::Working { work: Box::new(work), opening: None },
            Err(error) => State::Failed(error),
        };
        let mut exchange = Self { state, bell: None, wants_to_send: true };
        if let Err(error) = exchange.next_connection() {
            exchange.state = State::Failed(error);
        }
        exchange
    }

    /// Goes on as far as it can at once.
    ///
    /// `Done` gives the response, whatever its status; `NotReady` says to come again; `Error` is the reason why there
    /// is no whole response ([`response`](Self::response) has what arrived). After either, the answer is
    /// `Disconnected`.
    pub fn poll(&mut self) -> Status<HttpResponse> {
        match self.step() {
            Ok(false) => Status::NotReady,
            Ok(true) => self.finish(Ok(())),
            Err(error) => self.finish(Err(error)),
        }
    }

    /// Tells whether the response or an error was given.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished(_))
    }

    /// Returns the response as far as it has come, once its head is there. After a failure it is what had arrived, with
    /// a [`status`](HttpResponse::status) that says so; after `Done` it is `None`, since [`poll`](Self::poll) gave it
    /// away.
    #[must_use]
    pub fn response(&self) -> Option<&HttpResponse> {
        match &self.state {
            State::Working { work, .. } => work.response(),
            State::Finished(response) => response.as_deref(),
            State::Failed(_) => None,
        }
    }

    /// Tells how far it has come.
    #[must_use]
    pub fn progress(&self) -> HttpProgress {
        match &self.state {
            State::Working { work, .. } => work.progress(),
            State::Failed(_) | State::Finished(_) => HttpProgress::default(),
        }
    }

    /// Returns after how long [`poll`](Self::poll) should be called even if no selector says so, to keep the limits of
    /// time; `None` for never.
    #[must_use]
    pub fn wakes_in(&self) -> Option<Duration> {
        match &self.state {
            State::Working { work, .. } => work.wakes_in(),
            State::Failed(_) => Some(Duration::ZERO),
            State::Finished(_) => None,
        }
    }

    /// One step; `true` once the response is there.
    fn step(&mut self) -> Result<bool> {
        let (work, opening) = match &mut self.state {
            State::Working { work, opening } => (work, opening),
            State::Failed(_) => {
                let State::Failed(error) = std::mem::replace(&mut self.state, State::Finished(None)) else {
                    return Err(Error::Disconnected);
                };
                return Err(error);
            }
            State::Finished(_) => return Err(Error::Disconnected),
        };
        if let Some(pending) = opening {
            match pending.connection.try_recv() {
                Ok(connection) => {
                    *opening = None;
                    let connection = connection?;
                    let prepared = work.prepare()?;
                    work.begin(connection, prepared, false);
                    self.leave_bell();
                }
                Err(TryRecvError::Empty) => {
                    work.check_whole()?;
                    return Ok(false);
                }
                // The thread sends before it ends.
                Err(TryRecvError::Disconnected) => return Err(Error::Disconnected),
            }
        }
        let State::Working { work, .. } = &mut self.state else { return Err(Error::Disconnected) };
        let advance = work.advance(Pace::Frame, &mut InMemory)?;
        // What has arrived and was not looked at yet is nothing that the system knows of.
        work.tell_selectors(advance == Advance::More);
        match advance {
            Advance::Wait(direction) => {
                self.watch(direction);
                Ok(false)
            }
            Advance::More => Ok(false),
            Advance::Connect => self.next_connection().map(|()| false),
            Advance::Done => Ok(true),
        }
    }

    fn finish(&mut self, outcome: Result<()>) -> Status<HttpResponse> {
        let state = std::mem::replace(&mut self.state, State::Finished(None));
        self.bell = None;
        match (state, outcome) {
            (State::Working { mut work, opening }, outcome) => {
                if let Some(opening) = opening {
                    opening.cancel.cancel();
                }
                work.retire(Handle::leave);
                let is_whole = outcome.is_ok();
                let mut response = work.into_response(outcome);
                if is_whole {
                    return Status::Done(response);
                }
                let error = response.take_error().unwrap_or(Error::Disconnected);
                self.state = State::Finished(Some(Box::new(response)));
                error.into()
            }
            (finished, Err(error)) => {
                self.state = finished;
                error.into()
            }
            (finished, Ok(())) => {
                self.state = finished;
                Status::Disconnected
            }
        }
    }

    /// Takes a connection of the pool or begins to open one; selectors are told of it.
    fn next_connection(&mut self) -> Result<()> {
        let State::Working { work, opening } = &mut self.state else { return Ok(()) };
        if work.handle().is_none() && work.take_connection()? {
            return Ok(());
        }
        let (near, far) = sys::stream_pair().map_err(Error::from_os)?;
        let mut bell = Handle::new(near);
        work.retire(|handle| handle.hand_over(&mut bell));
        self.bell = Some(bell);
        if work.take_connection()? {
            self.leave_bell();
            return Ok(());
        }
        let cancel = Cancel::new();
        let (sender, connection) = mpsc::channel();
        let wanted = Opening::of(work);
        let cancelled = cancel.clone();
        let body = move || {
            // The exchange may be gone already; then the connection is not wanted any more.
            let _ = sender.send(wanted.open(&[], &cancelled).map(|(connection, _)| connection));
            drop(far);
        };
        thread::Builder::new().name(THREAD_NAME.into()).stack_size(STACK_SIZE).spawn(body).map_err(Error::from_os)?;
        *opening = Some(Pending { connection, cancel });
        self.watch(Direction::Read);
        Ok(())
    }

    /// Lets the connection take the place of the bell in selectors.
    fn leave_bell(&mut self) {
        let State::Working { work, .. } = &mut self.state else { return };
        if let (Some(mut bell), Some(handle)) = (self.bell.take(), work.handle_mut()) {
            bell.hand_over(handle);
            self.watch(Direction::Write);
        }
    }

    fn watch(&mut self, direction: Direction) {
        self.wants_to_send = direction == Direction::Write;
        if let (Some(handle), Some(wanted)) = (self.handle(), self.wanted()) {
            handle.set_watch(wanted);
        }
    }
}

impl Selectable for HttpExchange {}

impl Sealed for HttpExchange {
    #[allow(private_interfaces)]
    fn handle(&self) -> Option<&Handle> {
        let State::Working { work, .. } = &self.state else { return None };
        self.bell.as_ref().or_else(|| work.handle())
    }

    #[allow(private_interfaces)]
    fn wanted(&self) -> Option<Watch> {
        Some(Watch { read: true, write: self.wants_to_send })
    }
}

impl Drop for HttpExchange {
    fn drop(&mut self) {
        if let State::Working { opening: Some(opening), .. } = &self.state {
            opening.cancel.cancel();
        }
    }
}

/// What the thread is called that opens a connection.
const THREAD_NAME: &str = "sockeye-http";
/// Enough for the system's resolver and for the checks of certificates, which are what needs most.
const STACK_SIZE: usize = 1024 * 1024;
