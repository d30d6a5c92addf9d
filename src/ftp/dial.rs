//! From a host and a port to a connection.

use std::{net::TcpStream, sync::mpsc, thread, time::Duration};

use socket2::Socket;

use crate::{
    error::{Error, Phase, Result},
    ip::IpAddress,
    tcp::TcpSocket,
    time::Deadline,
};

/// Connects to a name or an address and waits for it; the socket blocks. Of several addresses each has its share of
/// the time.
pub(super) fn dial(host: &str, port: u16, limit: Option<Duration>) -> Result<Socket> {
    let deadline = Deadline::after(limit);
    let addresses = lookup(host, deadline, limit, IpAddress::resolve)?;
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let mut failure = Error::Disconnected;
    for address in addresses {
        let share = deadline.remaining().map(|remaining| remaining / left.max(1));
        left = left.saturating_sub(1);
        match connect(address, port, share) {
            Ok(socket) => return Ok(socket),
            // The whole limit is what the caller has set.
            Err(Error::TimedOut { phase, .. }) => {
                failure = Error::TimedOut { phase, limit: limit.unwrap_or(Duration::MAX) };
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn connect(address: IpAddress, port: u16, limit: Option<Duration>) -> Result<Socket> {
    let mut socket = TcpSocket::new();
    match limit {
        Some(limit) => socket.connect_timeout(address, port, limit),
        None => socket.connect(address, port),
    }
    .into_result()?;
    let stream = TcpStream::try_from(socket).map_err(|_| Error::Disconnected)?;
    Ok(stream.into())
}

/// Reads a literal, or looks a name up on a thread of its own. The system's resolver cannot be told to stop, so the
/// thread is left behind when the limit passes: it ends when the resolver answers.
fn lookup<R>(host: &str, deadline: Deadline, limit: Option<Duration>, resolve: R) -> Result<Vec<IpAddress>>
where
    R: FnOnce(&str) -> Result<Vec<IpAddress>> + Send + 'static,
{
    if let Ok(address) = IpAddress::parse(host) {
        return Ok(vec![address]);
    }
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    // Nobody may be waiting any more.
    let body = move || drop(sender.send(resolve(&name)));
    thread::Builder::new().name("sockeye ftp".to_owned()).spawn(body).map_err(Error::from_os)?;
    let answer = match deadline.remaining() {
        Some(remaining) => receiver.recv_timeout(remaining).ok(),
        None => receiver.recv().ok(),
    };
    answer.unwrap_or(Err(Error::TimedOut { phase: Phase::Resolve, limit: limit.unwrap_or(Duration::MAX) }))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{error::ErrorKind, tcp::TcpListener};

    #[test]
    fn a_resolver_that_does_not_answer_ends_with_the_limit() {
        let begun = Instant::now();
        let limit = Some(Duration::from_millis(80));
        let (_keep, silent) = mpsc::channel::<()>();
        let error = lookup("host", Deadline::after(limit), limit, move |_| {
            // For ever, as far as this test is concerned.
            let _ = silent.recv_timeout(Duration::from_secs(20));
            Ok(vec![])
        })
        .unwrap_err();
        assert_eq!(error.to_string(), "the name lookup did not end within 80ms");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_refusal_and_a_name_without_addresses_are_told() {
        let mut listener = TcpListener::new();
        listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
        let port = listener.local_port();
        dial("127.0.0.1", port, Some(Duration::from_secs(20))).unwrap();
        listener.close();
        assert_eq!(dial("127.0.0.1", port, Some(Duration::from_secs(20))).unwrap_err().kind(), ErrorKind::Refused);
        let error = lookup("host", Deadline::after(None), None, |host| {
            Err(Error::Unresolved { host: host.into(), source: std::io::ErrorKind::NotFound.into() })
        });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Unresolved);
    }
}
