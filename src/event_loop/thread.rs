//! A loop in a thread of its own.

use std::{
    ops::Deref,
    panic,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{EventLoop, handler::Handler, mailbox::LoopHandle};
use crate::error::{Error, Result};

/// A loop that runs in a thread of its own, until it is [stopped](Self::stop) or dropped.
///
/// It has the methods of a [`LoopHandle`].
#[derive(Debug)]
pub struct LoopThread<H> {
    handle: LoopHandle,
    thread: Option<JoinHandle<(H, Result<()>)>>,
}

impl EventLoop {
    /// Lets the loop run in a thread of its own, and returns when it does: [`Handler::started`] has been called, and
    /// peers are accepted.
    ///
    /// # Errors
    ///
    /// The error of `started`, and the system's when no thread can be started.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{Connection, ConnectionId, Endpoint, EventLoop, Framing, Handler, HookResult, ListenOptions};
    ///
    /// struct Echo;
    ///
    /// impl Handler for Echo {
    ///     fn message(&mut self, event_loop: &mut EventLoop, id: ConnectionId, message: Vec<u8>) -> HookResult {
    ///         event_loop.send(id, &message).into_result()?;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let mut event_loop = EventLoop::new()?;
    /// let listener = event_loop.listen(&Endpoint::parse("0")?, Framing::lines(), ListenOptions::default())?;
    /// let server = Endpoint::parse(&event_loop.local_port(listener).to_string())?;
    /// let running = event_loop.spawn(Echo)?;
    ///
    /// let mut client = Connection::connect(&server, Framing::lines(), Some(Duration::from_secs(5)))?;
    /// client.send(b"hello").into_result()?;
    /// assert_eq!(client.receive().done().as_deref(), Some(&b"hello"[..]));
    ///
    /// let Echo = running.stop(Duration::from_secs(1))?;
    /// assert!(client.receive().is_disconnected());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn spawn<H: Handler + Send + 'static>(mut self, mut handler: H) -> Result<LoopThread<H>> {
        let handle = self.handle();
        let (sender, receiver) = mpsc::channel();
        let body = move || {
            let result = self.run_and_tell(&mut handler, || {
                // Nobody listens any more when the thread that waits for it has died.
                let _ = sender.send(());
            });
            (handler, result)
        };
        let thread = thread::Builder::new().name("sockeye loop".to_owned()).spawn(body).map_err(Error::from_os)?;
        let running = LoopThread { handle, thread: Some(thread) };
        match receiver.recv() {
            Ok(()) => Ok(running),
            // It has ended without beginning.
            Err(_) => match running.join() {
                Ok(_) => Err(Error::Disconnected),
                Err(error) => Err(error),
            },
        }
    }
}

impl<H> LoopThread<H> {
    /// Returns what any thread can use the loop with.
    #[must_use]
    pub fn handle(&self) -> LoopHandle {
        self.handle.clone()
    }

    /// Shuts the loop down within a limit, see [`EventLoop::shutdown`], waits for it and gives its handler back.
    ///
    /// # Errors
    ///
    /// The error that ended [`EventLoop::run`].
    ///
    /// # Panics
    ///
    /// When a hook has panicked that belongs to no connection.
    pub fn stop(self, limit: Duration) -> Result<H> {
        self.handle.shutdown(limit);
        self.join()
    }

    /// Waits until the loop has ended by itself, and gives its handler back.
    ///
    /// # Errors
    ///
    /// The error that ended [`EventLoop::run`].
    ///
    /// # Panics
    ///
    /// When a hook has panicked that belongs to no connection.
    pub fn join(mut self) -> Result<H> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok((handler, result))) => result.map(|()| handler),
            Some(Err(panic)) => panic::resume_unwind(panic),
            // Only `join` takes it, and `join` takes the whole value.
            None => Err(Error::Disconnected),
        }
    }
}

impl<H> Deref for LoopThread<H> {
    type Target = LoopHandle;

    fn deref(&self) -> &LoopHandle {
        &self.handle
    }
}

/// Ends the loop at once, and waits for it.
impl<H> Drop for LoopThread<H> {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.handle.shutdown(Duration::ZERO);
            // A panic of a hook has been reported by its thread.
            let _ = thread.join();
        }
    }
}
