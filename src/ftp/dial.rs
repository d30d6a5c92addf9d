//! From a host and a port to a connection.

use std::{net::TcpStream, time::Duration};

use socket2::Socket;

use crate::{
    error::{Error, Result},
    ip::{IpAddress, lookup},
    tcp::TcpSocket,
    time::Deadline,
};

/// Connects to a name or an address and waits for it; the socket blocks. Of several addresses each has its share of
/// the time.
pub(super) fn dial(host: &str, port: u16, limit: Option<Duration>) -> Result<Socket> {
    let deadline = Deadline::after(limit);
    let addresses = lookup(host, deadline, limit)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::ErrorKind, tcp::TcpListener};

    #[test]
    fn a_refusal_is_told() {
        let mut listener = TcpListener::new();
        listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
        let port = listener.local_port();
        dial("127.0.0.1", port, Some(Duration::from_secs(20))).unwrap();
        listener.close();
        assert_eq!(dial("127.0.0.1", port, Some(Duration::from_secs(20))).unwrap_err().kind(), ErrorKind::Refused);
    }
}
