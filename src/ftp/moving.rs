//! The bytes of a transfer, between the data connection and this side's end.

use std::{
    mem,
    time::{Duration, Instant},
};

use super::{
    cargo::{Cargo, FileRange, Sink, Source, Translation},
    data::Clock,
    wire::Wire,
};
use crate::{
    bytes::Aligned,
    error::{Error, Result},
    status::Status,
    sys::Direction,
};

/// The bytes on their way.
#[derive(Debug)]
pub(super) struct Mover {
    translation: Translation,
    /// Bytes that have gone over the wire.
    moved: u64,
    buffer: Aligned,
    /// What of the buffer is to be sent, or was received and not delivered yet.
    start: usize,
    end: usize,
    /// Bytes of a source before their translation.
    scratch: Vec<u8>,
    delivered: Instant,
    system_waits: bool,
    cannot_send_files: bool,
}

/// Where a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    /// There is nothing to do until the connection is ready for this.
    Wait(Direction),
    /// There may be more to do at once: a step is short.
    More,
    /// All has gone, or has come.
    End,
}

/// Whose fault it is that nothing more is moved.
#[derive(Debug)]
pub(super) enum Failure {
    /// This side's end.
    Here(Error),
    /// The data connection.
    There(Error),
}

impl Failure {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Here(error) | Self::There(error) => error,
        }
    }
}

impl Mover {
    /// `buffer` is one that is at hand.
    pub(super) fn new(translation: Translation, buffer: Aligned) -> Self {
        Self {
            translation,
            moved: 0,
            buffer,
            start: 0,
            end: 0,
            scratch: Vec::new(),
            delivered: Instant::now(),
            system_waits: false,
            cannot_send_files: false,
        }
    }

    pub(super) fn moved(&self) -> u64 {
        self.moved
    }

    /// Gives the buffer back.
    pub(super) fn take_buffer(&mut self) -> Aligned {
        mem::take(&mut self.buffer)
    }

    /// Lets the system wait for a connection that moves much: it does so with fewer calls.
    pub(super) fn let_system_wait(&mut self, wire: &Wire) -> Result<()> {
        let Wire::Plain(handle) = wire else { return Ok(()) };
        if self.system_waits || self.moved < LONG {
            return Ok(());
        }
        self.system_waits = true;
        let socket = handle.socket();
        socket
            .set_read_timeout(Some(TICK))
            .and_then(|()| socket.set_write_timeout(Some(TICK)))
            .and_then(|()| socket.set_nonblocking(false))
            .map_err(Error::from_os)
    }

    /// Moves what can be moved without waiting, or a part of it.
    pub(super) fn step(&mut self, wire: &mut Wire, cargo: &mut Cargo<'_>, clock: &mut Clock) -> Result<Moved, Failure> {
        let size = if self.moved < FIRST_BUFFER as u64 { FIRST_BUFFER } else { BUFFER };
        self.buffer.grow(size);
        match cargo {
            Cargo::Down(sink) => self.receive(wire, *sink, clock),
            Cargo::Up(source) => self.send(wire, *source, clock),
        }
    }

    fn receive(&mut self, wire: &mut Wire, sink: &mut dyn Sink, clock: &mut Clock) -> Result<Moved, Failure> {
        loop {
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match wire.receive(room) {
                Status::Done(count) => {
                    self.end += count;
                    self.moved += count as u64;
                    clock.restart();
                    // Large pieces cost half of what small ones do; but whoever looks on wants to see something.
                    if self.end >= self.buffer.len() / 2 || self.delivered.elapsed() >= TICK {
                        return self.deliver(sink).map(|()| Moved::More);
                    }
                }
                Status::NotReady => {
                    let is_anything = self.end > 0;
                    self.deliver(sink)?;
                    if is_anything {
                        // It is not the peer who was silent in the meantime.
                        clock.restart();
                    }
                    return Ok(Moved::Wait(wire.direction()));
                }
                Status::Disconnected => return Ok(Moved::End),
                Status::Error(error) => {
                    self.deliver(sink)?;
                    return Err(Failure::There(error));
                }
            }
        }
    }

