//! Another client, for comparison: the program `curl`.

use std::process::Command;

use crate::{DEADLINE, proxy::without_proxies};

/// What curl makes of a URL.
#[derive(Debug, PartialEq, Eq)]
pub struct Curled {
    /// The status of the response.
    pub status: u16,
    /// How many connections it has opened.
    pub connections: u32,
    /// The body, or what the arguments asked for.
    pub body: Vec<u8>,
}

/// Runs curl.
///
/// # Panics
///
/// When it cannot be run, or fails.
#[must_use]
pub fn curl(arguments: &[&str]) -> Curled {
    let mut command = Command::new("curl");
    // -q: no configuration of the user's. Its proxies are the test's.
    command.args(["-q", "-sS", "--max-time", &DEADLINE.as_secs().to_string()]);
    command.args(["-w", "%{stderr}%{http_code} %{num_connects}\n"]).args(arguments);
    without_proxies(&mut command);
    let output = command.output().unwrap_or_else(|error| panic!("curl cannot be run: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {}: {said}", output.status);
    // With several URLs the last line is about the last one, and the connections add up.
    let lines: Vec<(u16, u32)> = said
        .lines()
        .map(|line| {
            let (status, connections) = line.split_once(' ').unwrap_or_else(|| panic!("curl said {line:?}"));
            (status.parse().expect("a status"), connections.parse().expect("a number"))
        })
        .collect();
    let connections = lines.iter().map(|(_, count)| count).sum();
    Curled { status: lines.last().expect("a line for each URL").0, connections, body: output.stdout }
}
