//! Which address of a peer to try when, in the manner of RFC 8305: no I/O, no clock.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::{
    error::{Error, ErrorKind},
    ip::IpAddress,
};

/// The addresses of a peer, and how trying them goes.
#[derive(Debug)]
pub(super) struct Attempts {
    waiting: VecDeque<IpAddress>,
    begun: usize,
    running: usize,
    /// From when on the next may begin beside those that run; `None` is now.
    next: Option<Instant>,
    failure: Option<(usize, Error)>,
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Try an address; the number names the attempt.
    Begin(usize, IpAddress),
    /// Wait for the attempts that run, until the instant at which the next may begin if there is a next.
    Wait(Option<Instant>),
    /// All have failed.
    Over,
}

impl Attempts {
    /// Takes addresses in the system's order of preference.
    pub(super) fn new(addresses: Vec<IpAddress>) -> Self {
        Self { waiting: interleave(addresses), begun: 0, running: 0, next: None, failure: None }
    }

    pub(super) fn step(&mut self, now: Instant) -> Step {
        let may_begin = self.running == 0 || self.next.is_none_or(|next| next <= now);
        match self.waiting.front() {
            Some(_) if !may_begin => Step::Wait(self.next),
            Some(&address) => {
                self.waiting.pop_front();
                let number = self.begun;
                self.begun += 1;
                self.running += 1;
                self.next = now.checked_add(STAGGER);
                Step::Begin(number, address)
            }
            None if self.running > 0 => Step::Wait(None),
            None => Step::Over,
        }
    }

    /// Hears that an attempt has failed: the next may begin at once.
    pub(super) fn failed(&mut self, number: usize, error: Error) {
        self.running = self.running.saturating_sub(1);
        self.next = None;
        let is_better = self
            .failure
            .as_ref()
            .is_none_or(|(other_number, other)| (is_silent(&error), number) < (is_silent(other), *other_number));
        if is_better {
            self.failure = Some((number, error));
        }
    }

    /// Why all have failed: what the most preferred address said, unless it cannot be reached from here and another
    /// one had something to say.
    pub(super) fn into_error(self) -> Error {
        self.failure.map_or(Error::Disconnected, |(_, error)| error)
    }
}

/// The families in turn, beginning with that of the most preferred address (RFC 8305 section 4).
fn interleave(addresses: Vec<IpAddress>) -> VecDeque<IpAddress> {
    let first_is_v6 = addresses.first().is_some_and(|first| first.is_v6());
    let (preferred, other): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_v6() == first_is_v6);
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let mut order = VecDeque::new();
    loop {
        let pair = [preferred.next(), other.next()];
        if pair == [None, None] {
            break;
        }
        order.extend(pair.into_iter().flatten());
    }
    order.truncate(MAX_ADDRESSES);
    order
}

/// A machine without IPv6 says this of every IPv6 address, and nothing about the peer.
fn is_silent(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::AddressNotAvailable)
}

/// How long an attempt has for itself before the next begins beside it (RFC 8305 section 8, recommended).
const STAGGER: Duration = Duration::from_millis(250);
/// More addresses of one name are not tried: whoever answers for the name may list as many as he likes.
const MAX_ADDRESSES: usize = 16;

#[cfg(test)]
mod tests;
