//! What goes out, and how much has gone both ways.

use std::mem;

use super::{
    EventLoop,
    event::{CloseReason, ConnectionId, LoopEvent},
    late::Late,
    slot::{Stage, Water},
};
use crate::{message::Connection, status::Status};

/// What an [`EventLoop`] has done since it was made. Bytes are those of messages, without what their framing adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LoopCounters {
    /// Messages that have arrived and were given.
    pub messages_received: u64,
    /// The bytes of those messages.
    pub bytes_received: u64,
    /// Messages that the loop has taken charge of.
    pub messages_sent: u64,
    /// The bytes of those messages.
    pub bytes_sent: u64,
    /// Connections that were opened.
    pub opened: u64,
    /// Those of them that are gone.
    pub closed: u64,
    /// Connections that were accepted and never opened: one too many, or the handshake failed.
    pub refused: u64,
    /// Connections that there are, those that are opening and closing included.
    pub connections: usize,
    /// Bytes that wait for peers to take them.
    pub queued_bytes: usize,
}

impl EventLoop {
    /// Sends a message, without waiting.
    ///
    /// `Done` means that the connection has taken charge of it: what the system has no room for waits in the
    /// connection's queue. `NotReady` means that nothing was taken: the connection is not open yet, or the queue is over
    /// its [`queue_limit`](crate::ConnectionOptions::queue_limit), or 4096 answers of tinyproto are due; then there is a
    /// [`Drained`](LoopEvent::Drained) when it is empty and fewer are. `Disconnected` when there is no such connection or
    /// the peer takes nothing more: then its queue is dropped, and what it still says is received until it ends the
    /// connection. `Error` for what the framing cannot carry, see [`Connection::send`](crate::Connection::send).
    pub fn send(&mut self, id: ConnectionId, message: &[u8]) -> Status {
        self.send_with(id, message, Departure::Now)
    }

    /// Sends a message together with others: it leaves with one of the next polls, or with
    /// [`flush_connection`](Self::flush_connection).
    ///
    /// Many small messages to one peer cost one system call then. Everything else is as for [`send`](Self::send).
    pub fn queue(&mut self, id: ConnectionId, message: &[u8]) -> Status {
        self.send_with(id, message, Departure::WithOthers)
    }

    fn send_with(&mut self, id: ConnectionId, message: &[u8], departure: Departure) -> Status {
        let Some(slot) = self.slots.get_mut(&id.0) else { return Status::Disconnected };
        match slot.stage {
            Stage::Open if !slot.is_deaf => {}
            Stage::Dialing(_) | Stage::Accepted => return Status::NotReady,
            Stage::Open | Stage::Closing(_) => return Status::Disconnected,
        }
        let before = slot.queued();
        let status = match departure {
            Departure::Now => slot.connection.send(message),
            Departure::WithOthers => slot.connection.queue(message),
        };
        if status.is_not_ready() && slot.is_dirty && departure == Departure::WithOthers {
            // The queue may be full of what the system has not been offered.
            self.flush(id.0);
            return self.send_with(id, message, departure);
        }
        let is_over = !slot.connection.is_connected();
        match status {
            Status::Done(()) => {
                self.counters.messages_sent += 1;
                self.counters.bytes_sent += message.len() as u64;
            }
            Status::NotReady => {}
            // The look for answers has found the end.
            Status::Disconnected if is_over => {
                self.begin_close(id.0, CloseReason::Peer);
                return status;
            }
            Status::Disconnected => {
                self.note_deaf(id.0);
                return status;
            }
            Status::Error(error) if is_over => {
                // The event has the error.
                self.begin_close(id.0, CloseReason::Failed(error));
                return Status::Disconnected;
            }
            Status::Error(_) => return status,
        }
        if status.is_done() && departure == Departure::WithOthers && !slot.is_dirty {
            slot.is_dirty = true;
            self.queued.push(id.0);
        }
        if slot.is_dirty && slot.water == Water::Low && slot.queued() >= slot.options.high_water {
            // So may be what the mark counts.
            self.flush(id.0);
        }
        let Some(slot) = self.slots.get_mut(&id.0) else { return status };
        let queued = slot.queued();
        // Without what the framing adds: a few bytes that go may be missed, and none are seen that have not gone.
        let added = if status.is_done() { message.len() } else { 0 };
        let has_moved = queued < before + added || (queued == 0 && status.is_done());
        if slot.water == Water::Low && (status.is_not_ready() || queued >= slot.options.high_water) {
            slot.water = Water::High;
            self.events.push_back(LoopEvent::HighWater { id, queued });
        }
        self.settle(id.0, has_moved);
        status
    }

