//! A command that talks to one peer.

use std::{
    io::Write as _,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver, SyncSender, TrySendError},
    thread,
};

use sockeye::Waker;

use super::{
    failure::Failure,
    pipe::{Shape, Source},
};

/// A running command. It is killed when the value is dropped before its output has ended.
#[derive(Debug)]
pub(super) struct Task {
    /// `None` when somebody else waits for its end.
    child: Option<Child>,
    /// `None` when the peer has said all.
    input: Option<SyncSender<Vec<u8>>>,
    /// What the command says.
    pub(super) output: Source,
    /// Its output is at its end.
    pub(super) has_ended: bool,
}

impl Task {
    pub(super) fn start(command: &str, shape: Shape, limit: usize, waker: &Waker) -> Result<Self, Failure> {
        let mut shell = shell(command);
        let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(Failure::Command)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(stdin), Some(stdout)) = (stdin, stdout) else {
            return Err(Failure::Command(std::io::ErrorKind::BrokenPipe.into()));
        };
        let (input, messages) = mpsc::sync_channel(WAITING);
        let writer_waker = waker.clone();
        let writer = thread::Builder::new().spawn(move || write(stdin, shape, &messages, &writer_waker));
        match writer.and_then(|_| Source::read(stdout, shape, limit, waker.clone())) {
            Ok(output) => Ok(Self { child: Some(child), input: Some(input), output, has_ended: false }),
            Err(error) => {
                kill(&mut child);
                _ = child.wait();
                Err(Failure::Command(error))
            }
        }
    }

    /// Gives the command a message; gives it back when the command is behind.
    pub(super) fn give(&self, message: Vec<u8>) -> Option<Vec<u8>> {
        match self.input.as_ref()?.try_send(message) {
            Err(TrySendError::Full(message)) => Some(message),
            // A command that reads no more is none that went wrong.
            Ok(()) | Err(TrySendError::Disconnected(_)) => None,
        }
    }

    /// The command reads what it was given, and then the end.
    pub(super) fn end_input(&mut self) {
        self.input = None;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if self.has_ended {
            // It may have more to do than to talk. Nobody waits for that, but the system wants its end to be taken.
            // Without a thread for it the system gets it with the end of this program.
            _ = thread::Builder::new().spawn(move || child.wait());
        } else {
            kill(&mut child);
            _ = child.wait();
        }
    }
}

/// Writes messages to a command until there are no more or it reads no more; each makes room for another.
fn write(mut to: ChildStdin, shape: Shape, messages: &Receiver<Vec<u8>>, waker: &Waker) {
    for message in messages {
        let is_written = shape.write(&mut to, &message).and_then(|()| to.flush()).is_ok();
        if waker.wake().is_err() || !is_written {
            break;
        }
    }
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    use std::os::unix::process::CommandExt as _;

    let mut shell = Command::new("sh");
    // A group of its own, with everything that the shell starts.
    shell.arg("-c").arg(command).process_group(0);
    shell
}

/// Ends a command with everything that it has started; nothing happens if it has ended already.
#[cfg(unix)]
fn kill(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};

    _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}

#[cfg(windows)]
fn kill(child: &mut Child) {
    _ = child.kill();
}

/// How many messages a command may be behind before its peer has to wait.
const WAITING: usize = 64;
