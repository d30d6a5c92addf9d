//! Everything that needs mdns-sd: its types are named here and nowhere else.

mod browsing;
mod publication;

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use mdns_sd::{IfKind, ServiceDaemon};

pub(super) use browsing::{Browsing, browse};
pub(super) use publication::Publication;

use super::Interfaces;
use crate::error::{Error, Result};
use publication::Publications;

/// The thread of discovery, for all that this process publishes and finds: two of them would answer one another.
struct Daemon {
    service: ServiceDaemon,
    /// By the kind of service, since the thread tells only the last one who asks.
    browsings: Mutex<HashMap<String, Weak<browsing::Shared>>>,
    publications: Arc<Publications>,
}

struct Process {
    daemon: Weak<Daemon>,
    interfaces: Interfaces,
}

static PROCESS: Mutex<Process> = Mutex::new(Process { daemon: Weak::new(), interfaces: Interfaces::All });

pub(super) fn set_interfaces(interfaces: Interfaces) -> Result<()> {
    let mut process = lock(&PROCESS);
    if let Some(daemon) = process.daemon.upgrade()
        && process.interfaces != interfaces
    {
        daemon.use_interfaces(interfaces)?;
    }
    process.interfaces = interfaces;
    Ok(())
}

impl Daemon {
    /// The one of this process, which begins if there is none.
    fn get() -> Result<Arc<Self>> {
        let mut process = lock(&PROCESS);
        if let Some(daemon) = process.daemon.upgrade() {
            return Ok(daemon);
        }
        let service = ServiceDaemon::new().map_err(failed)?;
        // From here on an error ends the thread.
        let daemon = Self { service, browsings: Mutex::default(), publications: Arc::default() };
        if process.interfaces != Interfaces::default() {
            daemon.use_interfaces(process.interfaces)?;
        }
        let events = patiently(|| daemon.service.monitor())?;
        let publications = Arc::clone(&daemon.publications);
        spawn(move || publications.follow(&events))?;
        let daemon = Arc::new(daemon);
        process.daemon = Arc::downgrade(&daemon);
        Ok(daemon)
    }

    fn use_interfaces(&self, interfaces: Interfaces) -> Result<()> {
        match interfaces {
            Interfaces::All => patiently(|| self.service.enable_interface(IfKind::All)),
            Interfaces::Loopback => {
                patiently(|| self.service.disable_interface(IfKind::All))?;
                patiently(|| self.service.enable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6]))
            }
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // The port is free for the next one once it has ended; a thread that has failed does not answer.
        if let Ok(ended) = patiently(|| self.service.shutdown()) {
            let _ = ended.recv_timeout(PATIENCE);
        }
    }
}

/// `_game._tcp.local.`, as RFC 6763 section 4.1 has it.
fn kind(service: &str) -> String {
    format!("_{service}._tcp.local.")
}

/// Asks again while the queue of the thread is full, which it empties in no time.
fn patiently<T>(mut ask: impl FnMut() -> mdns_sd::Result<T>) -> Result<T> {
    for _ in 0..ATTEMPTS {
        match ask() {
            Err(mdns_sd::Error::Again) => thread::sleep(PATIENCE / ATTEMPTS),
            result => return result.map_err(failed),
        }
    }
    ask().map_err(failed)
}

fn spawn(body: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = thread::Builder::new().name("sockeye discovery".to_owned());
    thread.spawn(body).map(drop).map_err(Error::from_os)
}

#[expect(clippy::needless_pass_by_value, reason = "so that `map_err` takes it as it is")]
fn failed(error: mdns_sd::Error) -> Error {
    Error::Io(io::Error::other(error.to_string()))
}

/// Nothing is left half changed where a lock is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the thread answers takes a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(1);
const ATTEMPTS: u32 = 100;
