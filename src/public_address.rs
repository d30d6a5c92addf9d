//! The address that the internet sees this machine at.

mod asked;
mod dns;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod providers;
mod question;
mod range;
mod round;
mod stun;
#[cfg(feature = "public-ip")]
mod via_public_ip;
mod web;

use std::time::Duration;

pub use providers::{DnsRecord, PublicAddressProvider};
use round::Round;

use crate::{
    error::{Error, Phase, Result},
    ip::IpAddress,
    time::Deadline,
};

impl IpAddress {
    /// Asks [well-known providers](PublicAddressProvider::defaults) for the address that the internet sees this machine
    /// at: its own, or that of the router that it is behind.
    ///
    /// See [`public_address_from`](Self::public_address_from). The answer is an IPv4 address wherever IPv4 reaches the
    /// internet. STUN and DNS are not encrypted: who sits on the way can answer whatever they like.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when no good answer came within the limit, else why the last provider failed.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use sockeye::IpAddress;
    ///
    /// println!("others see {}", IpAddress::public_address(Duration::from_secs(5))?);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn public_address(limit: Duration) -> Result<Self> {
        Self::public_address_from(&PublicAddressProvider::defaults(), limit)
    }

    /// Asks these providers for the address that they see this machine at; the first good answer wins.
    ///
    /// STUN and DNS servers are asked first, in their order, each a quarter of a second after the one before or as soon
    /// as that one has failed, and all of them again while they are silent (RFC 8489 section 6.2.1). When none has
    /// answered in half of the limit, web servers are asked one after the other, each for its share of what is left,
    /// without the proxy that the environment may name: a proxy's address is not this machine's. Providers of one kind
    /// have the whole limit for themselves.
    ///
    /// An answer must come from the server that was asked, to the question that it was asked, and be a
    /// [public address](Self::is_public); a provider on a loopback address may name any machine's.
    ///
    /// The limit covers everything, looking names up included; zero has passed at once. A lookup that the system has
    /// not finished by then ends by itself, on a thread of its own.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] with [`Phase::PublicAddress`] when no good answer came within the limit. Otherwise all
    /// providers failed, and it is the last one's reason: [`Error::PeerRefused`], [`Error::Malformed`],
    /// [`Error::Unresolved`], [`Error::InvalidInput`] for what cannot be asked, and the reasons of the system and of
    /// HTTP. [`Error::InvalidInput`] without any provider.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use sockeye::{IpAddress, PublicAddressProvider};
    ///
    /// let own = PublicAddressProvider::Stun { server: "stun.example".to_owned(), port: 3478 };
    /// let address = IpAddress::public_address_from(&[own], Duration::from_secs(2))?;
    /// assert!(address.is_public());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn public_address_from(providers: &[PublicAddressProvider], limit: Duration) -> Result<Self> {
        let deadline = Deadline::after(Some(limit));
        let result = ask(providers, limit, deadline);
        // Whoever failed last, it was the time that ended the search.
        result.map_err(|error| {
            if deadline.has_passed() { Error::TimedOut { phase: Phase::PublicAddress, limit } } else { error }
        })
    }
}

fn ask(providers: &[PublicAddressProvider], limit: Duration, deadline: Deadline) -> Result<IpAddress> {
    let urls: Vec<&str> = providers.iter().filter_map(PublicAddressProvider::url).collect();
    let mut failure = Error::invalid_input("none", "a provider of the public address");
    if urls.len() < providers.len() {
        let share = if urls.is_empty() { limit } else { limit / 2 };
        match Round::new(providers, share)?.run(share) {
            Ok(address) => return Ok(address),
            Err(error) => failure = error,
        }
    }
    for (url, left) in urls.iter().zip((1..=urls.len()).rev()) {
        // What is left of an endless limit has no end either.
        let remaining = deadline.remaining().unwrap_or(limit);
        match web::ask(url, remaining / u32::try_from(left).unwrap_or(u32::MAX)) {
            Ok(address) => return Ok(address),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
