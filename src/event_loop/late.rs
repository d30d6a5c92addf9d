//! What other threads have sent to a connection that cannot take it yet.

use std::collections::VecDeque;

use super::{
    EventLoop,
    event::{CloseReason, ConnectionId},
};
use crate::status::Status;

/// Messages that wait until a connection is open, or until its peer has answered others.
#[derive(Debug, Default)]
pub(super) struct Late {
    messages: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Late {
    /// How much memory they have, near enough.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn push(&mut self, message: Vec<u8>) {
        self.bytes += cost(&message);
        self.messages.push_back(message);
    }

    fn pop(&mut self) {
        if let Some(message) = self.messages.pop_front() {
            self.bytes -= cost(&message);
        }
    }
}

impl EventLoop {
    /// Sends what another thread wants to be sent, as soon as that can be. Nobody is there to be told what becomes of
    /// it: so a connection that has no room for it or cannot carry it is closed.
    pub(super) fn send_late(&mut self, id: ConnectionId, message: Vec<u8>) {
        // A paused connection looks for answers only when something is sent.
        self.go_on_late(id.0);
        if !self.late.contains_key(&id.0) {
            match self.queue(id, &message) {
                Status::NotReady => {}
                Status::Done(()) | Status::Disconnected => return,
                Status::Error(error) => {
                    self.begin_close(id.0, CloseReason::Failed(error));
                    return;
                }
            }
        }
        let Some(slot) = self.slots.get(&id.0) else { return };
        let waiting = slot.queued() + self.late.get(&id.0).map_or(0, Late::bytes);
        if waiting > 0 && waiting.saturating_add(cost(&message)) > slot.options.queue_limit {
            return self.remove(id.0, CloseReason::QueueFull);
        }
        self.late.entry(id.0).or_default().push(message);
    }

    /// Goes on with what waits for a connection.
    pub(super) fn go_on_late(&mut self, id: usize) {
        // Nearly always nothing waits for anybody.
        if self.late.is_empty() {
            return;
        }
        let Some(mut late) = self.late.remove(&id) else { return };
        while let Some(message) = late.messages.front() {
            match self.queue(ConnectionId(id), message) {
                Status::Done(()) => late.pop(),
                Status::NotReady => {
                    self.late.insert(id, late);
                    return;
                }
                Status::Disconnected => return,
                Status::Error(error) => {
                    self.begin_close(id, CloseReason::Failed(error));
                    return;
                }
            }
        }
    }
}

/// A message without bytes costs something too.
fn cost(message: &[u8]) -> usize {
    message.len() + size_of::<Vec<u8>>()
}
