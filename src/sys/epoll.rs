//! Waiting on Linux and Android: one `epoll_pwait2` per wait on the descriptor of `polling`'s poller.
//!
//! `polling` keeps the registrations; its own `wait` makes five system calls (it arms a timer and re-arms its notifier
//! each time), which costs more than the rest of a selector round. A wait that the notifier ended is handed to
//! `polling` afterwards, so that it can clear it.

use std::{
    io,
    os::fd::AsRawFd,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use polling::Poller;

/// What a socket is ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Readiness {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

/// The events of one wait.
pub(crate) struct Events {
    list: Vec<libc::epoll_event>,
    count: usize,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self { list: vec![NO_EVENT; FIRST_CAPACITY], count: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, Readiness)> + '_ {
        self.list.iter().take(self.count).filter_map(|event| {
            let (key, flags) = (event.u64, event.events);
            if key == NOTIFY_KEY {
                return None;
            }
            let ended = flags & flag(libc::EPOLLHUP | libc::EPOLLERR) != 0;
            // Urgent data counts: a receive skips it, and until then the kernel reports it again and again.
            let readable = flags & flag(libc::EPOLLIN | libc::EPOLLPRI | libc::EPOLLRDHUP) != 0;
            let writable = flags & flag(libc::EPOLLOUT) != 0;
            let key = usize::try_from(key).ok()?;
            Some((key, Readiness { read: readable || ended, write: writable || ended }))
        })
    }

    /// Waits once; tells whether the notifier ended it.
    pub(crate) fn wait(&mut self, poller: &Poller, limit: Option<Duration>) -> io::Result<bool> {
        // A full list may have left ready sockets out; the next wait gets them all in one go.
        if self.count == self.list.len() {
            self.list.resize(self.list.len() * 2, NO_EVENT);
        }
        self.count = 0;
        self.count = match epoll_wait(poller.as_raw_fd(), &mut self.list, limit) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(false),
            result => result?,
        };
        let woken = self.list.iter().take(self.count).any(|event| { event.u64 } == NOTIFY_KEY);
        if woken {
            poller.wait(&mut polling::Events::new(), Some(Duration::ZERO))?;
        }
        Ok(woken)
    }
}

fn epoll_wait(epoll: i32, list: &mut [libc::epoll_event], limit: Option<Duration>) -> io::Result<usize> {
    static NO_PWAIT2: AtomicBool = AtomicBool::new(false);
    let capacity = i32::try_from(list.len()).unwrap_or(i32::MAX);
    if let Some(limit) = limit.filter(|limit| !limit.is_zero() && !NO_PWAIT2.load(Ordering::Relaxed)) {
        let limit = Timespec {
            seconds: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            nanoseconds: limit.subsec_nanos().into(),
        };
        // SAFETY: the list has room for `capacity` events, the time is a `__kernel_timespec`, there is no signal mask.
        let result = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                epoll,
                list.as_mut_ptr(),
                capacity,
                &raw const limit,
                std::ptr::null::<libc::sigset_t>(),
                0_usize,
            )
        };
        match usize::try_from(result) {
            Ok(count) => return Ok(count),
            Err(_) => match io::Error::last_os_error() {
                // Linux before 5.11 does not have it, and some sandboxes answer EPERM for what they do not know.
                error if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => {
                    NO_PWAIT2.store(true, Ordering::Relaxed);
                }
                error => return Err(error),
            },
        }
    }
    let milliseconds = super::os::milliseconds(limit);
    // SAFETY: the list has room for `capacity` events.
    let count = unsafe { libc::epoll_wait(epoll, list.as_mut_ptr(), capacity, milliseconds) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

fn flag(flags: libc::c_int) -> u32 {
    flags.cast_unsigned()
}

/// `struct __kernel_timespec`: 64 bits on every architecture.
#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

/// The key of `polling`'s notifier and timer.
const NOTIFY_KEY: u64 = usize::MAX as u64;
const NO_EVENT: libc::epoll_event = libc::epoll_event { events: 0, u64: 0 };
/// Doubles whenever a wait fills it.
const FIRST_CAPACITY: usize = 64;
