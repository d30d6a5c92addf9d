//! Colours, or none.

use std::env;

use ratatui::style::{Color, Modifier, Style};

use super::body::PlayerId;

/// Whether things are told apart by colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Palette {
    /// With colours.
    Colour,
    /// With bold, dim and reversed text only.
    Plain,
}

impl Palette {
    /// `Plain` when `NO_COLOR` is set and not empty, as <https://no-color.org> asks for.
    pub(crate) fn from_environment() -> Self {
        match env::var_os("NO_COLOR") {
            Some(value) if !value.is_empty() => Self::Plain,
            _ => Self::Colour,
        }
    }

    /// How a player is drawn.
    pub(crate) fn player(self, player: PlayerId) -> Style {
        let colour = COLOURS.get(usize::from(player.number()) % COLOURS.len()).copied();
        self.with(Style::new().add_modifier(Modifier::BOLD), colour.unwrap_or(Color::White))
    }

    /// How a gem is drawn.
    pub(crate) fn gem(self) -> Style {
        self.with(Style::new(), Color::LightYellow)
    }

    /// How what is said by the program itself is drawn.
    pub(crate) fn quiet(self) -> Style {
        self.with(Style::new().add_modifier(Modifier::DIM), Color::Gray)
    }

    fn with(self, style: Style, colour: Color) -> Style {
        match self {
            Self::Colour => style.fg(colour),
            Self::Plain => style,
        }
    }
}

const COLOURS: [Color; 8] = [
    Color::LightCyan,
    Color::LightMagenta,
    Color::LightGreen,
    Color::LightRed,
    Color::LightBlue,
    Color::Cyan,
    Color::Magenta,
    Color::Green,
];
