//! Listeners, connections and timers in one loop.

mod accepting;
mod closing;
mod dialing;
mod event;
mod handler;
mod late;
mod listening;
mod mailbox;
mod options;
mod round;
mod sending;
mod slot;
mod thread;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fmt,
    time::{Duration, Instant},
};

use socket2::Socket;

pub use event::{CloseReason, ConnectionId, ListenerId, LoopEvent, TimerId};
pub use handler::{Handler, HookResult};
pub use mailbox::LoopHandle;
pub use options::{ConnectOptions, ConnectionOptions, EventLoopOptions, ListenOptions, Reading};
pub use sending::LoopCounters;
pub use thread::LoopThread;

use late::Late;
use listening::Post;
use mailbox::Mailbox;
use round::Round;
use slot::Slot;

use crate::{
    error::Result,
    ip::IpAddress,
    message::{Connection, Framing},
    selector::SocketSelector,
    status::Status,
    sys::KeyMap,
};

/// Many listeners, connections and timers, served by one thread.
///
/// A program either asks it what has happened ([`poll`](Self::poll)), for example in each frame of a game, or gives it a
/// [`Handler`] and lets it [`run`](Self::run), in this thread or [in another](Self::spawn). Connections can use any
/// framing, over TCP, local sockets and TLS, side by side.
///
/// No peer can hold the others up: nothing waits for one of them, they take turns, and what is kept for one is limited.
///
/// # Examples
///
/// An echo server and its client in one loop:
///
/// ```
/// use sockeye::{ConnectOptions, Endpoint, EventLoop, Framing, ListenOptions, LoopEvent};
///
/// let mut event_loop = EventLoop::new()?;
/// let listener = event_loop.listen(&Endpoint::parse("0")?, Framing::lines(), ListenOptions::default())?;
/// let server = Endpoint::parse(&event_loop.local_port(listener).to_string())?;
/// let client = event_loop.connect(&server, Framing::lines(), ConnectOptions::default())?;
///
/// let answer = loop {
///     match event_loop.poll(None)? {
///         Some(LoopEvent::Opened { id, .. }) if id == client => event_loop.send(id, b"hello").into_result()?,
///         Some(LoopEvent::Message { id, message }) if id == client => break message,
///         Some(LoopEvent::Message { id, message }) => event_loop.send(id, &message).into_result()?,
///         _ => {}
///     }
/// };
/// assert_eq!(answer, b"hello");
/// # Ok::<(), sockeye::Error>(())
/// ```
pub struct EventLoop {
    options: EventLoopOptions,
    selector: SocketSelector,
    /// Whose the keys of the selector are.
    tokens: KeyMap<Token>,
    slots: KeyMap<Box<Slot>>,
    posts: HashMap<usize, Post>,
    next_id: usize,
    events: VecDeque<LoopEvent>,
    /// Who is to be served in this round, in turns.
    ready: VecDeque<Token>,
    /// Connections that are to be dialled in the next round.
    begun: Vec<usize>,
    /// Connections with queued bytes that the system has not been offered.
    queued: Vec<usize>,
    deadlines: BTreeSet<(Instant, Due)>,
    /// When this round began.
    now: Instant,
    round: Option<Round>,
    ending: Ending,
    by_address: HashMap<IpAddress, usize>,
    /// A descriptor to give up when there are no more.
    reserve: Option<Socket>,
    mailbox: Mailbox,
    late: KeyMap<Late>,
    counters: LoopCounters,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Listener(usize),
    Connection(usize),
}

/// What is due at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Timer(usize),
    Connection(usize),
    Listener(usize),
    /// Another try to connect to a local listener whose queue is full.
    Retry(usize),
    Shutdown,
}

#[derive(Debug, Clone, Copy)]
enum Ending {
    No,
    /// At the next poll, within this limit.
    Asked(Duration),
    /// At most until then.
    Draining(Option<Instant>),
}

impl EventLoop {
    /// Makes a loop without listeners and connections.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyFiles`](crate::Error::TooManyFiles) when no descriptor is left, else the system's.
    pub fn new() -> Result<Self> {
        Self::with_options(EventLoopOptions::default())
    }

