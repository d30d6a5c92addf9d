//! Files to sockets without a way through this program's memory.

use std::{fs::File, io, mem::MaybeUninit, os::fd::AsRawFd, ptr};

use socket2::Socket;

/// Sends up to `count` bytes of a file from `offset` on, as many as the kernel has room for; 0 bytes are the end of the
/// file. `None` where the kernel cannot do it for this file, and nothing was sent.
pub(crate) fn send_file(socket: &Socket, file: &File, offset: u64, count: u64) -> Option<io::Result<usize>> {
    let mut offset = libc::off_t::try_from(offset).ok()?;
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(MAX_COUNT);
    let _quiet = NoSigpipe::begin();
    // SAFETY: both descriptors are open, and `offset` outlives the call.
    let sent = unsafe { libc::sendfile(socket.as_raw_fd(), file.as_raw_fd(), &raw mut offset, count) };
    match usize::try_from(sent) {
        Ok(sent) => Some(Ok(sent)),
        Err(_) => match io::Error::last_os_error() {
            // What `sendfile(2)` says of files that cannot be mapped.
            error if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS)) => None,
            error => Some(Err(error)),
        },
    }
}

/// `sendfile` has no flag that keeps `SIGPIPE` away, so this thread does not hear of it for the time of the call.
struct NoSigpipe {
    before: libc::sigset_t,
    signal: libc::sigset_t,
    was_pending: bool,
}

impl NoSigpipe {
    fn begin() -> Self {
        let (mut signal, mut before, mut pending) = (empty(), empty(), empty());
        // SAFETY: the sets are initialised and outlive the calls.
        unsafe {
            libc::sigaddset(&raw mut signal, libc::SIGPIPE);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const signal, &raw mut before);
            libc::sigpending(&raw mut pending);
            let was_pending = libc::sigismember(&raw const pending, libc::SIGPIPE) == 1;
            Self { before, signal, was_pending }
        }
    }
}

impl Drop for NoSigpipe {
    fn drop(&mut self) {
        let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let error = io::Error::last_os_error();
        // SAFETY: the sets are initialised and outlive the calls; a null pointer says that nothing is asked for.
        unsafe {
            if error.raw_os_error() == Some(libc::EPIPE) && !self.was_pending {
                libc::sigtimedwait(&raw const self.signal, ptr::null_mut(), &raw const now);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut());
        }
    }
}

fn empty() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` initialises the set.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    }
}

/// One call does not hold a non-blocking program up for longer than this takes to copy.
const MAX_COUNT: usize = 4 * 1024 * 1024;
