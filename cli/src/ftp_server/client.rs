//! One session: commands in, replies out, a transfer at a time, and never a wait.

use std::{
    collections::HashMap,
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use sockeye::{Interest, Key, Result, SocketSelector, Status, TcpSocket, TlsServer};

use super::{
    Said, ServerTls, Shared,
    data::{Cargo, Data, Step, Transfer},
    folder::Place,
    wire::Wire,
};

/// A session with a client.
pub(super) struct Client {
    number: u64,
    pub(super) shared: Arc<Shared>,
    wire: Wire,
    input: Vec<u8>,
    output: Vec<u8>,
    /// The connection becomes encrypted, or ends, when the output has gone.
    pub(super) then: Then,
    pub(super) state: State,
    pub(super) data: Option<Data>,
    transfer: Option<Transfer>,
    buffer: Vec<u8>,
    /// Bytes of data that may still move.
    left: u64,
    heard: Instant,
    control: Watched,
    other: Watched,
    /// How many transfers there were.
    transfers: u64,
}

/// What happens once everything was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    GoOn,
    Secure,
    Leave,
}

/// What has been agreed on.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) user: Option<String>,
    pub(super) is_logged_in: bool,
    pub(super) refusals: u32,
    pub(super) working: Place,
    pub(super) is_text: bool,
    pub(super) offset: u64,
    pub(super) renamed: Option<Place>,
    pub(super) protects: bool,
    pub(super) only_epsv: bool,
}

/// How the selector watches a socket.
#[derive(Debug, Default)]
struct Watched {
    key: Option<Key>,
    /// Which socket it is, and for what it is watched.
    state: Option<(u64, u8, Option<Interest>)>,
}

impl Watched {
    /// The selector knows the socket under another key, or does not know it any more.
    fn set(&mut self, key: Option<Key>, number: u64, owners: &mut HashMap<Key, u64>) {
        if self.key == key {
            return;
        }
        if let Some(old) = mem::replace(&mut self.key, key) {
            owners.remove(&old);
        }
        if let Some(key) = key {
            owners.insert(key, number);
        }
    }
}

impl Client {
    pub(super) fn new(number: u64, mut socket: TcpSocket, shared: Arc<Shared>) -> Result<Self> {
        socket.set_blocking(false)?;
        let mut wire = Wire::Plain(Box::new(socket));
        if let ServerTls::Implicit(tls) = &shared.options.tls {
            wire.secure(tls)?;
        }
        let left = shared.options.breaks_after.unwrap_or(u64::MAX);
        let mut client = Self {
            number,
            shared,
            wire,
            input: Vec::new(),
            output: Vec::new(),
            then: Then::GoOn,
            state: State::default(),
            data: None,
            transfer: None,
            buffer: Vec::new(),
            left,
            heard: Instant::now(),
            control: Watched::default(),
            other: Watched::default(),
            transfers: 0,
        };
        client.say("220 sockeye serves a folder");
        Ok(client)
    }