    /// Offers the system what waits for a peer: `Done` when it has taken all, `NotReady` when it had no room for it.
    ///
    /// Only needed after [`queue`](Self::queue) for a message that cannot wait for the next poll.
    pub fn flush_connection(&mut self, id: ConnectionId) -> Status {
        if !self.is_open(id) {
            return Status::Disconnected;
        }
        self.flush(id.0);
        match self.slots.get(&id.0) {
            Some(slot) if slot.is_deaf => Status::Disconnected,
            Some(slot) if slot.queued() == 0 => Status::Done(()),
            Some(_) => Status::NotReady,
            None => Status::Disconnected,
        }
    }

    /// Returns what the loop has done, and how much waits. It looks at every connection.
    #[must_use]
    pub fn counters(&self) -> LoopCounters {
        LoopCounters {
            connections: self.slots.len(),
            queued_bytes: self.slots.values().map(|slot| slot.queued()).sum::<usize>()
                + self.late.values().map(Late::bytes).sum::<usize>(),
            ..self.counters
        }
    }

    /// Sends what was queued since the last round.
    pub(super) fn flush_queued(&mut self) {
        while !self.queued.is_empty() {
            let mut queued = mem::take(&mut self.queued);
            for id in queued.drain(..) {
                self.flush(id);
            }
            if self.queued.is_empty() {
                // Its memory is for the next round.
                self.queued = queued;
            }
        }
    }

    /// Sees to it that a peer has the answers that it waits for when the round is over.
    pub(super) fn queue_answers(&mut self, id: usize) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if !slot.is_dirty && !slot.is_deaf && slot.connection.owes_answers() {
            slot.is_dirty = true;
            self.queued.push(id);
        }
    }

    /// Offers the system what waits for a peer.
    pub(super) fn flush(&mut self, id: usize) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        slot.is_dirty = false;
        let (status, has_moved) = slot.change(Connection::flush);
        let has_failed = status.is_disconnected() || status.is_error();
        match slot.stage {
            Stage::Closing(_) if slot.queued() == 0 || has_failed => self.end_close(id),
            Stage::Open if has_failed => self.note_deaf(id),
            _ => self.settle(id, has_moved),
        }
    }

    /// Nothing more can be sent to a peer: what waits for it is dropped. It is read from as before, until its end comes, for
    /// one that has shut the one direction alone may go on talking.
    fn note_deaf(&mut self, id: usize) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if mem::replace(&mut slot.is_deaf, true) {
            return;
        }
        slot.connection.drop_unsent();
        slot.note_queue(false);
        self.late.remove(&id);
        if slot.is_useless() {
            self.begin_close(id, CloseReason::Peer);
        } else {
            self.watch(id);
            self.schedule(id);
        }
    }

    /// Sees to what an operation on a connection has changed about what waits for the peer, of which some has gone or
    /// none: since when it waits, what has waited for it, and what the connection is watched for.
    pub(super) fn settle(&mut self, id: usize, has_moved: bool) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let has_waited = slot.stalled.is_some();
        slot.note_queue(has_moved);
        // Nearly always nothing waits, and nothing did.
        if !has_waited && slot.stalled.is_none() && slot.water == Water::Low {
            return;
        }
        if slot.queued() == 0 {
            self.note_drained(id);
        }
        // What has waited for room or for answers is in the queue now. It is watched for once the system has had no room.
        let Some(slot) = self.slots.get(&id) else { return };
        if !slot.is_dirty || slot.queued() == 0 {
            self.watch(id);
            self.schedule(id);
        }
    }

    /// Goes on with what waits for room or for answers, and tells that high water is over, if it is: no bytes wait, and
    /// a message would not have to.
    fn note_drained(&mut self, id: usize) {
        self.go_on_late(id);
        let Some(slot) = self.slots.get_mut(&id).filter(|slot| slot.water == Water::High) else { return };
        let is_empty = slot.queued() == 0 && !slot.connection.waits_for_answers();
        if slot.is_open() && !slot.is_deaf && is_empty {
            slot.water = Water::Low;
            self.events.push_back(LoopEvent::Drained { id: ConnectionId(id) });
        }
    }
}

/// When a message is offered to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Departure {
    Now,
    WithOthers,
}
