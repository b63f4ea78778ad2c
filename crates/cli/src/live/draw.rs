//! The picture as a frame of letters.

use caviar_engine::train::Metric;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Chart, Dataset, GraphType, Widget};

use super::curves::Sample;
use super::picture::Picture;
use super::words::{short, time};

const TRAIN: Color = Color::Cyan;
const VALIDATION: Color = Color::Yellow;
const METRIC: Color = Color::Green;
const RATE: Color = Color::Magenta;
const QUIET: Color = Color::DarkGray;

/// Lines of a picture, where there is room for them.
pub const HEIGHT: u16 = 20;
/// Below so many lines the rate has no curve of its own, only its number.
const LEAST_FOR_RATE: u16 = 15;
/// Below so many letters the metric has no curve of its own.
const LEAST_FOR_METRIC: u16 = 64;
/// A shorter bar is left out.
const LEAST_BAR: usize = 6;
/// A loss that falls by more than this factor is drawn on a log scale.
const LOG_FROM: f64 = 8.0;

const KEYS: &str = "space pause  ↑↓ rate  r type rate  u undo  s stop & keep  q quit & save  ? help";
const KEYS_SHORT: &str = "space ↑↓ r u s q  ? help";
const HELP_HINT: &str = "  ? help";
const HELP: [&str; 6] = [
    "space, p   pause, and go on",
    "↑ ↓        learning rate times, or divided by, 1.25;  + -  by 2",
    "r, digits  type a learning rate, then Enter; Esc gives it up",
    "u          undo: back to the step before the last change",
    "s          stop here and keep the best epoch",
    "q, Ctrl-C  stop at the epoch's end and save; Ctrl-C again leaves at once",
];

/// What the person at the keyboard sees beside the picture.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    /// Updates made.
    pub steps: u64,
    /// The rate that is being typed.
    pub typed: Option<String>,
    /// Whether the help is shown.
    pub help: bool,
    /// Whether there are no colors; curves then differ by their dots.
    pub plain: bool,
}

/// Draws the picture.
pub fn draw(picture: &Picture, desk: &Desk, area: Rect, buffer: &mut Buffer) {
    let rate = if area.height >= LEAST_FOR_RATE { 4 } else { 0 };
    let rows = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(rate),
        Constraint::Length(1),
    ]);
    let [top, figures, charts, rates, bottom] = rows.areas(area);
    progress(picture, desk, area.width).render(top, buffer);
    self::figures(picture, desk, area.width).render(figures, buffer);
    if desk.help {
        for (line, row) in HELP.iter().zip(charts.rows()) {
            Line::raw(format!(" {line}")).render(row, buffer);
        }
    } else {
        draw_charts(picture, desk, charts, buffer);
    }
    if rate > 0 {
        let curve = curve(picture, desk, RATE, |sample| sample.rate);
        chart(picture, desk, "learning rate", vec![curve], rates, buffer);
    }
    bottom_line(picture, desk, area.width).render(bottom, buffer);
}

fn draw_charts(picture: &Picture, desk: &Desk, area: Rect, buffer: &mut Buffer) {
    let apart = picture.metric != Metric::Loss && area.width >= LEAST_FOR_METRIC && picture.best().is_some();
    let shares =
        if apart { [Constraint::Fill(3), Constraint::Fill(2)] } else { [Constraint::Fill(1), Constraint::Length(0)] };
    let [left, right] = Layout::horizontal(shares).spacing(u16::from(apart)).areas(area);
    let train = curve(picture, desk, TRAIN, |sample| sample.train);
    let mut validation = curve(picture, desk, VALIDATION, |sample| sample.validation);
    validation.dotted = desk.plain;
    chart(picture, desk, "loss", vec![train, validation], left, buffer);
    if apart {
        let metric = curve(picture, desk, METRIC, |sample| sample.metric);
        chart(picture, desk, picture.metric.name(), vec![metric], right, buffer);
    }
}

/// A line in a chart.
struct Curve {
    color: Color,
    dotted: bool,
    points: Vec<(f64, f64)>,
}

