//! Signals that interrupt system calls.
#![allow(unsafe_code)]

use std::{
    sync::{
        Arc, Once,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// Interrupts the system calls of the current thread every few milliseconds until it is dropped.
pub struct Interruptions {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    before: usize,
}

impl Interruptions {
    pub fn of_this_thread() -> Self {
        install();
        let stop = Arc::new(AtomicBool::new(false));
        // SAFETY: it has no preconditions.
        let target = unsafe { libc::pthread_self() } as usize;
        let thread = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                while !stop.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(5));
                    // SAFETY: the thread lives, since it joins this one before it ends.
                    unsafe { libc::pthread_kill(target as libc::pthread_t, libc::SIGUSR1) };
                }
            }
        });
        Self { stop, thread: Some(thread), before: COUNT.load(Ordering::Relaxed) }
    }

    /// How many signals were delivered to any thread since this began.
    pub fn count(&self) -> usize {
        COUNT.load(Ordering::Relaxed) - self.before
    }
}

impl Drop for Interruptions {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Brings back the default: a process that sends into nothing is killed. Rust programs ignore the signal.
pub fn let_sigpipe_kill() {
    // SAFETY: it has no preconditions.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

fn install() {
    static INSTALLED: Once = Once::new();
    extern "C" fn count(_signal: libc::c_int) {
        COUNT.fetch_add(1, Ordering::Relaxed);
    }
    INSTALLED.call_once(|| {
        // SAFETY: the structure is zeroed as the system expects it, and the handler only adds to an atomic. Without
        // SA_RESTART the system calls are interrupted.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = count as *const () as usize;
            assert_eq!(libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()), 0);
        }
    });
}

static COUNT: AtomicUsize = AtomicUsize::new(0);
