//! How connections end, and how the loop does.

use std::{
    mem,
    time::{Duration, Instant},
};

use super::{
    Due as LoopDue, Ending, EventLoop, Token,
    event::{CloseReason, ConnectionId, LoopEvent},
    options::Reading,
    slot::{Due, Stage},
};
use crate::error::{Error, Phase, Result};

impl EventLoop {
    /// Closes a connection once its queue has gone out.
    ///
    /// Nothing is received any more. The [`Closed`](LoopEvent::Closed) comes with one of the next polls: when the peer
    /// has taken everything, or has gone, or takes nothing for the
    /// [`stall_limit`](crate::ConnectionOptions::stall_limit). Messages of other threads that wait for answers of tinyproto
    /// are in no queue yet, and are dropped. Tells whether there was such a connection.
    pub fn close(&mut self, id: ConnectionId) -> bool {
        self.begin_close(id.0, CloseReason::Local)
    }

    /// Closes a connection at once; what is in its queue is dropped. The [`Closed`](LoopEvent::Closed) comes with the next
    /// poll. Tells whether there was such a connection.
    pub fn abort(&mut self, id: ConnectionId) -> bool {
        let is_there = self.slots.contains_key(&id.0);
        self.remove(id.0, CloseReason::Local);
        is_there
    }

    /// Begins to end the loop: nothing is accepted or received any more, what is in the queues goes out, then the
    /// connections are closed, as by [`close`](Self::close).
    ///
    /// It begins with the next round of [`poll`](Self::poll): what the current one has to give is given before. When the
    /// limit has passed, those whose peers have not taken everything are closed all the same.
    /// [`is_shut_down`](Self::is_shut_down) tells when it is over; [`run`](Self::run) returns then, and can be called again.
    /// Another call meanwhile can make the limit shorter, and not longer.
    pub fn shutdown(&mut self, limit: Duration) {
        match &mut self.ending {
            Ending::No => self.ending = Ending::Asked(limit),
            Ending::Asked(asked) => *asked = limit.min(*asked),
            Ending::Draining(until) => {
                let Some(sooner) = Instant::now().checked_add(limit) else { return };
                if until.is_some_and(|until| until <= sooner) {
                    return;
                }
                if let Some(until) = until.replace(sooner) {
                    self.deadlines.remove(&(until, LoopDue::Shutdown));
                }
                self.deadlines.insert((sooner, LoopDue::Shutdown));
            }
        }
    }

