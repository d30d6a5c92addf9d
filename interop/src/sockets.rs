//! Our own sockets, in either mode.

use std::time::{Duration, Instant};

use sockeye::{Interest, IpAddress, Selectable, SocketSelector, Status, TcpListener, TcpSocket};

use crate::{DEADLINE, Peer};

/// Whether our socket waits by itself, or the test waits for it with a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Every operation waits for ever, as in a new socket.
    Blocking,
    /// Every operation waits, at most for [`DEADLINE`].
    Limited,
    /// No operation waits.
    NonBlocking,
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Blocking, Self::Limited, Self::NonBlocking];

    /// What `set_blocking` takes.
    #[must_use]
    pub fn is_blocking(self) -> bool {
        self != Self::NonBlocking
    }

    /// What `set_timeout` takes.
    #[must_use]
    pub fn limit(self) -> Option<Duration> {
        (self == Self::Limited).then_some(DEADLINE)
    }
}

/// Which side connects; the other listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// Ours.
    Ours,
    /// The peer.
    Peer,
}

/// The ways in which our socket can come to a connection.
pub const WAYS: [(Opener, Mode); 6] = [
    (Opener::Ours, Mode::Blocking),
    (Opener::Ours, Mode::Limited),
    (Opener::Ours, Mode::NonBlocking),
    (Opener::Peer, Mode::Blocking),
    (Opener::Peer, Mode::Limited),
    (Opener::Peer, Mode::NonBlocking),
];

/// Connects one of our sockets and a TCP peer.
///
/// # Panics
///
/// When they do not connect.
#[must_use]
pub fn connection(peer: &mut Peer, (opener, mode): (Opener, Mode)) -> TcpSocket {
    if opener == Opener::Peer {
        let mut listener = listening(mode, IpAddress::LOCAL_HOST);
        return accepted(&mut listener, peer);
    }
    let port = peer.port("listen");
    let mut socket = unconnected(mode);
    let mut status = socket.connect(IpAddress::LOCAL_HOST, port);
    if mode == Mode::NonBlocking && status.is_not_ready() {
        status = settled(&mut socket, Interest::Write, TcpSocket::finish_connect);
    }
    status.into_result().expect("the peer listens");
    peer.perform("accept");
    socket
}

/// Makes one of our sockets, not connected yet.
///
/// # Panics
///
/// When the mode cannot be set.
#[must_use]
pub fn unconnected(mode: Mode) -> TcpSocket {
    let mut socket = TcpSocket::new();
    socket.set_blocking(mode.is_blocking()).expect("a mode can be set");
    socket.set_timeout(mode.limit()).expect("a limit can be set");
    socket
}

/// Makes one of our listeners, on a free port; [`IpAddress::ANY_V6`] is both families.
///
/// # Panics
///
/// When it cannot listen.
#[must_use]
pub fn listening(mode: Mode, address: IpAddress) -> TcpListener {
    let mut listener = TcpListener::new();
    listener.set_blocking(mode.is_blocking()).expect("a mode can be set");
    listener.set_timeout(mode.limit()).expect("a limit can be set");
    listener.listen_on(address, 0).into_result().expect("a free port");
    listener
}

/// Has the peer connect to our listener, over IPv4.
///
/// # Panics
///
/// When it does not arrive, or arrives in another mode than the listener's.
#[must_use]
pub fn accepted(listener: &mut TcpListener, peer: &mut Peer) -> TcpSocket {
    peer.perform(&format!("connect 127.0.0.1 {}", listener.local_port()));
    let socket = settled(listener, Interest::Read, TcpListener::accept).into_result().expect("a client");
    assert_eq!((socket.is_blocking(), socket.timeout()), (listener.is_blocking(), listener.timeout()));
    socket
}

/// Repeats an operation until it answers anything but `NotReady`, waiting in between with a selector.
///
/// # Panics
///
/// When that takes longer than [`DEADLINE`].
pub fn settled<S: Selectable, T>(
    socket: &mut S,
    interest: Interest,
    mut operation: impl FnMut(&mut S) -> Status<T>,
) -> Status<T> {
    let start = Instant::now();
    loop {
        match operation(socket) {
            Status::NotReady => wait_for(socket, interest, start),
            status => return status,
        }
    }
}

/// Waits until there is something to receive.
///
/// # Panics
///
/// When that takes longer than [`DEADLINE`].
pub fn wait_until_readable<S: Selectable>(socket: &S) {
    wait_for(socket, Interest::Read, Instant::now());
}

/// Receives bytes until there are so many.
///
/// # Panics
///
/// When they do not come.
#[must_use]
pub fn receive_exactly(socket: &mut TcpSocket, length: usize) -> Vec<u8> {
    let mut data = vec![0; length];
    let mut filled = 0;
    while filled < length {
        let status = settled(socket, Interest::Read, |socket| socket.receive(&mut data[filled..]));
        filled += status.into_result().expect("more bytes");
    }
    data
}

/// Sends all the bytes, as often as it takes.
///
/// # Panics
///
/// When they cannot be sent.
pub fn send_all(socket: &mut TcpSocket, data: &[u8]) {
    let mut sent = 0;
    while sent < data.len() {
        let status = settled(socket, Interest::Write, |socket| socket.send(&data[sent..]));
        sent += status.into_result().expect("room for more");
    }
}

fn wait_for<S: Selectable>(socket: &S, interest: Interest, start: Instant) {
    let mut selector = SocketSelector::new().expect("a selector");
    selector.add_with(socket, interest).expect("an open socket");
    let left = DEADLINE.saturating_sub(start.elapsed());
    assert!(selector.wait(Some(left)).expect("a selector that waits"), "nothing to {interest:?} for {DEADLINE:?}");
}
