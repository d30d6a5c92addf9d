//! One exchange from the request to the response that counts: transfers, redirects, retries; without the waiting.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    arriving::{Arriving, Sink},
    client::Shared,
    exchange::HttpProgress,
    hop::Hop,
    incoming::Incoming,
    outgoing::Outgoing,
    pool::Connection,
    request::HttpRequest,
    response::HttpResponse,
    status::HttpStatus,
    time_limit::TimeLimit,
    transfer::{Event, Pace, Step, Transfer, is_end_of_idle},
    url::Url,
};
use crate::{
    error::{Error, Limit, Phase, Result},
    status::Status,
    stream::PATIENCE,
    sys::{Direction, Handle},
};

/// An exchange in any phase.
#[derive(Debug)]
pub(super) struct Work {
    shared: Arc<Shared>,
    hop: Hop,
    transfer: Option<Box<Transfer>>,
    arriving: Arriving,
    redirects_left: u32,
    /// Whether a connection of the pool has let the request down.
    only_fresh: bool,
    /// Whether there has been a connection to the server.
    has_reached: bool,
    clock: Clock,
}

/// A request to be sent and the response to it.
pub(super) type Prepared = (Outgoing, Incoming);

/// What has to happen before an exchange can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advance {
    /// The connection is at its end: [`Work::retire`] it, then [`Work::take_connection`].
    Connect,
    /// The connection must be ready for this.
    Wait(Direction),
    /// Nothing: a step is only short.
    More,
    /// The response is there: [`Work::retire`] the connection, then [`Work::into_response`].
    Done,
}

impl Work {
    pub(super) fn new(
        shared: &Arc<Shared>,
        request: &HttpRequest,
        base: &Url,
        limit: Option<Duration>,
    ) -> Result<Self> {
        let hop = Hop::first(request, base, shared)?;
        let arriving = Arriving::new(hop.shown_url(), request, &shared.options);
        Ok(Self {
            shared: Arc::clone(shared),
            hop,
            transfer: None,
            arriving,
            redirects_left: shared.options.redirects,
            only_fresh: false,
            has_reached: false,
            clock: Clock::new(limit, shared.options.silence),
        })
    }

