//! A program that runs while a test talks to it, and the connections of a test.

use std::{
    io::{Read, Write},
    process::{ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use sockeye::{Connection, Endpoint, Framing, IpAddress, TcpListener};

use super::process::{PATIENCE, Process, eventually};

/// A program with pipes on all sides.
pub(crate) struct Live {
    child: Process,
    stdin: Option<ChildStdin>,
    stdout: Pipe,
    stderr: Pipe,
}

/// What has come out of a pipe.
struct Pipe(Arc<Mutex<Vec<u8>>>, Option<JoinHandle<()>>);

/// Makes the command.
pub(crate) fn sockeye(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// The same without a word on its standard input, ever.
pub(crate) fn run(arguments: &[&str]) -> super::program::Outcome {
    super::program::Running::start(&mut sockeye(arguments)).end()
}

/// The same with some.
pub(crate) fn run_with_input(arguments: &[&str], input: &[u8]) -> super::program::Outcome {
    let mut running = super::program::Running::start(sockeye(arguments).stdin(Stdio::piped()));
    // A program that does not want it all is for the test to judge.
    _ = running.child.stdin.take().unwrap().write_all(input);
    running.end()
}

/// A listener of the library on a free port, and that port.
pub(crate) fn listener() -> (TcpListener, String) {
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
    listener.set_timeout(Some(PATIENCE)).unwrap();
    let port = listener.local_port().to_string();
    (listener, port)
}

/// The next connection, with patience.
pub(crate) fn accept(listener: &mut TcpListener, framing: Framing) -> Connection {
    patient(Connection::new(listener.accept().into_result().unwrap(), framing))
}

/// A connection to a program that listens.
pub(crate) fn connect(endpoint: &str, framing: Framing) -> Connection {
    patient(Connection::connect(&Endpoint::parse(endpoint).unwrap(), framing, Some(PATIENCE)).unwrap())
}

pub(crate) fn patient(mut connection: Connection) -> Connection {
    connection.set_timeout(Some(PATIENCE)).unwrap();
    connection
}

/// The next message.
#[track_caller]
pub(crate) fn heard(connection: &mut Connection) -> Vec<u8> {
    connection.receive().into_result().unwrap()
}

#[track_caller]
pub(crate) fn say(connection: &mut Connection, message: &[u8]) {
    connection.send(message).into_result().unwrap();
}

impl Live {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::start_with_output(command, Stdio::piped())
    }

    pub(crate) fn start_with_output(command: &mut Command, output: impl Into<Stdio>) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(output).stderr(Stdio::piped());
        let mut child = Process::start(piped);
        let stdout = child.stdout.take().map_or_else(|| Pipe::of(std::io::empty()), Pipe::of);
        let stderr = Pipe::of(child.stderr.take().unwrap());
        Self { stdin: child.stdin.take(), child, stdout, stderr }
    }

    /// Starts `sockeye listen -v` on a free port; gives the endpoint, too.
    pub(crate) fn listen(arguments: &[&str]) -> (Self, String) {
        let live = Self::start(&mut sockeye(&[&["listen", "-v", "0"], arguments].concat()));
        let endpoint = live.said("listening at ");
        (live, endpoint)
    }

    pub(crate) fn input(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits for a line on standard error, and gives what is behind its beginning.
    #[track_caller]
    pub(crate) fn said(&self, beginning: &str) -> String {
        eventually(|| {
            let text = String::from_utf8(self.stderr.bytes()).unwrap();
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            whole.lines().find_map(|line| line.strip_prefix(beginning)).map(str::to_owned)
        })
    }

    /// Waits until exactly this has come to standard output.
    #[track_caller]
    pub(crate) fn wrote(&self, expected: &[u8]) {
        let written = eventually(|| Some(self.stdout.bytes()).filter(|bytes| bytes.len() >= expected.len()));
        assert!(written == expected, "{:?}", String::from_utf8_lossy(&written[..written.len().min(200)]));
    }

    /// Waits until one of these, all of one length, has come to standard output.
    #[track_caller]
    pub(crate) fn wrote_any(&self, expected: &[&[u8]]) {
        let written = self.bytes(expected[0].len());
        assert!(expected.contains(&written.as_slice()), "{written:?}");
    }

    /// Waits for so many bytes on standard output.
    #[track_caller]
    pub(crate) fn bytes(&self, count: usize) -> Vec<u8> {
        eventually(|| Some(self.stdout.bytes()).filter(|bytes| bytes.len() >= count))
    }

    /// What it has said on standard error.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8(self.stderr.bytes()).unwrap()
    }

    /// Gives it so much that nobody can wait until it has taken all.
    pub(crate) fn input_in_background(&mut self, bytes: Vec<u8>) -> JoinHandle<()> {
        let mut stdin = self.stdin.take().unwrap();
        thread::spawn(move || stdin.write_all(&bytes).unwrap())
    }

    /// Waits for so many lines on standard output.
    #[track_caller]
    pub(crate) fn lines(&self, count: usize) -> Vec<String> {
        eventually(|| {
            let text = String::from_utf8(self.stdout.bytes()).unwrap();
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            (text.ends_with('\n') && lines.len() >= count).then_some(lines)
        })
    }

    /// Waits for its end; gives its code and all that it has written.
    pub(crate) fn end(mut self) -> (Option<i32>, Vec<u8>, String) {
        (self.child.end(), self.stdout.all(), String::from_utf8(self.stderr.all()).unwrap())
    }

    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        self.child.signal("-INT");
    }
}

impl Pipe {
    fn of(mut from: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&bytes);
        let thread = thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                sink.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Self(bytes, Some(thread))
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }

    fn all(&mut self) -> Vec<u8> {
        self.1.take().unwrap().join().unwrap();
        self.bytes()
    }
}
