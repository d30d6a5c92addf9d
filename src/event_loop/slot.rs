//! One connection of a loop, and what is due of it when.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    dialing::Dial,
    event::{CloseReason, ListenerId},
    options::{ConnectionOptions, Reading},
};
use crate::{
    ip::IpAddress,
    message::{Connection, Framing},
    selector::{Interest, Key},
    stream::Stream,
};

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) connection: Connection,
    pub(super) stage: Stage,
    pub(super) reading: Reading,
    pub(super) options: Arc<ConnectionOptions>,
    pub(super) listener: Option<ListenerId>,
    /// Counted against the limit for each address.
    pub(super) address: Option<IpAddress>,
    /// What the selector watches it for, and under which key.
    pub(super) watched: Option<Interest>,
    pub(super) key: Option<Key>,
    pub(super) line: Line,
    /// How much of its turn is left.
    pub(super) turn: usize,
    /// Bytes are queued that the system has not been offered.
    pub(super) is_dirty: bool,
    pub(super) water: Water,
    /// The system takes nothing more for the peer, which may have something to say all the same.
    pub(super) is_deaf: bool,
    /// Since when the connection is in its stage, or something came or went.
    pub(super) active: Instant,
    /// Since when bytes wait of which the peer takes none, or answers are due of which it gives none.
    pub(super) stalled: Option<Instant>,
    /// What stands in the loop's list of deadlines.
    pub(super) scheduled: Option<Instant>,
}

/// How far a connection is.
#[derive(Debug)]
pub(super) enum Stage {
    /// Begun by the program; its host may still be looked up.
    Dialing(Box<Dial>),
    /// Accepted, in a handshake or waiting for a greeting.
    Accepted,
    Open,
    /// What is in its queue goes out, then it is closed.
    Closing(CloseReason),
}

/// Whether a connection stands in the line of those that are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Line {
    Out,
    /// Only to write.
    ToWrite,
    /// To read, perhaps to write too.
    ToRead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Water {
    Low,
    High,
}

/// What has to be done about a connection at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Opening(Duration),
    /// The next address of several, within that limit for all.
    Address(Duration),
    Idle(Duration),
    Stall(Duration),
}

impl Slot {
    pub(super) fn new(connection: Connection, stage: Stage, options: Arc<ConnectionOptions>, now: Instant) -> Self {
        Self {
            connection,
            stage,
            reading: options.reading,
            options,
            listener: None,
            address: None,
            watched: None,
            key: None,
            line: Line::Out,
            turn: 0,
            is_dirty: false,
            water: Water::Low,
            is_deaf: false,
            active: now,
            stalled: None,
            scheduled: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open)
    }

    /// How many bytes wait for the peer. A session that encrypts may hold some that will never go.
    pub(super) fn queued(&self) -> usize {
        if self.is_deaf { 0 } else { self.connection.pending_bytes() }
    }

    /// Does something with the connection; tells also whether some of the bytes that waited have gone.
    #[inline]
    pub(super) fn change<T>(&mut self, operation: impl FnOnce(&mut Connection) -> T) -> (T, bool) {
        let before = self.queued();
        let result = operation(&mut self.connection);
        (result, self.queued() < before)
    }

    /// Tells whether nothing can be sent and nothing is read, so that nobody would see the end.
    pub(super) fn is_useless(&self) -> bool {
        self.is_deaf && self.reading == Reading::Paused
    }

    /// Tells whether answers are waited for, and no room, and something has come that may be some.
    pub(super) fn has_answers_to_read(&self) -> bool {
        self.is_open() && self.line == Line::ToRead && self.reading == Reading::Messages && self.queued() == 0
    }

    /// Notes whether some of the bytes that waited have gone, and whether the peer is waited for.
    pub(super) fn note_queue(&mut self, has_moved: bool) {
        // Whoever leaves answers to the program may have had them all.
        let waits_for_answers = self.reading == Reading::Messages && self.connection.waits_for_answers();
        let waits = self.queued() > 0 || (waits_for_answers && !self.is_deaf);
        if !has_moved && waits == self.stalled.is_some() {
            return;
        }
        // The loop's own time may be that of a round which began long ago.
        let now = Instant::now();
        if has_moved {
            self.active = now;
        }
        self.stalled = waits.then_some(now);
    }

    /// Tells whether it is to be connected to a local listener whose queue is full, which takes trying.
    pub(super) fn waits_for_a_queue(&self) -> bool {
        matches!(self.stage, Stage::Dialing(_)) && self.connection.stream().waits_for_a_queue()
    }

    /// Until when it waits for an address to answer before another one is tried.
    fn address_until(&self) -> Option<Instant> {
        let Stage::Dialing(dial) = &self.stage else { return None };
        dial.until
    }

    /// Tells whether there is no address to go to yet.
    pub(super) fn is_being_looked_up(&self) -> bool {
        matches!(&self.stage, Stage::Dialing(dial) if dial.lookup().is_some())
    }

    /// What the selector has to watch it for; `None` is nothing.
    pub(super) fn wanted(&self) -> Option<Interest> {
        let (read, write) = match &self.stage {
            Stage::Dialing(_) if self.is_being_looked_up() => (false, false),
            Stage::Dialing(_) if self.waits_for_a_queue() => (false, false),
            Stage::Dialing(_) if !self.connection.stream().is_connected() => (false, true),
            Stage::Dialing(_) | Stage::Accepted => (true, self.connection.pending_bytes() > 0),
            Stage::Open => (self.reading != Reading::Paused, self.queued() > 0),
            Stage::Closing(_) => (false, true),
        };
        match (read, write) {
            (true, true) => Some(Interest::Both),
            (true, false) => Some(Interest::Read),
            (false, true) => Some(Interest::Write),
            (false, false) => None,
        }
    }

    /// What is due first if nothing changes, and when.
    pub(super) fn due(&self) -> Option<(Instant, Due)> {
        let options = &self.options;
        let stall = || {
            let limit = options.stall_limit?;
            Some((self.stalled?.checked_add(limit)?, Due::Stall(limit)))
        };
        match &self.stage {
            Stage::Dialing(_) | Stage::Accepted => {
                let limit = options.opening_limit?;
                let address = self.address_until().map(|until| (until, Due::Address(limit)));
                address.or_else(|| Some((self.active.checked_add(limit)?, Due::Opening(limit))))
            }
            Stage::Closing(_) => stall(),
            Stage::Open => {
                let idle = || {
                    let limit = options.idle_limit?;
                    Some((self.active.checked_add(limit)?, Due::Idle(limit)))
                };
                match (stall(), idle()) {
                    (Some(stall), Some(idle)) => Some(if stall.0 <= idle.0 { stall } else { idle }),
                    (stall, idle) => stall.or(idle),
                }
            }
        }
    }
}

/// A connection that does as its options say, and never waits.
pub(super) fn prepared(stream: impl Into<Stream>, framing: Framing, options: &ConnectionOptions) -> Connection {
    let mut connection = Connection::new(stream, framing);
    connection.set_message_limit(options.message_limit);
    connection.set_outbox_limit(options.queue_limit);
    connection
}