fn curve(picture: &Picture, desk: &Desk, color: Color, of: impl Fn(&Sample) -> f64) -> Curve {
    let color = if desk.plain { Color::Reset } else { color };
    Curve { color, dotted: false, points: picture.curves.points(of) }
}

/// One or two curves over the epochs, with a tick where something was changed.
fn chart(picture: &Picture, desk: &Desk, title: &str, mut curves: Vec<Curve>, area: Rect, buffer: &mut Buffer) {
    if area.height < 2 || area.width < 16 {
        return;
    }
    let all = || curves.iter().flat_map(|curve| curve.points.iter().map(|(_, y)| *y));
    let (lowest, highest) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    if lowest > highest {
        Line::styled(format!("{title}: no epoch is over yet"), faint(desk)).render(area, buffer);
        return;
    }
    let log = lowest > 0.0 && highest / lowest > LOG_FROM;
    let scale = |y: f64| if log { y.log10() } else { y };
    // A curve that is level but for rounding lies in the middle.
    let spread = scale(highest) - scale(lowest);
    let size = scale(highest).abs().max(1e-300);
    let margin = if spread > 1e-6 * size { 0.04 * spread } else { 0.5 * size };
    let low = if log || lowest < 0.0 { scale(lowest) - margin } else { (lowest - margin).max(0.0) };
    let high = scale(highest) + margin;
    if log {
        curves.iter_mut().flat_map(|curve| &mut curve.points).for_each(|(_, y)| *y = y.log10());
    }
    let end = (picture.curves.epochs().max(2) - 1) as f64;
    let ticks: Vec<[(f64, f64); 2]> =
        picture.marks.iter().map(|&epoch| [(epoch as f64 - 0.5, low), (epoch as f64 - 0.5, high)]).collect();
    let tick =
        |points| Dataset::default().marker(Marker::Braille).graph_type(GraphType::Line).style(faint(desk)).data(points);
    let line = |curve: &'_ Curve| {
        let form = if curve.dotted { (Marker::Dot, GraphType::Scatter) } else { (Marker::Braille, GraphType::Line) };
        (form, Style::new().fg(curve.color))
    };
    let mut data: Vec<Dataset<'_>> = ticks.iter().map(|points| tick(&points[..])).collect();
    for curve in &curves {
        let ((marker, form), style) = line(curve);
        data.push(Dataset::default().marker(marker).graph_type(form).style(style).data(&curve.points));
    }
    let label = |y: f64| format!("{:>7}", axis_number(if log { 10_f64.powf(y) } else { y }));
    let mut heights = vec![label(low), label(high)];
    if area.height >= 8 {
        heights.insert(1, label((low + high) / 2.0));
    }
    let tall = area.height >= 6;
    let epochs = if tall { vec!["0".to_owned(), short((end / 2.0).round()), short(end)] } else { Vec::new() };
    Chart::new(data)
        .x_axis(Axis::default().bounds([0.0, end]).labels(epochs).style(faint(desk)))
        .y_axis(Axis::default().bounds([low, high]).labels(heights).style(faint(desk)))
        .legend_position(None)
        .render(area, buffer);
    let name = if log { format!("{title}, log scale") } else { title.to_owned() };
    let rising = curves.first().and_then(|curve| Some(curve.points.last()?.1 > curve.points.first()?.1));
    // In the corner on the right that the curve stays away from.
    let line = if rising == Some(true) { area.height - 1 - if tall { 2 } else { 0 } } else { 0 };
    let width = (name.chars().count() as u16).min(area.width);
    Line::raw(name).render(Rect::new(area.right() - width, area.y + line, width, 1), buffer);
}

/// Three digits are enough beside a curve.
fn axis_number(value: f64) -> String {
    short(format!("{value:.2e}").parse().unwrap_or(value))
}

fn faint(desk: &Desk) -> Style {
    Style::new().fg(if desk.plain { Color::Reset } else { QUIET })
}

