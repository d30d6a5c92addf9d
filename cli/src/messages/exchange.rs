//! The loop between peers, standard input and standard output.

use std::{
    collections::HashMap,
    io::{self, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sockeye::{Connection, Key, SocketSelector, Waker};

use super::{
    failure::Failure,
    news::{Ear, News, Teller, grapevine},
    options::MessageArgs,
    peer::{Peer, Work},
    pipe::{Found, Output, Shape, Source, patience_with_input},
    task::Task,
};
use crate::printable::printable;

/// Peers, and everything that happens between them and the pipes of this program.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    args: &'a MessageArgs,
    role: Role,
    selector: SocketSelector,
    peers: HashMap<Key, Peer>,
    news: Ear,
    input: Input,
    output: Output,
    shape: Shape,
    /// Whether there has been a peer.
    has_met: bool,
    is_interrupted: Arc<AtomicBool>,
}

/// How long the exchange lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Until it is stopped.
    Server,
    /// As long as the one peer, which ends it with what it ends with itself.
    OnePeer {
        /// How long to wait for the peer's next message after the end of standard input.
        wait: Option<Duration>,
        /// How long it may take nothing after that.
        limit: Option<Duration>,
        /// Whether the peer is told of that end.
        tells: bool,
    },
}

#[derive(Debug)]
enum Input {
    /// Not before the first peer is there: nothing is said to nobody.
    Unread,
    /// With how long it may be silent before a peer that only listens is told the end; `None` for ever.
    Open(Source, Option<Duration>),
    Ended(Instant),
    Unused,
}

impl<'a> Exchange<'a> {
    /// Makes one, with a way to tell it of peers.
    pub(super) fn new(args: &'a MessageArgs, role: Role) -> Result<(Self, Teller), Failure> {
        let selector = SocketSelector::new()?;
        let (teller, news) = grapevine(selector.waker(), args.verbose);
        let is_interrupted = Arc::new(AtomicBool::new(false));
        let input = if args.echo || args.command.is_some() { Input::Unused } else { Input::Unread };
        let shape = Shape::of(args.framing(), args.binary);
        let (output, peers) = (Output::new(shape), HashMap::new());
        let has_met = false;
        Ok((Self { args, role, selector, peers, news, input, output, shape, has_met, is_interrupted }, teller))
    }

    /// What ends the loop when it is raised, and what wakes it then.
    pub(super) fn interrupter(&self) -> (Arc<AtomicBool>, Waker) {
        (Arc::clone(&self.is_interrupted), self.selector.waker())
    }

    /// Runs until the exchange has come to its end.
    pub(super) fn run(&mut self) -> Result<(), Failure> {
        loop {
            if self.is_interrupted.load(Ordering::Relaxed) {
                return Err(Failure::Interrupted);
            }
            while let Some(news) = self.news.hear() {
                self.learn(news)?;
            }
            let ready: Vec<Key> = self.selector.ready().filter(|event| event.readable).map(|event| event.key).collect();
            for key in ready {
                let Some(ended) = self.peers.get_mut(&key).and_then(|peer| peer.hear(&mut self.output)) else {
                    continue;
                };
                // What it said before is not lost with it.
                self.output.flush()?;
                self.part(key, ended)?;
            }
            let is_more = self.feed()?;
            self.end_speeches(is_more);
            self.output.flush()?;
            self.proceed()?;
            if self.is_over() {
                return Ok(());
            }
            let limit = if is_more { Some(Duration::ZERO) } else { self.limit() };
            self.selector.wait(limit)?;
        }
    }

    /// Whether the one peer has come and gone, or has been silent for as long as was asked.
    fn is_over(&self) -> bool {
        let Role::OnePeer { .. } = self.role else { return false };
        let has_waited = self.end_of_wait().is_some_and(|end| end <= Instant::now());
        self.has_met && (self.peers.is_empty() || has_waited)
    }

    /// When the one peer has been silent for as long as was asked, unless it says something; `None` while something
    /// waits for it, and where it is waited for until it closes.
    fn end_of_wait(&self) -> Option<Instant> {
        let (Role::OnePeer { wait: Some(wait), .. }, Input::Ended(ended)) = (self.role, &self.input) else {
            return None;
        };
        // A time that never comes is none.
        self.peers.values().filter_map(|peer| peer.quiet_since()?.max(*ended).checked_add(wait)).min()
    }

