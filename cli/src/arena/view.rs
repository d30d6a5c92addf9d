//! The picture on the terminal: the field, the scores, the chat and the figures. It reads and draws, and decides
//! nothing.

use std::time::{Duration, Instant};

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use super::client::Measured;
use super::palette::Palette;
use super::picture::{News, Picture};
use super::protocol::{Load, Sprite};
use super::stats::{Bytes, Millis, Traffic};
use super::world::{HEIGHT, TICK_RATE, WIDTH};

/// The smallest terminal that everything fits on.
const MIN_WIDTH: u16 = 72;
const MIN_HEIGHT: u16 = 20;
const SCORES_WIDTH: u16 = 26;
const CHAT_HEIGHT: u16 = 7;
const FIGURES_HEIGHT: u16 = 3;

/// Everything that is on the screen at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    /// The arena; none while we are joining.
    pub(crate) picture: Option<&'a Picture>,
    pub(crate) measured: &'a Measured,
    pub(crate) rate: Traffic,
    /// The server's name for the title.
    pub(crate) place: &'a str,
    /// The line of chat that is being typed.
    pub(crate) typing: Option<&'a str>,
    pub(crate) palette: Palette,
    pub(crate) now: Instant,
}

/// Draws a scene on the whole terminal.
pub(crate) fn draw(frame: &mut Frame<'_>, scene: &Scene<'_>) {
    let area = frame.area();
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        let size = format!("{MIN_WIDTH} x {MIN_HEIGHT} needed, {} x {} found (q quits)", area.width, area.height);
        frame.render_widget(Paragraph::new(vec![Line::raw("the terminal is too small:"), Line::raw(size)]), area);
        return;
    }
    let Some(picture) = scene.picture else {
        frame.render_widget(Paragraph::new(format!("joining {} ... (q quits)", scene.place)), area);
        return;
    };
    let [top, chat, figures] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(CHAT_HEIGHT), Constraint::Length(FIGURES_HEIGHT)])
            .areas(area);
    let [field, scores] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(SCORES_WIDTH)]).areas(top);
    draw_field(frame, field, scene, picture);
    draw_scores(frame, scores, scene, picture);
    draw_chat(frame, chat, scene, picture);
    draw_figures(frame, figures, scene, picture.load());
}

fn draw_field(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, picture: &Picture) {
    let left = u64::from(picture.latest().round_left).div_ceil(u64::from(TICK_RATE));
    let title = format!(" arena {} - {}:{:02} left ", scene.place, left / 60, left % 60);
    let block = Block::bordered().title(title);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    for (x, y) in &picture.latest().gems {
        put(frame, cell(inside, *x, *y), '*', scene.palette.gem());
    }
    // The own sprite last, so that it is on top.
    let mut sprites: Vec<Sprite> = picture.sprites(scene.now).collect();
    sprites.sort_by_key(|sprite| sprite.player == picture.me());
    for sprite in sprites {
        put(frame, cell(inside, sprite.x, sprite.y), glyph(&sprite, picture), style(&sprite, picture, scene.palette));
    }
}

fn draw_scores(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, picture: &Picture) {
    let mut players = picture.latest().players.clone();
    players.sort_by_key(|sprite| (std::cmp::Reverse(sprite.gems), sprite.player));
    let lines = players.iter().map(|sprite| {
        let wins = if sprite.wins > 0 { format!("+{}", sprite.wins) } else { String::new() };
        let text = format!(" {:<16.16} {:>3}", picture.name(sprite.player), sprite.gems);
        let glyph = glyph(sprite, picture).to_string();
        Line::from(vec![Span::styled(glyph, style(sprite, picture, scene.palette)), Span::raw(text), Span::raw(wins)])
    });
    let title = format!(" {} players, gems+wins ", picture.players());
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(Block::bordered().title(title)), area);
}

