//! One peer, and what becomes of its messages.

use std::time::Instant;

use sockeye::{Connection, ErrorKind, Framing, Interest, SocketSelector, Status};

use super::{
    failure::Failure,
    pipe::{Found, Output},
    task::Task,
};

/// A peer.
#[derive(Debug)]
pub(super) struct Peer {
    connection: Connection,
    pub(super) name: String,
    work: Work,
    /// A message for which the connection had no room.
    unsent: Option<Vec<u8>>,
    /// A message for which the command had no room.
    untaken: Option<Vec<u8>>,
    /// It says nothing more.
    is_silent: bool,
    speech: Speech,
    /// A message has gone to it, or waits to go.
    has_been_told: bool,
    /// When something was said to it last, or it was last seen to take something.
    moved: Instant,
    /// Since when it has taken nothing of what waits for it.
    stuck: Option<Instant>,
    /// How many bytes waited for it when they were looked at last.
    waiting: usize,
    /// Since when it has answered nothing of what it has to answer.
    owing: Option<Instant>,
    /// How many answers were due when they were counted last.
    due: usize,
    /// When it said something last, came, or said that this was all.
    heard: Instant,
    watched: Option<Interest>,
}

/// What becomes of a peer's messages, and where those to it come from.
#[derive(Debug)]
pub(super) enum Work {
    /// Standard output and input.
    Talk,
    /// Each other.
    Echo,
    Command(Task),
}

/// What this end has still to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speech {
    Open,
    /// Nothing new, and the peer is to know.
    Ending,
    Ended,
    /// It has gone before it had all.
    Cut,
}

impl Peer {
    pub(super) fn new(connection: Connection, name: String, work: Work) -> Self {
        let now = Instant::now();
        Self {
            connection,
            name,
            work,
            unsent: None,
            untaken: None,
            is_silent: false,
            speech: Speech::Open,
            has_been_told: false,
            moved: now,
            stuck: None,
            waiting: 0,
            owing: None,
            due: 0,
            heard: now,
            watched: Some(Interest::Read),
        }
    }

    /// Takes what the peer has said, a share of it at a time; `Some` when the peer has gone or has to.
    pub(super) fn hear(&mut self, output: &mut Output) -> Option<Result<(), Failure>> {
        for _ in 0..SHARE {
            if self.is_blocked() {
                break;
            }
            match self.connection.receive() {
                Status::Done(message) => {
                    self.heard = Instant::now();
                    if let Err(failure) = self.take(message, output) {
                        return Some(Err(failure));
                    }
                }
                Status::NotReady => break,
                Status::Disconnected => {
                    self.is_silent = true;
                    self.heard = Instant::now();
                    match &mut self.work {
                        // It may still listen: whether there is more to tell it is for the exchange to know.
                        Work::Talk => {
                            if self.has_lost() {
                                self.speech = Speech::Cut;
                            }
                        }
                        Work::Echo => self.end_speech(),
                        Work::Command(task) => task.end_input(),
                    }
                    break;
                }
                Status::Error(error) => return Some(Err(error.into())),
            }
        }
        None
    }

    fn take(&mut self, message: Vec<u8>, output: &mut Output) -> Result<(), Failure> {
        match &self.work {
            Work::Talk => output.write(&message)?,
            Work::Echo => return self.say(&message).map_err(Failure::of_peer),
            Work::Command(task) => self.untaken = task.give(message),
        }
        Ok(())
    }

    /// Whether its messages have to wait.
    fn is_blocked(&self) -> bool {
        self.is_silent || self.untaken.is_some() || (self.unsent.is_some() && matches!(self.work, Work::Echo))
    }

    /// Whether it can take another message of ours.
    pub(super) fn has_room(&self) -> bool {
        self.unsent.is_none()
    }

    /// Sends a message now or, if there is no room, later; only while [`has_room`](Self::has_room).
    pub(super) fn say(&mut self, message: &[u8]) -> Result<(), Failure> {
        if self.speech != Speech::Open {
            return Ok(());
        }
        self.moved = Instant::now();
        self.send(message)
    }

