//! From the addresses of a host to a connection.

use std::time::Duration;

use super::TcpSocket;
use crate::{
    error::{Error, Result},
    ip::IpAddress,
    status::Status,
    time::{Deadline, share},
};

/// Connects to the first address that answers, until the deadline that comes from this limit; the socket blocks. Each
/// address has its share of the time that is left.
pub(crate) fn dial(
    addresses: &[IpAddress],
    port: u16,
    deadline: Deadline,
    limit: Option<Duration>,
) -> Result<TcpSocket> {
    let mut failure = Error::Disconnected;
    for (address, left) in addresses.iter().zip((0..addresses.len()).rev()) {
        let mut socket = TcpSocket::new();
        failure = match (connect_for_share(&mut socket, *address, port, deadline, left).into_result(), limit) {
            (Ok(()), _) => return Ok(socket),
            // The whole limit is what the caller has set.
            (Err(Error::TimedOut { phase, .. }), Some(limit)) => Error::TimedOut { phase, limit },
            (Err(error), _) => error,
        };
    }
    Err(failure)
}

/// Connects for this address's share of the time until the deadline, which `others` are to have a share of, too.
pub(crate) fn connect_for_share(
    socket: &mut TcpSocket,
    address: IpAddress,
    port: u16,
    deadline: Deadline,
    others: usize,
) -> Status {
    match deadline.remaining() {
        Some(remaining) => socket.connect_timeout(address, port, share(remaining, others)),
        None => socket.connect(address, port),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{
        error::ErrorKind,
        tcp::{TcpListener, blackhole::Blackhole},
    };

    fn dial_within(addresses: &[IpAddress], port: u16, limit: Duration) -> Result<TcpSocket> {
        dial(addresses, port, Deadline::after(Some(limit)), Some(limit))
    }

    #[test]
    fn the_first_address_that_answers_is_taken() {
        let mut listener = TcpListener::new();
        listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
        let port = listener.local_port();
        let limit = Duration::from_secs(20);
        // Nobody listens at the first one.
        let addresses = [IpAddress::new(127, 0, 0, 2), IpAddress::LOCAL_HOST];
        let socket = dial_within(&addresses, port, limit).unwrap();
        assert_eq!((socket.remote_address(), socket.is_blocking()), (Some(IpAddress::LOCAL_HOST), true));
        listener.close();
        assert_eq!(dial_within(&addresses, port, limit).unwrap_err().kind(), ErrorKind::Refused);
        assert_eq!(dial_within(&[], port, limit).unwrap_err().kind(), ErrorKind::Disconnected);
    }

    #[test]
    fn a_limit_that_has_passed_is_told_as_it_was_set() {
        let dead = Blackhole::at(([127, 0, 0, 1], 0).into());
        let limit = Duration::from_millis(150);
        let begun = Instant::now();
        let error = dial_within(&[IpAddress::LOCAL_HOST; 3], dead.port, limit).unwrap_err();
        assert_eq!(error.to_string(), "the connect did not end within 150ms");
        assert!((limit..Duration::from_secs(20)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    }
}
