//! What the integration tests share: the families of sockets, and waiting with a deadline instead of sleeping.
#![allow(dead_code, unreachable_pub, reason = "every test program uses a part of it")]

pub mod child;
pub mod frames;
#[cfg(unix)]
pub mod signals;
#[cfg(feature = "tls")]
pub mod tls;

use std::{
    hash::{BuildHasher, RandomState},
    path::PathBuf,
    time::{Duration, Instant},
};

use sockeye::{
    Interest, IpAddress, LocalListener, LocalSocket, NativeHandle, Packet, Result, Selectable, SocketSelector, Status,
    TcpListener, TcpSocket,
};

/// Nothing on loopback takes this long.
pub const LONG: Duration = Duration::from_secs(20);
/// Long enough to see that something waits.
pub const SHORT: Duration = Duration::from_millis(60);

/// Whether operations wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Blocking,
    NonBlocking,
}

/// The surface that all stream sockets share.
pub trait Stream: Selectable + Send + Sized + 'static {
    fn new() -> Self;
    fn finish_connect(&mut self) -> Status;
    fn disconnect(&mut self);
    fn is_connected(&self) -> bool;
    fn send(&mut self, data: &[u8]) -> Status<usize>;
    fn receive(&mut self, buffer: &mut [u8]) -> Status<usize>;
    fn send_packet(&mut self, packet: &Packet) -> Status;
    fn queue_packet(&mut self, packet: &Packet) -> Status;
    fn flush(&mut self) -> Status;
    fn pending_bytes(&self) -> usize;
    fn receive_packet(&mut self, packet: &mut Packet) -> Status;
    fn shutdown_send(&mut self) -> Status;
    fn set_blocking(&mut self, blocking: bool) -> Result<()>;
    fn is_blocking(&self) -> bool;
    fn set_timeout(&mut self, limit: Option<Duration>) -> Result<()>;
    fn set_packet_limit(&mut self, bytes: usize);
    fn set_outbox_limit(&mut self, bytes: usize);
    fn native_handle(&self) -> Option<NativeHandle<'_>>;
    #[cfg(feature = "messages")]
    fn into_stream(self) -> sockeye::Stream;
}

/// The surface that all listeners share.
pub trait Listen: Send + Sized + 'static {
    type Stream: Stream;
    fn new() -> Self;
    fn accept(&mut self) -> Status<Self::Stream>;
    fn close(&mut self);
    fn set_blocking(&mut self, blocking: bool) -> Result<()>;
    fn set_timeout(&mut self, limit: Option<Duration>) -> Result<()>;
    fn native_handle(&self) -> Option<NativeHandle<'_>>;
}

macro_rules! delegate_stream {
    ($socket:ty, $new:expr) => {
        impl Stream for $socket {
            fn new() -> Self {
                $new
            }
            fn finish_connect(&mut self) -> Status {
                self.finish_connect()
            }
            fn disconnect(&mut self) {
                self.disconnect();
            }
            fn is_connected(&self) -> bool {
                self.is_connected()
            }
            fn send(&mut self, data: &[u8]) -> Status<usize> {
                self.send(data)
            }
            fn receive(&mut self, buffer: &mut [u8]) -> Status<usize> {
                self.receive(buffer)
            }
            fn send_packet(&mut self, packet: &Packet) -> Status {
                self.send_packet(packet)
            }
            fn queue_packet(&mut self, packet: &Packet) -> Status {
                self.queue_packet(packet)
            }
            fn flush(&mut self) -> Status {
                self.flush()
            }
            fn pending_bytes(&self) -> usize {
                self.pending_bytes()
            }
            fn receive_packet(&mut self, packet: &mut Packet) -> Status {
                self.receive_packet(packet)
            }
            fn shutdown_send(&mut self) -> Status {
                self.shutdown_send()
            }
            fn set_blocking(&mut self, blocking: bool) -> Result<()> {
                self.set_blocking(blocking)
            }
            fn is_blocking(&self) -> bool {
                self.is_blocking()
            }
            fn set_timeout(&mut self, limit: Option<Duration>) -> Result<()> {
                self.set_timeout(limit)
            }
            fn set_packet_limit(&mut self, bytes: usize) {
                self.set_packet_limit(bytes);
            }
            fn set_outbox_limit(&mut self, bytes: usize) {
                self.set_outbox_limit(bytes);
            }
            fn native_handle(&self) -> Option<NativeHandle<'_>> {
                self.native_handle()
            }
            #[cfg(feature = "messages")]
            fn into_stream(self) -> sockeye::Stream {
                self.into()
            }
        }
    };
}

