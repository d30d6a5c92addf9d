//! The crate `public-ip`, for who wants its way of asking.

use std::{
    io,
    thread::{self, ScopedJoinHandle},
    time::Duration,
};

use public_ip::{Resolver, Version, http};
use tokio::{runtime::Builder, time::timeout};

use super::range;
use crate::{
    error::{Error, Phase, Result},
    ip::IpAddress,
};

impl IpAddress {
    /// Asks for the public IPv4 address in the way of the crate `public-ip`: at `api.ipify.org`, over plain HTTP.
    ///
    /// The crate knows no limit of its own and needs an async runtime, which runs for this call only, on a thread of
    /// its own; so it can be called from anywhere. [`public_address`](Self::public_address) needs neither.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when the limit passes, [`Error::Malformed`] for an address that is not
    /// [public](Self::is_public), and [`Error::Io`] when there is no answer: the crate does not say why.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use sockeye::IpAddress;
    ///
    /// println!("others see {}", IpAddress::public_address_via_public_ip(Duration::from_secs(5))?);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn public_address_via_public_ip(limit: Duration) -> Result<Self> {
        range::believed(resolve(http::HTTP_IPIFY_ORG, limit)?, false)
    }
}

fn resolve(resolver: impl Resolver<'static>, limit: Duration) -> Result<IpAddress> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(Error::from_os)?;
    let run = || runtime.block_on(async { timeout(limit, public_ip::addr_with(resolver, Version::V4)).await });
    let resolved = thread::scope(|scope| {
        let thread = thread::Builder::new().name("sockeye-public-ip".to_owned()).spawn_scoped(scope, run);
        thread.map(ScopedJoinHandle::join)
    });
    // Dropping the runtime would wait for a name lookup that nobody waits for any more.
    runtime.shutdown_background();
    let failed = |reason| Err(Error::Io(io::Error::other(reason)));
    match resolved.map_err(Error::from_os)? {
        Ok(Ok(Some(address))) => Ok(address.into()),
        Ok(Ok(None)) => failed("no provider of the crate public-ip answered"),
        Ok(Err(_)) => Err(Error::TimedOut { phase: Phase::PublicAddress, limit }),
        Err(_) => failed("the crate public-ip panicked"),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        time::Instant,
    };

    use public_ip::http::{ExtractMethod, Resolver};

    use super::*;
    use crate::error::ErrorKind;

    const LONG: Duration = Duration::from_secs(20);

    fn at(listener: &TcpListener) -> Resolver<'static> {
        let port = listener.local_addr().unwrap().port();
        Resolver::new(format!("http://127.0.0.1:{port}"), ExtractMethod::PlainText)
    }

    /// Serves one request with this body.
    fn served(body: &'static str) -> Result<IpAddress> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let resolver = at(&listener);
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            let mut buffer = [0; 1024];
            let count = stream.read(&mut buffer).unwrap();
            assert!(buffer[..count].starts_with(b"GET / HTTP/1.1\r\n"));
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        });
        let result = resolve(resolver, LONG);
        server.join().unwrap();
        result
    }

    #[test]
    fn a_server_tells_the_address() {
        assert_eq!(served("192.0.2.1\n").unwrap(), IpAddress::new(192, 0, 2, 1));
    }

    #[test]
    fn what_is_no_address_of_the_family_is_no_answer() {
        for body in ["", "hello", "2001:db8::9"] {
            let error = served(body).unwrap_err();
            assert_eq!(error.to_string(), "no provider of the crate public-ip answered", "{body:?}");
        }
    }

    #[test]
    fn a_silent_server_costs_the_limit_and_no_more() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let limit = Duration::from_millis(300);
        let start = Instant::now();
        let error = resolve(at(&listener), limit).unwrap_err();
        let took = start.elapsed();
        assert!(matches!(error, Error::TimedOut { phase: Phase::PublicAddress, limit: said } if said == limit));
        assert!(took >= limit && took < LONG / 4, "{took:?}");
    }

    #[test]
    fn nobody_there_is_an_error() {
        let gone = at(&TcpListener::bind("127.0.0.1:0").unwrap());
        assert_eq!(resolve(gone, LONG).unwrap_err().kind(), ErrorKind::Io);
    }

    #[test]
    fn it_can_be_called_from_inside_a_runtime() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let address = runtime.block_on(async { served("192.0.2.1") });
        assert_eq!(address.unwrap(), IpAddress::new(192, 0, 2, 1));
    }
}