    /// Takes an idle connection to the server, if there is a good one; else a new one is needed.
    pub(super) fn take_connection(&mut self) -> Result<bool> {
        if self.only_fresh {
            return Ok(false);
        }
        while let Some((mut connection, idle)) = self.shared.pool.take(&self.hop.route) {
            // A server that has closed it, or has said something that nobody asked for (408, as some do before they
            // close), is found out by a look. Right behind another request that costs more than it finds, unless what
            // is sent must not be sent twice.
            let is_fresh = idle < TRUSTED && self.may_ask_again();
            if is_fresh || matches!(connection.stream.receive(&mut [0]), Status::NotReady) {
                let prepared = self.prepare()?;
                self.begin(connection, prepared, true);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes ready what is to be sent: everything that can fail without a connection.
    pub(super) fn prepare(&self) -> Result<Prepared> {
        self.hop.begin(&self.shared)
    }

    /// Goes on over a connection.
    pub(super) fn begin(&mut self, connection: Connection, (outgoing, incoming): Prepared, is_reused: bool) {
        self.clock.restart();
        self.has_reached = true;
        if let Some(observer) = &self.shared.options.observer {
            observer.request(&self.hop.head(&self.shared));
        }
        let mut transfer = Transfer::new(connection, is_reused, outgoing, incoming, self.clock.hold());
        if self.hop.wants_close() {
            transfer.forbid_reuse();
        }
        self.transfer = Some(Box::new(transfer));
    }

    /// Goes as far as it can without waiting.
    pub(super) fn advance(&mut self, pace: Pace, sink: &mut dyn Sink) -> Result<Advance> {
        let Some(transfer) = &mut self.transfer else { return Ok(Advance::Connect) };
        let Self { shared, hop, arriving, .. } = self;
        let stepped = transfer.step(pace, &mut |event| match event {
            Event::Head(head, length) => arriving.begin(head, length, hop, shared, sink),
            Event::Data(data) => arriving.data(data, sink),
        });
        self.clock.note(transfer.moved());
        match stepped {
            Ok(_) if arriving.has_enough() => {
                transfer.forbid_reuse();
                self.end_hop()
            }
            Ok(Step::Wait(direction)) => self.clock.check().map(|()| Advance::Wait(direction)),
            Ok(Step::More) => self.clock.check().map(|()| Advance::More),
            Ok(Step::Done) => self.end_hop(),
            Err(error) if transfer.is_stale() && is_end_of_idle(&error) && self.may_ask_again() => {
                self.only_fresh = true;
                self.has_reached = false;
                Ok(Advance::Connect)
            }
            Err(error) => Err(error),
        }
    }

    fn end_hop(&mut self) -> Result<Advance> {
        let Some(transfer) = &mut self.transfer else { return Ok(Advance::Done) };
        let next = self.arriving.end(transfer.trailers().clone())?;
        if self.arriving.refuses_expectation() && self.hop.forgo_expectation(&self.shared) {
            transfer.forbid_reuse();
            self.arriving.lead_to(self.hop.shown_url());
            return Ok(Advance::Connect);
        }
        let Some(next) = next else { return Ok(Advance::Done) };
        let limit = self.shared.options.redirects;
        let too_many = Error::TooMany { what: Limit::Redirects, limit: u64::from(limit) };
        self.redirects_left = self.redirects_left.checked_sub(1).ok_or(too_many)?;
        let route = self.hop.route.clone();
        self.hop.follow(next, &self.shared);
        self.arriving.lead_to(self.hop.shown_url());
        self.only_fresh = false;
        self.has_reached = false;
        if let Some(transfer) = &mut self.transfer {
            transfer.belongs_to(route);
        }
        Ok(Advance::Connect)
    }

    /// Ends with the connection that is at its end; `before` may take it out of selectors. It is kept for another
    /// request if it can be.
    pub(super) fn retire(&mut self, before: impl FnOnce(&mut Handle)) {
        let Some(mut transfer) = self.transfer.take() else { return };
        if let Some(handle) = transfer.connection_mut().stream.handle_mut() {
            before(handle);
        }
        let route = transfer.take_route();
        if let Some(connection) = transfer.into_reusable() {
            self.shared.pool.put(route.unwrap_or_else(|| self.hop.route.clone()), connection);
        }
    }

    /// The response, whole or with the reason why it is not.
    pub(super) fn into_response(self, outcome: Result<()>) -> HttpResponse {
        let failed = if self.has_reached { HttpStatus::INVALID_RESPONSE } else { HttpStatus::CONNECTION_FAILED };
        self.arriving.into_response(outcome, failed)
    }

    pub(super) fn response(&self) -> Option<&HttpResponse> {
        self.arriving.response()
    }

    pub(super) fn hop(&self) -> &Hop {
        &self.hop
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Lets the next step wait in its receive, if it can and need not end sooner.
    pub(super) fn grow_patient(&mut self) -> Result<bool> {
        let has_time = self.wakes_in().is_none_or(|remaining| remaining >= PATIENCE * 2);
        match &mut self.transfer {
            Some(transfer) if has_time => transfer.grow_patient(),
            _ => Ok(false),
        }
    }

    /// The limit of the whole exchange.
    pub(super) fn limit(&self) -> TimeLimit {
        self.clock.whole
    }

    /// Fails when the whole has taken too long. The rest is for who opens a connection, before which no server is silent.
    pub(super) fn check_whole(&self) -> Result<()> {
        self.clock.whole.check(Phase::Exchange)
    }

    pub(super) fn handle(&self) -> Option<&Handle> {
        self.transfer.as_ref()?.connection().stream.handle()
    }

    pub(super) fn handle_mut(&mut self) -> Option<&mut Handle> {
        self.transfer.as_mut()?.connection_mut().stream.handle_mut()
    }

    /// Tells selectors whether the next step need not wait for anything.
    pub(super) fn tell_selectors(&mut self, is_ready: bool) {
        if let Some(transfer) = &mut self.transfer {
            transfer.connection_mut().stream.tell_whether_received(is_ready);
        }
    }

    pub(super) fn progress(&self) -> HttpProgress {
        HttpProgress {
            sent: self.transfer.as_ref().map_or(0, |transfer| transfer.body_sent()),
            to_send: self.hop.body.length(),
            received: self.arriving.received(),
            to_receive: self.arriving.length(),
        }
    }

    /// How long it may be left alone.
    pub(super) fn wakes_in(&self) -> Option<Duration> {
        let Some(transfer) = &self.transfer else { return self.clock.whole.remaining() };
        transfer.wakes_in().into_iter().chain(self.clock.remaining()).min()
    }

    fn may_ask_again(&self) -> bool {
        self.hop.method.is_idempotent() && self.hop.body.is_repeatable()
    }
}

/// For how long an idle connection is as good as the one that has just answered.
const TRUSTED: Duration = Duration::from_millis(100);

/// How long a body waits for `100 Continue` (RFC 9110 section 10.1.1 leaves it open).
const CONTINUE_WAIT: Duration = Duration::from_secs(1);

/// The limits of time of one exchange.
#[derive(Debug)]
pub(super) struct Clock {
    whole: TimeLimit,
    silence: Option<Duration>,
    moved: u64,
    moved_at: Instant,
}

impl Clock {
    fn new(limit: Option<Duration>, silence: Option<Duration>) -> Self {
        Self { whole: TimeLimit::after(limit), silence, moved: 0, moved_at: Instant::now() }
    }

    /// Begins to count the silence of another connection.
    fn restart(&mut self) {
        self.moved = 0;
        self.moved_at = Instant::now();
    }

    /// Takes note of how many bytes have moved.
    fn note(&mut self, moved: u64) {
        if moved != self.moved {
            self.moved = moved;
            self.moved_at = Instant::now();
        }
    }

    /// How long a body waits for the server's word: not until the server counts as silent.
    fn hold(&self) -> Duration {
        self.silence.map_or(CONTINUE_WAIT, |silence| CONTINUE_WAIT.min(silence / 2))
    }

    /// What is left until the exchange fails; `None` for ever.
    fn remaining(&self) -> Option<Duration> {
        let silence = self.silence.map(|silence| silence.saturating_sub(self.moved_at.elapsed()));
        self.whole.remaining().into_iter().chain(silence).min()
    }

    fn check(&self) -> Result<()> {
        self.whole.check(Phase::Exchange)?;
        match self.silence {
            Some(limit) if self.moved_at.elapsed() >= limit => Err(Error::TimedOut { phase: Phase::Silence, limit }),
            _ => Ok(()),
        }
    }
}
