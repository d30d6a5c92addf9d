//! Framed messages as Python's `multiprocessing.connection` has them: an echo with both ends on one thread, and one with
//! the far end, ours or a Python's, in another process.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::{env, hint, process, thread};

use sockeye::{Client, Connection, Endpoint, Listener, Status};

use crate::contestant::BULK;
use crate::session::Session;
use crate::workload::far::{self, Far};
use crate::{Result, sys};

/// The size where Python waits for acknowledgements.
pub const STALLING: usize = 32 * 1024;
const SMALL: usize = 16;
const BURST: u64 = 64;
/// No answer to this one; the next message comes with the next round.
const ROUND_END: &[u8] = &[];

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

/// The same with the far end in another process, both where the system lets them run: asked again and again as a game
/// asks, or waited for.
pub fn tcp_apart<const SIZE: usize, const POLLED: bool>(session: Session) -> Result<()> {
    let mut listener = Listener::bind(&Endpoint::parse("127.0.0.1:0")?, None)?;
    let address = listener.address()?.to_string();
    sys::unpin()?;
    let words = ["echo", &address, if POLLED { "polled" } else { "waiting" }];
    let _far = Far(Command::new(env::current_exe()?).args(words).stdin(Stdio::null()).spawn()?);
    let mut near = listener.accept().into_result()?;
    near.set_blocking(!POLLED)?;
    let (data, mut received) = (vec![7; SIZE], vec![0; SIZE]);
    session.serve(1, |operations| {
        for _ in 0..operations {
            send_polled(&mut near, &data)?;
            polled(|| near.receive_into(&mut received))?.ok_or("the far end has gone")?;
        }
        send_polled(&mut near, ROUND_END)
    })
}

/// The far end of that, in the process that it is. Between rounds it waits, or it would take a core from the others.
pub fn answer(address: &str, is_polled: bool) -> Result<()> {
    let mut far = Client::connect(&Endpoint::parse(address)?, None).into_result()?;
    let mut received = vec![0; BULK];
    while let Some(count) = polled(|| far.receive_into(&mut received))? {
        let is_round = count > ROUND_END.len();
        far.set_blocking(!(is_polled && is_round))?;
        if is_round {
            send_polled(&mut far, received.get(..count).unwrap_or_default())?;
        }
    }
    Ok(())
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

/// Both ends Python's own in two processes that wait, where the system lets them run.
pub fn python_apart<const SIZE: usize>(_session: Session) -> Result<()> {
    become_python("apart", SIZE)
}

/// The same with ends that ask again and again.
pub fn python_asking<const SIZE: usize>(_session: Session) -> Result<()> {
    become_python("asking", SIZE)
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

/// Python at both ends, in two processes with a core each.
pub fn python_beside<const SIZE: usize>(_session: Session) -> Result<()> {
    become_python("beside", SIZE)
}

fn become_python(kind: &str, size: usize) -> Result<()> {
    Err(python().args([kind, &size.to_string()]).exec().into())
}

fn python() -> Command {
    let mut python = far::python();
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/messages.py"));
    python
}