macro_rules! delegate_listener {
    ($listener:ty, $stream:ty) => {
        impl Listen for $listener {
            type Stream = $stream;
            fn new() -> Self {
                Self::new()
            }
            fn accept(&mut self) -> Status<$stream> {
                self.accept()
            }
            fn close(&mut self) {
                self.close();
            }
            fn set_blocking(&mut self, blocking: bool) -> Result<()> {
                self.set_blocking(blocking)
            }
            fn set_timeout(&mut self, limit: Option<Duration>) -> Result<()> {
                self.set_timeout(limit)
            }
            fn native_handle(&self) -> Option<NativeHandle<'_>> {
                self.native_handle()
            }
        }
    };
}

#[cfg(feature = "tls")]
use delegate_stream;

delegate_stream!(TcpSocket, TcpSocket::new());
delegate_stream!(LocalSocket, LocalSocket::new());
delegate_listener!(TcpListener, TcpSocket);
delegate_listener!(LocalListener, LocalSocket);

/// Where a listener is.
pub trait Family {
    type Listener: Listen<Stream = Self::Stream>;
    type Stream: Stream;
    type Address: Clone + Send + std::fmt::Debug + 'static;

    /// An address that nobody listens at yet.
    fn fresh_address() -> Self::Address;
    fn listen(listener: &mut Self::Listener, at: &Self::Address) -> Status;
    /// Where a listener is, once it listens.
    fn address_of(listener: &Self::Listener) -> Self::Address;
    fn connect(socket: &mut Self::Stream, to: &Self::Address) -> Status;
    fn connect_timeout(socket: &mut Self::Stream, to: &Self::Address, limit: Duration) -> Status;
    /// An address where connects are refused.
    fn refusing_address() -> Self::Address;
    /// A listener whose queue is full, so that a connect hangs; with what keeps it full.
    fn full_listener() -> (Self::Address, Vec<socket2::Socket>);
    /// What two ends that have just been connected have to settle before bytes can pass.
    fn meet(_client: &mut Self::Stream, _server: &mut Self::Stream) {}
}

pub struct V4;
pub struct V6;
#[cfg(unix)]
pub struct Local;

macro_rules! tcp_family {
    ($family:ident, $address:expr) => {
        impl Family for $family {
            type Listener = TcpListener;
            type Stream = TcpSocket;
            type Address = u16;

            fn fresh_address() -> u16 {
                0
            }
            fn listen(listener: &mut TcpListener, at: &u16) -> Status {
                listener.listen_on($address, *at)
            }
            fn address_of(listener: &TcpListener) -> u16 {
                listener.local_port()
            }
            fn connect(socket: &mut TcpSocket, to: &u16) -> Status {
                socket.connect($address, *to)
            }
            fn connect_timeout(socket: &mut TcpSocket, to: &u16, limit: Duration) -> Status {
                socket.connect_timeout($address, *to, limit)
            }
            fn refusing_address() -> u16 {
                // Bound and not listening: nobody else can take the port while the test runs.
                let socket = socket2::Socket::new(
                    socket2::Domain::for_address($address.to_socket_addr(0)),
                    socket2::Type::STREAM,
                    None,
                )
                .unwrap();
                socket.bind(&$address.to_socket_addr(0).into()).unwrap();
                let port = socket.local_addr().unwrap().as_socket().unwrap().port();
                std::mem::forget(socket);
                port
            }
            fn full_listener() -> (u16, Vec<socket2::Socket>) {
                let domain = socket2::Domain::for_address($address.to_socket_addr(0));
                let listener = socket2::Socket::new(domain, socket2::Type::STREAM, None).unwrap();
                listener.bind(&$address.to_socket_addr(0).into()).unwrap();
                listener.listen(0).unwrap();
                let at = listener.local_addr().unwrap();
                let port = at.as_socket().unwrap().port();
                let mut sockets = vec![listener];
                // The queue holds one more than was asked for; further connects get no answer.
                for _ in 0..4 {
                    let filler = socket2::Socket::new(domain, socket2::Type::STREAM, None).unwrap();
                    filler.set_nonblocking(true).unwrap();
                    let _ = filler.connect(&at);
                    sockets.push(filler);
                }
                (port, sockets)
            }
        }
    };
}

