//! One request and its response over one connection, as far as each step can go without waiting.

use std::{
    mem,
    ops::Range,
    time::{Duration, Instant},
};

use super::{
    connector::Route,
    fields::HttpFields,
    head::ResponseHead,
    incoming::{Found, Incoming},
    outgoing::{Outgoing, Sent},
    pool::Connection,
    status::HttpStatus,
};
use crate::{
    error::{Error, Result},
    status::Status,
    sys::Direction,
};

/// A request that is being sent and a response that is being received.
#[derive(Debug)]
pub(super) struct Transfer {
    connection: Connection,
    /// The bytes in the connection's buffer that were not looked at yet.
    unread: Range<usize>,
    outgoing: Outgoing,
    incoming: Incoming,
    is_reused: bool,
    has_received: bool,
    is_packed: bool,
    /// How long the body waits until the server asks for it.
    hold: Duration,
    /// When it goes although the server has not.
    held_until: Option<Instant>,
    received: u64,
    /// Where the connection leads, once the exchange goes on elsewhere.
    route: Option<Route>,
    may_reuse: bool,
    /// Whether a part has gone while the connection was opened.
    sent_ahead: bool,
}

/// What has come of the response.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// The head, and how long the body is going to be if that is known.
    Head(ResponseHead, Option<u64>),
    Data(&'a [u8]),
}

/// Where a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// There is nothing to do until the connection is ready for this.
    Wait(Direction),
    /// There may be more to do at once: a step is short.
    More,
    /// The response is whole.
    Done,
}

/// How far one step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As far as is cheapest: somebody waits for the end.
    Straight,
    /// The same, and the first receive waits for the peer: see [`Transfer::grow_patient`].
    Patient,
    /// So far that a frame of a game can spare the time.
    Frame,
}

/// A [`Pace`] in numbers.
#[derive(Debug, Clone, Copy)]
struct Stride {
    /// The largest read.
    size: usize,
    /// How much is sent by one call.
    send: usize,
    /// How much of the body is handed on at once.
    piece: usize,
    /// The same of a compressed body, of which a byte may become a thousand.
    packed: usize,
    until: Option<Instant>,
}

/// Where a look at the bytes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parsed {
    /// More have to come.
    All,
    /// The step is over.
    Enough,
    /// The response is whole.
    End,
}

impl Pace {
    fn begin(self) -> Stride {
        match self {
            // Larger reads gain nothing.
            Self::Straight | Self::Patient => {
                Stride { size: 256 * 1024, send: usize::MAX, piece: usize::MAX, packed: usize::MAX, until: None }
            }
            Self::Frame => Stride {
                size: 16 * 1024,
                send: 32 * 1024,
                piece: 16 * 1024,
                packed: 256,
                until: Some(Instant::now() + FRAME_SHARE),
            },
        }
    }
}

impl Stride {
    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }
}

impl Transfer {
    pub(super) fn new(
        connection: Connection,
        is_reused: bool,
        outgoing: Outgoing,
        incoming: Incoming,
        hold: Duration,
    ) -> Self {
        let sent_ahead = outgoing.has_begun();
        Self {
            connection,
            unread: 0..0,
            outgoing,
            incoming,
            is_reused,
            has_received: false,
            is_packed: false,
            hold,
            held_until: None,
            received: 0,
            route: None,
            may_reuse: true,
            sent_ahead,
        }
    }