fn draw_chat(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, picture: &Picture) {
    let title = " move: arrows, wasd, yubn  stop: x  dash: space  chat: enter  quit: q ";
    let block = Block::bordered().title(title);
    let room = usize::from(block.inner(area).height).saturating_sub(usize::from(scene.typing.is_some()));
    let quiet = scene.palette.quiet();
    let mut lines: Vec<Line<'_>> = picture
        .news()
        .rev()
        .take(room)
        .map(|news| match news {
            News::Said(name, line) => {
                Line::from(vec![Span::styled(format!("{name}: "), Modifier::BOLD), Span::raw(line.as_str())])
            }
            News::Came(name) => Line::styled(format!("{name} has come"), quiet),
            News::Went(name) => Line::styled(format!("{name} has gone"), quiet),
            News::RoundWon(name, gems) => {
                Line::styled(format!("{name} wins the round with {gems} gems"), Modifier::BOLD)
            }
            News::RoundDrawn => Line::styled("nobody wins the round", Modifier::BOLD),
        })
        .collect();
    lines.reverse();
    if let Some(typed) = scene.typing {
        lines.resize(room, Line::default());
        // Of a long line, the end is where one types.
        let shown = usize::from(area.width).saturating_sub(6);
        let hidden = typed.chars().count().saturating_sub(shown);
        lines.push(Line::raw(format!("> {}_", typed.chars().skip(hidden).collect::<String>())));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn draw_figures(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, load: Load) {
    let micros = |micros: u32| Millis(Duration::from_micros(u64::from(micros)));
    let measured = scene.measured;
    let server = format!(
        "tick        mean {}, p99 {} (last second), {} missed so far",
        micros(load.mean),
        micros(load.p99),
        load.missed
    );
    let trip = format!(
        "round trip  now {}, p50 {}, p99 {}, {} snapshots lost",
        Millis(measured.last_round_trip),
        Millis(measured.round_trip.percentile(50)),
        Millis(measured.round_trip.percentile(99)),
        measured.lost
    );
    let (received, sent) = (scene.rate.received, scene.rate.sent);
    let traffic = format!(
        "traffic     in {}/s, {} packets/s; out {}/s, {} packets/s",
        Bytes(received.bytes),
        received.packets,
        Bytes(sent.bytes),
        sent.packets
    );
    frame.render_widget(Paragraph::new(vec![Line::raw(server), Line::raw(trip), Line::raw(traffic)]), area);
}

/// The own sprite is an `@`, another the first letter of its name.
fn glyph(sprite: &Sprite, picture: &Picture) -> char {
    if sprite.player == picture.me() {
        return '@';
    }
    // A letter that is wider than a cell would push the rest of the row.
    let first = picture.name(sprite.player).as_str().chars().next().filter(char::is_ascii_graphic);
    first.unwrap_or('#')
}

fn style(sprite: &Sprite, picture: &Picture, palette: Palette) -> Style {
    let mut style = palette.player(sprite.player);
    if sprite.player == picture.me() || sprite.dashing {
        style = style.add_modifier(Modifier::REVERSED);
    }
    if sprite.stunned {
        style = style.remove_modifier(Modifier::BOLD).add_modifier(Modifier::DIM | Modifier::CROSSED_OUT);
    }
    style
}

/// The cell of the field that a place is in.
fn cell(field: Rect, x: u16, y: u16) -> (u16, u16) {
    (field.x + scaled(x, WIDTH, field.width), field.y + scaled(y, HEIGHT, field.height))
}

fn scaled(at: u16, whole: i32, cells: u16) -> u16 {
    let at = i32::from(at).min(whole - 1) * i32::from(cells) / whole;
    u16::try_from(at).unwrap_or(0)
}

fn put(frame: &mut Frame<'_>, at: (u16, u16), glyph: char, style: Style) {
    if let Some(cell) = frame.buffer_mut().cell_mut(at) {
        cell.set_char(glyph).set_style(style);
    }
}

#[cfg(test)]
mod tests;
