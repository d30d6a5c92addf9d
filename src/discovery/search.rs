//! Looking for one service.

use std::time::Duration;

use super::{Browser, Change, FoundService, watch::MAX_SERVICES};
use crate::{
    endpoint::ServicePattern,
    error::{Error, Phase, Result},
    status::Status,
    time::Deadline,
};

/// A search for the first service whose name matches.
#[derive(Debug)]
pub(crate) struct Search {
    browser: Browser,
    pattern: ServicePattern,
    deadline: Deadline,
    limit: Option<Duration>,
}

impl Search {
    pub(super) fn new(browser: Browser, pattern: ServicePattern, limit: Option<Duration>) -> Self {
        Self { browser, pattern, deadline: Deadline::after(limit), limit }
    }

    /// Waits for it until the limit passes, as long as it is wanted, which is asked now and then.
    pub(crate) fn find(&mut self, is_wanted: impl Fn() -> bool) -> Result<FoundService> {
        let browser = &mut self.browser;
        let next = |limit| browser.set_timeout(Some(limit)).map(|()| browser.receive());
        Self::find_in(next, &self.pattern, self.deadline, self.limit, is_wanted)
    }

    /// The same among the changes that `next` waits for, each for as long as it is told.
    fn find_in(
        mut next: impl FnMut(Duration) -> Result<Status<Change>>,
        pattern: &ServicePattern,
        deadline: Deadline,
        limit: Option<Duration>,
        is_wanted: impl Fn() -> bool,
    ) -> Result<FoundService> {
        let mut late = 0;
        loop {
            let remaining = deadline.remaining();
            match next(remaining.map_or(ATTENTION, |remaining| remaining.min(ATTENTION)))? {
                Status::Done(Change::Found(found)) if pattern.matches(found.name()) => return Ok(found),
                Status::Done(_) if !deadline.has_passed() => {}
                // What is known already is looked at without any time left, and what a network says that never stops is
                // not.
                Status::Done(_) if late < MOST_LATE => late += 1,
                Status::Done(_) | Status::NotReady => {
                    if let Some(limit) = limit.filter(|_| deadline.has_passed()) {
                        return Err(Error::TimedOut { phase: Phase::Discovery, limit });
                    }
                }
                other => return Err(other.into_result().err().unwrap_or(Error::Disconnected)),
            }
            if !is_wanted() {
                return Err(Error::Cancelled);
            }
        }
    }
}

/// How many changes are looked at behind the limit: each service that there can be has gone and come.
const MOST_LATE: usize = 2 * MAX_SERVICES;
/// How long a search goes on that nobody wants any more.
const ATTENTION: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use std::{cell::Cell, time::Instant};

    use super::{super::TxtRecord, *};
    use crate::ip::IpAddress;

    fn service(name: &str, port: u16) -> Change {
        let address = IpAddress::new(192, 0, 2, 1);
        Change::Found(FoundService::received(name, "box.local", [address], port, TxtRecord::new()).unwrap())
    }

    /// A network that has `others` services to tell of before the one that is looked for.
    fn find(others: usize, limit: Option<Duration>, is_wanted: impl Fn() -> bool) -> Result<FoundService> {
        let (told, begin) = (Cell::new(0), Instant::now());
        let next = |_| {
            assert!(begin.elapsed() < Duration::from_secs(30), "it does not end");
            told.set(told.get() + 1);
            let name = if told.get() > others { "Ann" } else { "Bob" };
            Ok(Status::Done(service(name, 1 + u16::try_from(told.get() % 1000).unwrap())))
        };
        Search::find_in(next, &"Ann".parse().unwrap(), Deadline::after(limit), limit, is_wanted)
    }

    #[test]
    fn a_network_that_never_stops_talking_keeps_nobody() {
        let limit = Some(Duration::from_millis(20));
        match find(usize::MAX, limit, || true) {
            Err(Error::TimedOut { phase: Phase::Discovery, limit: found }) => assert_eq!(Some(found), limit),
            other => panic!("{other:?}"),
        }
        let asked = Cell::new(0);
        let is_wanted = || asked.replace(asked.get() + 1) < 3;
        assert!(matches!(find(usize::MAX, None, is_wanted), Err(Error::Cancelled)));
    }

    #[test]
    fn no_time_is_enough_to_see_all_that_is_known() {
        assert_eq!(find(1023, Some(Duration::ZERO), || true).unwrap().name(), "Ann");
    }
}
