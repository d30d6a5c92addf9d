//! What other threads have to tell the loop.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc::{self, Receiver, Sender},
};

use sockeye::{Connection, Error, Waker};

/// What another thread has to tell the loop.
#[derive(Debug)]
pub(super) enum News {
    /// Others can find the service, by this name.
    Published(String),
    /// A peer has come.
    Opened(Box<Connection>, String),
    /// Somebody has not become a peer.
    Refused(Error, String),
}

/// Lets another thread tell the loop something.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    sender: Sender<News>,
    waker: Waker,
    /// How many refusals the loop has not heard of; `None` where it does not want to.
    unheard: Option<Arc<AtomicUsize>>,
}

/// Where the loop hears it.
#[derive(Debug)]
pub(super) struct Ear {
    news: Receiver<News>,
    unheard: Arc<AtomicUsize>,
}

/// Makes both; `hears_all` is whether the loop wants to hear of those who are refused.
pub(super) fn grapevine(waker: Waker, hears_all: bool) -> (Teller, Ear) {
    let (sender, news) = mpsc::channel();
    let unheard = Arc::new(AtomicUsize::new(0));
    (Teller { sender, waker, unheard: hears_all.then(|| Arc::clone(&unheard)) }, Ear { news, unheard })
}

impl Teller {
    /// Tells the loop something; `false` when there is none any more.
    ///
    /// Anybody can be refused as often as they like while the loop waits for whoever reads standard output: so it hears of
    /// the first of them only. Those who are let in are as many as there are descriptors.
    pub(super) fn tell(&self, news: News) -> bool {
        if let News::Refused(..) = news {
            match &self.unheard {
                Some(unheard) if unheard.load(Ordering::Relaxed) < MOST_UNHEARD => {
                    unheard.fetch_add(1, Ordering::Relaxed);
                }
                _ => return true,
            }
        }
        self.sender.send(news).is_ok() && self.waker.wake().is_ok()
    }
}

impl Ear {
    /// The next news, if there is any.
    pub(super) fn hear(&self) -> Option<News> {
        let news = self.news.try_recv().ok()?;
        if let News::Refused(..) = news {
            self.unheard.fetch_sub(1, Ordering::Relaxed);
        }
        Some(news)
    }
}

/// How many refusals wait for a loop that is busy.
const MOST_UNHEARD: usize = 64;

#[cfg(test)]
mod tests {
    use sockeye::SocketSelector;

    use super::*;

    fn refuse(teller: &Teller, times: usize) {
        for _ in 0..times {
            assert!(teller.tell(News::Refused(Error::NotOpen, "stranger".to_owned())));
        }
    }

    fn heard(ear: &Ear) -> usize {
        std::iter::from_fn(|| ear.hear()).count()
    }

    #[test]
    fn those_who_are_refused_do_not_pile_up() {
        let waker = SocketSelector::new().unwrap().waker();
        let (teller, ear) = grapevine(waker.clone(), true);
        for _ in 0..2 {
            refuse(&teller, 10_000);
            assert_eq!(heard(&ear), MOST_UNHEARD);
        }
        let (teller, ear) = grapevine(waker, false);
        refuse(&teller, 10_000);
        assert_eq!(heard(&ear), 0);
    }
}