tcp_family!(V4, IpAddress::LOCAL_HOST);
tcp_family!(V6, IpAddress::LOCAL_HOST_V6);

#[cfg(unix)]
impl Family for Local {
    type Listener = LocalListener;
    type Stream = LocalSocket;
    type Address = PathBuf;

    fn fresh_address() -> PathBuf {
        fresh_path()
    }
    fn listen(listener: &mut LocalListener, at: &PathBuf) -> Status {
        listener.listen(at)
    }
    fn address_of(listener: &LocalListener) -> PathBuf {
        listener.path().unwrap().to_path_buf()
    }
    fn connect(socket: &mut LocalSocket, to: &PathBuf) -> Status {
        socket.connect(to)
    }
    fn connect_timeout(socket: &mut LocalSocket, to: &PathBuf, limit: Duration) -> Status {
        socket.connect_timeout(to, limit)
    }
    fn refusing_address() -> PathBuf {
        // The standard library leaves the file behind, as a program that was killed does.
        let path = fresh_path();
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        path
    }
    fn full_listener() -> (PathBuf, Vec<socket2::Socket>) {
        let path = fresh_path();
        let listener = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        let at = socket2::SockAddr::unix(&path).unwrap();
        listener.bind(&at).unwrap();
        listener.listen(0).unwrap();
        let mut sockets = vec![listener];
        for _ in 0..4 {
            let filler = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
            filler.set_nonblocking(true).unwrap();
            let _ = filler.connect(&at);
            sockets.push(filler);
        }
        (path, sockets)
    }
}

/// Tells whether this machine has IPv6, which a container may not have. Where the project's own gate runs there must be.
pub fn has_v6() -> bool {
    let has = std::net::UdpSocket::bind("[::1]:0").is_ok();
    assert!(has || std::env::var_os("CI").is_none(), "this machine has no IPv6");
    if !has {
        eprintln!("this machine has no IPv6: what is tested over it is left out");
    }
    has
}

/// The loopback addresses of this machine.
pub fn loopbacks() -> Vec<IpAddress> {
    let both = [IpAddress::LOCAL_HOST, IpAddress::LOCAL_HOST_V6];
    both.into_iter().filter(|address| address.is_v4() || has_v6()).collect()
}

/// A path at which there is nothing, and that no other test uses.
pub fn fresh_path() -> PathBuf {
    // Not by the number of the process: a test that was killed had the same one, perhaps, and has left its files.
    std::env::temp_dir().join(format!("sockeye-test-{:016x}", RandomState::new().hash_one(())))
}

/// A listener at a fresh address.
pub fn listening<F: Family>() -> (F::Listener, F::Address) {
    let mut listener = <F::Listener as Listen>::new();
    F::listen(&mut listener, &F::fresh_address()).into_result().unwrap();
    let address = F::address_of(&listener);
    (listener, address)
}

/// Two connected sockets; the first is in the mode asked for, the second blocks for `LONG` at most.
pub fn connected<F: Family>(mode: Mode) -> (F::Stream, F::Stream) {
    let (mut listener, address) = listening::<F>();
    let mut client = <F::Stream as Stream>::new();
    F::connect_timeout(&mut client, &address, LONG).into_result().unwrap();
    listener.set_timeout(Some(LONG)).unwrap();
    let mut server = listener.accept().into_result().unwrap();
    F::meet(&mut client, &mut server);
    client.set_blocking(mode == Mode::Blocking).unwrap();
    (client, server)
}