    /// Makes a loop that does as the options say.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn with_options(options: EventLoopOptions) -> Result<Self> {
        let selector = SocketSelector::new()?;
        let mailbox = Mailbox::new(selector.waker());
        Ok(Self {
            options,
            selector,
            tokens: KeyMap::default(),
            slots: KeyMap::default(),
            posts: HashMap::new(),
            next_id: 0,
            events: VecDeque::new(),
            ready: VecDeque::new(),
            begun: Vec::new(),
            queued: Vec::new(),
            deadlines: BTreeSet::new(),
            now: Instant::now(),
            round: None,
            ending: Ending::No,
            by_address: HashMap::new(),
            reserve: accepting::reserve(),
            mailbox,
            late: KeyMap::default(),
            counters: LoopCounters::default(),
        })
    }

    /// Returns a connection, to ask for addresses, certificates or credentials; `None` when it is gone.
    #[must_use]
    pub fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.slots.get(&id.0).map(|slot| &slot.connection)
    }

    /// Goes through the connections that are open, in no order.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionId> + '_ {
        self.slots.iter().filter(|(_, slot)| slot.is_open()).map(|(id, _)| ConnectionId(*id))
    }

    /// Tells whether a connection is open: there was its [`Opened`](LoopEvent::Opened), and nothing has ended it.
    #[must_use]
    pub fn is_open(&self, id: ConnectionId) -> bool {
        self.slots.get(&id.0).is_some_and(|slot| slot.is_open())
    }

    /// Receives a message of a connection with [`Reading::Readiness`].
    ///
    /// It answers as [`Connection::receive`] does in non-blocking mode; when it is the end, there is a
    /// [`Closed`](LoopEvent::Closed) as well. A peer of tinyproto has its answer with the next poll, if none is sent before.
    pub fn receive(&mut self, id: ConnectionId) -> Status<Vec<u8>> {
        let received = self.take_message(id);
        if received.is_done() {
            self.queue_answers(id.0);
        }
        received
    }

    /// Receives, and sees to what comes of it.
    fn take_message(&mut self, id: ConnectionId) -> Status<Vec<u8>> {
        let Some(slot) = self.slots.get_mut(&id.0).filter(|slot| slot.is_open()) else { return Status::Disconnected };
        // Answers may have gone, and what waited before them; or others have found no room. `Slot::change` would copy the
        // message once more.
        let before = slot.queued();
        let status = slot.connection.receive();
        let has_moved = slot.queued() < before;
        if slot.is_deaf {
            // A message may have made one.
            slot.connection.drop_unsent();
        }
        match status {
            Status::Done(message) => {
                self.counters.messages_received += 1;
                self.counters.bytes_received += message.len() as u64;
                self.settle(id.0, has_moved);
                Status::Done(message)
            }
            Status::NotReady => {
                self.settle(id.0, has_moved);
                Status::NotReady
            }
            Status::Disconnected => {
                self.begin_close(id.0, CloseReason::Peer);
                Status::Disconnected
            }
            Status::Error(error) => {
                // The event has the error.
                self.begin_close(id.0, CloseReason::Failed(error));
                Status::Disconnected
            }
        }
    }

    /// Takes the bytes of a connection that have arrived and have not become messages.
    ///
    /// Inside [`Handler::message`], and after a [`Message`](LoopEvent::Message), these are the bytes that came behind that
    /// message. Empty when the connection is gone.
    pub fn unread(&mut self, id: ConnectionId) -> Vec<u8> {
        let Some(slot) = self.slots.get_mut(&id.0) else { return Vec::new() };
        let (bytes, has_moved) = slot.change(Connection::unread);
        self.settle(id.0, has_moved);
        bytes
    }

    /// Goes on with a connection in another framing, with the byte behind the last message that was given. Tells whether
    /// there was such a connection.
    pub fn set_framing(&mut self, id: ConnectionId, framing: Framing) -> bool {
        let Some(slot) = self.slots.get_mut(&id.0).filter(|slot| slot.is_open()) else { return false };
        let ((), has_moved) = slot.change(|connection| connection.set_framing(framing));
        self.settle(id.0, has_moved);
        true
    }

    /// Chooses what becomes of what arrives from now on. Tells whether there was such a connection.
    pub fn set_reading(&mut self, id: ConnectionId, reading: Reading) -> bool {
        let Some(slot) = self.slots.get_mut(&id.0).filter(|slot| slot.is_open()) else { return false };
        slot.reading = reading;
        if slot.is_useless() {
            return self.begin_close(id.0, CloseReason::Peer);
        }
        self.watch(id.0);
        self.settle(id.0, false);
        true
    }

    /// Begins a timer, on a clock that nobody sets. It runs out once, with a [`Timer`](LoopEvent::Timer); several that
    /// run out at the same time do so in the order in which they were begun.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{EventLoop, LoopEvent};
    ///
    /// let mut event_loop = EventLoop::new()?;
    /// let second = event_loop.set_timer(Duration::from_millis(2));
    /// let first = event_loop.set_timer(Duration::from_millis(1));
    /// assert!(event_loop.cancel_timer(second));
    /// match event_loop.poll(None)? {
    ///     Some(LoopEvent::Timer { id }) => assert_eq!(id, first),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn set_timer(&mut self, after: Duration) -> TimerId {
        let now = Instant::now();
        // Nobody waits for longer than that.
        let at = now.checked_add(after).unwrap_or_else(|| now + LONGEST_TIMER);
        let number = self.next_id();
        self.deadlines.insert((at, Due::Timer(number)));
        TimerId { at, number }
    }

    /// Ends a timer before it runs out; tells whether it was still running.
    pub fn cancel_timer(&mut self, id: TimerId) -> bool {
        self.deadlines.remove(&(id.at, Due::Timer(id.number)))
    }

    fn next_id(&mut self) -> usize {
        self.next_id += 1;
        self.next_id
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        self.mailbox.end();
    }
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop")
            .field("listeners", &self.posts.len())
            .field("connections", &self.slots.len())
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

const LONGEST_TIMER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
