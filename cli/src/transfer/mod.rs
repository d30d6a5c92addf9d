//! What transfers over HTTP and over FTP have in common.

pub(crate) mod ending;
pub(crate) mod output;
pub(crate) mod progress;
pub(crate) mod trust;
pub(crate) mod unfinished;

use std::time::Duration;

/// Reads a limit of time of the command line.
pub(crate) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|limit| !limit.is_zero()).ok_or("expected seconds, more than 0, such as 2.5")
}
