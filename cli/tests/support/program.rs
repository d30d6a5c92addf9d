//! The program as a user runs it, and the folder that it writes to.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{PROGRAM, process::Process};

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Which of the programs in the program it was.
    name: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// A run that has not ended.
pub(crate) struct Running {
    name: String,
    pub(crate) child: Process,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

/// A folder of a test's own.
pub(crate) struct Folder(PathBuf);

/// Makes the command, in an environment that names no proxy, and no password.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.arg(PROGRAM).args(arguments).stdin(Stdio::null());
    command.env("HOME", env!("CARGO_TARGET_TMPDIR")).env_remove("SOCKEYE_FTP_PASSWORD");
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    Running::start(&mut command(arguments)).end()
}

/// Runs the program with a limit of time that ends it; gives what it says then.
#[track_caller]
pub(crate) fn run_into_limit(arguments: &[&str]) -> String {
    let begin = Instant::now();
    let said = run(&[arguments, &["--max-time", "0.4"]].concat()).failure(1);
    let took = begin.elapsed();
    assert!((Duration::from_millis(400)..Duration::from_secs(5)).contains(&took), "{took:?}");
    said
}

/// Runs the program with something on its standard input.
pub(crate) fn run_with_input(arguments: &[&str], input: &[u8]) -> Outcome {
    let mut running = Running::start(command(arguments).stdin(Stdio::piped()));
    running.child.stdin.take().unwrap().write_all(input).unwrap();
    running.end()
}

impl Outcome {
    /// Asserts that all went well without a word, and gives the standard output.
    #[track_caller]
    pub(crate) fn output(self) -> Vec<u8> {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        self.stdout
    }

    /// Asserts that it failed with this code and nothing on standard output, and gives the one line that says why.
    #[track_caller]
    pub(crate) fn failure(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_slice()), (Some(code), &[][..]), "{}", self.stderr);
        let reason = self.stderr.strip_prefix(&format!("sockeye: {}: ", self.name));
        let reason = reason.unwrap_or_else(|| panic!("{:?}", self.stderr));
        assert_eq!(reason.matches('\n').count(), 1, "{reason}");
        reason.trim_end().to_owned()
    }

    /// Asserts that the command line was wrong, so that nothing was done, and that this was said.
    #[track_caller]
    pub(crate) fn assert_wrong_usage(self, arguments: &[&str]) {
        assert_eq!((self.code, self.stdout.as_slice()), (Some(2), &b""[..]), "{arguments:?}");
        assert_ne!(self.stderr, "", "{arguments:?}");
    }

    /// Asserts that it is a help text with all of these parts.
    #[track_caller]
    pub(crate) fn assert_help(self, parts: &[&str]) {
        let help = String::from_utf8(self.output()).unwrap();
        for part in parts {
            assert!(help.contains(part), "{part:?} is not in\n{help}");
        }
    }
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let name = command.get_args().next().unwrap().to_str().unwrap().to_owned();
        let mut child = Process::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let (stdout, stderr) = (collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap()));
        Self { name, child, stdout: Some(stdout), stderr: Some(stderr) }
    }

    #[track_caller]
    pub(crate) fn end(mut self) -> Outcome {
        let code = self.child.end();
        let text = |thread: Option<JoinHandle<Vec<u8>>>| thread.unwrap().join().unwrap();
        let (stdout, stderr) = (text(self.stdout.take()), text(self.stderr.take()));
        Outcome { name: self.name, code, stdout, stderr: String::from_utf8(stderr).unwrap() }
    }

    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        self.child.signal("-INT");
    }
}

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PROGRAM).join(test);
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The path of a file in it, there or not.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, name: &str, data: impl AsRef<[u8]>) -> String {
        fs::write(self.0.join(name), data).unwrap();
        self.path(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }

    /// The names of the files in it.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// How many bytes are in its files.
    pub(crate) fn bytes(&self) -> u64 {
        let entries = fs::read_dir(&self.0).unwrap();
        // A file may go away in between.
        entries.filter_map(|entry| Some(entry.unwrap().metadata().ok()?.len())).sum()
    }
}

fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut data = Vec::new();
        from.read_to_end(&mut data).unwrap();
        data
    })
}
