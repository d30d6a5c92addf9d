//! Messages: told apart in a stream, and exchanged only with who knows the key.

use std::{thread, time::Instant};

use sockeye::{
    AuthKey, Client, Connection, Endpoint, Error, ErrorKind, Framing, IpAddress, Listener, Status, TcpListener,
};

use super::{
    PATIENCE,
    failure::{Failure, expect, join},
    median, millions_per_second,
};

pub(super) fn step() -> Result<String, Failure> {
    let one_way = FRAMINGS
        .iter()
        .map(|(name, framing)| Ok(format!("{name} {:.1}", one_way(*framing)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    Ok(format!("of {SIZE} bytes, one call each, million/s: {}\n{}", one_way.join(", "), authenticated()?))
}

/// Sends messages to another thread, which counts them; gives millions a second.
fn one_way(framing: Framing) -> Result<f64, Failure> {
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
    listener.set_timeout(Some(PATIENCE))?;
    let endpoint = Endpoint::Tcp { host: None, port: listener.local_port() };
    let mut sender = Connection::connect(&endpoint, framing, Some(PATIENCE))?;
    sender.set_timeout(Some(PATIENCE))?;
    let mut receiver = Connection::new(listener.accept().into_result()?, framing);
    receiver.set_timeout(Some(PATIENCE))?;
    let begin = Instant::now();
    thread::scope(|scope| {
        let receiving = scope.spawn(move || -> Result<(), Failure> {
            let mut message = [0; SIZE];
            for number in 0..MESSAGES {
                let length = receiver.receive_into(&mut message).into_result()?;
                expect("a message of", &SIZE, &length)?;
                expect("message", &Some(text(number).as_bytes()), &message.get(..SIZE))?;
            }
            Ok(())
        });
        for number in 0..MESSAGES {
            sender.send(text(number).as_bytes()).into_result()?;
        }
        join(receiving)
    })?;
    Ok(millions_per_second(MESSAGES, begin.elapsed()))
}

/// A message that no other is like.
fn text(number: u32) -> String {
    format!("{number:0SIZE$}")
}

/// One after the other with the right key, and one with a wrong one.
fn authenticated() -> Result<String, Failure> {
    let key = AuthKey::new("the secret of this tour")?;
    let mut listener = Listener::bind(&Endpoint::Tcp { host: None, port: 0 }, Some(key.clone()))?;
    listener.set_timeout(Some(PATIENCE))?;
    let endpoint = listener.address()?;
    thread::scope(|scope| {
        let serving = scope.spawn(move || -> Result<Error, Failure> {
            for _ in 0..HANDSHAKES {
                let mut peer = listener.accept().into_result()?;
                let message = peer.receive().into_result()?;
                peer.send(&message).into_result()?;
            }
            match listener.accept() {
                Status::Error(error) => Ok(error),
                _ => Err(Failure::wrong("no connection for a wrong key", "one")),
            }
        });
        let mut taken = Vec::new();
        for _ in 0..HANDSHAKES {
            let begin = Instant::now();
            let mut connection = Client::connect(&endpoint, Some(&key)).into_result()?;
            connection.set_timeout(Some(PATIENCE))?;
            connection.send(b"it is me").into_result()?;
            expect("the echo", &b"it is me".to_vec(), &connection.receive().into_result()?)?;
            taken.push(begin.elapsed());
        }
        let stranger = Client::connect(&endpoint, Some(&AuthKey::new("a guess")?)).into_result();
        expect("for a wrong key", &Some(ErrorKind::Authentication), &stranger.err().map(|error| error.kind()))?;
        let found = join(serving)?;
        expect("for a wrong key", &ErrorKind::Authentication, &found.kind())?;
        Ok(format!(
            "connected, authenticated and answered in {:.0} us (median of {HANDSHAKES}); a wrong key is refused on both \
             sides",
            median(&mut taken).as_secs_f64() * 1e6
        ))
    })
}

const FRAMINGS: [(&str, Framing); 4] = [
    ("lines", Framing::lines()),
    ("sf::Packet", Framing::Packet),
    ("tinyproto", Framing::Tiny),
    ("Python", Framing::Multiprocessing),
];
const SIZE: usize = 16;
const MESSAGES: u32 = 20_000;
const HANDSHAKES: usize = 50;