    /// How long the loop may sleep, unless something happens.
    fn limit(&self) -> Option<Duration> {
        let until = match (&self.role, &self.input) {
            (Role::Server, _) | (Role::OnePeer { .. }, Input::Ended(_)) => {
                let stalls = self.peers.values().filter_map(|peer| {
                    let (since, patience) = stall(self.role, &self.input, peer)?;
                    since.checked_add(patience)
                });
                stalls.chain(self.end_of_wait()).min()
            }
            (Role::OnePeer { .. }, Input::Open(source, Some(patience))) => {
                let listeners = self.peers.values().filter(|peer| peer.only_listens());
                listeners.filter_map(|peer| Some(peer.quiet_since()?.max(source.quiet_since()) + *patience)).min()
            }
            (Role::OnePeer { .. }, _) => None,
        };
        until.map(|until| until.saturating_duration_since(Instant::now()))
    }

    fn learn(&mut self, news: News) -> Result<(), Failure> {
        match news {
            News::Published(name) => self.log(&format!("published as {name}")),
            News::Refused(error, name) => self.log(&format!("{name} is refused: {error}")),
            News::Opened(connection, name) => match self.open(*connection, &name) {
                // One for whom there is no descriptor, no thread or no command is no reason to leave the others.
                Err(failure) if self.role == Role::Server => self.log(&format!("{name} is refused: {failure}")),
                opened => return opened,
            },
        }
        Ok(())
    }

    fn open(&mut self, mut connection: Connection, name: &str) -> Result<(), Failure> {
        connection.set_message_limit(self.args.limit());
        connection.set_framing(self.args.framing());
        connection.set_blocking(false)?;
        let limit = connection.message_limit();
        let work = match &self.args.command {
            _ if self.args.echo => Work::Echo,
            Some(command) => Work::Command(Task::start(command, self.shape, limit, &self.selector.waker())?),
            None => Work::Talk,
        };
        if matches!(self.input, Input::Unread) {
            self.input = if self.args.no_input {
                // Nothing comes from it, and no peer has to know.
                Input::Ended(Instant::now())
            } else {
                let source = Source::read(io::stdin(), self.shape, limit, self.selector.waker());
                Input::Open(source.map_err(Failure::Input)?, patience_with_input())
            };
        }
        let key = self.selector.add(&connection)?;
        self.log(&format!("{name} is connected"));
        self.peers.insert(key, Peer::new(connection, name.to_owned(), work));
        self.has_met = true;
        Ok(())
    }

    /// Gives the peers what standard input has, a share of it at a time; tells whether there may be more at once.
    ///
    /// Nobody is left behind: the next message is read when everybody has room for it.
    fn feed(&mut self) -> Result<bool, Failure> {
        let Input::Open(source, _) = &self.input else { return Ok(false) };
        let mut gone = Vec::new();
        let mut is_more = true;
        for _ in 0..SHARE {
            if self.peers.is_empty() || !gone.is_empty() || !self.peers.values().all(Peer::has_room) {
                is_more = false;
                break;
            }
            match source.take().map_err(Failure::Input)? {
                Found::Message(message) => {
                    for (key, peer) in &mut self.peers {
                        match peer.say(&message) {
                            Ok(()) => {}
                            Err(failure @ Failure::Unfit(_)) => return Err(failure),
                            Err(failure) => gone.push((*key, failure)),
                        }
                    }
                }
                Found::Nothing => {
                    is_more = false;
                    break;
                }
                Found::End => {
                    if let Role::OnePeer { tells: true, .. } = self.role {
                        self.peers.values_mut().for_each(Peer::end_speech);
                    }
                    self.input = Input::Ended(Instant::now());
                    is_more = false;
                    break;
                }
            }
        }
        let has_gone = !gone.is_empty();
        for (key, failure) in gone {
            self.part(key, Err(failure))?;
        }
        Ok(is_more || has_gone)
    }

    /// Tells the end to those who only listen, unless standard input may have more for the one peer.
    fn end_speeches(&mut self, is_more: bool) {
        let is_all = |peer: &Peer| match (self.role, &self.input) {
            (Role::OnePeer { .. }, Input::Open(source, patience)) => {
                let quiet = peer.quiet_since().map(|since| since.max(source.quiet_since()).elapsed());
                !is_more && quiet.zip(*patience).is_some_and(|(quiet, patience)| quiet >= patience)
            }
            _ => true,
        };
        self.peers.values_mut().filter(|peer| peer.only_listens() && is_all(peer)).for_each(Peer::end_speech);
    }

    /// Lets every peer go on with what waits, and watches it for what it waits for.
    fn proceed(&mut self) -> Result<(), Failure> {
        let mut gone = Vec::new();
        for (key, peer) in &mut self.peers {
            let mut ended = peer.proceed();
            // Not before that: what waits may be newer than the last look at it.
            if ended.is_none()
                && let Some((since, patience)) = stall(self.role, &self.input, peer)
                && since.elapsed() >= patience
            {
                ended = Some(Err(Failure::Stalled(patience)));
            }
            match ended {
                Some(ended) => gone.push((*key, ended)),
                None => peer.watch(&mut self.selector)?,
            }
        }
        gone.into_iter().try_for_each(|(key, ended)| self.part(key, ended))
    }