    /// Goes as far as it can without waiting, and tells what has come.
    pub(super) fn step(&mut self, pace: Pace, on: &mut dyn FnMut(Event<'_>) -> Result<()>) -> Result<Step> {
        if self.is_reused || self.outgoing.has_more() {
            self.connection.settle();
        }
        let is_patient = pace == Pace::Patient;
        let pace = pace.begin();
        let mut sent = 0;
        let mut direction = Direction::Read;
        let mut has_sent = mem::take(&mut self.sent_ahead);
        while !self.outgoing.is_finished() {
            match self.outgoing.advance(&mut self.connection.stream, pace.send)? {
                Sent::Some(count) => {
                    has_sent = true;
                    sent += count as u64;
                    if sent >= LONGEST_STEP || pace.is_over() {
                        return Ok(Step::More);
                    }
                }
                Sent::NoRoom => {
                    direction = Direction::Write;
                    break;
                }
                Sent::Held if self.may_hold() => break,
                Sent::Held => self.outgoing.release(),
                Sent::All => {}
                Sent::Gone => self.outgoing.abandon(),
            }
        }
        match self.connection.stream.flush() {
            Status::NotReady => direction = Direction::Write,
            Status::Error(error) => return Err(error),
            // The answer that was given before is still to be read.
            Status::Done(()) | Status::Disconnected => {}
        }
        if has_sent && direction == Direction::Read && !self.has_received {
            // The answer cannot be there yet: to ask for it would cost a call. Once a part of one has come, the rest may
            // be where the system does not see it.
            return Ok(Step::Wait(Direction::Read));
        }
        self.receive(pace, direction, is_patient && direction == Direction::Read, on)
    }

    fn receive(
        &mut self,
        pace: Stride,
        direction: Direction,
        mut may_wait: bool,
        on: &mut dyn FnMut(Event<'_>) -> Result<()>,
    ) -> Result<Step> {
        let before = self.received;
        loop {
            match self.parse(pace, on)? {
                Parsed::All => {}
                Parsed::Enough => return Ok(Step::More),
                Parsed::End => return Ok(Step::Done),
            }
            if self.has_received {
                self.connection.settle();
            }
            if self.received - before >= LONGEST_STEP {
                return Ok(Step::More);
            }
            let is_short_the_end = self.connection.stream.short_means_empty();
            self.make_room(pace.size);
            let Connection { stream, buffer, .. } = &mut self.connection;
            let room = buffer.get_mut(self.unread.end..).unwrap_or_default();
            let length = room.len();
            let received = if mem::take(&mut may_wait) { stream.receive_patiently(room) } else { stream.receive(room) };
            match received {
                Status::Done(0) => {
                    self.incoming.ended()?;
                    return Ok(Step::Done);
                }
                Status::Done(count) => {
                    self.has_received = true;
                    self.received += count as u64;
                    self.unread.end += count;
                    if count < length && is_short_the_end {
                        return Ok(match self.parse(pace, on)? {
                            Parsed::All => {
                                self.connection.settle();
                                self.wait(direction)
                            }
                            Parsed::Enough => Step::More,
                            Parsed::End => Step::Done,
                        });
                    }
                }
                Status::NotReady => return Ok(self.wait(direction)),
                Status::Disconnected => return Err(self.incoming.broken()),
                Status::Error(error) => return Err(error),
            }
        }
    }

    /// What to wait for, unless what has come lets the body go.
    fn wait(&self, direction: Direction) -> Step {
        let may_send = !self.outgoing.is_finished() && !self.outgoing.is_holding();
        if may_send && direction == Direction::Read { Step::More } else { Step::Wait(direction) }
    }

    /// Looks at what has come.
    fn parse(&mut self, pace: Stride, on: &mut dyn FnMut(Event<'_>) -> Result<()>) -> Result<Parsed> {
        let mut piece = if self.is_packed { pace.packed } else { pace.piece };
        loop {
            let Range { start, end } = self.unread;
            let end = if self.incoming.has_head() { end.min(start.saturating_add(piece)) } else { end };
            let input = self.connection.buffer.get(start..end).unwrap_or_default();
            let (consumed, found) = self.incoming.next(input)?;
            self.unread.start += consumed;
            match found {
                // Trailers are taken whole.
                Found::More if end < self.unread.end && consumed == 0 => piece = usize::MAX,
                Found::More if end < self.unread.end => {}
                Found::More => return Ok(Parsed::All),
                Found::Interim(head) => {
                    if head.status == HttpStatus::CONTINUE {
                        self.outgoing.release();
                    }
                }
                Found::Head(head) => {
                    if head.status.code() >= 300 && !self.outgoing.is_finished() {
                        // The server does not want the rest (RFC 9110 section 10.1.1, RFC 9112 section 9.5).
                        self.outgoing.abandon();
                        self.may_reuse = false;
                    }
                    if head.fields.contains("Content-Encoding") {
                        self.is_packed = true;
                        piece = pace.packed;
                    }
                    on(Event::Head(head, self.incoming.remaining()))?;
                }
                Found::Data(data) => {
                    on(Event::Data(data))?;
                    if pace.is_over() {
                        return Ok(Parsed::Enough);
                    }
                }
                Found::End => return Ok(Parsed::End),
            }
        }
    }

    /// Makes room for the next bytes: as much as is known to come, up to a size beyond which nothing is gained.
    fn make_room(&mut self, most: usize) {
        let buffer = &mut self.connection.buffer;
        if self.unread.is_empty() {
            self.unread = 0..0;
        } else if self.unread.start > 0 {
            buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        let wanted = match self.incoming.remaining() {
            _ if self.received == 0 => buffer.len().max(FIRST_READ),
            Some(left) if left <= SECOND_READ as u64 => SECOND_READ,
            _ if self.received < SECOND_READ as u64 => SECOND_READ,
            _ => most,
        };
        // What is not whole yet is looked at again each time: it doubles, so that the looks do not add up.
        let wanted = wanted.max(self.unread.end + self.unread.end.max(FIRST_READ / 2));
        buffer.grow(wanted);
    }

    /// Whether the server still has time to say whether it wants the body.
    fn may_hold(&mut self) -> bool {
        let until = *self.held_until.get_or_insert_with(|| Instant::now() + self.hold);
        Instant::now() < until
    }

    /// Lets the next step wait for the peer in its receive, which saves the call that asks first; `false` where it cannot,
    /// or where so little has come that it would cost more than it saves.
    pub(super) fn grow_patient(&mut self) -> Result<bool> {
        let pays = self.is_reused || self.received > MUCH;
        if pays { self.connection.stream.grow_patient() } else { Ok(false) }
    }

    /// How long the connection may stay quiet until there is something to do without it.
    pub(super) fn wakes_in(&self) -> Option<Duration> {
        let until = self.held_until.filter(|_| self.outgoing.is_holding())?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Tells whether it failed as a connection does that the server had closed while it was idle.
    pub(super) fn is_stale(&self) -> bool {
        self.is_reused && !self.has_received
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub(super) fn trailers(&self) -> &HttpFields {
        self.incoming.trailers()
    }

    pub(super) fn forbid_reuse(&mut self) {
        self.may_reuse = false;
    }

    /// Says where the connection leads, when the exchange goes on elsewhere.
    pub(super) fn belongs_to(&mut self, route: Route) {
        self.route = Some(route);
    }

    pub(super) fn take_route(&mut self) -> Option<Route> {
        self.route.take()
    }

    /// Bytes that have moved, in both directions: whoever sees them grow knows that the peer is alive.
    pub(super) fn moved(&self) -> u64 {
        self.received + self.outgoing.sent()
    }

    pub(super) fn body_sent(&self) -> u64 {
        self.outgoing.body_sent()
    }

    /// Gives the connection back if another request can go over it.
    pub(super) fn into_reusable(self) -> Option<Connection> {
        let is_clean = self.unread.is_empty() && self.outgoing.is_finished() && self.may_reuse;
        (is_clean && self.incoming.can_keep_alive()).then_some(self.connection)
    }
}

/// After this a step for a game ends: eight exchanges leave most of a frame to the game, also where the machine is slow.
const FRAME_SHARE: Duration = Duration::from_micros(200);
/// A server may send faster than anybody reads, or read as fast as anybody sends: the caller's word and the limits of time
/// count all the same.
const LONGEST_STEP: u64 = 1024 * 1024;
/// After this much it is likely that more comes.
const MUCH: u64 = 1024 * 1024;
/// The first read over a connection: enough for many responses. To clear memory takes time, too.
const FIRST_READ: usize = 4 * 1024;
/// The next one: enough for most.
const SECOND_READ: usize = 16 * 1024;

/// What a peer's end means that came before anything was said; over TLS it may come without a word as well, and counts
/// what came before.
pub(super) fn is_end_of_idle(error: &Error) -> bool {
    matches!(error, Error::Disconnected | Error::CutShort { .. })
}
