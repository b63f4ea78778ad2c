//! From a panel to the text of an SVG.

use super::axis::Axis;
use super::{COLORS, Color, Mark, Panel, Series, contour};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The size of a picture in units, about pixels: as wide as the screen of a phone.
pub(super) const SIZE: (f64, f64) = (400.0, 350.0);
const STYLE: &str = include_str!("style.css");
/// The cells of a colored region, along each axis.
const CELLS: usize = 160;
const KEY_LINE: f64 = 19.0;

/// Where the axes are drawn, in units.
struct Field {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    x: Axis,
    y: Axis,
}

impl Field {
    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        self.of_shares((self.x.share(x), self.y.share(y)))
    }

    fn of_shares(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.left + x * (self.right - self.left), self.bottom - y * (self.bottom - self.top))
    }
}

impl Panel {
    /// The panel as the text of an SVG.
    pub fn svg(&self) -> String {
        let legend = self.legend();
        let ticks = if self.rows.is_empty() {
            self.axis(1).ticks(5)
        } else {
            self.rows.iter().enumerate().map(|(row, name)| (row as f64, name.clone())).collect()
        };
        let widest = ticks.iter().map(|(_, text)| width_of(text)).fold(0.0, f64::max);
        let named = !self.labels[1].is_empty();
        let field = Field {
            left: if self.bare { 12.0 } else { (widest + if named { 36.0 } else { 18.0 }).ceil() },
            top: if legend.lines == 0 { 38.0 } else { 42.0 } + legend.lines as f64 * KEY_LINE,
            right: SIZE.0 - 14.0,
            bottom: SIZE.1 - if self.bare { 12.0 } else { 44.0 },
            x: self.axis(0),
            y: self.axis(1),
        };
        let mut inside = String::new();
        if let Some(class) = &self.regions {
            draw_regions(&mut inside, &field, class);
        }
        if let Some((function, values)) = &self.levels {
            let sampled = contour::sampled(|(x, y)| function(field.x.at(x), field.y.at(y)));
            for line in values.iter().flat_map(|level| contour::lines(&sampled, *level)) {
                let path = path(line.into_iter().map(|place| field.of_shares(place)));
                let _ = writeln!(inside, "<path class=\"level\" d=\"{path}\"/>");
            }
        }
        self.series.iter().for_each(|series| series.draw(&mut inside, &field, !self.rows.is_empty()));
        let mut body = String::new();
        if !self.bare {
            self.draw_axes(&mut body, &field, &ticks);
        }
        let (width, height) = (place(field.right - field.left), place(field.bottom - field.top));
        let _ = writeln!(
            body,
            "<clipPath id=\"field\"><rect x=\"{}\" y=\"{}\" width=\"{width}\" height=\"{height}\"/></clipPath>\n\
             <g clip-path=\"url(#field)\">\n{inside}</g>",
            field.left, field.top
        );
        body.push_str(&legend.text);
        page(&self.title, SIZE, &body)
    }

    fn draw_axes(&self, body: &mut String, field: &Field, ticks: &[(f64, String)]) {
        let (left, right, top, bottom) = (field.left, field.right, field.top, field.bottom);
        let grid = self.regions.is_none();
        for (tick, text) in field.x.ticks(5) {
            let x = place(field.at((tick, 0.0)).0);
            if grid {
                let _ = write!(body, "<path class=\"grid\" d=\"M{x} {top}V{bottom}\"/>");
            }
            let _ = writeln!(body, "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{text}</text>", bottom + 17.0);
        }
        for (tick, text) in ticks {
            let y = field.at((0.0, *tick)).1;
            if grid && self.rows.is_empty() {
                let _ = write!(body, "<path class=\"grid\" d=\"M{left} {}H{right}\"/>", place(y));
            }
            let (x, y, text) = (left - 7.0, place(y + 4.3), escape(text));
            let _ = writeln!(body, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"end\">{text}</text>");
        }
        let _ = writeln!(body, "<path class=\"axis\" d=\"M{left} {top}V{bottom}H{right}\"/>");
        let (x, y) = (place((left + right) / 2.0), place((top + bottom) / 2.0));
        let [across, up] = [0, 1].map(|which| escape(&self.labels[which]));
        let _ = writeln!(body, "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{across}</text>", SIZE.1 - 8.0);
        if !up.is_empty() {
            let turned = format!("transform=\"translate(15 {y}) rotate(-90)\"");
            let _ = writeln!(body, "<text {turned} text-anchor=\"middle\">{up}</text>");
        }
    }