/// Waits until a socket is ready.
pub fn await_ready<S: Selectable>(socket: &S, interest: Interest) {
    let mut selector = SocketSelector::new().unwrap();
    selector.add_with(socket, interest).unwrap();
    assert!(selector.wait(Some(LONG)).unwrap(), "not ready within {LONG:?}");
}

/// Receives until the answer is another than `NotReady`.
pub fn receive_soon<S: Stream>(socket: &mut S, buffer: &mut [u8]) -> Status<usize> {
    eventually(|| socket.receive(buffer))
}

/// Repeats an operation while the answer is `NotReady`.
pub fn eventually<T>(mut operation: impl FnMut() -> Status<T>) -> Status<T> {
    let end = Instant::now() + LONG;
    loop {
        match operation() {
            Status::NotReady if Instant::now() < end => std::thread::yield_now(),
            status => return status,
        }
    }
}

/// Sends until the system has no room for a single byte, and finds none for a while either: TCP moves data to the
/// peer's buffer and enlarges both. The socket must not block for long. Returns how many bytes went.
pub fn fill<S: Stream>(socket: &mut S) -> usize {
    let chunk = [0x5a; 64 * 1024];
    let mut total = 0;
    let mut quiet = SocketSelector::new().unwrap();
    loop {
        let before = total;
        for length in [chunk.len(), 1] {
            while let Status::Done(sent) = socket.send(&chunk[..length]) {
                total += sent;
            }
        }
        if total == before {
            return total;
        }
        quiet.wait(Some(Duration::from_millis(500))).unwrap();
    }
}

/// Receives exactly so many bytes.
pub fn drain<S: Stream>(socket: &mut S, mut count: usize) -> Vec<u8> {
    let mut all = Vec::with_capacity(count);
    let mut buffer = vec![0; 64 * 1024];
    while count > 0 {
        let most = count.min(buffer.len());
        match receive_soon(socket, &mut buffer[..most]) {
            Status::Done(received) => {
                all.extend_from_slice(&buffer[..received]);
                count -= received;
            }
            other => panic!("{other:?} with {count} bytes to come"),
        }
    }
    all
}

/// Receives exactly so many bytes, while the sender moves on what it has taken charge of.
pub fn drain_from<S: Stream>(sender: &mut S, receiver: &mut S, count: usize) -> Vec<u8> {
    let mut all = Vec::with_capacity(count);
    let mut buffer = vec![0; 64 * 1024];
    while all.len() < count {
        // Nothing of it is left, or the receiver has to make room first.
        let _ = sender.flush();
        let most = buffer.len().min(count - all.len());
        let received = receive_soon(receiver, &mut buffer[..most]).into_result().unwrap();
        all.extend_from_slice(&buffer[..received]);
    }
    all
}

/// Makes the socket's close a reset.
pub fn reset<S: Stream>(mut socket: S) {
    let handle = socket.native_handle().unwrap();
    // Only TCP has it; a local socket resets by closing with something unread, which the caller sees to.
    let _ = socket2::SockRef::from(&handle).set_linger(Some(Duration::ZERO));
    socket.disconnect();
}

/// A packet with this many bytes in it.
pub fn packet_of(length: usize, byte: u8) -> Packet {
    Packet::from(vec![byte; length])
}

/// Runs something on another thread and fails when it has not ended after `LONG`.
pub fn in_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Joined<T> {
    let (done, ended) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let value = body();
        let _ = done.send(());
        value
    });
    Joined { thread, ended }
}

pub struct Joined<T> {
    thread: std::thread::JoinHandle<T>,
    ended: std::sync::mpsc::Receiver<()>,
}

impl<T> Joined<T> {
    pub fn join(self) -> T {
        use std::sync::mpsc::RecvTimeoutError;
        // A panic closes the channel, and `join` passes it on.
        assert_ne!(self.ended.recv_timeout(LONG), Err(RecvTimeoutError::Timeout), "the thread hangs");
        match self.thread.join() {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}