    /// Notes whether the peer has taken something of what waited for it, and of so many bytes that were added.
    fn note_taken(&mut self, added: usize) {
        let (now, pending) = (Instant::now(), self.connection.pending_bytes());
        let due = self.connection.unanswered_messages();
        if due < self.due {
            self.moved = now;
            self.owing = None;
        }
        self.due = due;
        if due > 0 {
            self.owing.get_or_insert(now);
        }
        if pending < self.waiting + added {
            self.moved = now;
            self.stuck = None;
        }
        self.waiting = pending;
        if pending == 0 && self.unsent.is_none() {
            self.stuck = None;
        } else {
            self.stuck.get_or_insert(now);
        }
    }

    fn send(&mut self, message: &[u8]) -> Result<(), Failure> {
        match self.connection.send(message) {
            Status::Done(()) => {
                self.has_been_told = true;
                // Without what the framing adds: a few bytes that go may be missed, and none are seen that have not gone.
                self.note_taken(message.len());
                Ok(())
            }
            Status::NotReady => {
                self.unsent = Some(message.to_vec());
                self.note_taken(0);
                Ok(())
            }
            // What it said before it went is still to be heard, and then why it did.
            Status::Disconnected => {
                self.speech = Speech::Cut;
                Ok(())
            }
            Status::Error(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::TooLong) => {
                Err(Failure::Unfit(error))
            }
            Status::Error(error) => Err(error.into()),
        }
    }

    /// The peer is told that nothing more comes, once it has been sent all.
    pub(super) fn end_speech(&mut self) {
        if self.speech == Speech::Open {
            self.speech = Speech::Ending;
        }
    }

    /// Whether something that it was told has not been taken; answers say so themselves.
    fn has_lost(&mut self) -> bool {
        self.has_been_told && self.connection.framing() != Framing::Tiny && self.connection.was_reset()
    }

    /// Whether it says nothing more, and does not know yet whether this end does.
    pub(super) fn only_listens(&self) -> bool {
        self.is_silent && self.speech == Speech::Open && matches!(self.work, Work::Talk)
    }

    /// Goes on with what waits; `Some` when the peer has to go.
    pub(super) fn proceed(&mut self) -> Option<Result<(), Failure>> {
        self.try_proceed().unwrap_or_else(|failure| Some(Err(failure)))
    }

    fn try_proceed(&mut self) -> Result<Option<Result<(), Failure>>, Failure> {
        // Before the message that there was no room for: if this makes room, nothing else tells of it.
        if self.connection.pending_bytes() > 0
            && !matches!(self.connection.flush(), Status::Done(()) | Status::NotReady)
        {
            // What it is that went wrong is for the receive to say.
            self.speech = Speech::Cut;
        }
        self.note_taken(0);
        if let Some(message) = self.unsent.take() {
            self.send(&message)?;
        }
        self.hear_command()?;
        if self.is_silent && self.owing.is_some() && matches!(self.work, Work::Talk) {
            // Nobody is left to answer, and what is not answered has not been taken.
            self.speech = Speech::Cut;
        }
        if self.speech == Speech::Ending && self.unsent.is_none() {
            let is_lost = self.has_lost() || self.connection.pending_bytes() > 0;
            match self.connection.shutdown_send() {
                Status::Done(()) => self.speech = Speech::Ended,
                // Behind the close of a peer it may fail, whatever that one has taken before.
                Status::Disconnected => self.speech = if is_lost { Speech::Cut } else { Speech::Ended },
                Status::NotReady => {}
                Status::Error(error) => return Err(error.into()),
            }
            self.note_taken(0);
        }
        Ok(match (self.speech, &self.work) {
            (Speech::Ended | Speech::Cut, _) if !self.is_silent => None,
            (Speech::Cut, Work::Talk) => Some(Err(Failure::Unheard)),
            (Speech::Ended | Speech::Cut, _) => Some(Ok(())),
            (Speech::Open | Speech::Ending, _) => None,
        })
    }