    /// The names of the series below the title, in as many lines as they need.
    fn legend(&self) -> Legend {
        let mut legend = Legend { text: String::new(), lines: 0 };
        let mut x = f64::INFINITY;
        for series in self.series.iter().filter(|series| !series.name.is_empty()) {
            let width = 42.0 + width_of(&series.name);
            if x + width > SIZE.0 {
                (x, legend.lines) = (14.0, legend.lines + 1);
            }
            let y = 26.0 + legend.lines as f64 * KEY_LINE;
            series.draw_sample(&mut legend.text, (x, y));
            let name = escape(&series.name);
            let _ =
                writeln!(legend.text, "<text class=\"key\" x=\"{}\" y=\"{}\">{name}</text>", place(x + 27.0), y + 4.3);
            x += width;
        }
        legend
    }
}

struct Legend {
    text: String,
    lines: usize,
}

impl Series {
    fn draw(&self, svg: &mut String, field: &Field, along_rows: bool) {
        let (stroke, fill) = (self.color.class("k"), self.color.class("f"));
        let thin = if self.color == super::GRAY && self.name.is_empty() { " thin" } else { "" };
        let places = self.points.iter().map(|point| field.at(*point));
        match self.mark {
            Mark::Line => {
                let _ = writeln!(svg, "<path class=\"line{thin} {stroke}\" d=\"{}\"/>", path(places));
            }
            Mark::Dashes => {
                let _ = writeln!(svg, "<path class=\"line dashed {stroke}\" d=\"{}\"/>", path(places));
            }
            Mark::Dots => {
                let radius = if self.points.len() > 150 { 2.2 } else { 3.2 };
                let dot = |(x, y)| format!("<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\"/>", place(x), place(y));
                let dots: String = places.map(dot).collect();
                let _ = writeln!(svg, "<g class=\"dot {fill}\">{dots}</g>");
            }
            Mark::Rings => {
                let ring = |(x, y)| format!("<circle cx=\"{}\" cy=\"{}\" r=\"7\"/>", place(x), place(y));
                let rings: String = places.map(ring).collect();
                let _ = writeln!(svg, "<g class=\"ring {stroke}\">{rings}</g>");
            }
            Mark::Bars => {
                let (zero_x, zero_y) = field.at((0.0, 0.0));
                let bar = |(x, y): (f64, f64)| match along_rows {
                    true => format!("M{} {}H{}v14H{0}z", place(zero_x), place(y - 7.0), place(x)),
                    false => format!("M{} {}V{}h2V{1}z", place(x - 1.0), place(zero_y), place(y)),
                };
                let bars: String = places.map(bar).collect();
                let _ = writeln!(svg, "<path class=\"{fill}\" d=\"{bars}\"/>");
            }
        }
    }

    /// Its mark in the legend, 20 units wide.
    fn draw_sample(&self, svg: &mut String, (x, y): (f64, f64)) {
        let (stroke, fill, middle, x) = (self.color.class("k"), self.color.class("f"), place(x + 10.0), place(x));
        let _ = match self.mark {
            Mark::Line => write!(svg, "<path class=\"line {stroke}\" d=\"M{x} {y}h20\"/>"),
            Mark::Dashes => write!(svg, "<path class=\"line dashed {stroke}\" d=\"M{x} {y}h20\"/>"),
            Mark::Dots => write!(svg, "<circle class=\"{fill}\" cx=\"{middle}\" cy=\"{y}\" r=\"4\"/>"),
            Mark::Rings => write!(svg, "<circle class=\"ring {stroke}\" cx=\"{middle}\" cy=\"{y}\" r=\"5\"/>"),
            Mark::Bars => write!(svg, "<path class=\"{fill}\" d=\"M{x} {}h20v8h-20z\"/>", y - 4.0),
        };
    }
}

