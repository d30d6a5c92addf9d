//! Servers that do what a test tells them, on loopback, with a deadline on everything.

use std::{
    io::{Read, Write},
    mem,
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::PATIENCE;

/// A script that runs on a thread of its own, and where it listens.
pub(crate) struct Server<T> {
    pub(crate) port: u16,
    thread: JoinHandle<T>,
}

/// Where a script takes its clients from.
pub(crate) struct Door(TcpListener);

/// A connection to a client.
pub(crate) struct Peer<S = TcpStream> {
    pub(crate) stream: S,
}

/// Runs a script that takes connections from the door; what it gives back is for the test.
pub(crate) fn serve<T: Send + 'static>(script: impl FnOnce(&Door) -> T + Send + 'static) -> Server<T> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    Server { port, thread: thread::spawn(move || script(&Door(listener))) }
}

/// Gives one client one answer, and then its request's head.
pub(crate) fn answer(response: impl AsRef<[u8]> + Send + 'static) -> Server<String> {
    serve(move |door| door.accept().reply(response))
}

/// A port that nobody listens on, and that nobody else gets: the end of a connection has it.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let end = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let port = end.local_addr().unwrap().port();
    mem::forget((listener, end));
    port
}

impl<T> Server<T> {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Waits for the end of the script, which its own deadlines bound.
    pub(crate) fn end(self) -> T {
        self.thread.join().unwrap()
    }
}

impl Door {
    pub(crate) fn accept(&self) -> Peer {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.0.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).unwrap();
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    stream.set_write_timeout(Some(PATIENCE)).unwrap();
                    return Peer { stream };
                }
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "{error}"),
            }
            assert!(Instant::now() < until, "no client comes");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl<S: Read + Write> Peer<S> {
    /// Reads a head with its blank line.
    pub(crate) fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(self.body(1));
        }
        String::from_utf8(head).unwrap()
    }

    /// Reads the head of a request without a body and answers it.
    pub(crate) fn reply(&mut self, response: impl AsRef<[u8]>) -> String {
        let head = self.head();
        self.send(response);
        head
    }

    pub(crate) fn body(&mut self, length: usize) -> Vec<u8> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        body
    }

    /// Reads a body in chunks up to its end.
    pub(crate) fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let mut line = Vec::new();
            while !line.ends_with(b"\r\n") {
                line.extend(self.body(1));
            }
            let length = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
            let data = self.body(length + 2);
            assert_eq!(&data[length..], b"\r\n");
            if length == 0 {
                return body;
            }
            body.extend(&data[..length]);
        }
    }

    pub(crate) fn send(&mut self, data: impl AsRef<[u8]>) {
        self.stream.write_all(data.as_ref()).unwrap();
        self.stream.flush().unwrap();
    }

    /// Waits until the client has closed the connection.
    pub(crate) fn wait_for_the_end(&mut self) {
        let mut buffer = [0; 1024];
        // A reset is an end too.
        while self.stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
    }
}

/// A response with a length.
pub(crate) fn response(status: &str, fields: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The value of a field in a head.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

pub(crate) fn first_line(head: &str) -> String {
    head.lines().next().unwrap_or_default().to_owned()
}
