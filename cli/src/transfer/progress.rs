//! The progress bar.

use std::io::{self, IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far a transfer has come, on a terminal; elsewhere nothing. Clones are the same bar.
#[derive(Debug, Clone)]
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// Draws on standard error if that is a terminal.
    pub(crate) fn on_terminal() -> Self {
        if io::stderr().is_terminal() { Self::draw_on(ProgressDrawTarget::stderr()) } else { Self::hidden() }
    }

    /// Draws nothing.
    pub(crate) fn hidden() -> Self {
        Self::draw_on(ProgressDrawTarget::hidden())
    }

    fn draw_on(target: ProgressDrawTarget) -> Self {
        Self(ProgressBar::with_draw_target(None, target).with_style(style(OF_UNKNOWN_LENGTH)))
    }

    /// Shows how much of one file has moved, of how much if that is known.
    pub(crate) fn show(&self, done: u64, total: Option<u64>) {
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

    /// Shows many files from now on, which have so many bytes together.
    pub(crate) fn show_many(&self, total: u64) {
        self.0.set_style(style(OF_MANY));
        self.0.set_length(total);
    }

    /// More of them have moved.
    pub(crate) fn add(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// So many of them are whole.
    pub(crate) fn count(&self, done: usize, all: usize) {
        if !self.0.is_hidden() {
            self.0.set_message(format!("{done} of {all} files"));
        }
    }

    /// Writes something above the bar.
    pub(crate) fn above<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Leaves its last state on a line of its own.
    pub(crate) fn end(&self) {
        if self.0.position() == 0 {
            self.0.finish_and_clear();
        } else {
            self.0.abandon();
            if !self.0.is_hidden() {
                // Nobody may be left to see it.
                _ = io::stderr().write_all(b"\n");
            }
        }
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
const OF_MANY: &str = "[{wide_bar}] {percent:>3}% {msg}, {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    /// A terminal that remembers the last line that was drawn.
    #[derive(Debug, Clone, Default)]
    struct Terminal(Arc<Mutex<String>>);

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            self.0.lock().unwrap().clear();
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What the bar shows after this.
    fn shown(act: impl FnOnce(&Bar)) -> String {
        let terminal = Terminal::default();
        let bar = Bar::draw_on(ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 255));
        act(&bar);
        bar.0.tick();
        let line = terminal.0.lock().unwrap();
        line.trim().to_owned()
    }

    #[test]
    fn it_shows_what_moves_of_what_is_known() {
        let line = shown(|bar| bar.show(1024, Some(4096)));
        assert!(line.starts_with("[=====") && line.contains("]  25% 1.00 KiB of 4.00 KiB, "), "{line}");
        let line = shown(|bar| {
            bar.show(1024, Some(4096));
            bar.show(1 << 20, Some(4 << 20));
        });
        assert!(line.contains("]  25% 1.00 MiB of 4.00 MiB, ") && line.ends_with(" left"), "{line}");
        let line = shown(|bar| bar.show(3 << 20, None));
        assert!(line.contains(" 3.00 MiB, ") && !line.contains('%') && !line.contains("of"), "{line}");
    }

    #[test]
    fn it_shows_many_files() {
        let line = shown(|bar| {
            bar.show_many(4096);
            bar.add(1024);
            bar.add(1024);
            bar.count(2, 5);
        });
        assert!(line.contains("]  50% 2 of 5 files, 2.00 KiB of 4.00 KiB, "), "{line}");
    }

    #[test]
    fn it_is_not_there_before_anything_moves() {
        let bar = Bar::hidden();
        assert_eq!((bar.0.position(), bar.0.length()), (0, None));
        assert_eq!(shown(Bar::end), "");
    }
}