    /// Takes leave of a peer. What ended it ends the exchange if it was the only one, or if it was our own doing.
    fn part(&mut self, key: Key, ended: Result<(), Failure>) -> Result<(), Failure> {
        let Some(peer) = self.peers.remove(&key) else { return Ok(()) };
        match &ended {
            Ok(()) => self.log(&format!("{} has left", peer.name)),
            Err(failure) => self.log(&format!("{} has gone: {failure}", peer.name)),
        }
        match ended {
            Err(Failure::Socket(_) | Failure::Stalled(_) | Failure::Unheard | Failure::Command(_))
                if self.role == Role::Server =>
            {
                Ok(())
            }
            ended => ended,
        }
    }

    fn log(&self, what: &str) {
        say(self.args, what);
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        // Peers over TLS hear that it is the end and no cut.
        self.peers.values_mut().for_each(Peer::close);
    }
}

/// Since when a peer takes nothing, and for how long it may; `None` while it takes something, or may for ever.
fn stall(role: Role, input: &Input, peer: &Peer) -> Option<(Instant, Duration)> {
    match (role, input) {
        (Role::Server, _) => Some((peer.stuck_since()?, STUCK)),
        (Role::OnePeer { limit: Some(limit), .. }, Input::Ended(ended)) => {
            Some((peer.idle_since()?.max(*ended), limit))
        }
        (Role::OnePeer { .. }, _) => None,
    }
}

/// Says something on standard error if that is wanted.
pub(super) fn say(args: &MessageArgs, what: &str) {
    if args.verbose {
        // Nobody may be left to read it.
        _ = writeln!(io::stderr(), "{}", printable(what));
    }
}

/// How many messages of standard input are sent before it is the turn of the peers.
const SHARE: usize = 64;
/// How long a peer is waited for that takes nothing of what is sent to it.
pub(super) const STUCK: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::messages::{one_peer, peer::tests::connected};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        messages: MessageArgs,
    }

    #[test]
    fn one_peer_that_takes_nothing_is_not_waited_for_for_ever() {
        let minute = STUCK * 2;
        let end_behind = |framing, wait, since: Duration| {
            let line = Line::parse_from(["sockeye", "--echo", "--framing", framing]);
            let (connection, _reader) = connected();
            let (mut exchange, _teller) = Exchange::new(&line.messages, one_peer(&line.messages, wait)).unwrap();
            exchange.open(connection, "reader").unwrap();
            let peer = exchange.peers.values_mut().next().unwrap();
            peer.say(&[7; 7 << 20]).unwrap();
            exchange.proceed().unwrap();
            exchange.peers.values_mut().for_each(|peer| peer.grow_older(minute));
            exchange.input = Input::Ended(Instant::now() - since);
            (exchange.proceed(), exchange.limit())
        };
        let second = Some(Duration::from_secs(1));
        // Tinyproto has a wait of its own for the last answer to say something, which bounds nothing else.
        for framing in ["packet", "tiny"] {
            let end_behind = |wait, since| end_behind(framing, wait, since);
            assert!(matches!(end_behind(second, minute), (Err(Failure::Stalled(STUCK)), _)));
            assert!(matches!(end_behind(Some(minute * 2), minute), (Ok(()), Some(limit)) if limit <= minute));
            assert!(matches!(end_behind(second, Duration::ZERO), (Ok(()), Some(limit)) if limit <= STUCK));
            assert!(matches!(end_behind(None, minute), (Ok(()), None)));
        }
    }

    #[test]
    fn what_began_to_wait_a_moment_ago_is_not_stuck() {
        let (connection, _reader) = connected();
        let line = Line::parse_from(["sockeye", "--echo", "--framing", "packet"]);
        let (mut exchange, _teller) = Exchange::new(&line.messages, Role::Server).unwrap();
        exchange.open(connection, "reader").unwrap();
        exchange.proceed().unwrap();

        // A quiet minute, and then more than the system takes.
        let peer = exchange.peers.values_mut().next().unwrap();
        peer.grow_older(STUCK * 2);
        peer.say(&[7; 7 << 20]).unwrap();
        assert!(peer.stuck_since().is_some());
        exchange.proceed().unwrap();
        assert_eq!(exchange.peers.len(), 1);
        // A minute in which nothing was taken, whatever else was said.
        let peer = exchange.peers.values_mut().next().unwrap();
        peer.grow_older(STUCK * 2);
        if peer.has_room() {
            peer.say(b"more").unwrap();
        }
        exchange.proceed().unwrap();
        assert_eq!(exchange.peers.len(), 0);
    }
}
