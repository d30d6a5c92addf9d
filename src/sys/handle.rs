//! A socket that takes itself out of every selector before it closes, and the part of a selector that sockets share.
//!
//! `Poller::add` is unsafe because a descriptor must be deleted before it is closed. This module keeps that promise
//! for the whole crate: a [`Registration`] stands before the socket in [`Handle`], so it is dropped first, and an
//! entry of a [`Registry`] lives exactly as long as a registration that points at an open socket. Keys count up and
//! are never the address of an object, so a socket can be moved freely and an old key never names a new socket.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use polling::{PollMode, Poller};
use socket2::Socket;

#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd as RawSource};
#[cfg(windows)]
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, RawSocket as RawSource};

use super::events::{Events, Readiness};

/// An open socket that selectors may watch.
#[derive(Debug)]
pub(crate) struct Handle {
    // Before `socket`: fields drop in this order, and a socket must leave its selectors before it closes.
    registration: Registration,
    socket: Socket,
}

impl Handle {
    pub(crate) fn new(socket: Socket) -> Self {
        Self { registration: Registration::new(raw(&socket)), socket }
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Leaves every selector and gives the socket away.
    pub(crate) fn into_socket(self) -> Socket {
        self.socket
    }

    /// The number that events of this socket carry.
    pub(crate) fn key(&self) -> usize {
        self.registration.key
    }

    /// Tells selectors whether the socket holds received data that the kernel no longer knows of.
    pub(crate) fn set_buffered(&self, buffered: bool) {
        // Only the owner of the socket calls this, so the two steps need not be one.
        if self.registration.buffered.load(Ordering::Relaxed) == buffered {
            return;
        }
        self.registration.buffered.store(buffered, Ordering::Relaxed);
        for registry in lock(&self.registration.registries).iter().filter_map(Weak::upgrade) {
            registry.set_buffered(self.registration.key, buffered);
        }
    }

    /// Lets another socket take this one's place, under the same key, in every selector that this one is in.
    #[cfg(any(feature = "ftp", feature = "http", feature = "messages"))]
    pub(crate) fn hand_over(&mut self, to: &mut Self) {
        to.leave();
        let Registration { key, source, registries, .. } = &mut self.registration;
        let there = &mut to.registration;
        let registries = registries.get_mut().unwrap_or_else(PoisonError::into_inner);
        for registry in registries.iter().filter_map(Weak::upgrade) {
            registry.redirect(*key, *source, there.source);
        }
        std::mem::swap(key, &mut there.key);
        std::mem::swap(registries, there.registries.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.registration.buffered.store(false, Ordering::Relaxed);
    }

    /// Leaves every selector for good, and gets a new key.
    #[cfg(any(feature = "ftp", feature = "http", feature = "messages"))]
    pub(crate) fn leave(&mut self) {
        self.registration = Registration::new(self.registration.source);
    }

    /// Changes what the selectors that watch the socket watch it for.
    #[cfg(any(feature = "ftp", feature = "http", feature = "messages"))]
    pub(crate) fn set_watch(&self, watch: Watch) {
        let Registration { key, registries, .. } = &self.registration;
        for registry in lock(registries).iter().filter_map(Weak::upgrade) {
            registry.change(*key, watch);
        }
    }

    pub(crate) fn native(&self) -> NativeHandle<'_> {
        NativeHandle(&self.socket)
    }
}

#[derive(Debug)]
struct Registration {
    key: usize,
    source: RawSource,
    buffered: AtomicBool,
    registries: Mutex<Vec<Weak<Registry>>>,
}

impl Registration {
    fn new(source: RawSource) -> Self {
        static NEXT_KEY: AtomicUsize = AtomicUsize::new(0);
        let key = NEXT_KEY.fetch_add(1, Ordering::Relaxed);
        Self { key, source, buffered: AtomicBool::new(false), registries: Mutex::default() }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let registries = self.registries.get_mut().unwrap_or_else(PoisonError::into_inner);
        for registry in registries.iter().filter_map(Weak::upgrade) {
            registry.forget(self.key);
        }
    }
}

/// What one entry of a selector waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watch {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl Watch {
    /// Nothing, not even the end of the connection.
    const NOTHING: Self = Self { read: false, write: false };
}

/// The sockets that a selector watches, and the kernel's object that watches them.
#[derive(Debug)]
pub(crate) struct Registry {
    poller: Poller,
    entries: Mutex<Entries>,
    /// Whether `entries.buffered` has any, to be asked without the lock.
    has_buffered: AtomicBool,
}

#[derive(Debug, Default)]
struct Entries {
    watched: KeyMap<(RawSource, Watch)>,
    /// Keys of the sockets that hold received data themselves.
    buffered: HashSet<usize>,
}