    /// Moves messages between the peer and its command.
    fn hear_command(&mut self) -> Result<(), Failure> {
        for _ in 0..SHARE {
            let Work::Command(task) = &mut self.work else { return Ok(()) };
            if let Some(message) = self.untaken.take() {
                self.untaken = task.give(message);
            }
            if task.has_ended || self.unsent.is_some() {
                return Ok(());
            }
            match task.output.take().map_err(Failure::Command)? {
                Found::Message(message) => self.say(&message).map_err(Failure::of_peer)?,
                Found::Nothing => return Ok(()),
                Found::End => {
                    task.has_ended = true;
                    task.end_input();
                    self.end_speech();
                }
            }
        }
        Ok(())
    }

    /// Since when it has taken nothing of what waits for it.
    pub(super) fn stuck_since(&self) -> Option<Instant> {
        self.stuck
    }

    /// Since when it has taken or answered nothing, where something waits for it or answers are due.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        self.stuck.max(self.owing)
    }

    /// Since when nothing has happened with it; `None` while something waits for it, or answers are due.
    pub(super) fn quiet_since(&self) -> Option<Instant> {
        (self.stuck.is_none() && self.owing.is_none()).then(|| self.heard.max(self.moved))
    }

    /// Watches it for what it waits for.
    pub(super) fn watch(&mut self, selector: &mut SocketSelector) -> Result<(), Failure> {
        let interest = self.interest();
        if interest == self.watched {
            return Ok(());
        }
        match interest {
            // The same key as before: it is the same socket.
            Some(interest) => _ = selector.add_with(&self.connection, interest)?,
            None => _ = selector.remove(&self.connection),
        }
        self.watched = interest;
        Ok(())
    }

    pub(super) fn close(&mut self) {
        self.connection.close();
    }

    fn interest(&self) -> Option<Interest> {
        let writes = self.connection.pending_bytes() > 0;
        // Room may come as an answer of the peer, too.
        let reads = !self.is_blocked() || (!writes && self.unsent.is_some() && !self.is_silent);
        match (reads, writes) {
            (true, true) => Some(Interest::Both),
            (true, false) => Some(Interest::Read),
            (false, true) => Some(Interest::Write),
            (false, false) => None,
        }
    }
}

/// How many messages one peer or one command may have before it is the turn of others.
const SHARE: usize = 64;

#[cfg(test)]
pub(super) mod tests {
    use std::{io::Read as _, thread, time::Duration};

    use sockeye::{IpAddress, TcpListener, TcpSocket};

    use super::*;

    impl Peer {
        /// Lets time go by in which nothing happens.
        pub(in crate::messages) fn grow_older(&mut self, by: Duration) {
            self.moved -= by;
            self.heard -= by;
            self.stuck = self.stuck.map(|since| since - by);
            self.owing = self.owing.map(|since| since - by);
        }
    }

    /// A connection, and who reads at its other end.
    pub(in crate::messages) fn connected() -> (Connection, TcpSocket) {
        let (mut listener, mut reader) = (TcpListener::new(), TcpSocket::new());
        listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
        reader.connect(IpAddress::LOCAL_HOST, listener.local_port()).into_result().unwrap();
        (Connection::new(listener.accept().into_result().unwrap(), Framing::Packet), reader)
    }

    #[test]
    fn a_message_without_room_waits_for_something() {
        let (mut connection, mut reader) = connected();
        connection.set_blocking(false).unwrap();
        connection.set_outbox_limit(1);
        let mut peer = Peer::new(connection, "reader".to_owned(), Work::Talk);
        // Room comes at any moment.
        let reader = thread::spawn(move || while reader.read(&mut [0; 8192]).unwrap() > 0 {});
        let message = [7; 8192];
        for _ in 0..20_000 {
            peer.say(&message).unwrap();
            while !peer.has_room() {
                assert!(peer.proceed().is_none());
                let waits = matches!(peer.interest(), Some(Interest::Write | Interest::Both));
                assert!(waits || peer.has_room(), "nothing would tell of room");
            }
        }
        drop(peer);
        reader.join().unwrap();
    }
}
