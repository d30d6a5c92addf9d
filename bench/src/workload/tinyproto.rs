//! Messages of 16 bytes one way to a real server of tinyproto 3.0.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use sockeye::{Connection, Endpoint, Framing};

use crate::Result;
use crate::session::Session;
use crate::workload::far::{self, Far};

const MESSAGE: [u8; 16] = [7; 16];
/// The server answers this one with how many there were.
const QUESTION: [u8; 16] = [b'?'; 16];

/// A single message never waits for an acknowledgement; many in a row do.
const STEP: u64 = 16;

/// Messages, sent as fast as the server takes them; the last one is answered, so all have been received.
pub fn one_way(session: Session) -> Result<()> {
    let mut far = Far::start(python().arg("server").stdin(Stdio::piped()).stdout(Stdio::piped()))?;
    let endpoint = Endpoint::Tcp { host: None, port: port(&mut far)? };
    let mut near = Connection::connect(&endpoint, Framing::Tiny, None)?;
    session.serve(STEP, |operations| {
        for _ in 1..operations {
            near.send(&MESSAGE).into_result()?;
        }
        near.send(&QUESTION).into_result()?;
        let answer = String::from_utf8(near.receive().into_result()?)?;
        if answer.parse() != Ok(operations) {
            return Err(format!("{answer} messages of {operations} have arrived").into());
        }
        Ok(())
    })
}

/// The same by tinyproto's own sender, in a process that takes this one's place.
pub fn python_one_way(_session: Session) -> Result<()> {
    Err(python().arg("pair").exec().into())
}

/// Where the server listens.
fn port(far: &mut Far) -> Result<u16> {
    let output = far.0.stdout.take().ok_or("it has no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    line.trim().parse().map_err(|_| "tinyproto 3.0 is missing: BENCH_PYTHON says which Python has it".into())
}

fn python() -> Command {
    let mut python = far::python();
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/tiny.py"));
    python
}
