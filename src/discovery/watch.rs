//! The services of a kind that are there now, for any number of browsers that look when they like.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use super::{Change, FoundService};
use crate::{status::Status, time::Deadline};

/// What is there. Who looks keeps what it has [`Seen`], and is told the difference; so nothing queues up for those that
/// look rarely.
#[derive(Debug, Default)]
pub(super) struct Watch {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// With the number of the change that brought each.
    services: BTreeMap<String, (u64, FoundService)>,
    /// Counts the changes.
    version: u64,
    has_ended: bool,
}

/// What a browser was told.
#[derive(Debug, Default)]
pub(super) struct Seen {
    services: HashMap<String, u64>,
    /// There is nothing new up to this change.
    version: u64,
}

#[cfg_attr(not(feature = "discovery"), allow(dead_code, reason = "nothing is received"))]
impl Watch {
    /// A service is there, or has changed. More than [`MAX_SERVICES`] are left out.
    pub(super) fn found(&self, service: FoundService) {
        let mut state = self.lock();
        let is_known = match state.services.get(&service.name) {
            Some((_, known)) if *known == service => return,
            Some(_) => true,
            None => false,
        };
        if is_known || state.services.len() < MAX_SERVICES {
            state.version += 1;
            let entry = (state.version, service);
            state.services.insert(entry.1.name.clone(), entry);
            self.changed.notify_all();
        }
    }

    /// A service is not there any more.
    pub(super) fn lost(&self, name: &str) {
        let mut state = self.lock();
        if state.services.remove(name).is_some() {
            state.version += 1;
            self.changed.notify_all();
        }
    }

    /// What has gone since may have been missed: only what is found from here on is there.
    pub(super) fn begin_again(&self) {
        let mut state = self.lock();
        state.services.clear();
        state.version += 1;
        self.changed.notify_all();
    }

    /// Nothing comes any more.
    pub(super) fn end(&self) {
        self.lock().has_ended = true;
        self.changed.notify_all();
    }

    /// Waits for a difference between what is there and what was seen.
    pub(super) fn next(&self, seen: &mut Seen, until: Deadline) -> Status<Change> {
        let mut state = self.lock();
        loop {
            if let Some(change) = state.difference(seen) {
                return Status::Done(change);
            }
            if state.has_ended {
                return Status::Disconnected;
            }
            state = match until.remaining() {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(remaining) if remaining.is_zero() => return Status::NotReady,
                Some(remaining) => {
                    self.changed.wait_timeout(state, remaining).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// No method leaves the state half changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn difference(&self, seen: &mut Seen) -> Option<Change> {
        if seen.version == self.version {
            return None;
        }
        if let Some(name) = seen.services.keys().find(|name| !self.services.contains_key(*name)).cloned() {
            seen.services.remove(&name);
            return Some(Change::Lost { name });
        }
        // The oldest change first.
        let is_new = |(name, (version, _)): &(&String, &(u64, FoundService))| seen.services.get(*name) != Some(version);
        let Some((name, (version, service))) =
            self.services.iter().filter(is_new).min_by_key(|(_, (version, _))| version)
        else {
            seen.version = self.version;
            return None;
        };
        seen.services.insert(name.clone(), *version);
        Some(Change::Found(service.clone()))
    }
}

/// Of one kind. A network with more is under attack, or wants a registry.
pub(super) const MAX_SERVICES: usize = 1024;

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread, time::Duration};

    use super::{super::TxtRecord, *};
    use crate::ip::IpAddress;

    fn service(name: &str, port: u16) -> FoundService {
        FoundService::received(name, "box.local", [IpAddress::new(192, 0, 2, 1)], port, TxtRecord::new()).unwrap()
    }

    /// Everything that is new, in short.
    fn news(watch: &Watch, seen: &mut Seen) -> Vec<String> {
        let mut news = Vec::new();
        loop {
            match watch.next(seen, Deadline::after(Some(Duration::ZERO))) {
                Status::Done(Change::Found(found)) => news.push(format!("{}:{}", found.name(), found.port())),
                Status::Done(Change::Lost { name }) => news.push(format!("-{name}")),
                other => {
                    assert!(other.is_not_ready(), "{other:?}");
                    return news;
                }
            }
        }
    }

    #[test]
    fn who_looks_late_sees_what_is_there_and_who_looks_on_what_changes() {
        let watch = Watch::default();
        let (mut early, mut late) = (Seen::default(), Seen::default());
        assert_eq!(news(&watch, &mut early), [""; 0]);
        watch.found(service("b", 1));
        watch.found(service("a", 2));
        assert_eq!(news(&watch, &mut early), ["b:1", "a:2"]);
        watch.found(service("b", 1));
        assert_eq!(news(&watch, &mut early), [""; 0], "it was said before");
        watch.found(service("b", 3));
        watch.lost("a");
        watch.lost("never there");
        assert_eq!(news(&watch, &mut early), ["-a", "b:3"]);
        assert_eq!(news(&watch, &mut late), ["b:3"]);
        watch.found(service("a", 4));
        watch.lost("a");
        assert_eq!(news(&watch, &mut late), [""; 0], "it came and went unseen");
        watch.lost("b");
        watch.found(service("b", 3));
        assert_eq!(news(&watch, &mut early), ["b:3"], "it may be another one");
    }

    #[test]
    fn what_is_not_found_again_has_gone() {
        let watch = Watch::default();
        let (mut early, mut often, mut late) = (Seen::default(), Seen::default(), Seen::default());
        watch.found(service("a", 1));
        watch.found(service("b", 2));
        for seen in [&mut early, &mut often] {
            assert_eq!(news(&watch, seen), ["a:1", "b:2"]);
        }
        watch.begin_again();
        let mut lost = news(&watch, &mut often);
        lost.sort();
        assert_eq!(lost, ["-a", "-b"]);
        watch.found(service("b", 2));
        assert_eq!(news(&watch, &mut early), ["-a", "b:2"]);
        assert_eq!(news(&watch, &mut often), ["b:2"]);
        assert_eq!(news(&watch, &mut late), ["b:2"]);
    }

    #[test]
    fn no_network_fills_the_memory() {
        let watch = Watch::default();
        let mut seen = Seen::default();
        for number in 0..MAX_SERVICES + 10 {
            watch.found(service(&number.to_string(), 1));
        }
        assert_eq!(news(&watch, &mut seen).len(), MAX_SERVICES);
        watch.found(service("one more", 1));
        watch.found(service("0", 2));
        assert_eq!(news(&watch, &mut seen), ["0:2"]);
        watch.lost("1");
        watch.found(service("one more", 1));
        assert_eq!(news(&watch, &mut seen), ["-1", "one more:1"]);
    }

    #[test]
    fn who_waits_is_woken() {
        let watch = Arc::new(Watch::default());
        let waiting = {
            let watch = Arc::clone(&watch);
            thread::spawn(move || {
                let mut seen = Seen::default();
                let first = watch.next(&mut seen, Deadline::after(None));
                (first.code(), watch.next(&mut seen, Deadline::after(None)).code())
            })
        };
        watch.found(service("a", 1));
        watch.end();
        let (first, second) = waiting.join().unwrap();
        assert_eq!((first.to_string().as_str(), second.to_string().as_str()), ("Done", "Disconnected"));
    }

    #[test]
    fn a_limit_passes() {
        let watch = Watch::default();
        let limit = Duration::from_millis(30);
        let begin = std::time::Instant::now();
        assert!(watch.next(&mut Seen::default(), Deadline::after(Some(limit))).is_not_ready());
        assert!(begin.elapsed() >= limit);
    }
}
