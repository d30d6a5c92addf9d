//! Parts of a test that run in a process of their own: with its own environment, its own memory, its own network.

use std::{
    env, fs,
    process::{Child, Command, Stdio},
};

use crate::proxy::without_proxies;

/// A part of a test that runs in another process.
#[derive(Debug)]
pub struct Playing {
    part: String,
    process: Child,
}

impl Playing {
    /// Starts this program again by a command that may end in a launcher, for one test of it.
    pub(crate) fn start(mut command: Command, test: &str, part: &str) -> Self {
        command.args([test, "--exact", "--nocapture"]).env(PART, part).stdout(Stdio::piped());
        Self { part: part.to_owned(), process: command.spawn().expect("the program starts again") }
    }

    /// Waits until the part has ended.
    ///
    /// # Panics
    ///
    /// When it failed, or was never there.
    pub fn join(self) {
        let output = self.process.wait_with_output().expect("a child can be waited for");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains(DONE), "{}: {}\n{text}", self.part, output.status);
    }
}

/// Starts a test of this program again with more in its environment and no proxy of the user's, in a part that [`part`] then tells.
#[must_use]
pub fn play(test: &str, part: &str, environment: &[(&str, &str)]) -> Playing {
    let mut command = Command::new(program());
    without_proxies(&mut command);
    command.envs(environment.iter().copied());
    Playing::start(command, test, part)
}

/// The same under a launcher, a command that takes a program and its arguments behind its own.
#[must_use]
pub fn play_under(mut launcher: Command, test: &str, part: &str) -> Playing {
    launcher.arg(program());
    Playing::start(launcher, test, part)
}

/// Runs a part of a test, if this process was started for one; tells whether it was.
pub fn part(play: impl FnOnce(&str)) -> bool {
    let Ok(part) = env::var(PART) else { return false };
    play(&part);
    // Without it a part that does not exist would pass.
    println!("{DONE}");
    true
}

/// Returns how many bytes of memory this process has had at most.
///
/// # Panics
///
/// When the system does not tell.
#[must_use]
pub fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has /proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux counts memory");
    let kibibytes = line.trim().strip_suffix(" kB").expect("it counts in kibibytes");
    1024 * kibibytes.parse::<u64>().expect("a number")
}

/// The path of this program.
pub(crate) fn program() -> String {
    let program = env::current_exe().expect("a program knows where it is");
    program.to_str().expect("the path is text").to_owned()
}

const PART: &str = "SOCKEYE_INTEROP_PART";
const DONE: &str = "the part was played to its end";
