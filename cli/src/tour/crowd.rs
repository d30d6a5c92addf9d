//! A selector with a thousand sockets.

use std::time::{Duration, Instant};

use sockeye::{IpAddress, SocketSelector, TcpListener, TcpSocket};

use super::{
    PATIENCE,
    failure::{Failure, expect},
    median,
};

pub(super) fn step() -> Result<String, Failure> {
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
    listener.set_timeout(Some(PATIENCE))?;
    let mut selector = SocketSelector::new()?;
    let mut clients = Vec::new();
    let mut servers = Vec::new();
    // One descriptor for each end; many systems allow a program 1,024.
    for _ in 0..SOCKETS / 2 {
        let mut client = TcpSocket::new();
        client.connect_timeout(IpAddress::LOCAL_HOST, listener.local_port(), PATIENCE).into_result()?;
        let server = listener.accept().into_result()?;
        selector.add(&client)?;
        selector.add(&server)?;
        clients.push(client);
        servers.push(server);
    }
    expect("to watch", &SOCKETS, &selector.len())?;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let at = round % clients.len();
        if let (Some(client), Some(server)) = (clients.get_mut(at), servers.get_mut(at)) {
            rounds.push(find_the_ready_one(&mut selector, client, server)?);
        }
    }
    expect("silence, not ready sockets:", &false, &selector.wait(Some(Duration::ZERO))?)?;
    let round = median(&mut rounds).as_secs_f64() * 1e6;
    Ok(format!("{SOCKETS} sockets, one ready: {round:.1} us to send, wait, find it and receive (median of {ROUNDS})"))
}

fn find_the_ready_one(
    selector: &mut SocketSelector,
    client: &mut TcpSocket,
    server: &mut TcpSocket,
) -> Result<Duration, Failure> {
    let begin = Instant::now();
    client.send(b"me").into_result()?;
    let found = selector.wait(Some(PATIENCE))?;
    let is_the_one = selector.is_ready(server);
    let received = server.receive(&mut [0; 8]).into_result()?;
    let elapsed = begin.elapsed();
    expect(
        "(found, the right one, bytes, ready ones)",
        &(true, true, 2, 1),
        &(found, is_the_one, received, selector.ready().count()),
    )?;
    Ok(elapsed)
}

const SOCKETS: usize = 1000;
const ROUNDS: usize = 2000;
