//! A program at the far end, on the other core.

use std::env;
use std::process::{Child, Command};

use crate::Result;
use crate::sys::{self, Core};

pub struct Far(pub Child);

impl Far {
    pub fn start(command: &mut Command) -> Result<Self> {
        // The child inherits the core.
        sys::pin(Core::Peer)?;
        let started = command.spawn();
        sys::pin(Core::Main)?;
        Ok(Self(started?))
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        // It ends with its connection, unless it hangs.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The Python of the peers that are programs of Python.
pub fn python() -> Command {
    Command::new(env::var_os("BENCH_PYTHON").unwrap_or_else(|| "python3".into()))
}