/// The file, how far it has come, and how long that took.
fn progress(picture: &Picture, desk: &Desk, width: u16) -> Line<'static> {
    let (done, all) = (picture.curves.epochs(), picture.epochs);
    let mut words = format!("epoch {done}/{all}  step {}  {}", desk.steps, time(picture.seconds));
    if let Some(left) = picture.seconds_left().filter(|_| !picture.ended && done < all) {
        let left = format!(", {} left", time(left));
        if words.chars().count() + left.chars().count() <= usize::from(width) {
            words += &left;
        }
    }
    let room = usize::from(width).saturating_sub(words.chars().count() + 2);
    let length = if room >= LEAST_BAR { room.min(24) } else { 0 };
    let gap = if length > 0 { "  " } else { "" };
    let filled = ((done as f64 / all.max(1) as f64) * length as f64).floor() as usize;
    let bar = Style::new().fg(if desk.plain { Color::Reset } else { TRAIN });
    let mut line = vec![Span::styled("━".repeat(filled.min(length)), bar)];
    line.push(Span::styled("╌".repeat(length.saturating_sub(filled)), faint(desk)));
    line.push(Span::raw(format!("{gap}{words}")));
    Line::from(line)
}

/// The figures of the last epoch, which are the legend, too.
fn figures(picture: &Picture, desk: &Desk, width: u16) -> Line<'static> {
    let Some(last) = picture.last else { return Line::raw("") };
    let style = |color| Style::new().fg(if desk.plain { Color::Reset } else { color });
    let validation_dot = if desk.plain { "• " } else { "━ " };
    let mut line = vec![Span::styled("━ ", style(TRAIN)), Span::raw(format!("train {}", short(last.train)))];
    if last.validation.is_finite() {
        line.push(Span::styled(format!("  {validation_dot}"), style(VALIDATION)));
        line.push(Span::raw(format!("validation {}", short(last.validation))));
    }
    if picture.metric != Metric::Loss && last.metric.is_finite() {
        line.push(Span::styled("  ━ ", style(METRIC)));
        line.push(Span::raw(format!("{} {}", picture.metric, short(last.metric))));
    }
    line.push(Span::styled("  ━ ", style(RATE)));
    line.push(Span::raw(format!("rate {}", short(last.rate))));
    if let Some((epoch, best)) = picture.best() {
        let words = format!("  best {} in epoch {epoch}", short(best));
        let taken: usize = line.iter().map(Span::width).sum();
        if taken + words.chars().count() <= usize::from(width) {
            line.push(Span::styled(words, faint(desk)));
        }
    }
    Line::from(line)
}

/// What is typed, why nothing moves, what was said last, or the keys.
fn bottom_line(picture: &Picture, desk: &Desk, width: u16) -> Line<'static> {
    let strong = Style::new().add_modifier(Modifier::BOLD);
    if picture.ended {
        return Line::raw("");
    }
    if let Some(typed) = &desk.typed {
        let words = vec![
            Span::styled(format!("learning rate: {typed}█"), strong),
            Span::styled("  Enter, or Esc", faint(desk)),
        ];
        return Line::from(words);
    }
    let keys = if usize::from(width) >= KEYS.chars().count() { KEYS } else { KEYS_SHORT };
    match &picture.halt {
        Some(halt) => {
            let room = usize::from(width).saturating_sub(halt.chars().count() + 2);
            let keys = if room >= KEYS.chars().count() { KEYS } else { "space goes on, u undo" };
            Line::from(vec![
                Span::styled(halt.clone(), strong.reversed()),
                Span::styled(format!("  {keys}"), faint(desk)),
            ])
        }
        None if picture.message.is_empty() => Line::styled(keys, faint(desk)),
        None => {
            let room = usize::from(width).saturating_sub(picture.message.chars().count());
            let help = if room >= HELP_HINT.len() { HELP_HINT } else { "" };
            Line::from(vec![Span::raw(picture.message.clone()), Span::styled(help, faint(desk))])
        }
    }
}