impl Registry {
    pub(crate) fn new() -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self { poller: Poller::new()?, entries: Mutex::default(), has_buffered: AtomicBool::new(false) }))
    }

    /// Watches a socket, or changes what it is watched for.
    pub(crate) fn watch(self: &Arc<Self>, handle: &Handle, watch: Watch) -> io::Result<()> {
        let Registration { key, source, buffered, registries } = &handle.registration;
        let mut registries = lock(registries);
        let mut entries = lock(&self.entries);
        let before = entries.watched.get(key).map(|(_, before)| *before);
        // SAFETY: the socket is open, and `Registration::drop` or `Registry::clear` deletes it from the poller before it
        // is closed.
        unsafe { self.tell_poller(*key, *source, before.unwrap_or(Watch::NOTHING), watch)? };
        if before.is_none() {
            registries.retain(|other| other.strong_count() > 0);
            if !registries.iter().any(|other| other.as_ptr() == Arc::as_ptr(self)) {
                registries.push(Arc::downgrade(self));
            }
        }
        entries.watched.insert(*key, (*source, watch));
        if buffered.load(Ordering::Relaxed) {
            entries.buffered.insert(*key);
            self.has_buffered.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Stops watching a socket; tells whether it was watched.
    pub(crate) fn remove(&self, handle: &Handle) -> bool {
        self.forget(handle.key())
    }

    /// Stops watching every socket.
    pub(crate) fn clear(&self) {
        let mut entries = lock(&self.entries);
        for (_, (source, _)) in entries.watched.drain() {
            self.delete(source);
        }
        entries.buffered.clear();
        self.has_buffered.store(false, Ordering::Relaxed);
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.entries).watched.len()
    }

    pub(crate) fn contains(&self, key: usize) -> bool {
        lock(&self.entries).watched.contains_key(&key)
    }

    /// What another selector can watch: it is readable while a wait of this one would find something that the kernel
    /// knows of. `None` where the kernel has no such thing.
    #[cfg(feature = "messages")]
    pub(crate) fn handle(&self) -> io::Result<Option<Handle>> {
        #[cfg(any(
            target_os = "linux",
            target_os = "android",
            target_os = "freebsd",
            target_os = "netbsd",
            target_os = "openbsd",
            target_os = "dragonfly",
            target_vendor = "apple"
        ))]
        return Ok(Some(Handle::new(self.poller.as_fd().try_clone_to_owned()?.into())));
        #[cfg(not(any(
            target_os = "linux",
            target_os = "android",
            target_os = "freebsd",
            target_os = "netbsd",
            target_os = "openbsd",
            target_os = "dragonfly",
            target_vendor = "apple"
        )))]
        return Ok(None);
    }

    /// Waits in the kernel until a socket is ready, somebody calls [`wake`](Self::wake), or the limit passes; tells
    /// whether it was woken. May also return early for no reason.
    pub(crate) fn wait(&self, events: &mut Events, limit: Option<Duration>) -> io::Result<bool> {
        events.wait(&self.poller, limit)
    }

    pub(crate) fn wake(&self) -> io::Result<()> {
        self.poller.notify()
    }

    /// Tells whether a watched socket holds received data itself, so that a wait has nothing to wait for.
    pub(crate) fn has_buffered(&self) -> bool {
        // A socket that another thread fills at this moment may be missed: so would one that it fills a moment later.
        if !self.has_buffered.load(Ordering::Relaxed) {
            return false;
        }
        let entries = lock(&self.entries);
        entries.buffered.iter().any(|key| entries.watched.get(key).is_some_and(|(_, watch)| watch.read))
    }

    /// Passes on what the sockets are ready for, as far as they are watched for it.
    pub(crate) fn collect(&self, events: &Events, mut found: impl FnMut(usize, Readiness)) {
        if events.is_empty() && !self.has_buffered.load(Ordering::Relaxed) {
            return;
        }
        let entries = lock(&self.entries);
        for (key, readiness) in events.iter() {
            if let Some((_, watch)) = entries.watched.get(&key) {
                found(key, Readiness { read: readiness.read && watch.read, write: readiness.write && watch.write });
            }
        }
        for key in &entries.buffered {
            if entries.watched.get(key).is_some_and(|(_, watch)| watch.read) {
                found(*key, Readiness { read: true, write: false });
            }
        }
    }

    /// Watches another source under the same key for the same.
    #[cfg(any(feature = "ftp", feature = "http", feature = "messages"))]
    fn redirect(&self, key: usize, from: RawSource, to: RawSource) {
        let mut entries = lock(&self.entries);
        entries.buffered.remove(&key);
        self.has_buffered.store(!entries.buffered.is_empty(), Ordering::Relaxed);
        let Some((_, watch)) = entries.watched.remove(&key) else { return };
        self.delete(from);
        // SAFETY: both handles are borrowed for the whole hand-over, so their sockets are open; the key, and with it
        // the duty to delete it, goes to the registration of the second one before the borrow ends.
        if unsafe { self.tell_poller(key, to, Watch::NOTHING, watch) }.is_ok() {
            entries.watched.insert(key, (to, watch));
        }
    }

    #[cfg(any(feature = "ftp", feature = "http", feature = "messages"))]
    fn change(&self, key: usize, watch: Watch) {
        let mut entries = lock(&self.entries);
        let Some((source, old)) = entries.watched.get_mut(&key) else { return };
        let before = std::mem::replace(old, watch);
        if before != watch {
            // SAFETY: as in `watch`, for the entry stays. It fails only for want of memory in the kernel.
            let _ = unsafe { self.tell_poller(key, *source, before, watch) };
        }
    }

    /// Keeps a source in the poller while it is watched for something: the system tells of ends in any case.
    ///
    /// # Safety
    ///
    /// The source is open, and is deleted from the poller before it is closed.
    unsafe fn tell_poller(&self, key: usize, source: RawSource, before: Watch, watch: Watch) -> io::Result<()> {
        let event = polling::Event::new(key, watch.read, watch.write);
        match (before, watch) {
            (Watch::NOTHING, Watch::NOTHING) => Ok(()),
            // SAFETY: the caller's promise.
            (Watch::NOTHING, _) => unsafe { self.poller.add_with_mode(source, event, PollMode::Level) },
            (_, Watch::NOTHING) => self.poller.delete(borrowed(source)),
            _ => self.poller.modify_with_mode(borrowed(source), event, PollMode::Level),
        }
    }

    fn set_buffered(&self, key: usize, buffered: bool) {
        let mut entries = lock(&self.entries);
        if buffered && entries.watched.contains_key(&key) {
            entries.buffered.insert(key);
        } else {
            entries.buffered.remove(&key);
        }
        self.has_buffered.store(!entries.buffered.is_empty(), Ordering::Relaxed);
    }

    fn forget(&self, key: usize) -> bool {
        let mut entries = lock(&self.entries);
        entries.buffered.remove(&key);
        self.has_buffered.store(!entries.buffered.is_empty(), Ordering::Relaxed);
        let Some((source, _)) = entries.watched.remove(&key) else { return false };
        self.delete(source);
        true
    }

    /// Called with the lock on the entries held and a source that was among them: so it is open, and stays open until
    /// the lock is released.
    fn delete(&self, source: RawSource) {
        // The only possible failure is that the kernel does not know the socket, which is what is wanted.
        let _ = self.poller.delete(borrowed(source));
    }
}

