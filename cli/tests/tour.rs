//! `sockeye tour` and Ctrl-C.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "support/process.rs"]
mod process;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use process::{Process, eventually};

#[test]
fn an_interrupted_tour_leaves_no_files_behind() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tour");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    let mut tour = Process::start(command.arg("tour").env("TMPDIR", &folder).stdout(Stdio::null()));
    let names = || fs::read_dir(&folder).unwrap().count();
    eventually(|| (names() > 0).then_some(()));
    tour.signal("-INT");
    assert_eq!(tour.end(), Some(130));
    assert_eq!(names(), 0);
}
