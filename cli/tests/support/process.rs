//! A run of the program that does not outlive its test.
#![allow(dead_code, reason = "every test program uses a part of it")]

use std::{
    ops::{Deref, DerefMut},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

/// Nothing on loopback takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A process that ends with its test, whatever becomes of that.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// Waits for its end; gives its exit code.
    #[track_caller]
    pub(crate) fn end(&mut self) -> Option<i32> {
        eventually(|| self.try_wait().unwrap()).code()
    }

    /// Sends a signal, such as `-INT`.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Deref for Process {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Process {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails when it has ended, as it should have.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Asks until there is an answer.
#[track_caller]
pub(crate) fn eventually<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "it does not happen");
        thread::sleep(Duration::from_millis(2));
    }
}
