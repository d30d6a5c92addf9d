//! Messages in pipes: standard input and output, and those of commands.

use std::io::{self, BufRead, BufReader, IsTerminal as _, Read, Stdin, Stdout, Write};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use sockeye::{Framing, Waker};

use super::failure::Failure;
use crate::printable::printable_but;

/// How messages stand in a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// As they come.
    Chunks,
    /// With a line feed behind each.
    Lines,
    /// With a length of 32 bits before each.
    Binary,
}

/// Messages that a thread reads from a pipe, so that nothing else waits for them. It reads no further than a little
/// ahead.
#[derive(Debug)]
pub(super) struct Source {
    messages: Receiver<io::Result<Vec<u8>>>,
    moved: Moved,
}

/// When a pipe had something last.
#[derive(Debug, Clone)]
struct Moved(Arc<Mutex<Instant>>);

/// A pipe that tells so.
struct Watched<R>(R, Moved);

/// What a source has.
#[derive(Debug)]
pub(super) enum Found {
    Message(Vec<u8>),
    Nothing,
    End,
}

impl Shape {
    pub(super) fn of(framing: Framing, binary: bool) -> Self {
        match framing {
            _ if binary => Self::Binary,
            Framing::Raw => Self::Chunks,
            _ => Self::Lines,
        }
    }

    /// Reads the next message of at most `limit` bytes; `None` at the end.
    fn read(self, from: &mut impl BufRead, limit: usize) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Chunks => {
                let there = from.fill_buf()?;
                let chunk = there.get(..limit).unwrap_or(there).to_vec();
                from.consume(chunk.len());
                Ok(Some(chunk).filter(|chunk| !chunk.is_empty()))
            }
            Self::Lines => {
                let mut line = Vec::new();
                let longest = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
                if from.take(longest).read_until(b'\n', &mut line)? == 0 {
                    return Ok(None);
                }
                match line.strip_suffix(b"\n") {
                    Some(whole) => Ok(Some(whole.to_vec())),
                    // The last one may go without.
                    None if line.len() <= limit => Ok(Some(line)),
                    None => Err(invalid(format!("a line is longer than the limit of {limit} bytes"))),
                }
            }
            Self::Binary => {
                let mut length = Vec::new();
                match from.take(4).read_to_end(&mut length)? {
                    0 => return Ok(None),
                    4 => {}
                    _ => return Err(invalid("it ends inside a length".to_owned())),
                }
                let length = length.iter().fold(0, |length, byte| length << 8 | u32::from(*byte));
                if usize::try_from(length).map_or(true, |length| length > limit) {
                    return Err(invalid(format!("a message of {length} bytes is longer than the limit of {limit}")));
                }
                let mut message = Vec::new();
                // Memory grows with what is there, not with what is announced.
                let found = from.take(length.into()).read_to_end(&mut message)?;
                if found < usize::try_from(length).unwrap_or(usize::MAX) {
                    return Err(invalid(format!("it ends after {found} of the {length} bytes of a message")));
                }
                Ok(Some(message))
            }
        }
    }

    pub(super) fn write(self, to: &mut impl Write, message: &[u8]) -> io::Result<()> {
        match self {
            Self::Chunks => to.write_all(message),
            Self::Lines => to.write_all(message).and_then(|()| to.write_all(b"\n")),
            Self::Binary => {
                let length = u32::try_from(message.len()).map_err(|_| invalid("a message over 4 GiB".to_owned()))?;
                to.write_all(&length.to_be_bytes()).and_then(|()| to.write_all(message))
            }
        }
    }
}

impl Source {
    /// Reads from a pipe until it ends or holds what is no message, waking the loop for each.
    /// It fails when the system has no thread for it.
    pub(super) fn read(from: impl Read + Send + 'static, shape: Shape, limit: usize, waker: Waker) -> io::Result<Self> {
        let (sender, messages) = mpsc::sync_channel(AHEAD);
        let moved = Moved(Arc::new(Mutex::new(Instant::now())));
        let from = Watched(from, moved.clone());
        let body = move || {
            let mut from = BufReader::with_capacity(CHUNK, from);
            loop {
                let message = shape.read(&mut from, limit).transpose();
                let Some(message) = message else { break };
                let is_last = message.is_err();
                // Nobody listens any more, or nobody is to be woken: the program ends.
                if sender.send(message).is_err() || waker.wake().is_err() || is_last {
                    break;
                }
            }
            drop(sender);
            _ = waker.wake();
        };
        thread::Builder::new().spawn(body)?;
        Ok(Self { messages, moved })
    }

    /// What there is now.
    pub(super) fn take(&self) -> io::Result<Found> {
        match self.messages.try_recv() {
            Ok(message) => message.map(Found::Message),
            Err(mpsc::TryRecvError::Empty) => Ok(Found::Nothing),
            Err(mpsc::TryRecvError::Disconnected) => Ok(Found::End),
        }
    }

    /// Since when the pipe has had nothing, not even a part of a message.
    pub(super) fn quiet_since(&self) -> Instant {
        *self.moved.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        *self.1.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(count)
    }
}

/// How long standard input may be silent before nothing more of it is expected for a peer that only listens, and that
/// may have gone without a word; `None` for ever, since a file has an end.
pub(super) fn patience_with_input() -> Option<Duration> {
    let stdin = io::stdin();
    match stdin.is_terminal() {
        // Whoever sits there need not end it to get away.
        true => Some(Duration::ZERO),
        false => (!is_file(&stdin)).then_some(PAUSE),
    }
}

#[cfg(unix)]
fn is_file(stdin: &Stdin) -> bool {
    use std::{fs::File, os::fd::AsFd as _};

    let file = stdin.as_fd().try_clone_to_owned().map(File::from);
    file.and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.is_file())
}

/// Files and pipes are not told apart: a file never pauses for long.
#[cfg(windows)]
fn is_file(_stdin: &Stdin) -> bool {
    false
}

/// Standard output. Messages for a terminal have their control characters made visible.
#[derive(Debug)]
pub(super) struct Output {
    to: io::BufWriter<Stdout>,
    shape: Shape,
    is_for_people: bool,
}

impl Output {
    pub(super) fn new(shape: Shape) -> Self {
        let stdout = io::stdout();
        let is_for_people = shape != Shape::Binary && stdout.is_terminal();
        Self { to: io::BufWriter::with_capacity(CHUNK, stdout), shape, is_for_people }
    }

    pub(super) fn write(&mut self, message: &[u8]) -> Result<(), Failure> {
        let written = if self.is_for_people {
            let text = printable_but(&String::from_utf8_lossy(message), &['\n', '\t']);
            self.shape.write(&mut self.to, text.as_bytes())
        } else {
            self.shape.write(&mut self.to, message)
        };
        written.map_err(Failure::output)
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.to.flush().map_err(Failure::output)
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// How many messages are read ahead.
const AHEAD: usize = 64;
const CHUNK: usize = 64 * 1024;
/// How long a pipe may pause.
const PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
