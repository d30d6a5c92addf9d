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

fn resolve(resolver: impl Resolver<'static> + Send, limit: Duration) -> Result<IpAddress> {
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
