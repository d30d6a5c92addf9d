//! The keyboard: keys become intents, lines of chat and the wish to leave.

use std::time::{Duration, Instant};

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::body::Intent;
use super::text::Line;

/// How long one press of the dash key is meant: the first datagram that says so may be lost.
const DASH_HOLD: Duration = Duration::from_millis(150);

/// What the player does at the keyboard. A terminal tells when a key goes down and not when it comes up, so a direction
/// holds until another key is pressed.
#[derive(Debug, Default)]
pub(crate) struct Controls {
    direction: (i8, i8),
    dash_until: Option<Instant>,
    typing: Option<String>,
}

/// What a key asks the program to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Leave the game.
    Quit,
    /// Say a line.
    Say(Line),
}

impl Controls {
    /// Takes in what the terminal reports.
    pub(crate) fn handle(&mut self, event: &Event, now: Instant) -> Option<Command> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.press(*key, now),
            _ => None,
        }
    }

    /// What the player wants now.
    pub(crate) fn intent(&self, now: Instant) -> Intent {
        let (across, down) = self.direction;
        Intent { across, down, dash: self.dash_until.is_some_and(|until| now < until) }
    }

    /// The line of chat that is being typed.
    pub(crate) fn typing(&self) -> Option<&str> {
        self.typing.as_deref()
    }

    fn press(&mut self, key: KeyEvent, now: Instant) -> Option<Command> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return matches!(key.code, KeyCode::Char('c')).then_some(Command::Quit);
        }
        match &mut self.typing {
            Some(line) => match key.code {
                KeyCode::Enter => return self.typing.take().and_then(|line| Line::clean(&line)).map(Command::Say),
                KeyCode::Esc => self.typing = None,
                KeyCode::Backspace => _ = line.pop(),
                KeyCode::Char(c) if line.chars().count() < Line::MAX_CHARS => line.push(c),
                _ => {}
            },
            None => match key.code {
                KeyCode::Char('q') | KeyCode::Esc => return Some(Command::Quit),
                KeyCode::Enter | KeyCode::Char('t') => self.typing = Some(String::new()),
                KeyCode::Char(' ') => self.dash_until = Some(now + DASH_HOLD),
                code => self.direction = direction_of(code).unwrap_or(self.direction),
            },
        }
        None
    }
}

/// Arrows and WASD, the diagonals of roguelikes, and `x` to stand still.
fn direction_of(code: KeyCode) -> Option<(i8, i8)> {
    match code {
        KeyCode::Left | KeyCode::Char('a' | 'h') => Some((-1, 0)),
        KeyCode::Right | KeyCode::Char('d' | 'l') => Some((1, 0)),
        KeyCode::Up | KeyCode::Char('w' | 'k') => Some((0, -1)),
        KeyCode::Down | KeyCode::Char('s' | 'j') => Some((0, 1)),
        KeyCode::Char('y') => Some((-1, -1)),
        KeyCode::Char('u') => Some((1, -1)),
        KeyCode::Char('b') => Some((-1, 1)),
        KeyCode::Char('n') => Some((1, 1)),
        KeyCode::Char('x') => Some((0, 0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(controls: &mut Controls, code: KeyCode) -> Option<Command> {
        controls.handle(&Event::Key(KeyEvent::new(code, KeyModifiers::NONE)), Instant::now())
    }

    fn type_text(controls: &mut Controls, text: &str) {
        for c in text.chars() {
            assert_eq!(press(controls, KeyCode::Char(c)), None);
        }
    }

    #[test]
    fn a_direction_holds_until_another_key() {
        let mut controls = Controls::default();
        press(&mut controls, KeyCode::Left);
        press(&mut controls, KeyCode::Char('%'));
        assert_eq!(controls.intent(Instant::now()), Intent { across: -1, down: 0, dash: false });
        press(&mut controls, KeyCode::Char('n'));
        assert_eq!(controls.intent(Instant::now()), Intent { across: 1, down: 1, dash: false });
        press(&mut controls, KeyCode::Char('x'));
        assert_eq!(controls.intent(Instant::now()), Intent::default());
    }

    #[test]
    fn a_dash_is_meant_for_a_moment_and_in_the_same_direction() {
        let mut controls = Controls::default();
        let now = Instant::now();
        press(&mut controls, KeyCode::Up);
        controls.handle(&Event::Key(KeyEvent::new(KeyCode::Char(' '), KeyModifiers::NONE)), now);
        assert_eq!(controls.intent(now), Intent { across: 0, down: -1, dash: true });
        assert_eq!(controls.intent(now + DASH_HOLD), Intent { across: 0, down: -1, dash: false });
    }

    #[test]
    fn a_typed_line_neither_steers_nor_quits() {
        let mut controls = Controls::default();
        press(&mut controls, KeyCode::Enter);
        type_text(&mut controls, "quack a");
        assert_eq!(controls.typing(), Some("quack a"));
        press(&mut controls, KeyCode::Backspace);
        assert_eq!(controls.intent(Instant::now()), Intent::default());
        assert_eq!(press(&mut controls, KeyCode::Enter), Line::clean("quack").map(Command::Say));
        assert_eq!(controls.typing(), None);
    }

    #[test]
    fn an_empty_or_abandoned_line_is_not_said() {
        let mut controls = Controls::default();
        press(&mut controls, KeyCode::Enter);
        assert_eq!(press(&mut controls, KeyCode::Enter), None);
        press(&mut controls, KeyCode::Enter);
        type_text(&mut controls, "never mind");
        assert_eq!(press(&mut controls, KeyCode::Esc), None);
        assert_eq!(controls.typing(), None);
    }

    #[test]
    fn lines_are_no_longer_than_the_cap() {
        let mut controls = Controls::default();
        press(&mut controls, KeyCode::Enter);
        type_text(&mut controls, &"a".repeat(Line::MAX_CHARS + 1));
        assert_eq!(controls.typing().map(str::len), Some(Line::MAX_CHARS));
    }

    #[test]
    fn quits_on_q_escape_and_control_c_also_when_typing() {
        let quits = |code, modifiers| {
            Controls::default().handle(&Event::Key(KeyEvent::new(code, modifiers)), Instant::now())
                == Some(Command::Quit)
        };
        assert!(quits(KeyCode::Char('q'), KeyModifiers::NONE));
        assert!(quits(KeyCode::Esc, KeyModifiers::NONE));
        assert!(quits(KeyCode::Char('c'), KeyModifiers::CONTROL));
        let mut controls = Controls::default();
        press(&mut controls, KeyCode::Enter);
        let interrupt = Event::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
        assert_eq!(controls.handle(&interrupt, Instant::now()), Some(Command::Quit));
    }
}