    /// Tells whether a [`shutdown`](Self::shutdown) has ended and every event has been given.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        matches!(self.ending, Ending::Draining(_)) && self.slots.is_empty() && self.events.is_empty()
    }

    pub(super) fn begin_draining(&mut self) {
        let Ending::Asked(limit) = self.ending else { return };
        let until = Instant::now().checked_add(limit);
        self.ending = Ending::Draining(until);
        self.posts.clear();
        self.tokens.retain(|_, token| matches!(token, Token::Connection(_)));
        self.deadlines.extend(until.map(|until| (until, LoopDue::Shutdown)));
        for id in self.ids() {
            self.begin_close(id, CloseReason::Shutdown);
        }
    }

    /// The loop has ended, and may be used again.
    pub(super) fn end_shutdown(&mut self) {
        if let Ending::Draining(Some(until)) = self.ending {
            self.deadlines.remove(&(until, LoopDue::Shutdown));
        }
        self.ending = Ending::No;
    }

    /// Nothing new begins once the loop drains: else it might never end.
    pub(super) fn check_ending(&self) -> Result<()> {
        if matches!(self.ending, Ending::Draining(_)) { Err(Error::Disconnected) } else { Ok(()) }
    }

    /// The time for draining is over.
    pub(super) fn end_draining(&mut self) {
        for id in self.ids() {
            self.remove(id, CloseReason::Shutdown);
        }
    }

    fn ids(&self) -> Vec<usize> {
        let mut ids: Vec<usize> = self.slots.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    /// Receives nothing more from a connection, and removes it when its queue has gone out.
    pub(super) fn begin_close(&mut self, id: usize, reason: CloseReason) -> bool {
        let Some(slot) = self.slots.get_mut(&id) else { return false };
        match slot.stage {
            Stage::Open => {}
            Stage::Dialing(_) | Stage::Accepted => {
                self.remove(id, reason);
                return true;
            }
            // The first reason is the one that counts.
            Stage::Closing(_) => return true,
        }
        slot.stage = Stage::Closing(reason);
        self.flush(id);
        true
    }

    /// Removes a connection whose queue has gone out.
    pub(super) fn end_close(&mut self, id: usize) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if let Stage::Closing(reason) = &mut slot.stage {
            let reason = mem::replace(reason, CloseReason::Local);
            self.remove(id, reason);
        }
    }

    /// Removes a connection and tells whoever knows of it.
    pub(super) fn remove(&mut self, id: usize, reason: CloseReason) {
        let Some(mut slot) = self.slots.remove(&id) else { return };
        if let Some(key) = slot.key {
            self.tokens.remove(&key.number());
        }
        if let Some(at) = slot.scheduled {
            self.deadlines.remove(&(at, LoopDue::Connection(id)));
        }
        if let Some(address) = slot.address
            && let Some(count) = self.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
        if !self.late.is_empty() {
            self.late.remove(&id);
        }
        let is_paused = slot.reading == Reading::Paused && matches!(slot.stage, Stage::Open | Stage::Closing(_));
        let leftover = if is_paused { slot.connection.unread_all() } else { slot.connection.unread() };
        slot.connection.close();
        match slot.stage {
            Stage::Accepted => {
                self.end_opening(slot.listener);
                self.counters.refused += 1;
                return;
            }
            Stage::Dialing(_) => {}
            Stage::Open | Stage::Closing(_) => self.counters.closed += 1,
        }
        self.events.push_back(LoopEvent::Closed { id: ConnectionId(id), reason, leftover });
    }

    /// Looks whether what was due of a connection still is.
    pub(super) fn expire(&mut self, id: usize) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        slot.scheduled = None;
        // What has happened while the program was busy counts before the clock does.
        match slot.due() {
            // Its turn puts it on the list again, if it still has to be there.
            Some((at, Due::Stall(_))) if at <= self.now && slot.has_answers_to_read() => return,
            Some((at, Due::Stall(_) | Due::Idle(_))) if at <= self.now => self.flush(id),
            Some((at, Due::Opening(_) | Due::Address(_))) if at <= self.now && !slot.is_being_looked_up() => {
                self.go_on_opening(id);
            }
            _ => {}
        }
        let Some(slot) = self.slots.get(&id) else { return };
        let Some((at, due)) = slot.due() else { return };
        if at > self.now {
            return self.schedule(id);
        }
        let reason = match due {
            Due::Opening(limit) => {
                let phase = match &slot.stage {
                    Stage::Dialing(dial) => dial.phase(),
                    _ => Phase::Handshake,
                };
                CloseReason::ConnectFailed(Error::TimedOut { phase, limit })
            }
            Due::Address(limit) => return self.dial_next(id, limit),
            Due::Idle(limit) => CloseReason::Idle(limit),
            Due::Stall(limit) => CloseReason::Stalled(limit),
        };
        self.remove(id, reason);
    }

    /// Sees to it that what is due of a connection is not forgotten.
    pub(super) fn schedule(&mut self, id: usize) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let Some((at, _)) = slot.due() else { return };
        // One that comes too early is put off when it comes: cheaper than to move it with every message.
        if slot.scheduled.is_some_and(|scheduled| scheduled <= at) {
            return;
        }
        if let Some(scheduled) = slot.scheduled.replace(at) {
            self.deadlines.remove(&(scheduled, LoopDue::Connection(id)));
        }
        self.deadlines.insert((at, LoopDue::Connection(id)));
    }
}
