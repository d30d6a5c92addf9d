//! A terminal for the program.

use std::{
    fs::File,
    io::Read,
    os::fd::OwnedFd,
    process::{Command, Stdio},
    thread,
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::process::Process;

/// Runs a command on a terminal; gives the exit status and everything that the terminal got.
pub(crate) fn on_terminal(command: &mut Command) -> (Option<i32>, String) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let end = || Stdio::from(File::options().read(true).write(true).open(&name).unwrap());
    let mut child = Process::start(command.stdout(end()).stderr(end()));
    // The command keeps the other end open until it is dropped.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let reader = thread::spawn(move || shown(terminal));
    let code = child.end();
    (code, reader.join().unwrap())
}

/// Reads until nobody has the other end open any more, which Linux reports as an error.
fn shown(terminal: OwnedFd) -> String {
    let (mut terminal, mut all, mut buffer) = (File::from(terminal), Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = terminal.read(&mut buffer) {
        all.extend(&buffer[..count]);
    }
    String::from_utf8(all).unwrap()
}
