//! Coming, talking and going: what the server does with messages over TCP.

use std::time::Instant;

use sockeye::Key;

use crate::arena::protocol::{ClientMessage, Refusal, ServerMessage, Token, VERSION};
use crate::arena::random;
use crate::arena::text::Name;

use super::peer::{Parting, Peer, Phase, Player};
use super::{FRAME_PREFIX, Server};

impl Server {
    pub(super) fn handle(&mut self, key: Key, message: ClientMessage, now: Instant) -> Result<(), Parting> {
        let peer = self.peers.get_mut(&key).ok_or(Parting::Left)?;
        match (message, &mut peer.phase) {
            (ClientMessage::Hello { name }, Phase::Greeting { .. }) => self.welcome(key, &name, now),
            (ClientMessage::OtherVersion { .. }, Phase::Greeting { .. }) => self.refuse(key, Refusal::Version(VERSION)),
            (ClientMessage::Chat { line }, Phase::Playing(player)) => {
                if player.chat.take(now) {
                    let player = player.id;
                    self.broadcast(&ServerMessage::Chat { player, line });
                } else {
                    self.tally.dropped.over_rate += 1;
                }
                Ok(())
            }
            _ => Err(Parting::Malformed),
        }
    }

    /// Lets somebody into the game and introduces everybody to everybody.
    fn welcome(&mut self, key: Key, name: &Name, now: Instant) -> Result<(), Parting> {
        let token = Token(random::secret().map_err(|_| Parting::Failed)?);
        let Some(id) = self.world.join() else { return self.refuse(key, Refusal::Full) };
        let name = self.distinct(name);
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.phase = Phase::Playing(Player::new(id, name.clone(), token, now));
        }
        self.tokens.insert(token, key);
        self.tally.set_players(self.tokens.len());

        let udp_port = self.udp.local_port();
        self.send(key, &ServerMessage::Welcome { player: id, token, udp_port })?;
        let others: Vec<_> =
            self.players().filter(|other| other.id != id).map(|other| (other.id, other.name.clone())).collect();
        for (player, name) in others {
            self.send(key, &ServerMessage::Joined { player, name })?;
        }
        self.broadcast(&ServerMessage::Joined { player: id, name });
        Ok(())
    }

    fn refuse(&mut self, key: Key, refusal: Refusal) -> Result<(), Parting> {
        self.send(key, &ServerMessage::Refused { refusal })?;
        Err(Parting::Refused)
    }

    /// Gives a name that nobody else has.
    fn distinct(&self, wanted: &Name) -> Name {
        let is_free = |name: &Name| self.players().all(|player| player.name != *name);
        let mut numbered = (2..).map(|number| wanted.numbered(number));
        if is_free(wanted) { wanted.clone() } else { numbered.find(is_free).unwrap_or_else(|| wanted.clone()) }
    }

    fn players(&self) -> impl Iterator<Item = &Player> {
        self.peers.values().filter_map(Peer::player)
    }

    fn send(&mut self, key: Key, message: &ServerMessage) -> Result<(), Parting> {
        let packet = message.encode();
        let peer = self.peers.get_mut(&key).ok_or(Parting::Left)?;
        peer.send(&packet, &mut self.selector)?;
        self.tally.traffic.sent.count(packet.len() + FRAME_PREFIX);
        Ok(())
    }

    /// Tells something to all players; it is written once.
    pub(super) fn broadcast(&mut self, message: &ServerMessage) {
        let packet = message.encode();
        for (key, peer) in &mut self.peers {
            if peer.player().is_none() {
                continue;
            }
            match peer.send(&packet, &mut self.selector) {
                Ok(()) => self.tally.traffic.sent.count(packet.len() + FRAME_PREFIX),
                Err(parting) => self.leaving.push((*key, parting)),
            }
        }
    }

    pub(super) fn flush(&mut self, key: Key) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        if let Err(parting) = peer.flush(&mut self.selector) {
            self.leaving.push((key, parting));
        }
    }

    /// Drops everybody who has to go. Telling the others may find more of them, but each goes once.
    pub(super) fn let_them_go(&mut self) {
        while let Some((key, parting)) = self.leaving.pop() {
            let Some(peer) = self.peers.remove(&key) else { continue };
            self.tally.parted(parting);
            if let Some(player) = peer.player() {
                let (id, token) = (player.id, player.token);
                self.tokens.remove(&token);
                self.world.leave(id);
                self.tally.set_players(self.tokens.len());
                self.broadcast(&ServerMessage::Left { player: id });
            }
        }
    }
}
