//! The game loop of a player at a terminal.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use ratatui::crossterm::event;
use ratatui::{DefaultTerminal, Frame};
use sockeye::SocketSelector;

use super::client::Client;
use super::clock::Clock;
use super::controls::{Command, Controls};
use super::error::ArenaError;
use super::palette::Palette;
use super::stop::Stop;
use super::view::{self, Scene};

/// The terminal in its drawing mode. It is put back as it was when this is dropped, and also on a panic (ratatui's hook
/// does that).
struct Screen(DefaultTerminal);

/// Plays at the terminal until the player quits, somebody raises `stop` or the time is over.
///
/// # Errors
///
/// [`ArenaError::NoTerminal`] without a terminal, [`ArenaError::Terminal`] when it fails, and what [`Client::poll`]
/// says when the game is over.
pub(crate) fn play(client: &mut Client, place: &str, stop: &Stop, until: Option<Instant>) -> Result<(), ArenaError> {
    let mut screen = Screen::open()?;
    let mut selector = SocketSelector::new().map_err(ArenaError::socket(SELECTING))?;
    let mut controls = Controls::default();
    let mut clock = Clock::starting(Instant::now());
    let palette = Palette::from_environment();
    while !stop.is_raised() && until.is_none_or(|until| Instant::now() < until) {
        while event::poll(Duration::ZERO).map_err(ArenaError::Terminal)? {
            match controls.handle(&event::read().map_err(ArenaError::Terminal)?, Instant::now()) {
                Some(Command::Quit) => return Ok(()),
                Some(Command::Say(line)) => client.say(line)?,
                None => {}
            }
        }
        let now = Instant::now();
        client.poll(now)?;
        screen.draw(|frame| {
            let scene = Scene {
                picture: client.picture(),
                measured: client.measured(),
                rate: client.rate(),
                place,
                typing: controls.typing(),
                palette,
                now,
            };
            view::draw(frame, &scene);
        })?;
        // After drawing, which takes milliseconds: the answer to a ping is to find us listening.
        let now = Instant::now();
        client.steer(controls.intent(now), now);
        if selector.is_empty() {
            client.watch(&mut selector)?;
        }
        // Not in `sleep` but in the selector: what arrives is read when it arrives, so that a round-trip time is the
        // network's and not the frame's.
        while clock.take(Instant::now()).is_none() {
            let limit = clock.until_next(Instant::now());
            if selector.wait(Some(limit)).map_err(ArenaError::socket(SELECTING))? {
                client.poll(Instant::now())?;
            }
        }
    }
    Ok(())
}

/// Whether there is a terminal to draw on.
pub(crate) fn is_there() -> bool {
    io::stdout().is_terminal()
}

impl Screen {
    fn open() -> Result<Self, ArenaError> {
        if !is_there() {
            return Err(ArenaError::NoTerminal);
        }
        ratatui::try_init().map(Self).map_err(ArenaError::Terminal)
    }

    fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> Result<(), ArenaError> {
        self.0.draw(view).map(|_| ()).map_err(ArenaError::Terminal)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // The terminal may be gone itself; then there is nothing to put back.
        _ = ratatui::try_restore();
    }
}

const SELECTING: &str = "the selector failed";
