//! One round of the loop: whose turn it is, and for how long.

use std::{
    mem,
    time::{Duration, Instant},
};

use super::{
    Due, EventLoop, Token,
    event::{CloseReason, ConnectionId, ListenerId, LoopEvent, TimerId},
    options::Reading,
    slot::{Line, Stage},
};
use crate::{
    error::{Error, Result},
    selector::Event,
    time::Deadline,
};

/// What is left of a round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    /// Of events other than those below.
    events: usize,
    /// And of the word that there is one.
    messages: usize,
    bytes: usize,
}

impl EventLoop {
    /// Returns the next event, or `None` at the end of a round.
    ///
    /// A round begins with the first call and after each `None`: it waits, if nothing is there, until something
    /// happens, at most for the limit (`None` is for ever, zero is not at all), and then each call gives an event, until
    /// everything that was ready has been given or the round's budget is used up
    /// ([`round_messages`](crate::EventLoopOptions::round_messages),
    /// [`round_bytes`](crate::EventLoopOptions::round_bytes)). So a `while let` ends, however fast the peers are and
    /// whatever the program does about each event. A round may be empty also when another thread has used a
    /// [`LoopHandle`](crate::LoopHandle).
    ///
    /// Its cost grows with the connections that are ready, not with those that there are. They take turns, of 64 KiB or
    /// as many small messages as make 256; what is behind the budget comes first in the next round.
    ///
    /// # Errors
    ///
    /// The system's; none is known to happen. What happens to connections is an event.
    ///
    /// # Examples
    ///
    /// A frame of a game:
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use sockeye::{EventLoop, LoopEvent};
    /// # let mut event_loop = EventLoop::new()?;
    /// while let Some(event) = event_loop.poll(Some(Duration::ZERO))? {
    ///     match event {
    ///         LoopEvent::Message { id, message } => event_loop.send(id, &message).into_result()?,
    ///         LoopEvent::Closed { id, reason, .. } => println!("{id}: {reason}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn poll(&mut self, limit: Option<Duration>) -> Result<Option<LoopEvent>> {
        if self.round.is_none() {
            self.begin_round(limit)?;
        }
        let event = self.next_event();
        if event.is_none() {
            self.round = None;
            self.flush_queued();
        }
        Ok(event)
    }

    fn begin_round(&mut self, limit: Option<Duration>) -> Result<()> {
        self.flush_queued();
        self.dial_begun();
        let deadline = Deadline::after(limit.filter(|limit| !limit.is_zero()));
        loop {
            self.begin_draining();
            let is_idle = self.events.is_empty() && self.ready.is_empty();
            let until = match limit {
                _ if !is_idle || self.is_shut_down() => Some(Duration::ZERO),
                Some(limit) if limit.is_zero() => Some(Duration::ZERO),
                _ => match (self.deadlines.first(), deadline.remaining()) {
                    (Some((at, _)), left) => {
                        let due = at.saturating_duration_since(Instant::now());
                        Some(left.map_or(due, |left| left.min(due)))
                    }
                    (None, left) => left,
                },
            };
            self.selector.wait(until)?;
            self.now = Instant::now();
            self.collect();
            let was_told = self.obey();
            self.expire_all();
            let is_over = match limit {
                Some(limit) if limit.is_zero() => true,
                _ => deadline.has_passed(),
            };
            if is_over || was_told || !self.events.is_empty() || !self.ready.is_empty() || self.is_shut_down() {
                break;
            }
        }
        let Self { events, options, .. } = self;
        // What the program does about an event may make the next one at once.
        let events = events.len().saturating_add(options.round_messages);
        self.round = Some(Round { events, messages: options.round_messages, bytes: options.round_bytes });
        Ok(())
    }

    /// Puts those who are ready in line, behind those who still stand there.
    fn collect(&mut self) {
        let Self { selector, tokens, slots, posts, ready, now, .. } = self;
        for Event { key, readable, .. } in selector.ready() {
            let Some(token) = tokens.get(&key.number()) else { continue };
            match token {
                Token::Connection(id) => {
                    let Some(slot) = slots.get_mut(id) else { continue };
                    let line = if readable { Line::ToRead } else { Line::ToWrite };
                    if readable && slot.is_open() {
                        slot.active = *now;
                    }
                    let was = slot.line;
                    slot.line = was.max(line);
                    if was != Line::Out {
                        continue;
                    }
                    slot.turn = TURN;
                }
                Token::Listener(id) => {
                    let Some(post) = posts.get_mut(id) else { continue };
                    if mem::replace(&mut post.is_in_line, true) {
                        continue;
                    }
                }
            }
            ready.push_back(*token);
        }
    }

    fn expire_all(&mut self) {
        while let Some((at, due)) = self.deadlines.first().copied() {
            if at > self.now {
                break;
            }
            self.deadlines.pop_first();
            match due {
                Due::Timer(number) => self.events.push_back(LoopEvent::Timer { id: TimerId { at, number } }),
                Due::Connection(id) => self.expire(id),
                Due::Retry(id) => self.retry(id),
                Due::Shutdown => self.end_draining(),
                Due::Listener(id) => {
                    if let Err(error) = self.attend(id) {
                        self.pause(id);
                        self.events.push_back(LoopEvent::AcceptFailed { listener: ListenerId(id), error });
                    }
                }
            }
        }
    }

    fn next_event(&mut self) -> Option<LoopEvent> {
        loop {
            let round = self.round.as_mut()?;
            if !self.events.is_empty() {
                round.events = round.events.checked_sub(1)?;
                return self.events.pop_front();
            }
            let Round { messages: 1.., bytes: 1.., .. } = round else { return None };
            match self.ready.pop_front()? {
                Token::Listener(id) => self.accept(id),
                Token::Connection(id) => {
                    if let Some(event) = self.serve(id) {
                        return Some(event);
                    }
                }
            }
        }
    }

    /// Gives a connection its turn, or the part of it that one message is.
    fn serve(&mut self, id: usize) -> Option<LoopEvent> {
        let mut slot = self.slots.get_mut(&id)?;
        let line = mem::replace(&mut slot.line, Line::Out);
        match slot.stage {
            Stage::Dialing(_) | Stage::Accepted => {
                self.go_on_opening(id);
                return None;
            }
            Stage::Closing(_) => {
                self.flush(id);
                return None;
            }
            Stage::Open => {}
        }
        // What has just been queued leaves together with what else is in this round, unless it is much already.
        let queued = slot.queued();
        if queued > 0 && (!slot.is_dirty || queued >= TURN) {
            self.flush(id);
            slot = self.slots.get_mut(&id)?;
        }
        match slot.reading {
            Reading::Messages if line == Line::ToRead && slot.is_open() => self.receive_next(id),
            Reading::Readiness if line == Line::ToRead => {
                self.charge(0);
                Some(LoopEvent::Readable { id: ConnectionId(id) })
            }
            _ => None,
        }
    }

    fn receive_next(&mut self, id: usize) -> Option<LoopEvent> {
        let message = self.take_message(ConnectionId(id)).done()?;
        // What was sent behind the answers may have found the end.
        let Some(slot) = self.slots.get_mut(&id) else {
            return Some(LoopEvent::Message { id: ConnectionId(id), message });
        };
        if slot.connection.has_answer() {
            slot.turn = slot.turn.saturating_sub(message.len() + COST_OF_A_MESSAGE);
            slot.line = Line::ToRead;
            let token = Token::Connection(id);
            if slot.turn == 0 {
                slot.turn = TURN;
                self.ready.push_back(token);
            } else {
                self.ready.push_front(token);
            }
        } else {
            self.queue_answers(id);
        }
        self.charge(message.len());
        Some(LoopEvent::Message { id: ConnectionId(id), message })
    }

    /// Takes a message of so many bytes, or the word that there is one, from what is left of the round.
    fn charge(&mut self, bytes: usize) {
        if let Some(round) = &mut self.round {
            round.messages = round.messages.saturating_sub(1);
            round.bytes = round.bytes.saturating_sub(bytes);
        }
    }

    /// Gives a connection a turn to be read from, though the system may have nothing new of it.
    fn stand_in_line(&mut self, id: usize) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if slot.line == Line::Out {
            slot.turn = TURN;
            self.ready.push_back(Token::Connection(id));
        }
        slot.line = Line::ToRead;
    }

    /// A connection can be used from now on.
    pub(super) fn opened(&mut self, id: usize) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let listener = slot.listener;
        if matches!(mem::replace(&mut slot.stage, Stage::Open), Stage::Accepted) {
            self.end_opening(listener);
        }
        let Some(slot) = self.slots.get_mut(&id) else { return };
        // The round may have begun long ago.
        slot.active = Instant::now();
        slot.note_queue(false);
        if slot.connection.has_answer() {
            self.stand_in_line(id);
        }
        self.counters.opened += 1;
        self.events.push_back(LoopEvent::Opened { id: ConnectionId(id), listener });
        self.watch(id);
        self.schedule(id);
        self.go_on_late(id);
    }

    /// Watches a connection for what it needs now.
    pub(super) fn watch(&mut self, id: usize) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let wanted = slot.wanted();
        if wanted == slot.watched {
            return;
        }
        let result = match wanted {
            Some(interest) => self.selector.add_with(&slot.connection, interest).map(Some),
            None => {
                self.selector.remove(&slot.connection);
                Ok(None)
            }
        };
        match result {
            Ok(key) => {
                slot.watched = wanted;
                if let Some(key) = key
                    && slot.key != Some(key)
                {
                    slot.key = Some(key);
                    self.tokens.insert(key.number(), Token::Connection(id));
                }
            }
            // The connection has closed itself.
            Err(Error::NotOpen) => self.remove(id, CloseReason::Peer),
            Err(error) => self.remove(id, CloseReason::Failed(error)),
        }
    }
}

/// How much a connection may give before the next one does.
const TURN: usize = 64 * 1024;
/// What a message costs of a turn besides its length.
const COST_OF_A_MESSAGE: usize = 256;