impl Color {
    /// The class of shapes in this color; `kind` is `k` for strokes and `f` for fills.
    pub(super) fn class(self, kind: &str) -> String {
        self.0.map_or(format!("{kind}g"), |place| format!("{kind}{}", place % COLORS))
    }
}

/// The background, rectangles of the cells of a class that lie side by side.
fn draw_regions(svg: &mut String, field: &Field, class: impl Fn(f64, f64) -> usize) {
    let middle = |axis: &Axis, cell: usize| axis.at((cell as f64 + 0.5) / CELLS as f64);
    let mut shapes: BTreeMap<usize, String> = BTreeMap::new();
    // What goes on from the row below: start, end and class, and its first row.
    let mut open: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
    for row in 0..=CELLS {
        let mut stretches = BTreeMap::new();
        if row < CELLS {
            let classes: Vec<usize> =
                (0..CELLS).map(|cell| class(middle(&field.x, cell), middle(&field.y, row))).collect();
            let mut start = 0;
            for stretch in classes.chunk_by(|a, b| a == b) {
                stretches.insert((start, start + stretch.len(), stretch[0]), row);
                start += stretch.len();
            }
        }
        for (&(start, end, class), &first) in open.iter().filter(|(stretch, _)| !stretches.contains_key(stretch)) {
            let corner =
                |cell: usize, row: usize| field.of_shares((cell as f64 / CELLS as f64, row as f64 / CELLS as f64));
            let ((left, bottom), (right, top)) = (corner(start, first), corner(end, row));
            let shape = shapes.entry(class).or_default();
            let _ = write!(shape, "M{} {}H{}V{}H{0}z", place(left), place(bottom), place(right), place(top));
        }
        stretches.iter_mut().for_each(|(stretch, first)| *first = *open.get(stretch).unwrap_or(first));
        open = stretches;
    }
    for (class, shape) in shapes {
        let _ = writeln!(svg, "<path class=\"region f{}\" d=\"{shape}\"/>", class % COLORS);
    }
}

/// A picture around its body.
pub(super) fn page(title: &str, size: (f64, f64), body: &str) -> String {
    let colors: String = (0..COLORS)
        .map(|color| format!(".k{color} {{ stroke: var(--c{color}) }} .f{color} {{ fill: var(--c{color}) }}\n"))
        .collect();
    let (title, (width, height)) = (escape(title), size);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>{title}</title>\n<style>\n{STYLE}{colors}.kg {{ stroke: var(--gray) }} .fg {{ fill: var(--gray) }}\n</style>\n\
         <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n<text class=\"title\" x=\"14\" y=\"24\">{title}</text>\n{body}</svg>\n"
    )
}

/// A line through places; one that is not further than a tenth of a unit from the last is left out.
fn path(places: impl Iterator<Item = (f64, f64)>) -> String {
    let (mut path, mut last) = (String::new(), String::new());
    for (x, y) in places {
        let next = format!("{} {}", place(x.clamp(-1e4, 1e4)), place(y.clamp(-1e4, 1e4)));
        if next != last {
            path.push(if path.is_empty() { 'M' } else { 'L' });
            path.push_str(&next);
            last = next;
        }
    }
    path
}

/// A coordinate, to a tenth.
pub(super) fn place(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_string() } else { text.to_string() }
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// About how wide a text is, in units.
pub(super) fn width_of(text: &str) -> f64 {
    let width = |letter: char| match letter {
        'i' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | ' ' => 4.2,
        'm' | 'w' | 'M' => 11.2,
        _ => 7.6,
    };
    text.chars().map(width).sum()
}
