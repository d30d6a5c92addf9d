//! Servers that do exactly what a test tells them, byte by byte. They use the standard library only, so that no fault
//! of the crate can make up for another.
#![allow(dead_code, unreachable_pub, reason = "every test program uses a part of it")]

use std::{
    collections::HashMap,
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Nothing on loopback takes this long.
const LONG: Duration = Duration::from_secs(20);

/// A server on a port of its own, with a thread for each connection. When it is dropped, its connections end and the
/// failures of its script become the test's.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// The server's end of one connection.
pub struct Peer {
    /// How many connections came before this one.
    pub number: usize,
    /// `None` after a reset.
    socket: Option<TcpStream>,
    shared: Arc<Shared>,
}

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct Received {
    pub method: String,
    pub target: String,
    pub version: String,
    /// In their order, the names as they were written.
    pub fields: Vec<(String, String)>,
    /// The decoded body.
    pub body: Vec<u8>,
    /// The head, byte for byte, with its empty line.
    pub head: String,
}

#[derive(Default)]
struct Shared {
    accepted: AtomicUsize,
    open: AtomicUsize,
    stopped: AtomicBool,
    requests: Mutex<Vec<Received>>,
    /// A second handle of each connection, by which the end of the test reaches a script that waits.
    sockets: Mutex<HashMap<usize, TcpStream>>,
}

impl Server {
    /// Runs `script` for each connection; the connection closes when it returns.
    pub fn start(script: impl Fn(&mut Peer) + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0", script)
    }

    /// The same at another address.
    pub fn start_at(address: &str, script: impl Fn(&mut Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared, &Arc::new(script))
        });
        Self { address, shared, thread: Some(thread) }
    }

    /// Answers every request of every connection with these bytes.
    pub fn answering(response: impl Into<Vec<u8>>) -> Self {
        let response = response.into();
        Self::start(move |peer| while peer.request().is_some() && peer.send(&response) {})
    }

    /// Answers the first request of a connection with these bytes and ends the connection.
    pub fn answering_once(response: impl Into<Vec<u8>>) -> Self {
        let response = response.into();
        Self::start(move |peer| {
            if peer.request().is_some() {
                peer.send(&response);
                peer.finish();
            }
        })
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What the `Host` field of a request to this server says.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// A URL of this server.
    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// How many connections are open; one that the script has not noticed the end of counts.
    pub fn open_connections(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// The requests that were read so far, in the order of their ends.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for (_, socket) in self.shared.sockets.lock().unwrap().drain() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        // Ends the wait for the next connection.
        let _ = TcpStream::connect(self.address);
        let ended = self.thread.take().map(JoinHandle::join);
        if let Some(Err(panic)) = ended
            && !thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Peer {
    /// Reads a request with its body and answers an expectation on the way. `None` when the client has closed instead.
    ///
    /// What arrives in part fails the test: a client that gives up in the middle is met with [`head`](Self::head).
    pub fn request(&mut self) -> Option<Received> {
        let mut request = self.head()?;
        if request.field("expect").is_some() {
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        let body = self.body(&request);
        request.body = body.unwrap_or_else(|| panic!("the body of {:?} was cut", request.head));
        self.shared.requests.lock().unwrap().push(request.clone());
        Some(request)
    }

    /// Reads a request up to its empty line. `None` when the client has closed or reset before that.
    pub fn head(&mut self) -> Option<Received> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.byte()?);
            assert!(head.len() < 1 << 20, "an endless request");
        }
        Some(Received::parse(String::from_utf8(head).unwrap()))
    }

    /// Reads the body that a head announces. `None` when the client has closed or reset before its end.
    pub fn body(&mut self, request: &Received) -> Option<Vec<u8>> {
        if request.field("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return self.chunks();
        }
        let length = request.field("content-length").map_or(0, |value| value.parse().unwrap());
        self.exactly(length)
    }

    /// Sends bytes; tells whether the client still took them.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.socket.as_mut().is_some_and(|socket| socket.write_all(bytes).is_ok())
    }

    /// Sends the same bytes again and again until the client does not take them any more, `most` times at most; tells
    /// how often they went.
    pub fn send_endlessly(&mut self, bytes: &[u8], most: usize) -> usize {
        (0..most).take_while(|_| self.send(bytes)).count()
    }

    /// Sends byte after byte with a pause in front of each; tells whether the client took them all.
    pub fn drip(&mut self, bytes: &[u8], pause: Duration) -> bool {
        bytes.iter().all(|byte| {
            thread::sleep(pause);
            self.send(&[*byte])
        })
    }

    /// Ends the sending side and waits for the client to close: nothing that was sent is lost by a reset.
    pub fn finish(&mut self) {
        if let Some(socket) = &self.socket {
            let _ = socket.shutdown(Shutdown::Write);
            self.await_close();
        }
    }

    /// Takes whatever comes until the client closes or resets, and says how much it was.
    ///
    /// # Panics
    ///
    /// When the client does not close.
    pub fn await_close(&mut self) -> usize {
        let Some(socket) = &mut self.socket else { return 0 };
        let mut buffer = [0; 64 * 1024];
        let mut taken = 0;
        let end = Instant::now() + LONG;
        loop {
            match socket.read(&mut buffer) {
                Ok(0) => return taken,
                Ok(length) => taken += length,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    panic!("the client does not close its connection")
                }
                // A reset, or the end of the test.
                Err(_) => return taken,
            }
            assert!(Instant::now() < end, "the client sends for ever");
        }
    }

    /// Tells whether there is something to read, without reading it.
    pub fn has_more(&self) -> bool {
        self.peek() == Some(1)
    }

    /// Keeps the connection as it is until the server is dropped.
    pub fn hold(&self) {
        while !self.shared.stopped.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// How many bytes a read would give: `None` while it would wait, 0 at the end.
    fn peek(&self) -> Option<usize> {
        let Some(socket) = &self.socket else { return Some(0) };
        socket.set_nonblocking(true).unwrap();
        let peeked = socket.peek(&mut [0]);
        socket.set_nonblocking(false).unwrap();
        match peeked {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            peeked => Some(peeked.unwrap_or(0)),
        }
    }

    /// Closes with a reset; the client may have read all that was sent, or lose it.
    pub fn reset(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket2::SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
            self.shared.sockets.lock().unwrap().remove(&self.number);
        }
    }

    /// Reads so many bytes. `None` when the client ends before.
    pub fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.socket.as_mut()?.read_exact(&mut bytes).ok().map(|()| bytes)
    }

    /// Reads so many bytes and keeps none. `None` when the client ends before.
    pub fn skip(&mut self, mut count: usize) -> Option<()> {
        let mut buffer = [0; 64 * 1024];
        while count > 0 {
            let most = count.min(buffer.len());
            match self.socket.as_mut()?.read(&mut buffer[..most]) {
                Ok(0) | Err(_) => return None,
                Ok(length) => count -= length,
            }
        }
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        self.exactly(1).map(|bytes| bytes[0])
    }

    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(self.byte()?);
        }
        Some(String::from_utf8(line).unwrap().trim_end().to_owned())
    }

    fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let length = usize::from_str_radix(&line, 16).unwrap_or_else(|_| panic!("{line:?} is no chunk size"));
            body.extend(self.exactly(length)?);
            assert_eq!(self.line()?, "", "behind a chunk of {length}");
            if length == 0 {
                return Some(body);
            }
        }
    }
}

