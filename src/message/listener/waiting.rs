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

/// Peers in the handshake, all of them watched together with the door.
#[derive(Debug)]
pub(super) struct Waiting {
    selector: SocketSelector,
    door: Key,
    openings: HashMap<Key, (Opening, Peer)>,
    /// The oldest first. All have the same limit, so it is also the first whose time is over.
    order: VecDeque<Key>,
    max: usize,
}

/// What became of a peer.
type Found = (Result<Stream>, Peer);

impl Waiting {
    pub(super) fn new(door: &Door, max: usize) -> Result<Self> {
        let mut selector = SocketSelector::new()?;
        let door = selector.add(door)?;
        Ok(Self { selector, door, openings: HashMap::new(), order: VecDeque::new(), max: max.max(1) })
    }

    pub(super) fn len(&self) -> usize {
        self.openings.len()
    }

    pub(super) fn clear(&mut self) {
        self.openings.clear();
        self.order.clear();
    }

    /// Waits until somebody is at the door, somebody goes on, somebody's time is over or the deadline has passed; tells
    /// whether somebody is at the door.
    pub(super) fn wait(&mut self, door: &Door, deadline: Deadline) -> Result<bool> {
        let oldest = self.order.front().and_then(|key| self.openings.get(key));
        let first = oldest.and_then(|(opening, _)| opening.deadline().remaining());
        let limit = [deadline.remaining(), first].into_iter().flatten().min();
        self.selector.wait(limit)?;
        Ok(self.selector.is_ready(door))
    }

    /// Begins with somebody, who may be done at once.
    pub(super) fn begin(&mut self, mut opening: Opening, peer: Peer, mode: Mode) -> Option<Found> {
        match opening.step() {
            Err(Error::NotReady) => {}
            result => return ended(result, opening, peer, mode),
        }
        if self.openings.len() >= self.max
            && let Some(oldest) = self.order.pop_front()
        {
            self.openings.remove(&oldest);
        }
        match self.selector.add(&opening) {
            Ok(key) => {
                self.openings.insert(key, (opening, peer));
                self.order.push_back(key);
                None
            }
            Err(error) => Some((Err(error), peer)),
        }
    }

    /// Goes on with those who are ready, and ends those whose time is over.
    pub(super) fn proceed(&mut self, mode: Mode, found: &mut VecDeque<Found>) {
        let mut ready: Vec<Key> =
            self.selector.ready().map(|event| event.key).filter(|key| *key != self.door).collect();
        let late = self
            .order
            .iter()
            .take_while(|key| self.openings.get(key).is_some_and(|(opening, _)| opening.deadline().has_passed()));
        ready.extend(late);
        for key in ready {
            let Some((opening, _)) = self.openings.get_mut(&key) else { continue };
            let result = opening.step();
            if matches!(result, Err(Error::NotReady)) {
                continue;
            }
            self.order.retain(|other| *other != key);
            if let Some((opening, peer)) = self.openings.remove(&key) {
                self.selector.remove(&opening);
                found.extend(ended(result, opening, peer, mode));
            }
        }
    }
}

/// What is to be told of a handshake that has ended; nothing of a peer that has gone.
fn ended(result: Result<()>, opening: Opening, peer: Peer, mode: Mode) -> Option<Found> {
    match result {
        Err(Error::Disconnected | Error::CutShort { .. }) => None,
        result => Some((result.and_then(|()| opening.into_stream(mode)), peer)),
    }
}

impl Selectable for Opening {}

impl sealed::Sealed for Opening {
    #[allow(private_interfaces)]
    fn handle(&self) -> Option<&Handle> {
        Self::handle(self)
    }
}
