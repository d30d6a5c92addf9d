use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::*;
use crate::arena::body::PlayerId;
use crate::arena::protocol::{ServerMessage, Snapshot};
use crate::arena::text;

fn id(number: u8) -> PlayerId {
    PlayerId::from_number(number).unwrap()
}

fn sprite(number: u8, x: i32, y: i32, gems: u16) -> Sprite {
    let (x, y) = (u16::try_from(x).unwrap(), u16::try_from(y).unwrap());
    Sprite { player: id(number), x, y, dashing: false, stunned: false, gems, wins: 0 }
}

/// An arena of Ada (us, in the middle) and Bob (in the last corner), with a gem in the first corner.
fn picture(now: Instant) -> Picture {
    let mut picture = Picture::new(id(0), now);
    for (number, name) in [(0, "Ada"), (1, "Bob")] {
        picture.hear(ServerMessage::Joined { player: id(number), name: text::Name::clean(name) });
    }
    let line = text::Line::clean("for the gems!").unwrap();
    picture.hear(ServerMessage::Chat { player: id(1), line });
    picture.hear(ServerMessage::Load(Load { mean: 31, p99: 1_052, missed: 4 }));
    let players = vec![sprite(0, WIDTH / 2, HEIGHT / 2, 3), sprite(1, WIDTH - 1, HEIGHT - 1, 12)];
    picture.see(Snapshot { tick: 5, round_left: 61 * 60, players, gems: vec![(0, 0)] }, now);
    picture
}

fn drawn(width: u16, height: u16, picture: Option<&Picture>, typing: Option<&str>, palette: Palette) -> Buffer {
    let now = Instant::now();
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let measured = Measured::nothing();
    let rate = Traffic::default();
    let scene = Scene { picture, measured: &measured, rate, place: "here", typing, palette, now };
    terminal.draw(|frame| draw(frame, &scene)).unwrap();
    terminal.backend().buffer().clone()
}

fn rows(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width);
    buffer.content.chunks(width).map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect()).collect()
}

fn has_row(buffer: &Buffer, text: &str) -> bool {
    rows(buffer).iter().any(|row| row.contains(text))
}

#[test]
fn everything_is_on_the_smallest_screen() {
    let picture = picture(Instant::now());
    let buffer = drawn(MIN_WIDTH, MIN_HEIGHT, Some(&picture), None, Palette::Colour);
    for text in [
        " arena here - 1:01 left ",
        "2 players",
        "B Bob               12",
        "@ Ada                3",
        "Bob: for the gems!",
        "Ada has come",
        "tick        mean 0.031 ms, p99 1.052 ms (last second), 4 missed so far",
        "round trip  now 0.000 ms",
        "traffic     in 0 B/s",
        "quit: q",
    ] {
        assert!(has_row(&buffer, text), "{text:?} is missing in\n{}", rows(&buffer).join("\n"));
    }
}

#[test]
fn places_are_scaled_to_the_field_and_stay_inside_its_border() {
    let picture = picture(Instant::now());
    for (width, height) in [(MIN_WIDTH, MIN_HEIGHT), (100, 32), (300, 100)] {
        let buffer = drawn(width, height, Some(&picture), None, Palette::Colour);
        let (right, bottom) = (width - SCORES_WIDTH - 2, height - CHAT_HEIGHT - FIGURES_HEIGHT - 2);
        assert_eq!(buffer[(1, 1)].symbol(), "*");
        assert_eq!(buffer[(right, bottom)].symbol(), "B");
        assert_eq!(buffer[(1 + right / 2, 1 + bottom / 2)].symbol(), "@");
    }
}

#[test]
fn the_rich_are_first_in_the_scores() {
    let picture = picture(Instant::now());
    let rows = rows(&drawn(100, 32, Some(&picture), None, Palette::Colour));
    assert!(rows[1].contains("Bob") && rows[2].contains("Ada"), "{rows:?}");
}

#[test]
fn without_colours_nothing_has_one() {
    let mut picture = picture(Instant::now());
    picture.hear(ServerMessage::RoundOver { winner: Some(id(1)), gems: 3 });
    let coloured = |palette| {
        let buffer = drawn(100, 32, Some(&picture), None, palette);
        buffer.content.iter().filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset).count()
    };
    assert_eq!(coloured(Palette::Plain), 0);
    assert!(coloured(Palette::Colour) > 0);
}

#[test]
fn a_terminal_that_is_too_small_is_told_how_large_it_should_be() {
    let picture = picture(Instant::now());
    for (width, height) in [(MIN_WIDTH - 1, MIN_HEIGHT), (MIN_WIDTH, MIN_HEIGHT - 1)] {
        let buffer = drawn(width, height, Some(&picture), None, Palette::Colour);
        assert!(has_row(&buffer, &format!("72 x 20 needed, {width} x {height} found")), "{:?}", rows(&buffer));
    }
    for (width, height) in [(1, 1), (0, 0), (5, 100)] {
        assert_eq!(drawn(width, height, Some(&picture), Some("x"), Palette::Colour).area.width, width);
    }
}

#[test]
fn while_joining_the_screen_says_where() {
    assert!(has_row(&drawn(80, 24, None, None, Palette::Colour), "joining here ..."));
}

#[test]
fn of_a_long_line_the_end_is_shown_while_it_is_typed() {
    let picture = picture(Instant::now());
    let typed = format!("{}the end", "x".repeat(200));
    let buffer = drawn(80, 24, Some(&picture), Some(&typed), Palette::Colour);
    assert!(has_row(&buffer, "xthe end_"), "{}", rows(&buffer).join("\n"));
    assert!(has_row(&buffer, "Bob: for the gems!"));
}
