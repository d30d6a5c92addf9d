//! From a host name to addresses, without waiting longer than allowed.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use super::IpAddress;
use crate::{
    error::{Error, Phase, Result},
    time::Deadline,
};

/// Reads a literal, or looks a name up on a thread of its own, until the deadline that comes from this limit.
///
/// The system's resolver cannot be told to stop, so the thread is left behind when the deadline passes: it ends when the
/// resolver answers, which takes as long as the system is configured to ask.
#[cfg(any(feature = "ftp", feature = "messages"))]
pub(crate) fn lookup(host: &str, deadline: Deadline, limit: Option<Duration>) -> Result<Vec<IpAddress>> {
    match IpAddress::parse(host) {
        Ok(address) => Ok(vec![address]),
        Err(_) => lookup_with(host, deadline, limit, IpAddress::resolve),
    }
}

#[cfg(any(feature = "ftp", feature = "messages"))]
fn lookup_with<R>(host: &str, deadline: Deadline, limit: Option<Duration>, resolve: R) -> Result<Vec<IpAddress>>
where
    R: FnOnce(&str) -> Result<Vec<IpAddress>> + Send + 'static,
{
    let lookup = Lookup::new();
    lookup.begin(host, resolve)?;
    let late = || Err(Error::TimedOut { phase: Phase::Resolve, limit: limit.unwrap_or(Duration::MAX) });
    lookup.wait(deadline.remaining()).unwrap_or_else(late)
}

/// Somebody who waits for a lookup.
#[derive(Debug)]
pub(crate) struct Lookup {
    sender: Sender<Answer>,
    answer: Receiver<Answer>,
}

type Answer = Result<Vec<IpAddress>>;

impl Lookup {
    pub(crate) fn new() -> Self {
        let (sender, answer) = mpsc::channel();
        Self { sender, answer }
    }

    /// What ends the wait with an answer of its own.
    #[cfg(feature = "http")]
    pub(crate) fn interrupter(&self) -> impl Fn(Error) + Send + use<> {
        let sender = self.sender.clone();
        // Nobody may be waiting any more.
        move |error| drop(sender.send(Err(error)))
    }

    /// Begins, on a thread of its own.
    pub(crate) fn begin<R>(&self, host: &str, resolve: R) -> Result<()>
    where
        R: FnOnce(&str) -> Answer + Send + 'static,
    {
        let sender = self.sender.clone();
        // Nobody may be waiting any more.
        begin_lookup_with(host, resolve, move |found| drop(sender.send(found)))
    }

    /// Waits for the answer; `None` when the limit passes, which `None` never does.
    pub(crate) fn wait(self, limit: Option<Duration>) -> Option<Answer> {
        let answer = match limit {
            Some(limit) => self.answer.recv_timeout(limit),
            None => self.answer.recv().map_err(RecvTimeoutError::from),
        };
        answer.ok()
    }
}

/// Looks a name up on a thread of its own, which ends with a call of `tell`, whatever happens.
#[cfg(any(feature = "http", feature = "messages"))]
pub(crate) fn begin_lookup(host: &str, tell: impl FnOnce(Answer) + Send + 'static) -> Result<()> {
    begin_lookup_with(host, IpAddress::resolve, tell)
}

/// The same with another way to find what a name stands for.
pub(crate) fn begin_lookup_with<T, R>(
    name: &str,
    resolve: R,
    tell: impl FnOnce(Result<T>) + Send + 'static,
) -> Result<()>
where
    R: FnOnce(&str) -> Result<T> + Send + 'static,
{
    let Some(running) = Running::begin() else {
        return Err(unresolved(name, "too many lookups have not been answered yet"));
    };
    let host = name.to_owned();
    let body = move || {
        // Whoever waits would wait for ever.
        let result = catch_unwind(AssertUnwindSafe(|| resolve(&host)));
        let result = result.unwrap_or_else(|_| Err(unresolved(&host, "the resolver panicked")));
        // Before the answer: whoever has it may count on the place.
        drop(running);
        tell(result);
    };
    let thread = thread::Builder::new().name("sockeye lookup".to_owned());
    thread.spawn(body).map_err(|source| Error::Unresolved { host: name.into(), source })?;
    Ok(())
}

fn unresolved(host: &str, reason: &'static str) -> Error {
    Error::Unresolved { host: host.into(), source: io::Error::other(reason) }
}

/// A place among the threads that look names up.
struct Running(&'static AtomicUsize);

impl Running {
    fn begin() -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let one_more = |count: usize| (count < MAX_LOOKUPS).then_some(count + 1);
        COUNT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Self(&COUNT))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many threads may look names up at a time. A program that asks again and again while its resolver is silent
/// would otherwise gather threads without end.
const MAX_LOOKUPS: usize = 64;

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::error::ErrorKind;

    fn never() -> Deadline {
        Deadline::after(None)
    }

    #[test]
    #[cfg(any(feature = "ftp", feature = "messages"))]
    fn a_literal_needs_no_thread_and_a_name_is_looked_up() {
        assert_eq!(lookup("127.0.0.1", never(), None).unwrap(), [IpAddress::LOCAL_HOST]);
        assert_eq!(lookup("::1", never(), None).unwrap(), [IpAddress::LOCAL_HOST_V6]);
        let found = lookup("localhost", never(), None).unwrap();
        assert!(found.iter().all(|address| address.is_loopback()), "{found:?}");
        let answer = |host: &str| Ok(vec![if host == "asked" { IpAddress::BROADCAST } else { IpAddress::ANY }]);
        assert_eq!(lookup_with("asked", never(), None, answer).unwrap(), [IpAddress::BROADCAST]);
    }

    #[test]
    #[cfg(any(feature = "ftp", feature = "messages"))]
    fn a_resolver_that_does_not_answer_ends_with_the_limit() {
        let begun = Instant::now();
        let limit = Some(Duration::from_millis(80));
        let (_keep, silent) = mpsc::channel::<()>();
        let error = lookup_with("host", Deadline::after(limit), limit, move |_| {
            // For ever, as far as this test is concerned.
            let _ = silent.recv_timeout(Duration::from_secs(20));
            Ok(vec![])
        })
        .unwrap_err();
        assert_eq!(error.to_string(), "the name lookup did not end within 80ms");
        assert!((80..10_000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    }

    #[test]
    #[cfg(any(feature = "ftp", feature = "messages"))]
    fn what_the_resolver_says_is_told() {
        let error = lookup_with("host", never(), None, |host| Err(unresolved(host, "no such name")));
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Unresolved);
        assert_eq!(lookup("", never(), None).unwrap_err().kind(), ErrorKind::InvalidAddress);
        assert_eq!(lookup("127.1", never(), None).unwrap_err().kind(), ErrorKind::InvalidAddress);
    }

    #[test]
    fn a_resolver_that_panics_is_told_of_too() {
        let lookup = Lookup::new();
        let panics = |_: &str| -> Answer { std::panic::resume_unwind(Box::new("a resolver's fault")) };
        lookup.begin("name", panics).unwrap();
        let error = lookup.wait(Some(Duration::from_secs(20))).unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unresolved);
    }
}
