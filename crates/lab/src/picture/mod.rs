//! Single pictures: drawn as SVG by hand, written as SVG or PNG.
//!
//! A [`Picture`] knows shapes and classes of shapes, not colors. On the page about a run the page's style colors it, in
//! light and in dark; alone it carries a style of its own, in light on white. A PNG is made from the latter with a font
//! that the program brings, so that it is the same on every machine.
//!
//! ```
//! use caviar_lab::picture::{LineChart, Series};
//!
//! let line = |name: &str, scale: f64| Series::line(name, (0..50).map(|x| (f64::from(x), scale / f64::from(x + 1))).collect());
//! let chart = LineChart::new("Loss", ("epoch", "loss")).with(line("training", 1.0)).with(line("validation", 1.2).dashed());
//! let picture = chart.picture().ok_or("no point to draw")?;
//! assert!(picture.svg().starts_with("<svg "));
//! assert!(picture.png()?.starts_with(b"\x89PNG"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod axis;
mod file;
pub(crate) mod frame;
mod lines;
pub(crate) mod palette;
mod raster;
pub(crate) mod text;

use std::fmt::Write;
use std::path::Path;

pub use file::{Format, Kind, PictureFile, PictureFileError};
pub use lines::{LineChart, Series};

use text::{escape, fitting, place, width_of};

const MARGIN: f64 = 14.0;
const TITLE: f64 = 17.0;
const KEY: f64 = 12.5;
const KEY_LINE: f64 = 20.0;

/// What goes wrong with a picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] caviar_store::StoreError),
    /// The picture cannot be drawn in pixels.
    #[error("the picture of {width} x {height} units cannot be drawn in pixels: {what}")]
    Raster {
        /// Units from left to right.
        width: f64,
        /// Units from top to bottom.
        height: f64,
        /// What the drawing library says.
        what: String,
    },
}

/// How a name in the legend is marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A line of these classes.
    Line(&'static str, Option<usize>),
    /// A disc of these classes.
    Disc(&'static str, Option<usize>),
}

/// A name in the legend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) mark: Mark,
    pub(crate) name: String,
}

/// A picture, whatever it shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Another for each kind; letters and hyphens.
    pub(crate) name: &'static str,
    pub(crate) title: String,
    /// What those hear who cannot see it.
    pub(crate) description: String,
    pub(crate) size: (f64, f64),
    pub(crate) keys: Vec<Key>,
    /// SVG elements with classes.
    pub(crate) body: String,
}

impl Picture {
    /// The picture as an SVG file: title, legend, colors and all.
    pub fn svg(&self) -> String {
        let keys = self.key_lines();
        let head = MARGIN + TITLE + 12.0 + keys.len() as f64 * KEY_LINE;
        let (width, height) = (self.size.0 + 2.0 * MARGIN, self.size.1 + head + MARGIN);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" font-family=\"Ubuntu, system-ui, sans-serif\">\n\
             <title>{2}</title>\n<desc>{3}</desc>\n<style>\n{4}</style>\n\
             <rect class=\"ground\" width=\"{0}\" height=\"{1}\"/>\n<text class=\"title\" x=\"{MARGIN}\" y=\"{5}\">{6}</text>\n",
            place(width),
            place(height),
            escape(&self.title),
            escape(&self.description),
            palette::fixed(),
            MARGIN + TITLE - 2.0,
            escape(&fitting(&self.title, TITLE, self.size.0)),
        );
        for (line, keys) in keys.iter().enumerate() {
            let y = MARGIN + TITLE + 14.0 + line as f64 * KEY_LINE;
            keys.iter().for_each(|(x, key)| draw_key(&mut svg, *x, y, key));
        }
        let _ = write!(svg, "<g transform=\"translate({MARGIN} {})\">\n{}</g>\n</svg>\n", place(head), self.body);
        svg
    }

    /// The keys of the legend, line by line, each with its place.
    fn key_lines(&self) -> Vec<Vec<(f64, &Key)>> {
        let mut lines: Vec<Vec<(f64, &Key)>> = Vec::new();
        let mut x = f64::INFINITY;
        for key in &self.keys {
            let width = 44.0 + width_of(&key.name, KEY).min(self.size.0 - 60.0);
            if x + width > self.size.0 + MARGIN {
                lines.push(Vec::new());
                x = MARGIN;
            }
            if let Some(line) = lines.last_mut() {
                line.push((x, key));
            }
            x += width;
        }
        lines
    }

    /// The picture inside a page, which brings style, title and legend.
    pub(crate) fn inline(&self) -> String {
        let (name, title, says) = (self.name, escape(&self.title), escape(&self.description));
        format!(
            "<svg class=\"picture\" viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{name}-title {name}-desc\">\n\
             <title id=\"{name}-title\">{title}</title><desc id=\"{name}-desc\">{says}</desc>\n{}</svg>",
            place(self.size.0),
            place(self.size.1),
            self.body
        )
    }

    /// The legend for a page, after which the page's caption goes on; empty without names.
    pub(crate) fn legend(&self) -> String {
        if self.keys.is_empty() {
            return String::new();
        }
        let mut html = String::from("<span class=\"keys\">");
        for key in &self.keys {
            let (kind, color, shape) = match &key.mark {
                Mark::Line(class, color) => (class, color, "M0 5H24"),
                Mark::Disc(class, color) => (class, color, ""),
            };
            let color = classes(kind, *color, shape.is_empty());
            let shape = match shape {
                "" => format!("<circle class=\"{color}\" cx=\"12\" cy=\"5\" r=\"4.5\"/>"),
                path => format!("<path class=\"{color}\" d=\"{path}\"/>"),
            };
            let _ = write!(
                html,
                "<span class=\"key\"><svg viewBox=\"0 0 24 10\" aria-hidden=\"true\">{shape}</svg>{}</span> ",
                escape(&key.name)
            );
        }
        html.push_str("</span>");
        html
    }

    /// Writes the picture, as a whole or not at all.
    ///
    /// # Errors
    /// A file that cannot be written, a picture that is too large for pixels.
    pub fn save(&self, path: &Path, format: Format) -> Result<(), PictureError> {
        let bytes = match format {
            Format::Svg => self.svg().into_bytes(),
            Format::Png => self.png()?,
        };
        Ok(caviar_store::write_atomically(path, &bytes)?)
    }
}

/// The classes of a shape in one of the colors of classes.
pub(crate) fn classes(kind: &str, color: Option<usize>, filled: bool) -> String {
    match color {
        Some(color) => format!("{kind} {}{}", if filled { 'f' } else { 'k' }, color % palette::COLORS),
        None => kind.to_owned(),
    }
}

fn draw_key(svg: &mut String, x: f64, y: f64, key: &Key) {
    let _ = match &key.mark {
        Mark::Line(class, color) => {
            write!(svg, "<path class=\"{}\" d=\"M{x} {y}h20\"/>", classes(class, *color, false))
        }
        Mark::Disc(class, color) => {
            let class = classes(class, *color, !class.contains("ring"));
            write!(svg, "<circle class=\"{class}\" cx=\"{}\" cy=\"{y}\" r=\"4.5\"/>", x + 12.0)
        }
    };
    let name = escape(&fitting(&key.name, KEY, 600.0));
    let _ = writeln!(svg, "<text class=\"label\" x=\"{}\" y=\"{}\">{name}</text>", x + 26.0, y + 4.3);
}
