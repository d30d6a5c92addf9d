//! A real server at the other end: a program that listens on ports of this machine.

mod group;
mod shared;

use std::{
    fmt,
    fs::{self, File},
    net::TcpListener,
    os::unix::process::CommandExt,
    process::{self, Child, ChildStdin, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use group::Group;

pub use shared::{Shared, Slot};

use crate::{DEADLINE, Folder};

/// A running server with a folder of its own, which is where it runs. It ends when the value is dropped; if that is
/// because a test failed, it prints what it has said.
pub struct Server {
    name: &'static str,
    command: Box<Prepare>,
    folder: Folder,
    ports: Vec<u16>,
    process: Child,
    lifelines: Vec<ChildStdin>,
}

/// Adds a program and its arguments to a command, once it is known what ports it is to listen on.
pub type Prepare = dyn Fn(&mut Command, &Folder, &[u16]) + Send + Sync;

impl Server {
    /// Starts a server and waits until it listens on so many ports, all of them free before.
    ///
    /// # Panics
    ///
    /// When it does not come to that.
    #[must_use]
    pub fn start(
        name: &'static str,
        folder: Folder,
        ports: usize,
        command: impl Fn(&mut Command, &Folder, &[u16]) + Send + Sync + 'static,
    ) -> Self {
        let command: Box<Prepare> = Box::new(command);
        let mut lifelines = Vec::new();
        // Between looking for a port and listening on it another program may take it; then there are others.
        for _ in 0..5 {
            let ports = free_ports(ports);
            if let Some(process) = launch(name, &command, &folder, &ports, &mut lifelines) {
                return Self { name, command, folder, ports, process, lifelines };
            }
        }
        panic!("{name}, which interop/setup installs, ends instead of listening:\n{}", said(&folder));
    }

    /// Returns the port of this number, in the order in which the command got them.
    #[must_use]
    pub fn port(&self, number: usize) -> u16 {
        self.ports[number]
    }

    /// Returns the folder that the server runs in.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Ends the server and all its connections.
    ///
    /// # Panics
    ///
    /// When it does not end.
    pub fn stop(&mut self) {
        let group = Group(self.process.id());
        group.kill();
        self.process.wait().expect("a child can be waited for");
        until(&format!("{} has ended", self.name), || (!group.is_alive()).then_some(()));
    }

    /// Kills every process of the server at once, without waiting for their end.
    pub fn kill(&self) {
        Group(self.process.id()).kill();
    }

    /// Kills all processes of the server but the first one.
    pub fn kill_children(&self) {
        Group(self.process.id()).kill_children();
    }

    /// Ends the server and starts it again on the same ports.
    ///
    /// # Panics
    ///
    /// When it does not end, or does not listen again.
    pub fn restart(&mut self) {
        self.stop();
        let started = launch(self.name, &self.command, &self.folder, &self.ports, &mut self.lifelines);
        self.process = started.unwrap_or_else(|| panic!("{} does not start again:\n{}", self.name, said(&self.folder)));
    }

    /// Returns what the server has written to its output.
    ///
    /// # Panics
    ///
    /// When it cannot be read.
    #[must_use]
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join(OUTPUT)).expect("a server has an output")).into_owned()
    }

    /// Returns the end of all that the server has written to its output and its logs.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{} on {:?}:\n{}", self.name, self.ports, said(&self.folder))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.said());
        }
        Group(self.process.id()).kill();
        let _ = self.process.wait();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("name", &self.name).field("ports", &self.ports).finish_non_exhaustive()
    }
}

/// Waits until there is something to return.
///
/// # Panics
///
/// When there is nothing after [`DEADLINE`].
pub fn until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(Instant::now() < end, "not within {DEADLINE:?}: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Returns ports of 127.0.0.1 that are free. The system gives none of them to a socket that asks for any, so that a
/// server which is started again finds its own.
///
/// # Panics
///
/// When there are none.
#[must_use]
pub fn free_ports(count: usize) -> Vec<u16> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    // Programs of tests that run at the same time begin at different places.
    let start = process::id() as usize * 97;
    let mut found = Vec::new();
    for _ in RANGE {
        let number = (start + NEXT.fetch_add(1, Ordering::Relaxed)) % RANGE.len();
        let port = RANGE.start + number as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            found.push(port);
        }
        if found.len() == count {
            return found;
        }
    }
    panic!("no {count} ports of {RANGE:?} are free");
}

/// Starts the program; `None` if it ends before it listens.
fn launch(
    name: &str,
    command: &Prepare,
    folder: &Folder,
    ports: &[u16],
    lifelines: &mut Vec<ChildStdin>,
) -> Option<Child> {
    let output = File::options().create(true).append(true).open(folder.join(OUTPUT)).expect("a file for the output");
    let errors = output.try_clone().expect("the file once more");
    let mut program = Command::new("bash");
    program.args(["-c", LAUNCH, name]).env("FOLDER", folder.path());
    command(&mut program, folder, ports);
    program.stdin(Stdio::piped()).stdout(output).stderr(errors).current_dir(folder.path()).process_group(0);
    let mut process = program.spawn().expect("bash is installed");
    // Kept until the folder goes, also if this server does not last so long.
    lifelines.extend(process.stdin.take());
    let group = Group(process.id());
    let end = Instant::now() + DEADLINE;
    while !group.listens(ports) {
        if process.try_wait().expect("a child can be asked").is_some() {
            return None;
        }
        if Instant::now() > end {
            group.kill();
            panic!("{name} does not listen on {ports:?} after {DEADLINE:?}:\n{}", said(folder));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Some(process)
}

/// The end of the output and of each log in the folder.
fn said(folder: &Folder) -> String {
    const MOST: usize = 4000;
    let logs = folder.names().into_iter().filter(|name| name == OUTPUT || name.ends_with(".log"));
    let mut text = String::new();
    for name in logs {
        let bytes = fs::read(folder.join(&name)).unwrap_or_default();
        let end = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(MOST)..]).into_owned();
        text += &format!("--- {name}\n{end}\n");
    }
    text
}

const OUTPUT: &str = "output";

/// The server with a process beside it that waits for the end of the tests, however they end: the pipe closes, and it
/// removes what a program that was killed leaves behind. Job control gives it a group of its own.
const LAUNCH: &str = r#"
set -m
{ cat >/dev/null; kill -KILL -- -$$; rm -rf -- "$FOLDER"; } <&0 >/dev/null 2>&1 &
set +m
exec "$@" </dev/null
"#;

/// Below the ports that Linux gives to sockets that ask for any.
const RANGE: std::ops::Range<u16> = 12_000..32_000;
