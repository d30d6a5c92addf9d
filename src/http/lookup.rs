//! From a host name to addresses, until a limit passes or somebody cancels.

use super::{cancel::Cancel, time_limit::TimeLimit};
use crate::{
    error::{Error, Phase, Result},
    ip::{IpAddress, Lookup},
};

/// Reads a literal, or looks a name up on a thread of its own, which is left behind when nobody waits for it any more.
pub(super) fn lookup(host: &str, limit: TimeLimit, cancel: &Cancel) -> Result<Vec<IpAddress>> {
    match IpAddress::parse(host) {
        Ok(address) => Ok(vec![address]),
        Err(_) => lookup_with(host, limit, cancel, IpAddress::resolve),
    }
}

fn lookup_with<R>(host: &str, limit: TimeLimit, cancel: &Cancel, resolve: R) -> Result<Vec<IpAddress>>
where
    R: FnOnce(&str) -> Result<Vec<IpAddress>> + Send + 'static,
{
    let lookup = Lookup::new();
    let interrupt = lookup.interrupter();
    let _watching = cancel.watch(move || interrupt(Error::Cancelled));
    lookup.begin(host, resolve)?;
    lookup.wait(limit.remaining()).unwrap_or_else(|| Err(limit.passed(Phase::Resolve)))
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc, Barrier,
            mpsc::{self, Sender},
        },
        thread,
        time::{Duration, Instant},
    };

    use super::*;
    use crate::{
        error::ErrorKind,
        http::time_limit::tests::{is_late_by_less_than, takes},
    };

    /// A resolver that answers when the test lets it.
    fn held() -> (Sender<()>, impl FnOnce(&str) -> Result<Vec<IpAddress>> + Send + 'static) {
        let (release, wait) = mpsc::channel::<()>();
        let resolve = move |_: &str| {
            let _ = wait.recv();
            Ok(vec![IpAddress::LOCAL_HOST])
        };
        (release, resolve)
    }

    fn never() -> TimeLimit {
        TimeLimit::after(None)
    }

    #[test]
    fn a_literal_needs_no_thread_and_a_name_is_looked_up() {
        let literal = lookup("127.0.0.1", never(), &Cancel::never()).unwrap();
        assert_eq!(literal, [IpAddress::LOCAL_HOST]);
        let literal = lookup("::1", never(), &Cancel::never()).unwrap();
        assert_eq!(literal, [IpAddress::LOCAL_HOST_V6]);
        let found = lookup("localhost", never(), &Cancel::new()).unwrap();
        assert!(found.iter().all(|address| address.is_loopback()), "{found:?}");
        let answer = |host: &str| Ok(vec![if host == "asked" { IpAddress::BROADCAST } else { IpAddress::ANY }]);
        assert_eq!(lookup_with("asked", never(), &Cancel::never(), answer).unwrap(), [IpAddress::BROADCAST]);
    }

    #[test]
    fn a_lookup_that_takes_too_long_is_left_behind() {
        let given = Duration::from_millis(60);
        takes(given, || {
            let (_release, resolve) = held();
            let limit = TimeLimit::after(Some(given));
            let error = lookup_with("slow.invalid", limit, &Cancel::new(), resolve).unwrap_err();
            assert!(matches!(error, Error::TimedOut { phase: Phase::Resolve, limit } if limit == given), "{error}");
        });
    }

    #[test]
    fn a_cancel_ends_the_wait_and_not_the_lookup() {
        is_late_by_less_than(Duration::from_millis(20), || {
            let (_release, resolve) = held();
            let cancel = Cancel::new();
            let both = Arc::new(Barrier::new(2));
            let (others, from_elsewhere) = (Arc::clone(&both), cancel.clone());
            let thread = thread::spawn(move || {
                others.wait();
                let cancelled = Instant::now();
                from_elsewhere.cancel();
                cancelled
            });
            let resolve = move |host: &str| {
                both.wait();
                resolve(host)
            };
            let error = lookup_with("slow.invalid", never(), &cancel, resolve).unwrap_err();
            let ended = Instant::now();
            assert_eq!(error.kind(), ErrorKind::Cancelled);
            ended.saturating_duration_since(thread.join().unwrap())
        });
    }

    #[test]
    fn what_cannot_be_a_name_is_said_as_it_is_and_a_panic_is_an_error() {
        assert_eq!(lookup("", never(), &Cancel::never()).unwrap_err().kind(), ErrorKind::InvalidAddress);
        assert_eq!(lookup("127.1", never(), &Cancel::never()).unwrap_err().kind(), ErrorKind::InvalidAddress);
        let panics = |_: &str| -> Result<Vec<IpAddress>> { std::panic::resume_unwind(Box::new("a resolver's fault")) };
        assert_eq!(lookup_with("name", never(), &Cancel::never(), panics).unwrap_err().kind(), ErrorKind::Unresolved);
    }
}