impl Received {
    /// The value of a field that must not come twice.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert_eq!(values.next(), None, "{name} comes twice");
        value
    }

    fn parse(head: String) -> Self {
        let mut lines = head.trim_end_matches("\r\n").split("\r\n");
        let words: Vec<&str> = lines.next().unwrap().split(' ').collect();
        let [method, target, version] = words[..] else { panic!("{head:?} is no request") };
        let (method, target, version) = (method.to_owned(), target.to_owned(), version.to_owned());
        let fields = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?} is no field"));
            (name.to_owned(), value.to_owned())
        });
        Self { method, target, version, fields: fields.collect(), body: Vec::new(), head }
    }
}

fn accept<S: Fn(&mut Peer) + Send + Sync + 'static>(listener: &TcpListener, shared: &Arc<Shared>, script: &Arc<S>) {
    let mut threads = Vec::new();
    for number in 0.. {
        let (socket, _) = listener.accept().unwrap();
        if shared.stopped.load(Ordering::SeqCst) {
            break;
        }
        shared.accepted.fetch_add(1, Ordering::SeqCst);
        shared.open.fetch_add(1, Ordering::SeqCst);
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        socket.set_write_timeout(Some(LONG)).unwrap();
        shared.sockets.lock().unwrap().insert(number, socket.try_clone().unwrap());
        if shared.stopped.load(Ordering::SeqCst) {
            let _ = socket.shutdown(Shutdown::Both);
        }
        let (shared, script) = (Arc::clone(shared), Arc::clone(script));
        threads.push(thread::spawn(move || {
            script(&mut Peer { number, socket: Some(socket), shared });
        }));
    }
    for thread in threads {
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.shared.sockets.lock().unwrap().remove(&self.number);
        self.socket = None;
        self.shared.open.fetch_sub(1, Ordering::SeqCst);
    }
}
