//! A chat in one thread, for everybody who speaks tinyproto. `cargo run --example chat_server` talks to itself and ends,
//! with `-- 7777` it serves that port until it is stopped.
//!
//! A guest of tinyproto cannot tell a message from an answer while it sends one itself. So guests ask and the server
//! answers: each message gets one back, with all that the others have said in the meantime. An empty one only asks.

use std::{collections::HashMap, thread};

use sockeye::{Connection, Endpoint, Framing, IpAddress, Key, Result, SocketSelector, Status, TcpListener};

pub(crate) struct Chat {
    selector: SocketSelector,
    pub(crate) listener: TcpListener,
    guests: HashMap<Key, (Connection, /* what it has not heard yet */ Vec<String>)>,
}

impl Chat {
    pub(crate) fn new(port: u16) -> Result<Self> {
        let (mut selector, mut listener) = (SocketSelector::new()?, TcpListener::new());
        listener.set_blocking(false)?;
        listener.listen_on(IpAddress::LOCAL_HOST, port).into_result()?;
        selector.add(&listener)?;
        Ok(Self { selector, listener, guests: HashMap::new() })
    }

    /// Serves whoever is ready; `false` once the last guest has left.
    pub(crate) fn serve(&mut self) -> Result<bool> {
        self.selector.wait(None)?;
        while let Status::Done(socket) = self.listener.accept() {
            let mut guest = Connection::new(socket, Framing::Tiny);
            guest.set_blocking(false)?;
            self.guests.insert(self.selector.add(&guest)?, (guest, Vec::new()));
        }
        let ready: Vec<Key> = self.selector.ready().map(|event| event.key).collect();
        for key in ready {
            let Some((guest, unheard)) = self.guests.get_mut(&key) else { continue };
            match guest.receive() {
                // Nobody talks that long, and who reads no answers is not waited for.
                Status::Done(words) if words.len() <= 1000 && guest.send(unheard.join("\n").as_bytes()).is_done() => {
                    unheard.clear();
                    self.tell_others(key, &String::from_utf8_lossy(&words));
                }
                Status::NotReady => {}
                _ => drop(self.guests.remove(&key)),
            }
        }
        Ok(!self.guests.is_empty())
    }

    fn tell_others(&mut self, speaker: Key, words: &str) {
        let others = self.guests.iter_mut().filter(|(key, _)| !words.is_empty() && **key != speaker);
        for (_, (_, unheard)) in others {
            // Whoever never asks misses the oldest.
            unheard.push(words.to_owned());
            unheard.drain(..unheard.len().saturating_sub(100));
        }
    }
}

/// Says something, or nothing, and gives what the others have said.
pub(crate) fn ask(guest: &mut Connection, words: &str) -> Result<String> {
    guest.send(words.as_bytes()).into_result()?;
    Ok(String::from_utf8_lossy(&guest.receive().into_result()?).into_owned())
}

#[allow(dead_code, reason = "the client starts a server without it")]
fn main() -> Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let mut chat = Chat::new(port)?;
    let endpoint = Endpoint::Tcp { host: None, port: chat.listener.local_port() };
    let talk = move || -> Result<()> {
        let guest = || Connection::connect(&endpoint, Framing::Tiny, None);
        let (mut ada, mut bob) = (guest()?, guest()?);
        assert_eq!([ask(&mut bob, "")?, ask(&mut ada, "Ada: hello")?, ask(&mut bob, "")?].concat(), "Ada: hello");
        Ok(())
    };
    let talking = (port == 0).then(|| thread::spawn(talk));
    while chat.serve()? || port != 0 {}
    talking.map_or(Ok(()), |talking| talking.join().expect("nobody panics"))
}
