//! Framed messages as Python's `multiprocessing.connection` has them: an echo with both ends on one thread, and one with
//! a Python at the far end.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::{env, hint, process, thread};

use sockeye::{Client, Connection, Endpoint, Listener, Status};

use crate::Result;
use crate::session::Session;
use crate::workload::{beside, far::Far};

/// The size where Python waits for acknowledgements.
pub const STALLING: usize = 32 * 1024;
const SMALL: usize = 16;
const BURST: u64 = 64;

/// A message there and back over TCP, both ends ours.
pub fn tcp<const SIZE: usize>(session: Session) -> Result<()> {
    echo::<SIZE>(session, &Endpoint::parse("127.0.0.1:0")?)
}

/// The same over a local socket.
pub fn local<const SIZE: usize>(session: Session) -> Result<()> {
    let path = env::temp_dir().join(format!("sockeye-bench-{}", process::id()));
    echo::<SIZE>(session, &Endpoint::Local(path))
}

fn echo<const SIZE: usize>(session: Session, endpoint: &Endpoint) -> Result<()> {
    let (mut near, mut far) = pair(endpoint)?;
    let (data, mut received) = (vec![7; SIZE], vec![0; SIZE]);
    session.serve(1, |operations| {
        for _ in 0..operations {
            near.send(&data).into_result()?;
            let count = far.receive_into(&mut received).into_result()?;
            far.send(received.get(..count).unwrap_or_default()).into_result()?;
            near.receive_into(&mut received).into_result()?;
        }
        Ok(())
    })
}

/// The same with an end on each core, both in non-blocking mode and polled, as a game loop has them.
pub fn tcp_beside<const SIZE: usize>(session: Session) -> Result<()> {
    let (mut near, mut far) = pair(&Endpoint::parse("127.0.0.1:0")?)?;
    near.set_blocking(false)?;
    far.set_blocking(false)?;
    let (data, mut received) = (vec![7; SIZE], vec![0; SIZE]);
    thread::scope(|scope| {
        let echo = beside(scope, move || {
            let mut received = vec![0; SIZE];
            while let Some(count) = polled(|| far.receive_into(&mut received))? {
                send_polled(&mut far, received.get(..count).unwrap_or_default())?;
            }
            Ok(())
        });
        let done = session.serve(1, |operations| {
            for _ in 0..operations {
                send_polled(&mut near, &data)?;
                polled(|| near.receive_into(&mut received))?.ok_or("the far end has gone")?;
            }
            Ok(())
        });
        drop(near);
        echo.join().map_err(|_| "the far end panicked")??;
        done
    })
}

/// Sends a message and what the kernel had no room for at once.
fn send_polled(connection: &mut Connection, message: &[u8]) -> Result<()> {
    match connection.send(message) {
        Status::NotReady => polled(|| connection.flush())?.ok_or_else(|| "the other end has gone".into()),
        status => Ok(status.into_result()?),
    }
}

/// Asks until there is an answer; `None` is the end of the connection.
fn polled<T>(mut ask: impl FnMut() -> Status<T>) -> Result<Option<T>> {
    loop {
        match ask() {
            Status::NotReady => hint::spin_loop(),
            Status::Disconnected => return Ok(None),
            status => return Ok(Some(status.into_result()?)),
        }
    }
}

fn pair(endpoint: &Endpoint) -> Result<(Connection, Connection)> {
    let mut listener = Listener::bind(endpoint, None)?;
    let address = listener.address()?;
    let client = thread::spawn(move || Client::connect(&address, None).into_result());
    let far = listener.accept().into_result()?;
    let near = client.join().map_err(|_| "the client panicked")??;
    Ok((near, far))
}

/// Bursts of 64 messages there and back: all are sent, then all are answered, then all are received.
pub fn tcp_bursts(session: Session) -> Result<()> {
    let (mut near, mut far) = pair(&Endpoint::parse("127.0.0.1:0")?)?;
    let (data, mut received) = ([7; SMALL], [0; SMALL]);
    session.serve(BURST, |operations| {
        for _ in 0..operations / BURST {
            for _ in 0..BURST {
                near.queue(&data).into_result()?;
            }
            near.flush().into_result()?;
            for _ in 0..BURST {
                let count = far.receive_into(&mut received).into_result()?;
                far.queue(received.get(..count).unwrap_or_default()).into_result()?;
            }
            far.flush().into_result()?;
            for _ in 0..BURST {
                near.receive_into(&mut received).into_result()?;
            }
        }
        Ok(())
    })
}

/// The same by Python.
pub fn python_tcp_bursts(_session: Session) -> Result<()> {
    become_python("bursts", SMALL)
}

/// Both ends Python's own, in a process that takes this one's place.
pub fn python_tcp<const SIZE: usize>(_session: Session) -> Result<()> {
    become_python("tcp", SIZE)
}

/// The same over a local socket.
pub fn python_local<const SIZE: usize>(_session: Session) -> Result<()> {
    become_python("local", SIZE)
}

/// 32 KiB to a Python in another process and back, ours at the near end.
pub fn to_python(session: Session) -> Result<()> {
    let mut listener = Listener::bind(&Endpoint::parse("127.0.0.1:0")?, None)?;
    let Endpoint::Tcp { port, .. } = listener.address()? else { return Err("this is no port".into()) };
    let _far = Far::start(python().args(["echo", &port.to_string()]).stdin(Stdio::null()).stdout(Stdio::null()))?;
    let mut near: Connection = listener.accept().into_result()?;
    let (data, mut received) = (vec![7; STALLING], vec![0; STALLING]);
    session.serve(1, |operations| {
        for _ in 0..operations {
            near.send(&data).into_result()?;
            near.receive_into(&mut received).into_result()?;
        }
        Ok(())
    })
}

/// Python at both ends, in two processes.
pub fn python_beside<const SIZE: usize>(_session: Session) -> Result<()> {
    become_python("beside", SIZE)
}

fn become_python(kind: &str, size: usize) -> Result<()> {
    Err(python().args([kind, &size.to_string()]).exec().into())
}

fn python() -> Command {
    let mut python = Command::new("python3");
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/messages.py"));
    python
}
