//! Services of this program: what was asked for, and what has become of it.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use mdns_sd::{DaemonEvent, Receiver, ServiceInfo, TxtProperty};

use super::{Daemon, PATIENCE, browsing::instance, failed, kind, lock, patiently};
use crate::{
    discovery::TxtRecord,
    error::{Error, Result},
    status::Status,
    sys,
    time::Deadline,
};

/// A service that is published until this is dropped.
pub(in crate::discovery) struct Publication {
    daemon: Arc<Daemon>,
    announcement: Arc<Announcement>,
}

/// All that this process publishes.
#[derive(Default)]
pub(super) struct Publications {
    announcements: Mutex<Vec<Arc<Announcement>>>,
}

struct Announcement {
    /// The name that was asked for with its kind behind it, as mdns-sd writes it.
    fullname: String,
    kind: String,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Another one than was asked for, when that was taken.
    fullname: String,
    is_announced: bool,
}

impl Publication {
    pub(in crate::discovery) fn new(service: &str, name: &str, port: u16, txt: &TxtRecord) -> Result<Self> {
        let kind = kind(service);
        let property = |(key, value): (&str, Option<&[u8]>)| match value {
            Some(value) => TxtProperty::from((key, value)),
            None => TxtProperty::from(key),
        };
        let properties: Vec<_> = txt.iter().map(property).collect();
        let host = format!("{}.local.", host());
        let info = ServiceInfo::new(&kind, name, &host, (), port, properties).map_err(failed)?.enable_addr_auto();

        let daemon = Daemon::get()?;
        let mut announcements = lock(&daemon.publications.announcements);
        let fullname = info.get_fullname().to_owned();
        if announcements.iter().any(|other| other.fullname.eq_ignore_ascii_case(&fullname)) {
            return Err(Error::invalid_input(name, "a name that this program does not publish already"));
        }
        patiently(|| daemon.service.register(info.clone()))?;
        let state = Mutex::new(State { fullname: fullname.clone(), is_announced: false });
        let announcement = Arc::new(Announcement { fullname, kind, state, changed: Condvar::new() });
        announcements.push(Arc::clone(&announcement));
        drop(announcements);
        Ok(Self { daemon, announcement })
    }

    pub(in crate::discovery) fn wait(&self, limit: Option<Duration>) -> Status {
        let deadline = Deadline::after(limit);
        let mut state = lock(&self.announcement.state);
        while !state.is_announced {
            state = match deadline.remaining() {
                None => self.announcement.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(remaining) if remaining.is_zero() => return Status::NotReady,
                Some(remaining) => {
                    let waited = self.announcement.changed.wait_timeout(state, remaining);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        Status::Done(())
    }

    pub(in crate::discovery) fn name(&self) -> String {
        let state = lock(&self.announcement.state);
        let name = instance(&state.fullname, &self.announcement.kind).unwrap_or(&state.fullname);
        unescaped(name)
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        let mut announcements = lock(&self.daemon.publications.announcements);
        announcements.retain(|other| !Arc::ptr_eq(other, &self.announcement));
        let withdrawn = patiently(|| self.daemon.service.unregister(&self.announcement.fullname));
        drop(announcements);
        // It answers once the network was told.
        if let Ok(withdrawn) = withdrawn {
            let _ = withdrawn.recv_timeout(PATIENCE);
        }
    }
}

impl Publications {
    /// Writes down what becomes of them, until the thread of discovery ends.
    pub(super) fn follow(&self, events: &Receiver<DaemonEvent>) {
        while let Ok(event) = events.recv() {
            match event {
                DaemonEvent::Announce(fullname, _) => self.announced(&fullname),
                DaemonEvent::NameChange(change) => self.renamed(&change.original, &change.new_name),
                _ => {}
            }
        }
    }

    fn announced(&self, fullname: &str) {
        for announcement in lock(&self.announcements).iter() {
            let mut state = lock(&announcement.state);
            if state.fullname.eq_ignore_ascii_case(fullname) {
                state.is_announced = true;
                announcement.changed.notify_all();
            }
        }
    }

    fn renamed(&self, from: &str, to: &str) {
        for announcement in lock(&self.announcements).iter() {
            if announcement.fullname.eq_ignore_ascii_case(from) {
                to.clone_into(&mut lock(&announcement.state).fullname);
            }
        }
    }
}

/// The name of this machine as one label of a host name (RFC 952); room is left for a number, if another has it.
fn host() -> String {
    let name = sys::host_name().unwrap_or_default();
    let label: String = name
        .chars()
        .take_while(|c| *c != '.')
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(MAX_HOST)
        .collect();
    match label.trim_matches('-') {
        "" | "localhost" => "sockeye".to_owned(),
        label => label.to_owned(),
    }
}

/// Takes the backslashes out that mdns-sd puts in front of dots and backslashes.
fn unescaped(name: &str) -> String {
    let mut characters = name.chars();
    let mut result = String::with_capacity(name.len());
    while let Some(character) = characters.next() {
        result.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    result
}

/// A label has 63 bytes at most (RFC 1035 section 2.3.4).
const MAX_HOST: usize = 55;

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement(fullname: &str) -> Arc<Announcement> {
        let state = Mutex::new(State { fullname: fullname.to_owned(), is_announced: false });
        let kind = "_game._tcp.local.".to_owned();
        Arc::new(Announcement { fullname: fullname.to_owned(), kind, state, changed: Condvar::new() })
    }

    #[test]
    fn a_name_that_was_taken_is_followed() {
        let (ours, other) = (announcement("Ann._game._tcp.local."), announcement("Bob._game._tcp.local."));
        let publications = Publications { announcements: Mutex::new(vec![Arc::clone(&ours), Arc::clone(&other)]) };
        publications.renamed("ann._game._tcp.local.", "Ann (2)._game._tcp.local.");
        publications.announced("Ann._game._tcp.local.");
        assert!(!lock(&ours.state).is_announced, "that is another machine's");
        publications.announced("ann (2)._game._tcp.local.");
        assert!(lock(&ours.state).is_announced);
        assert_eq!(instance(&lock(&ours.state).fullname, &ours.kind), Some("Ann (2)"));
        assert!(!lock(&other.state).is_announced);
    }

    #[test]
    fn escapes_are_taken_out() {
        for (escaped, name) in [("a", "a"), ("v1\\.2", "v1.2"), ("a\\\\b", "a\\b"), ("\\\\\\.", "\\."), ("x\\", "x")] {
            assert_eq!(unescaped(escaped), name);
        }
    }

    #[test]
    fn the_host_is_one_label() {
        let host = host();
        assert!((1..=MAX_HOST).contains(&host.len()), "{host:?}");
        assert!(host.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{host:?}");
        assert!(!host.starts_with('-') && !host.ends_with('-'), "{host:?}");
    }
}
