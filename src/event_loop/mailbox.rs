//! What other threads want of a loop.

use std::{
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{EventLoop, event::ConnectionId};
use crate::{error::Result, ip::IpAddress, selector::Waker, status::Status};

/// Lets other threads use an [`EventLoop`]: cheap to clone, and safe to keep after the loop has ended.
///
/// # Examples
///
/// ```
/// use std::{thread, time::Duration};
/// use sockeye::EventLoop;
///
/// let mut event_loop = EventLoop::new()?;
/// let handle = event_loop.handle();
/// let thread = thread::spawn(move || handle.shutdown(Duration::ZERO));
/// while !event_loop.is_shut_down() {
///     event_loop.poll(None)?;
/// }
/// assert!(thread.join().unwrap());
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone)]
pub struct LoopHandle {
    shared: Arc<Mutex<Shared>>,
    waker: Waker,
}

/// The loop's end of its handles.
pub(super) struct Mailbox(LoopHandle);

#[derive(Default)]
struct Shared {
    commands: Vec<Command>,
    /// How much memory the messages in the commands have, near enough.
    bytes: usize,
    has_ended: bool,
}

pub(super) enum Command {
    Send(ConnectionId, Vec<u8>),
    Close(ConnectionId),
    Shutdown(Duration),
    /// Where a connection goes, and when that was found.
    DialAt(usize, Result<(Vec<IpAddress>, u16)>, Instant),
    /// Where a listener listens.
    ListenAt(usize, Result<Vec<IpAddress>>),
    Execute(Box<dyn FnOnce(&mut EventLoop) + Send>),
}

impl LoopHandle {
    /// Sends a message over a connection of the loop.
    ///
    /// `Done` means that the loop will do it, after what was asked for before; `NotReady` that 8 MiB wait for the loop
    /// already and nothing was taken; `Disconnected` that the loop has ended.
    ///
    /// A message for a connection that is gone by then, or is being closed, is dropped. What is sent before a connection
    /// is open, or before a peer of tinyproto has answered enough, waits for that and is dropped when it does not come.
    /// Nobody is there to be told to wait or what is wrong: so a message that the queue has no room for closes the
    /// connection ([`QueueFull`](crate::CloseReason::QueueFull)), and so does one that its framing cannot carry
    /// ([`Failed`](crate::CloseReason::Failed), behind what was sent before).
    pub fn send(&self, id: ConnectionId, message: impl Into<Vec<u8>>) -> Status {
        let message = message.into();
        let mut shared = self.lock();
        // Many without bytes fill the memory too.
        let cost = message.len().saturating_add(size_of::<Command>());
        if !shared.has_ended && shared.bytes > 0 && shared.bytes.saturating_add(cost) > MOST_BYTES {
            return Status::NotReady;
        }
        shared.bytes = shared.bytes.saturating_add(cost);
        if self.put_into(shared, Command::Send(id, message)) { Status::Done(()) } else { Status::Disconnected }
    }

    /// Closes a connection of the loop, see [`EventLoop::close`]. Tells whether the loop will do it: it has not ended.
    pub fn close(&self, id: ConnectionId) -> bool {
        self.put(Command::Close(id))
    }

    /// Shuts the loop down, see [`EventLoop::shutdown`]. Tells whether the loop will do it: it has not ended.
    pub fn shutdown(&self, limit: Duration) -> bool {
        self.put(Command::Shutdown(limit))
    }

    /// Lets the loop do something between two events: connect, listen, count. Tells whether the loop will do it: it has
    /// not ended.
    pub fn execute(&self, task: impl FnOnce(&mut EventLoop) + Send + 'static) -> bool {
        self.put(Command::Execute(Box::new(task)))
    }

    pub(super) fn put(&self, command: Command) -> bool {
        self.put_into(self.lock(), command)
    }

    fn put_into(&self, mut shared: MutexGuard<'_, Shared>, command: Command) -> bool {
        if shared.has_ended {
            return false;
        }
        let is_first = shared.commands.is_empty();
        shared.commands.push(command);
        drop(shared);
        // Who has put the first one has woken the loop for all; that can only fail when the loop is gone.
        is_first.then(|| self.waker.wake()).is_none_or(|woken| woken.is_ok())
    }

    /// Nobody panics while holding it.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mailbox {
    pub(super) fn new(waker: Waker) -> Self {
        Self(LoopHandle { shared: Arc::default(), waker })
    }

    /// What nobody will do any more is dropped.
    pub(super) fn end(&self) {
        let mut shared = self.0.lock();
        shared.has_ended = true;
        let dropped = mem::take(&mut shared.commands);
        drop(shared);
        drop(dropped);
    }
}

impl EventLoop {
    /// Returns what other threads can use the loop with.
    #[must_use]
    pub fn handle(&self) -> LoopHandle {
        self.mailbox.0.clone()
    }

    /// Does what other threads want; tells whether they wanted anything.
    pub(super) fn obey(&mut self) -> bool {
        let mut shared = self.mailbox.0.lock();
        if shared.commands.is_empty() {
            return false;
        }
        shared.bytes = 0;
        let commands = mem::take(&mut shared.commands);
        drop(shared);
        for command in commands {
            match command {
                Command::Send(id, message) => self.send_late(id, message),
                Command::Close(id) => {
                    self.close(id);
                }
                Command::Shutdown(limit) => self.shutdown(limit),
                Command::DialAt(id, found, at) => self.dial_at(id, found, at),
                Command::ListenAt(id, found) => self.listen_at(id, found),
                Command::Execute(task) => task(self),
            }
        }
        self.flush_queued();
        true
    }
}

impl fmt::Debug for LoopHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopHandle").finish_non_exhaustive()
    }
}

/// How much may wait for the loop, unless it is a single message.
const MOST_BYTES: usize = 8 * 1024 * 1024;
