//! A real program at the other end, told what to do line by line.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
};

use crate::{DEADLINE, LIFETIME, built, server::until};

/// A running peer. It speaks one line for each line it is told; it ends when the value is dropped.
///
/// A blocking socket cannot be woken from outside: a test that has not dropped its peer after [`LIFETIME`] ends the
/// whole program of tests.
#[derive(Debug)]
pub struct Peer {
    name: String,
    process: Child,
    commands: Option<Sender<String>>,
    answers: Receiver<String>,
    alive: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Peer {
    /// Starts the program that `interop/setup` has built from `peers/{name}.cpp`.
    ///
    /// # Panics
    ///
    /// When it is not there.
    #[must_use]
    pub fn program(name: &str) -> Self {
        Self::start(name, &mut Command::new(installed(&format!("bin/{name}"))))
    }

    /// Starts `peers/{name}.py` with the Python that `interop/setup` has installed.
    ///
    /// # Panics
    ///
    /// When it is not there.
    #[must_use]
    pub fn python(name: &str) -> Self {
        // -B: no byte code beside the sources.
        Self::start(&format!("{name}.py"), Command::new(installed("venv/bin/python")).arg("-B").arg(script(name)))
    }

    /// Starts a tinyproto of this version.
    ///
    /// # Panics
    ///
    /// When it is not there, or is another one.
    #[must_use]
    pub fn tinyproto(version: &str) -> Self {
        let package = installed(&format!("tinyproto-{version}/tinyproto/__init__.py"));
        let folder = package.ancestors().nth(2).expect("a package is in a folder");
        let mut python = Command::new(installed("venv/bin/python"));
        python.env("PYTHONPATH", folder).arg("-B").arg(script("tinyproto_peer"));
        let mut peer = Self::start(&format!("tinyproto {version}"), &mut python);
        assert_eq!(peer.perform("version"), version);
        peer
    }

    /// Starts the command-line program, at the end of a command that ends in a shell. What it writes to standard error
    /// are answers, too.
    ///
    /// # Panics
    ///
    /// When it cannot be built or started.
    #[must_use]
    pub fn sockeye(mut shell: Command, arguments: &[&str]) -> Self {
        shell.args(["-c", "exec \"$0\" \"$@\" 2>&1"]).arg(built::sockeye()).args(arguments);
        Self::start("sockeye", &mut shell)
    }

    /// Starts any program that speaks the line protocol.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn start(name: &str, command: &mut Command) -> Self {
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = started.unwrap_or_else(|error| panic!("the peer {name} cannot be started: {error}"));
        let (commands, told) = mpsc::channel::<String>();
        let (say, answers) = mpsc::channel();
        let mut input = process.stdin.take().expect("the input is a pipe");
        let output = BufReader::new(process.stdout.take().expect("the output is a pipe"));
        // A thread for each pipe: neither a long command nor a silent peer can hold up the test beyond its deadline.
        let writer = thread::spawn(move || {
            for command in told {
                // In one piece: `openssl` looks for its commands at the beginning of what it reads.
                if input.write_all(format!("{command}\n").as_bytes()).is_err() {
                    break;
                }
            }
        });
        let reader = thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if say.send(line).is_err() {
                    break;
                }
            }
        });
        let (alive, dropped) = mpsc::channel();
        let watched = name.to_owned();
        let watchdog = thread::spawn(move || {
            if dropped.recv_timeout(LIFETIME) == Err::<(), _>(RecvTimeoutError::Timeout) {
                // Past what the test program captures: nobody would ever print that.
                let _ = writeln!(io::stderr(), "a test with the peer {watched} has hung for {LIFETIME:?}");
                process::abort();
            }
        });
        let threads = vec![writer, reader, watchdog];
        Self { name: name.to_owned(), process, commands: Some(commands), answers, alive: Some(alive), threads }
    }

    /// Ends the peer without a chance to say anything: dropping it closes its input first, which is a word to some.
    ///
    /// # Panics
    ///
    /// When it has ended already.
    pub fn kill(mut self) {
        self.process.kill().expect("a process that runs can be killed");
    }

    /// Closes its input and waits for its end; gives its exit code.
    ///
    /// # Panics
    ///
    /// When it does not end within [`DEADLINE`].
    #[must_use]
    pub fn end(mut self) -> Option<i32> {
        self.commands = None;
        self.exit_code()
    }

    /// Does what Ctrl-C does and waits for its end; gives its exit code.
    ///
    /// # Panics
    ///
    /// When it does not end within [`DEADLINE`].
    #[must_use]
    pub fn interrupt(mut self) -> Option<i32> {
        let sent = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the peer {} has ended", self.name);
        self.exit_code()
    }

    fn exit_code(&mut self) -> Option<i32> {
        let Self { name, process, .. } = self;
        until(&format!("{name} ends"), || process.try_wait().expect("a child can be asked")).code()
    }

    /// Tells the peer to do something, without waiting for its answer.
    ///
    /// # Panics
    ///
    /// When the peer has ended.
    pub fn tell(&mut self, command: &str) {
        let sent = self.commands.as_ref().is_some_and(|commands| commands.send(command.to_owned()).is_ok());
        assert!(sent, "the peer {} has ended before {:?}", self.name, beginning(command));
    }

    /// Returns the answer to the oldest command that has not been answered.
    ///
    /// # Panics
    ///
    /// When none comes within [`DEADLINE`], and when the peer has ended.
    #[must_use]
    pub fn answer(&mut self) -> String {
        match self.answers.recv_timeout(DEADLINE) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => panic!("the peer {} said nothing for {DEADLINE:?}", self.name),
            Err(RecvTimeoutError::Disconnected) => panic!("the peer {} ended: {:?}", self.name, self.process.wait()),
        }
    }

    /// Tells the peer to do something and returns its answer.
    ///
    /// # Panics
    ///
    /// As [`tell`](Self::tell) and [`answer`](Self::answer).
    #[must_use]
    pub fn ask(&mut self, command: &str) -> String {
        self.tell(command);
        self.answer()
    }

    /// Tells the peer to do something that has to succeed; returns what it says after `done`.
    ///
    /// # Panics
    ///
    /// As [`ask`](Self::ask), and when the answer is not `done`.
    pub fn perform(&mut self, command: &str) -> String {
        let answer = self.ask(command);
        let Some(values) = answer.strip_prefix("done") else {
            panic!("the peer {} answered {:?} to {:?}", self.name, beginning(&answer), beginning(command))
        };
        values.trim_start().to_owned()
    }

    /// As [`perform`](Self::perform), for a command that answers with a port.
    ///
    /// # Panics
    ///
    /// As [`perform`](Self::perform), and when the value is no port.
    pub fn port(&mut self, command: &str) -> u16 {
        let value = self.perform(command);
        value.parse().unwrap_or_else(|_| panic!("the peer {} answered {value:?}, not a port", self.name))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.commands = None;
        self.alive = None;
        // It may have ended by itself, which is no failure here.
        let _ = self.process.kill();
        let _ = self.process.wait();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Finds what `interop/setup` made: the folder `interop` beside Cargo's own in the target folder, above this program.
///
/// # Panics
///
/// When it is not there.
#[must_use]
pub fn installed(name: &str) -> PathBuf {
    let program = env::current_exe().expect("a test knows where it is");
    let found = program.ancestors().map(|folder| folder.join("interop").join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("the peer {name} is not installed: run interop/setup (with the same CARGO_TARGET_DIR)")
    })
}

/// The source of a peer that is written in Python.
fn script(name: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("peers/{name}.py"));
    assert!(script.is_file(), "there is no {}", script.display());
    script
}

/// A command or an answer may carry a megabyte; a message shows how it begins.
fn beginning(text: &str) -> String {
    text.chars().take(80).collect()
}
