//! A loop that calls the program.

use std::{
    any::Any,
    error, io,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use super::{
    Ending, EventLoop,
    event::{CloseReason, ConnectionId, LoopEvent},
};
use crate::error::{Error, Result};

/// What a hook answers: any error ends the connection that it was called for.
pub type HookResult = Result<(), Box<dyn error::Error + Send + Sync>>;

/// The program's part of a loop: hooks that [`EventLoop::run`] calls, each of which does nothing unless it is written.
///
/// They come in this order. [`started`](Self::started) is first. Each round: [`opened`](Self::opened) once for a
/// connection that can be used, then [`message`](Self::message) for each of its messages in order, then
/// [`closed`](Self::closed) once; [`tick`](Self::tick) is after the others. When the loop is asked to shut down,
/// [`stopping`](Self::stopping) comes while the connections are still open and what it sends still goes out, then
/// `closed` for each of them. A connection that the program itself closes has its `closed` too; after `close` it has no
/// `message` any more. A connect that fails has only its `closed`.
///
/// A hook of a connection that answers with an error or panics ends that connection alone, with
/// [`CloseReason::Handler`] or [`CloseReason::Panicked`]; what the hook was changing when it panicked is as it left it.
/// An error of the other hooks ends `run`, and a panic of them goes on.
///
/// # Examples
///
/// ```
/// use sockeye::{ConnectionId, EventLoop, Handler, HookResult};
///
/// struct Echo;
///
/// impl Handler for Echo {
///     fn message(&mut self, event_loop: &mut EventLoop, id: ConnectionId, message: Vec<u8>) -> HookResult {
///         event_loop.send(id, &message).into_result()?;
///         Ok(())
///     }
/// }
/// ```
#[expect(unused_variables, reason = "the names are for those who write the hooks")]
pub trait Handler {
    /// The loop begins to run; listeners that were added before are listening.
    fn started(&mut self, event_loop: &mut EventLoop) -> HookResult {
        Ok(())
    }

    /// A connection can be used.
    fn opened(&mut self, event_loop: &mut EventLoop, id: ConnectionId) -> HookResult {
        Ok(())
    }

    /// A message has arrived. The bytes behind it have not become a message yet: a framing or a way of reading that is
    /// chosen now holds for them, and [`EventLoop::unread`] gives them.
    fn message(&mut self, event_loop: &mut EventLoop, id: ConnectionId, message: Vec<u8>) -> HookResult {
        Ok(())
    }

    /// A connection is gone, for this reason and with these bytes left over.
    fn closed(&mut self, event_loop: &mut EventLoop, id: ConnectionId, reason: CloseReason, leftover: Vec<u8>) {}

    /// Some time has passed, see [`EventLoopOptions::tick`](crate::EventLoopOptions::tick).
    fn tick(&mut self, event_loop: &mut EventLoop) -> HookResult {
        Ok(())
    }

    /// Anything else has happened: [`Readable`](LoopEvent::Readable), [`HighWater`](LoopEvent::HighWater),
    /// [`Drained`](LoopEvent::Drained), [`Timer`](LoopEvent::Timer), [`AcceptFailed`](LoopEvent::AcceptFailed),
    /// [`Listening`](LoopEvent::Listening), [`ListenFailed`](LoopEvent::ListenFailed).
    fn event(&mut self, event_loop: &mut EventLoop, event: LoopEvent) -> HookResult {
        Ok(())
    }

    /// The loop is about to end its connections.
    fn stopping(&mut self, event_loop: &mut EventLoop) -> HookResult {
        Ok(())
    }
}

impl EventLoop {
    /// Calls the hooks of a handler until the loop has been shut down, by one of them or through a
    /// [`LoopHandle`](crate::LoopHandle).
    ///
    /// # Errors
    ///
    /// The first error of a hook that belongs to no connection: [`started`](Handler::started), [`tick`](Handler::tick),
    /// [`stopping`](Handler::stopping), and [`event`](Handler::event) for timers and listeners. The connections stay
    /// then, and `run` can be called again.
    pub fn run<H: Handler + ?Sized>(&mut self, handler: &mut H) -> Result<()> {
        self.run_and_tell(handler, || {})
    }

    pub(super) fn run_and_tell<H: Handler + ?Sized>(&mut self, handler: &mut H, running: impl FnOnce()) -> Result<()> {
        handler.started(self).map_err(own)?;
        running();
        let tick = self.options.tick;
        let mut next_tick = tick.and_then(|tick| Instant::now().checked_add(tick));
        let mut is_stopping = false;
        loop {
            if matches!(self.ending, Ending::Asked(_)) && !is_stopping {
                is_stopping = true;
                handler.stopping(self).map_err(own)?;
            }
            let left = next_tick.map(|at| at.saturating_duration_since(Instant::now()));
            while let Some(event) = self.poll(left)? {
                self.dispatch(handler, event)?;
            }
            if next_tick.is_some_and(|at| at <= Instant::now()) {
                handler.tick(self).map_err(own)?;
                next_tick = tick.and_then(|tick| Instant::now().checked_add(tick));
            }
            if self.is_shut_down() {
                self.end_shutdown();
                return Ok(());
            }
        }
    }

    fn dispatch<H: Handler + ?Sized>(&mut self, handler: &mut H, event: LoopEvent) -> Result<()> {
        match event {
            LoopEvent::Message { id, message } => {
                self.guard(id, |event_loop| handler.message(event_loop, id, message));
            }
            LoopEvent::Opened { id, .. } => self.guard(id, |event_loop| handler.opened(event_loop, id)),
            LoopEvent::Closed { id, reason, leftover } => self.guard(id, |event_loop| {
                handler.closed(event_loop, id, reason, leftover);
                Ok(())
            }),
            LoopEvent::HighWater { id, .. } | LoopEvent::Drained { id } | LoopEvent::Readable { id } => {
                self.guard(id, |event_loop| handler.event(event_loop, event));
            }
            LoopEvent::Timer { .. }
            | LoopEvent::AcceptFailed { .. }
            | LoopEvent::Listening { .. }
            | LoopEvent::ListenFailed { .. } => {
                handler.event(self, event).map_err(own)?;
            }
        }
        Ok(())
    }

    /// Ends a connection whose hook fails.
    fn guard(&mut self, id: ConnectionId, hook: impl FnOnce(&mut Self) -> HookResult) {
        let reason = match catch_unwind(AssertUnwindSafe(|| hook(self))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => CloseReason::Handler(error),
            Err(panic) => CloseReason::Panicked(text_of(&*panic)),
        };
        self.remove(id.0, reason);
    }
}

/// The text that a panic was given.
fn text_of(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => String::new(),
    }
}

/// An error of a hook as one of this crate, which it may be already.
fn own(error: Box<dyn error::Error + Send + Sync>) -> Error {
    match error.downcast() {
        Ok(error) => *error,
        Err(error) => Error::Io(io::Error::other(error)),
    }
}
