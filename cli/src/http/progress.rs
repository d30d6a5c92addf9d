//! The progress bar.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sockeye::HttpProgress;

/// How far a transfer has come, on a terminal; elsewhere nothing. Clones are the same bar.
#[derive(Debug, Clone)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// Draws on standard error if that is a terminal.
    pub(super) fn on_terminal() -> Self {
        if io::stderr().is_terminal() { Self::draw_on(ProgressDrawTarget::stderr()) } else { Self::hidden() }
    }

    /// Draws nothing.
    pub(super) fn hidden() -> Self {
        Self::draw_on(ProgressDrawTarget::hidden())
    }

    fn draw_on(target: ProgressDrawTarget) -> Self {
        Self(ProgressBar::with_draw_target(None, target).with_style(style(OF_UNKNOWN_LENGTH)))
    }

    /// Shows what has been received, or what has been sent as long as nothing comes back.
    pub(super) fn show(&self, progress: HttpProgress) {
        let HttpProgress { sent, to_send, received, to_receive } = progress;
        let is_sending = received == 0 && to_receive.is_none();
        let (done, total) = if is_sending { (sent, to_send) } else { (received, to_receive) };
        if total != self.0.length() {
            match total {
                Some(total) => {
                    self.0.set_style(style(OF_KNOWN_LENGTH));
                    self.0.set_length(total);
                }
                None => {
                    self.0.set_style(style(OF_UNKNOWN_LENGTH));
                    self.0.unset_length();
                }
            }
        }
        self.0.set_position(done);
    }

    /// Writes something above the bar.
    pub(super) fn above<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Leaves its last state on the terminal.
    pub(super) fn end(&self) {
        if self.0.position() > 0 { self.0.abandon() } else { self.0.finish_and_clear() }
    }
}

/// A style of the templates below; a template that is none, which the tests rule out, leaves the default.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
        .tick_chars("|/-\\ ")
}

const OF_KNOWN_LENGTH: &str = "[{wide_bar}] {percent:>3}% {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
const OF_UNKNOWN_LENGTH: &str = "{spinner} {bytes}, {bytes_per_sec}, {elapsed}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_templates() {
        for template in [OF_KNOWN_LENGTH, OF_UNKNOWN_LENGTH] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
