//! Services in the local network: published, found and watched (DNS-SD over multicast DNS, RFC 6763 and RFC 6762).
//!
//! A service has a kind, such as `game`, and a name for people to read, such as `Ann's arena`. Who publishes it tells its
//! port, and a few words more in a [`TxtRecord`]; who looks for it gets the addresses too. Every machine of the local
//! network can do both, also machines that run avahi, Bonjour or python-zeroconf: the kind `game` is `_game._tcp.local.`
//! there.
//!
//! Nobody proves anything: any machine of the network can publish any name, and any text. What a service says of itself
//! is a hint where to connect to. Encryption with a known certificate tells whom one has met; see
//! [`TxtRecord::set_fingerprint`].
//!
//! What is published and found goes through one thread of this process, which begins with the first use and ends with
//! the last. Answers of other machines are capped: 1024 services of a kind, 16 addresses and 64 entries of text each.
//!
//! The module is there with the feature `messages`. Without the feature `discovery` what goes to the network answers
//! with [`Error::FeatureOff`].
//!
//! # Examples
//!
//! Both ends in one program, on this machine alone:
//!
//! ```no_run
//! use std::time::Duration;
//! use sockeye::{Endpoint, discovery::{self, Interfaces, TxtRecord}};
//!
//! discovery::set_interfaces(Interfaces::Loopback)?;
//! let mut text = TxtRecord::new();
//! text.set("map", "caves")?;
//! let published = discovery::publish("game", "Ann's arena", 4000, &text)?;
//!
//! let pattern = Endpoint::parse("game|Ann")?.pattern()?;
//! let found = discovery::find("game", &pattern, Some(Duration::from_secs(5)))?;
//! assert_eq!(found.name(), "Ann's arena");
//! assert_eq!(found.port(), 4000);
//! assert_eq!(found.txt().text("map"), Some("caves"));
//! drop(published);
//! # Ok::<(), sockeye::Error>(())
//! ```

mod browser;
#[cfg(feature = "discovery")]
mod engine;
#[cfg(not(feature = "discovery"))]
#[path = "discovery/engine_off.rs"]
mod engine;
mod found;
mod published;
mod search;
mod txt;
mod watch;

use std::time::Duration;

pub use browser::{Browser, Change};
pub use found::FoundService;
pub use published::Published;
pub(crate) use search::Search;
pub use txt::TxtRecord;

use crate::{
    endpoint::{Endpoint, ServicePattern, checked_instance, checked_service},
    error::{Error, Result},
};

/// Publishes a service until the value that this gives is dropped.
///
/// It begins at once and does not wait: the network is asked first whether the name is free, which takes about a second.
/// See [`Published::wait`] and, for a name that is taken, [`Published::name`].
///
/// Nothing listens at the port because of this; listen first, on the addresses that others can reach.
///
/// # Errors
///
/// [`Error::InvalidAddress`] for a kind that is not 1 to 15 letters, digits and single hyphens inside, with a letter (RFC
/// 6335 section 5.1), and for a name that is not 1 to 63 bytes without control characters (RFC 6763 section 4.1.1);
/// [`Error::InvalidInput`] for the port 0, and for a name that this process publishes already; [`Error::Io`] when the
/// system gives no thread or socket; [`Error::FeatureOff`] without the feature `discovery`.
pub fn publish(service: &str, name: &str, port: u16, txt: &TxtRecord) -> Result<Published> {
    let (service, name) = (checked_service(service)?, checked_instance(name)?);
    if port == 0 {
        return Err(Error::invalid_input("0", "the port at which the service listens"));
    }
    Ok(Published { engine: engine::Publication::new(&service.to_ascii_lowercase(), name, port, txt)? })
}

/// Looks for a service of this kind whose name matches, and gives the first one.
///
/// It waits until there is one, at most for the limit; `None` is for ever, and zero asks what is known already.
///
/// # Errors
///
/// [`Error::TimedOut`] when there is none within the limit, and as for [`browse`].
pub fn find(service: &str, pattern: &ServicePattern, limit: Option<Duration>) -> Result<FoundService> {
    Search::new(browse(service)?, pattern.clone(), limit).find(|| true)
}

/// Watches the services of this kind: first those that are there, then what changes.
///
/// # Errors
///
/// [`Error::InvalidAddress`] for a kind as for [`publish`], [`Error::Io`] when the system gives no thread or socket,
/// [`Error::FeatureOff`] without the feature `discovery`.
pub fn browse(service: &str) -> Result<Browser> {
    Ok(Browser::new(engine::browse(&checked_service(service)?.to_ascii_lowercase())?))
}

/// The interfaces of this machine that discovery uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Interfaces {
    /// All that are up, loopback too, also those that come later; the default.
    #[default]
    All,
    /// Loopback alone: programs of this machine find one another, and nobody else hears of them.
    Loopback,
}

/// Chooses the interfaces for everything that this process publishes and finds, from now on.
///
/// It is best called first: what other machines have heard before, they keep for a while. When a process begins with
/// discovery, the system joins the group of multicast DNS on every interface for a moment, whatever was chosen; nothing
/// else is sent there.
///
/// # Errors
///
/// [`Error::Io`] when the thread of discovery has ended; [`Error::FeatureOff`] without the feature `discovery`.
pub fn set_interfaces(interfaces: Interfaces) -> Result<()> {
    engine::set_interfaces(interfaces)
}

/// The service forms, `service|name` to publish and `service|pattern` to find.
impl Endpoint {
    /// Publishes the service that this endpoint names, for what listens at the port; see [`discovery::publish`](publish).
    ///
    /// The port is the one that the listener has got, which the endpoint may leave to the system.
    ///
    /// # Errors
    ///
    /// As for [`publish`] and [`Endpoint::instance`].
    pub fn publish(&self, port: u16, txt: &TxtRecord) -> Result<Published> {
        let (name, _) = self.instance()?;
        publish(self.service(), name, port, txt)
    }

    /// Looks for the service that this endpoint describes; see [`discovery::find`](find).
    ///
    /// # Errors
    ///
    /// As for [`find`] and [`Endpoint::pattern`].
    pub fn find(&self, limit: Option<Duration>) -> Result<FoundService> {
        find(self.service(), &self.pattern()?, limit)
    }

    /// Begins to look for the service that this endpoint describes.
    pub(crate) fn search(&self, limit: Option<Duration>) -> Result<Search> {
        let pattern = self.pattern()?;
        Ok(Search::new(browse(self.service())?, pattern, limit))
    }

    fn service(&self) -> &str {
        match self {
            Self::Service { service, .. } => service,
            _ => "",
        }
    }
}
