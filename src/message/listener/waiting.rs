//! Those who have connected and not shown the key yet.

use std::collections::{HashMap, VecDeque};

use super::{Door, Peer};
use crate::{
    error::{Error, Result},
    message::opening::Opening,
    mode::Mode,
    selector::{Key, Selectable, SocketSelector, sealed},
    stream::Stream,
    sys::Handle,
    time::Deadline,
};

/// Peers on their way in, all of them watched together with the door.
#[derive(Debug)]
pub(super) struct Waiting {
    selector: SocketSelector,
    /// What other selectors watch in place of all of them, where the system has such a thing.
    handle: Option<Handle>,
    doors: Vec<Key>,
    openings: HashMap<Key, (Opening, Peer)>,
    /// The oldest first. All have the same limit, so it is also the first whose time is over.
    order: VecDeque<Key>,
    /// Those whose answer waits for its time.
    held: Vec<Key>,
    max: usize,
}

/// What became of a peer.
type Found = (Result<Stream>, Peer);

impl Waiting {
    pub(super) fn new(door: &Door, max: usize) -> Result<Self> {
        let mut selector = SocketSelector::new()?;
        let doors = door.watch(&mut selector)?;
        let handle = selector.nested()?;
        Ok(Self {
            selector,
            handle,
            doors,
            openings: HashMap::new(),
            order: VecDeque::new(),
            held: Vec::new(),
            max: max.max(1),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.openings.len()
    }

    pub(super) fn handle(&self) -> Option<&Handle> {
        self.handle.as_ref()
    }

    /// Waits until somebody is at the door, somebody goes on, somebody's time is over or the deadline has passed; tells
    /// whether somebody is at the door.
    pub(super) fn wait(&mut self, deadline: Deadline) -> Result<bool> {
        let first = self.order.front().into_iter().chain(&self.held);
        let first = first.filter_map(|key| self.openings.get(key)?.0.due().remaining()).min();
        let limit = [deadline.remaining(), first].into_iter().flatten().min();
        self.selector.wait(limit)?;
        Ok(self.selector.ready().any(|event| self.doors.contains(&event.key)))
    }

    /// Begins with somebody, who may be done at once.
    pub(super) fn begin(&mut self, mut opening: Opening, peer: Peer) -> Option<Found> {
        match opening.step() {
            Err(Error::NotReady) => {}
            result => return ended(result, opening, peer),
        }
        if self.openings.len() >= self.max
            && let Some(oldest) = self.order.pop_front()
        {
            self.openings.remove(&oldest);
            self.held.retain(|other| *other != oldest);
        }
        match self.selector.add(&opening) {
            Ok(key) => {
                if opening.is_held() {
                    self.selector.remove(&opening);
                    self.held.push(key);
                }
                self.openings.insert(key, (opening, peer));
                self.order.push_back(key);
                None
            }
            Err(error) => Some((Err(error), peer)),
        }
    }

    /// Goes on with those who are ready, and ends those whose time is over.
    pub(super) fn proceed(&mut self, found: &mut VecDeque<Found>) {
        let mut ready: Vec<Key> =
            self.selector.ready().map(|event| event.key).filter(|key| !self.doors.contains(key)).collect();
        let is_late = |key: &&Key| self.openings.get(key).is_some_and(|(opening, _)| opening.due().has_passed());
        ready.extend(self.order.iter().take_while(is_late).chain(self.held.iter().filter(is_late)));
        for key in ready {
            let Some((opening, _)) = self.openings.get_mut(&key) else { continue };
            let result = opening.step();
            if matches!(result, Err(Error::NotReady)) {
                if opening.is_held() {
                    // What it says meanwhile is of no interest.
                    self.selector.remove(opening);
                    self.held.push(key);
                }
                continue;
            }
            self.order.retain(|other| *other != key);
            self.held.retain(|other| *other != key);
            if let Some((opening, peer)) = self.openings.remove(&key) {
                self.selector.remove(&opening);
                found.extend(ended(result, opening, peer));
            }
        }
    }
}

/// What is to be told of a handshake that has ended; nothing of a peer that has gone.
fn ended(result: Result<()>, opening: Opening, peer: Peer) -> Option<Found> {
    match result {
        Err(Error::Disconnected | Error::CutShort { .. }) => None,
        result => Some((result.and_then(|()| opening.into_stream(Mode::AT_ONCE)), peer)),
    }
}

impl Selectable for Opening {}

impl sealed::Sealed for Opening {
    #[allow(private_interfaces)]
    fn handle(&self) -> Option<&Handle> {
        Self::handle(self)
    }
}
