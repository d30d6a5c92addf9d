//! Packets over a link: a length in front of each, an outbox for what the system has no room for.

use super::{Link, State, Wire};
use crate::{
    bytes::{Next, PREFIX_LENGTH},
    error::{Error, Result},
    mode::Attempt,
    packet::Packet,
    status::Status,
    sys::{self, Direction},
};

impl<W: Wire> Link<W> {
    pub(crate) fn send_packet(&mut self, packet: &Packet) -> Status {
        self.try_send_packet(packet.data()).into()
    }

    fn try_send_packet(&mut self, body: &[u8]) -> Result<()> {
        let prefix = self.prefix(body)?;
        self.send_whole(&mut self.mode.begin(), &prefix, body)
    }

    /// Sends two pieces, one behind the other: both or, if it is `NotReady`, nothing of them. What the system has no room
    /// for goes into the outbox.
    #[inline]
    pub(crate) fn send_whole(&mut self, attempt: &mut Attempt, first: &[u8], second: &[u8]) -> Result<()> {
        self.establish(attempt)?;
        match self.drain(attempt) {
            Err(Error::NotReady) if !self.mode.blocking => return self.enqueue(first, second),
            result => result?,
        }
        let Self { state: State::Open(handle), wire, mode, outbox, .. } = self else { return Err(Error::Disconnected) };
        let (mut head, mut rest) = (first, second);
        loop {
            let result = attempt.call(handle.socket(), Direction::Write, |socket| {
                if head.is_empty() { wire.send(socket, rest) } else { wire.send_two(socket, head, rest) }
            });
            let waiting = head.len() + rest.len() == first.len() + second.len();
            match result {
                Ok(sent) => {
                    rest = rest.get(sent.saturating_sub(head.len())..).unwrap_or_default();
                    head = head.get(sent..).unwrap_or_default();
                }
                // The limit passed and nothing went: the packet is still the caller's.
                Err(error) if sys::is_would_block(&error) && mode.blocking && waiting => {
                    return Err(Error::NotReady);
                }
                Err(error) if sys::is_would_block(&error) => break,
                Err(error) => return Err(Error::from_transfer(error)),
            }
            if !mode.blocking || (head.is_empty() && rest.is_empty()) {
                break;
            }
        }
        if wire.pending() > 0 && mode.blocking {
            // Taken is taken: what becomes of it is for the next operation to say.
            let _ = attempt.call(handle.socket(), Direction::Write, |socket| wire.flush(socket));
        }
        outbox.push(head);
        outbox.push(rest);
        Ok(())
    }

    pub(crate) fn queue_packet(&mut self, packet: &Packet) -> Status {
        if matches!(self.state, State::Closed) {
            return Status::Disconnected;
        }
        let body = packet.data();
        self.wire.check().and_then(|()| self.prefix(body)).and_then(|prefix| self.enqueue(&prefix, body)).into()
    }

    pub(crate) fn receive_packet(&mut self, packet: &mut Packet) -> Status {
        let result = self.try_receive_packet(packet);
        if matches!(result, Err(Error::NotReady)) {
            // Who wants packets has heard now that what is there is none.
            self.tell_selectors();
        }
        result.into()
    }

    fn try_receive_packet(&mut self, packet: &mut Packet) -> Result<()> {
        let mut attempt = self.mode.begin();
        let mut budget = READ_BUDGET;
        loop {
            let missing = match self.inbox.next(self.packet_limit) {
                Next::Frame(length) => {
                    self.inbox.take_frame(length, packet.replace());
                    self.tell_of_bytes();
                    return Ok(());
                }
                Next::TooLong(length) => {
                    self.disconnect();
                    return Err(Error::packet_too_long(length, self.packet_limit));
                }
                Next::More(_) if budget == 0 && !self.mode.blocking => return Err(Error::NotReady),
                Next::More(missing) => missing,
            };
            self.establish(&mut attempt)?;
            let Self { state: State::Open(handle), wire, inbox, .. } = self else { return Err(Error::Disconnected) };
            let (buffer, room) = inbox.room(missing);
            let result = wire
                .receive_within(&mut attempt, handle.socket(), |wire, socket| wire.receive_more(socket, buffer, room))
                .map_err(Error::from_transfer);
            inbox.settle();
            if W::BUFFERS {
                self.tell_selectors();
            }
            match result {
                Ok(0) => return Err(self.ended(Error::Disconnected)),
                Err(error @ (Error::Disconnected | Error::CutShort { .. })) => return Err(self.ended(error)),
                // A read that was not filled has taken all that the kernel had: asking again would only cost a call.
                Ok(received) if !W::BUFFERS && !self.mode.blocking && received < room && received < missing => {
                    return Err(Error::NotReady);
                }
                Ok(received) => budget = budget.saturating_sub(received),
                Err(error) => return Err(error),
            }
        }
    }

    fn prefix(&self, body: &[u8]) -> Result<[u8; PREFIX_LENGTH]> {
        let too_long = || Error::packet_too_long(body.len(), self.packet_limit);
        let length = u32::try_from(body.len()).map_err(|_| too_long())?;
        if body.len() > self.packet_limit { Err(too_long()) } else { Ok(length.to_be_bytes()) }
    }

    /// Takes charge of a packet. An empty outbox takes one of any size: else it could never be sent.
    pub(super) fn enqueue(&mut self, prefix: &[u8], body: &[u8]) -> Result<()> {
        let total = self.outbox.len().saturating_add(prefix.len()).saturating_add(body.len());
        if !self.outbox.is_empty() && total > self.outbox_limit {
            return Err(Error::NotReady);
        }
        self.outbox.push(prefix);
        self.outbox.push(body);
        Ok(())
    }

    /// The answer to a receive after the end of the stream, which the wire has called so.
    fn ended(&mut self, end: Error) -> Error {
        match self.inbox.unfinished() {
            Some((received, expected)) => {
                self.inbox.clear();
                Error::CutShort { received: received as u64, expected: expected as u64 }
            }
            None => end,
        }
    }
}

/// How much one non-blocking `receive_packet` reads at most, so that a fast peer cannot hold a frame of a game up.
const READ_BUDGET: usize = 1024 * 1024;