    /// Delivers what is left of a download that has come to its end.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), Failure> {
        self.deliver(sink)?;
        let rest = self.translation.finish();
        if rest.is_empty() { Ok(()) } else { sink.write(rest).map_err(Failure::Here) }
    }

    fn deliver(&mut self, sink: &mut dyn Sink) -> Result<(), Failure> {
        self.delivered = Instant::now();
        let end = mem::take(&mut self.end);
        let received = self.buffer.get_mut(..end).unwrap_or_default();
        if received.is_empty() {
            return Ok(());
        }
        sink.write(self.translation.apply(received)).map_err(Failure::Here)
    }

    fn send(&mut self, wire: &mut Wire, source: &mut dyn Source, clock: &mut Clock) -> Result<Moved, Failure> {
        let mut budget = BUFFER;
        while budget > 0 {
            let rest = self.buffer.get(self.start..self.end).unwrap_or_default();
            let outcome = if !rest.is_empty() {
                let outcome = wire.send(rest);
                if let Status::Done(count) = outcome {
                    self.start += count;
                }
                outcome
            } else if let Some(range) = self.large_file(source) {
                let Some(outcome) = wire.send_file(range.file, range.offset, range.left) else {
                    self.cannot_send_files = true;
                    continue;
                };
                if let Status::Done(count) = outcome {
                    if count == 0 {
                        return Err(Failure::Here(source.became_shorter()));
                    }
                    source.gone(count as u64);
                }
                outcome
            } else if self.fill(source)? {
                continue;
            } else {
                return Ok(Moved::End);
            };
            match outcome {
                Status::Done(count) => {
                    self.moved += count as u64;
                    budget = budget.saturating_sub(count);
                    clock.restart();
                }
                Status::NotReady => return Ok(Moved::Wait(Direction::Write)),
                Status::Disconnected => return Err(Failure::There(Error::Disconnected)),
                Status::Error(error) => return Err(Failure::There(error)),
            }
        }
        Ok(Moved::More)
    }

    /// A part of a file that is worth it to let the kernel copy.
    fn large_file<'a>(&self, source: &'a dyn Source) -> Option<FileRange<'a>> {
        let range = if self.translation.is_none() && !self.cannot_send_files { source.file() } else { None };
        range.filter(|range| range.left > SMALL_FILE)
    }

    /// Reads more of the source; `false` at its end.
    fn fill(&mut self, source: &mut dyn Source) -> Result<bool, Failure> {
        self.start = 0;
        self.end = 0;
        if self.translation.is_none() {
            self.end = source.read(&mut self.buffer).map_err(Failure::Here)?;
            return Ok(self.end > 0);
        }
        self.scratch.resize(self.buffer.len() / 2, 0);
        let count = source.read(&mut self.scratch).map_err(Failure::Here)?;
        let read = self.scratch.get_mut(..count).unwrap_or_default();
        let translated = self.translation.apply(read);
        // At most twice as long, which is what there is room for.
        self.end = translated.len();
        match self.buffer.get_mut(..self.end) {
            Some(to) => to.copy_from_slice(translated),
            None => {
                return Err(Failure::Here(Error::invalid_input("a reader", "a reader that tells what it has read")));
            }
        }
        Ok(count > 0)
    }
}

/// For the first bytes, which are all of a small file: little enough to come from the allocator's own memory.
const FIRST_BUFFER: usize = 64 * 1024;
/// For the rest: half of it is read and written at once.
const BUFFER: usize = 512 * 1024;
/// A file up to this length is read and sent with fewer calls than it takes to let the kernel copy it.
const SMALL_FILE: u64 = 64 * 1024;
/// So many bytes make it worth to change how the system waits.
pub(super) const LONG: u64 = 1024 * 1024;
/// How often whoever looks on hears of a transfer, at the least.
pub(super) const TICK: Duration = Duration::from_millis(200);
