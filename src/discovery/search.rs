//! Looking for one service.

use std::time::Duration;

use super::{Browser, Change, FoundService};
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
        loop {
            let remaining = self.deadline.remaining();
            self.browser.set_timeout(Some(remaining.map_or(ATTENTION, |remaining| remaining.min(ATTENTION))))?;
            match self.browser.receive() {
                Status::Done(Change::Found(found)) if self.pattern.matches(found.name()) => return Ok(found),
                Status::Done(_) => {}
                Status::NotReady => match self.limit {
                    Some(limit) if self.deadline.has_passed() => {
                        return Err(Error::TimedOut { phase: Phase::Discovery, limit });
                    }
                    _ if !is_wanted() => return Err(Error::Cancelled),
                    _ => {}
                },
                other => return Err(other.into_result().err().unwrap_or(Error::Disconnected)),
            }
        }
    }
}

/// How long a search goes on that nobody wants any more.
const ATTENTION: Duration = Duration::from_millis(200);