/// For the source of an entry, while the lock on the entries is held: a socket waits for that lock in
/// `Registration::drop` before it closes.
#[cfg(unix)]
fn borrowed(source: RawSource) -> BorrowedFd<'static> {
    // SAFETY: see above; nobody keeps it beyond the lock.
    unsafe { BorrowedFd::borrow_raw(source) }
}

/// The same.
#[cfg(windows)]
fn borrowed(source: RawSource) -> BorrowedSocket<'static> {
    // SAFETY: see above; nobody keeps it beyond the lock.
    unsafe { BorrowedSocket::borrow_raw(source) }
}

/// The operating system's own handle of an open socket, to set options that this crate has no method for.
///
/// It borrows the socket and implements `AsFd` and `AsRawFd` (Unix), `AsSocket` and `AsRawSocket` (Windows), so that
/// crates such as `socket2`, `rustix` and `nix` take it. A socket that is not open has none. Changing the blocking
/// mode through it makes the socket answer wrongly; everything else is free.
///
/// # Examples
///
/// ```
/// use socket2::SockRef;
/// use sockeye::UdpSocket;
///
/// let mut socket = UdpSocket::new();
/// assert!(socket.native_handle().is_none());
/// socket.bind_to([127, 0, 0, 1], UdpSocket::ANY_PORT).into_result()?;
/// if let Some(handle) = socket.native_handle() {
///     SockRef::from(&handle).set_ttl_v4(7)?;
///     assert_eq!(SockRef::from(&handle).ttl_v4()?, 7);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct NativeHandle<'a>(&'a Socket);

#[cfg(unix)]
impl AsFd for NativeHandle<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(unix)]
impl AsRawFd for NativeHandle<'_> {
    fn as_raw_fd(&self) -> RawSource {
        self.0.as_raw_fd()
    }
}

#[cfg(windows)]
impl AsSocket for NativeHandle<'_> {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        self.0.as_socket()
    }
}

#[cfg(windows)]
impl AsRawSocket for NativeHandle<'_> {
    fn as_raw_socket(&self) -> RawSource {
        self.0.as_raw_socket()
    }
}

fn raw(socket: &Socket) -> RawSource {
    #[cfg(unix)]
    return socket.as_raw_fd();
    #[cfg(windows)]
    return socket.as_raw_socket();
}

/// A panic while the lock was held cannot leave these maps half-changed, so poisoning says nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A map from keys.
pub(crate) type KeyMap<V> = HashMap<usize, V, BuildHasherDefault<KeyHasher>>;

/// Keys count up: a multiplication spreads them over the table.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, key: usize) {
        // 2^64 divided by the golden ratio: neighbours land far apart.
        self.0 = (self.0 ^ key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
