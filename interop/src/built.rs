//! The programs of this repository, as their users run them.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Builds the command-line program, once, and gives its path. That may take longer than a [`Peer`](crate::Peer) lives.
///
/// # Panics
///
/// When it cannot be built.
pub fn sockeye() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build("--bin", "sockeye", "sockeye"))
}

/// Builds one of the examples and gives its path.
///
/// # Panics
///
/// When it cannot be built.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    build("--example", name, &format!("examples/{name}"))
}

/// Cargo knows whether there is anything to do. What has been built before is no proof of what there is now.
fn build(kind: &str, name: &str, path: &str) -> PathBuf {
    let this = env::current_exe().expect("a test knows where it is");
    let target = this.ancestors().nth(3).expect("tests are in the target folder").to_owned();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", kind, name, "--target-dir"]).arg(&target);
    // What Cargo tells a test of its package would make others anew whose builds ask for their own.
    let told = env::vars_os().map(|(name, _)| name);
    for name in told.filter(|name| TOLD.iter().any(|beginning| name.to_string_lossy().starts_with(beginning))) {
        command.env_remove(name);
    }
    let status = command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).status();
    let status = status.unwrap_or_else(|error| panic!("cargo cannot be run: {error}"));
    assert!(status.success(), "{name} cannot be built: {status}");
    target.join("debug").join(path)
}

const TOLD: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];