    /// Replies; lines are separated by CR LF.
    pub(super) fn say(&mut self, reply: &str) {
        self.tell(Said::Reply(reply));
        self.output.extend_from_slice(reply.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    fn tell(&self, said: Said<'_>) {
        if let Some(ear) = &self.shared.options.hear {
            (ear.0)(self.number, said);
        }
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Begins a transfer over the data connection that was agreed on.
    pub(super) fn begin(&mut self, data: Data, cargo: Cargo) {
        self.transfers += 1;
        self.transfer = Some(Transfer::new(data, cargo, mem::take(&mut self.buffer)));
    }

    /// Whoever says nothing for long has to go; tells whether there is something to do.
    pub(super) fn is_late(&mut self) -> bool {
        if self.transfer.as_ref().is_some_and(Transfer::is_late) {
            self.end_transfer(Err("426 nothing has moved for too long".to_owned()));
            return true;
        }
        let limit = if self.then == Then::Leave { LAST_WORD } else { PATIENCE };
        if self.transfer.is_some() || self.heard.elapsed() <= limit {
            return false;
        }
        match self.then {
            // It does not even take what it was told.
            Then::Leave => self.wire = Wire::Gone,
            _ => {
                self.say("421 nothing was said for too long");
                self.then = Then::Leave;
                self.heard = Instant::now();
            }
        }
        true
    }

    /// Goes on as far as it can; `key` is that of the socket which is ready, if it is known. `false` is the end.
    pub(super) fn go_on(&mut self, key: Option<Key>) -> bool {
        let mut may_hear = key.is_none() || key == self.control.key;
        let mut budget = FAIR;
        loop {
            match self.flush() {
                Status::Done(()) => {}
                Status::NotReady => return true,
                Status::Disconnected | Status::Error(_) => return false,
            }
            match self.then {
                Then::GoOn => {}
                Then::Secure => match self.secure() {
                    Ok(()) => continue,
                    Err(_) => return false,
                },
                Then::Leave => return false,
            }
            if let Some(mut transfer) = self.transfer.take() {
                let step = transfer.step(self.wire.remote_address(), self.protection(), self.left);
                self.transfer = Some(transfer);
                let mut is_stuck = true;
                match step {
                    Step::Moved(count) => {
                        self.left = self.left.saturating_sub(count as u64);
                        self.heard = Instant::now();
                        if self.left == 0 {
                            return false;
                        }
                        // Others want something, too.
                        budget = budget.saturating_sub(count);
                        is_stuck = budget == 0;
                    }
                    Step::Wait => {}
                    Step::Done(result) => {
                        self.end_transfer(result);
                        continue;
                    }
                }
                if self.hears_abort() {
                    self.end_transfer(Err("426 aborted".to_owned()));
                    self.say("226 the abort was successful");
                    continue;
                }
                match may_hear && self.input.len() < LONGEST_LINE {
                    true => {}
                    false if is_stuck => return true,
                    false => continue,
                }
            } else if let Some(line) = self.next_line() {
                self.hear(&line);
                continue;
            } else if self.input.len() >= LONGEST_LINE {
                self.say("500 what is that");
                self.then = Then::Leave;
                continue;
            } else if !may_hear {
                return true;
            }
            let mut piece = [0; 4096];
            match self.wire.receive(&mut piece) {
                Status::Done(count) => {
                    self.heard = Instant::now();
                    self.input.extend(piece.iter().take(count));
                }
                Status::NotReady => may_hear = false,
                Status::Disconnected | Status::Error(_) => return false,
            }
        }
    }

    /// What data connections are to be encrypted with.
    fn protection(&self) -> Option<&TlsServer> {
        match &self.shared.options.tls {
            ServerTls::Explicit(tls) | ServerTls::Implicit(tls) if self.state.protects => Some(tls),
            _ => None,
        }
    }

    fn end_transfer(&mut self, result: Result<(), String>) {
        if let Some(transfer) = self.transfer.take() {
            self.buffer = transfer.into_buffer();
        }
        match result {
            Ok(()) => self.say("226 done"),
            Err(reply) => self.say(&reply),
        }
    }

    fn flush(&mut self) -> Status {
        match self.wire.advance() {
            Status::Done(()) => {}
            other => return other,
        }
        while !self.output.is_empty() {
            match self.wire.send(&self.output) {
                Status::Done(count) => drop(self.output.drain(..count.min(self.output.len()))),
                other => return other.map(|_| ()),
            }
        }
        self.wire.flush()
    }

    fn secure(&mut self) -> Result<()> {
        self.then = Then::GoOn;
        // What came in plain text behind the command is nobody's word (RFC 4217 section 15.1).
        self.input.clear();
        self.state = State::default();
        self.control.state = None;
        match &self.shared.options.tls {
            ServerTls::Explicit(tls) => self.wire.secure(tls),
            ServerTls::Off | ServerTls::Implicit(_) => Ok(()),
        }
    }

    fn hear(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let (verb, parameter) = text.split_once(' ').unwrap_or((&text, ""));
        let verb = verb.to_ascii_uppercase();
        self.tell(Said::Command(if verb == "PASS" { "PASS ****" } else { &text }));
        match std::str::from_utf8(line) {
            Ok(_) => self.act(&verb, parameter),
            Err(_) => self.say("501 names are in UTF-8 here"),
        }
    }

    /// Takes a line out of the input, without the commands of Telnet in it.
    fn next_line(&mut self) -> Option<Vec<u8>> {
        let end = self.input.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.input.drain(..=end).collect();
        Some(without_telnet(line.trim_ascii_end()))
    }

    /// Whether the next thing said is ABOR. Everything else has to wait for the end of the transfer.
    fn hears_abort(&mut self) -> bool {
        let end = self.input.iter().position(|byte| *byte == b'\n');
        let line = end.and_then(|end| self.input.get(..end)).unwrap_or_default();
        let is_abort = without_telnet(line.trim_ascii_end()).eq_ignore_ascii_case(b"ABOR");
        if is_abort {
            self.next_line();
            self.tell(Said::Command("ABOR"));
        }
        is_abort
    }

    /// Lets the selector watch what the session waits for now.
    pub(super) fn watch(&mut self, selector: &mut SocketSelector, owners: &mut HashMap<Key, u64>) -> Result<()> {
        let interest = self.wire.interest(self.input.len() < LONGEST_LINE, !self.output.is_empty());
        let state = Some((0, 0, interest));
        if state != self.control.state {
            self.control.set(self.wire.watch(selector, interest)?, self.number, owners);
            self.control.state = state;
        }
        let state = self.transfer.as_ref().map(|transfer| {
            let (which, interest) = transfer.waits_for();
            (self.transfers, which, interest)
        });
        if state != self.other.state {
            let key = self.transfer.as_ref().map_or(Ok(None), |transfer| transfer.watch(selector))?;
            self.other.set(key, self.number, owners);
            self.other.state = state;
        }
        Ok(())
    }

    /// Nobody asks after its sockets any more.
    pub(super) fn leave(&mut self, owners: &mut HashMap<Key, u64>) {
        self.control.set(None, self.number, owners);
        self.other.set(None, self.number, owners);
    }
}

/// A line without the commands of Telnet, which some clients put in front of ABOR (RFC 959 section 4.1.3).
fn without_telnet(line: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(line.len());
    let mut bytes = line.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            // Two of them stand for one.
            &IAC => text.extend(bytes.next().filter(|next| **next == IAC)),
            byte => text.push(*byte),
        }
    }
    text
}

const IAC: u8 = 255;
/// A command with its line end, and what may wait behind one.
const LONGEST_LINE: usize = 8 * 1024;
/// Bytes of a transfer that are moved before others have their turn.
const FAIR: usize = 256 * 1024;
/// How long a client may say nothing.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long it may take to hear why it has to go.
const LAST_WORD: Duration = Duration::from_secs(10);
