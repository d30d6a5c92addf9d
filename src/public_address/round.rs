//! One round over the providers that answer with a datagram: each is asked a little after the one before, and the first
//! good answer wins, so that a silent one costs the others nothing.

use std::{
    slice,
    sync::mpsc::{self, Receiver, Sender},
    time::{Duration, Instant},
};

use super::{PublicAddressProvider, asked::Asked, question::Question};
use crate::{
    error::{Error, Phase, Result},
    ip::{IpAddress, begin_lookup},
    selector::{SocketSelector, Waker},
    time::Deadline,
};

/// Providers that wait for their turn, names that are looked up, and providers that have been asked.
pub(super) struct Round<'a> {
    waiting: slice::Iter<'a, PublicAddressProvider>,
    next_start: Instant,
    pause: Duration,
    lookups: Lookups,
    asked: Vec<Asked>,
    selector: SocketSelector,
    /// Why the last provider that failed did.
    failure: Option<Error>,
}

impl<'a> Round<'a> {
    /// Makes a round; providers of other kinds than STUN and DNS are passed over.
    pub(super) fn new(providers: &'a [PublicAddressProvider], limit: Duration) -> Result<Self> {
        let selector = SocketSelector::new()?;
        // Every provider has its turn in the first half of the time.
        let turns = u32::try_from(providers.len()).unwrap_or(u32::MAX).max(1);
        Ok(Self {
            waiting: providers.iter(),
            next_start: Instant::now(),
            pause: PAUSE.min(limit / 2 / turns),
            lookups: Lookups::new(selector.waker()),
            asked: Vec::new(),
            selector,
            failure: None,
        })
    }

    /// Asks until the first good answer.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when the limit passes, or why the last provider failed when all have.
    pub(super) fn run(mut self, limit: Duration) -> Result<IpAddress> {
        let deadline = Deadline::after(Some(limit));
        while !deadline.has_passed() {
            self.take_found();
            self.ask_again();
            self.start();
            if self.is_idle() {
                return Err(self.failure.unwrap_or(Error::NotReady));
            }
            self.selector.wait(self.until_next(deadline))?;
            if let Some(address) = self.receive() {
                return Ok(address);
            }
        }
        Err(Error::TimedOut { phase: Phase::PublicAddress, limit })
    }

    /// Starts the providers whose turn it is. Once one has failed, it is the next one's at once.
    fn start(&mut self) {
        while self.next_start <= Instant::now() {
            let Some(provider) = self.waiting.next() else { return };
            self.next_start = Instant::now() + self.pause;
            let started = match provider {
                PublicAddressProvider::Stun { server, port } => match IpAddress::parse(server) {
                    Ok(address) => self.ask(Question::stun(), &[address], *port),
                    Err(_) => self.lookups.start(server, *port),
                },
                PublicAddressProvider::Dns { server, port, name, record } => {
                    self.ask(Question::dns(name, *record), &[*server], *port)
                }
                PublicAddressProvider::Http { .. } => {
                    self.next_start = Instant::now();
                    Ok(())
                }
            };
            self.note(started);
        }
    }

    fn ask(&mut self, question: Result<Question>, servers: &[IpAddress], port: u16) -> Result<()> {
        let asked = Asked::new(question?, servers, port)?;
        self.selector.add(asked.socket())?;
        self.asked.push(asked);
        Ok(())
    }

    fn take_found(&mut self) {
        while let Some((addresses, port)) = self.lookups.next_found() {
            let asked = addresses.and_then(|addresses| self.ask(Question::stun(), &some_of(&addresses), port));
            self.note(asked);
        }
    }

    fn ask_again(&mut self) {
        let now = Instant::now();
        for mut asked in std::mem::take(&mut self.asked) {
            let result = if asked.next() <= now { asked.ask_again() } else { Ok(()) };
            match result {
                Ok(()) => self.asked.push(asked),
                failed => self.note(failed),
            }
        }
    }

    fn receive(&mut self) -> Option<IpAddress> {
        let mut buffer = [0; LARGEST];
        for asked in std::mem::take(&mut self.asked) {
            let is_ready = self.selector.is_ready(asked.socket());
            match if is_ready { asked.receive(&mut buffer) } else { Ok(None) } {
                Ok(None) => self.asked.push(asked),
                Ok(address) => return address,
                Err(error) => self.note(Err(error)),
            }
        }
        None
    }

    fn note(&mut self, result: Result<()>) {
        if let Err(error) = result {
            self.failure = Some(error);
            self.next_start = Instant::now();
        }
    }

    /// Nobody is left who could answer.
    fn is_idle(&self) -> bool {
        self.waiting.as_slice().is_empty() && self.lookups.running == 0 && self.asked.is_empty()
    }

    fn until_next(&self, deadline: Deadline) -> Option<Duration> {
        let start = (!self.waiting.as_slice().is_empty()).then_some(self.next_start);
        let next = self.asked.iter().map(Asked::next).chain(start).min();
        let until = next.map(|next| next.saturating_duration_since(Instant::now()));
        until.into_iter().chain(deadline.remaining()).min()
    }
}

/// Names of servers that are looked up on threads of their own, since a resolver knows no limit.
struct Lookups {
    running: usize,
    found: Receiver<Found>,
    sender: Sender<Found>,
    waker: Waker,
}

/// The addresses of a server, and its port.
type Found = (Result<Vec<IpAddress>>, u16);

impl Lookups {
    fn new(waker: Waker) -> Self {
        let (sender, found) = mpsc::channel();
        Self { running: 0, found, sender, waker }
    }

    fn start(&mut self, server: &str, port: u16) -> Result<()> {
        let (sender, waker) = (self.sender.clone(), self.waker.clone());
        begin_lookup(server, move |found| {
            // When the round is over, nobody waits for either.
            _ = sender.send((found, port));
            _ = waker.wake();
        })?;
        self.running += 1;
        Ok(())
    }

    fn next_found(&mut self) -> Option<Found> {
        let found = self.found.try_recv().ok()?;
        self.running -= 1;
        Some(found)
    }
}

/// A few addresses of a server, IPv4 first: what most want to know, and what says so at once where there is none.
fn some_of(addresses: &[IpAddress]) -> Vec<IpAddress> {
    let v4 = addresses.iter().filter(|address| address.is_v4()).take(OF_EACH_FAMILY);
    let v6 = addresses.iter().filter(|address| address.is_v6()).take(OF_EACH_FAMILY);
    v4.chain(v6).copied().collect()
}

/// Between the start of one provider and the next: longer than most answers take, so that most are not asked in vain.
const PAUSE: Duration = Duration::from_millis(250);
/// Larger than an answer in one packet of Ethernet can be.
const LARGEST: usize = 1500;
const OF_EACH_FAMILY: usize = 2;
