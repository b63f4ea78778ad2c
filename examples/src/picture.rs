//! Pictures in the form of SVG: panels with lines, dots, levels and colored regions, in light and in dark.
//!
//! ```
//! use caviar_examples::picture::Panel;
//! let squares = (0..20).map(|x| (f64::from(x), f64::from(x * x)));
//! let panel = Panel::new("Squares", "x", "x²").line("x²", squares);
//! assert!(panel.svg().starts_with("<svg"));
//! ```

mod axis;
mod contour;
mod draw;
mod graph;

use axis::Axis;
use std::error::Error;
use std::ops::Range;
use std::path::Path;

pub use graph::Diagram;

/// A color by its place in the style, which has one for light and one for dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(Option<usize>);

/// The first color of a panel's series.
pub const BLUE: Color = Color(Some(0));
/// The second.
pub const ORANGE: Color = Color(Some(1));
/// The third.
pub const GREEN: Color = Color(Some(2));
/// The fourth.
pub const PURPLE: Color = Color(Some(3));
/// The fifth.
pub const GOLD: Color = Color(Some(4));
/// For what stands behind the rest.
pub const GRAY: Color = Color(None);

/// Beyond so many series colors begin anew.
const COLORS: usize = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Line,
    Dashes,
    Dots,
    Rings,
    Bars,
}

struct Series {
    name: String,
    mark: Mark,
    color: Color,
    points: Vec<(f64, f64)>,
}

type Function<T> = Box<dyn Fn(f64, f64) -> T>;

/// One pair of axes and what is drawn in it.
pub struct Panel {
    title: String,
    labels: [String; 2],
    ranges: [Option<Range<f64>>; 2],
    log: [bool; 2],
    /// Names in the place of the numbers of the vertical axis, from the top.
    rows: Vec<String>,
    bare: bool,
    series: Vec<Series>,
    regions: Option<Function<usize>>,
    levels: Option<(Function<f64>, Vec<f64>)>,
}

impl Panel {
    /// An empty panel with its title and the labels of its axes.
    pub fn new(title: &str, x: &str, y: &str) -> Self {
        Panel {
            title: title.to_string(),
            labels: [x.to_string(), y.to_string()],
            ranges: [None, None],
            log: [false; 2],
            rows: Vec::new(),
            bare: false,
            series: Vec::new(),
            regions: None,
            levels: None,
        }
    }

    /// From where to where the axes go; without it, as far as there are points.
    #[must_use]
    pub fn ranges(mut self, x: Range<f64>, y: Range<f64>) -> Self {
        self.ranges = [Some(x), Some(y)];
        self
    }

    /// From where to where the x axis goes.
    #[must_use]
    pub fn range_x(mut self, x: Range<f64>) -> Self {
        self.ranges[0] = Some(x);
        self
    }

    /// From where to where the y axis goes.
    #[must_use]
    pub fn range_y(mut self, y: Range<f64>) -> Self {
        self.ranges[1] = Some(y);
        self
    }

    /// The x axis in powers of ten.
    #[must_use]
    pub fn log_x(mut self) -> Self {
        self.log[0] = true;
        self
    }

    /// The y axis in powers of ten.
    #[must_use]
    pub fn log_y(mut self) -> Self {
        self.log[1] = true;
        self
    }

    /// Names in the place of a y axis: `y` = 0 is the first of them, at the top.
    #[must_use]
    pub fn rows<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.rows = names.into_iter().map(str::to_string).collect();
        self
    }

    /// Without axes: a drawing.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// A line; no name, no place in the legend.
    #[must_use]
    pub fn line(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.series(name, Mark::Line, points)
    }

    /// A dashed line.
    #[must_use]
    pub fn dashes(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.series(name, Mark::Dashes, points)
    }

    /// Points.
    #[must_use]
    pub fn dots(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.series(name, Mark::Dots, points)
    }

    /// Points to be noticed.
    #[must_use]
    pub fn rings(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.series(name, Mark::Rings, points)
    }

    /// Bars from zero: upright, or along the rows where there are any.
    #[must_use]
    pub fn bars(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.series(name, Mark::Bars, points)
    }

    /// Another color for what was added last.
    #[must_use]
    pub fn colored(mut self, color: Color) -> Self {
        self.series.iter_mut().next_back().into_iter().for_each(|series| series.color = color);
        self
    }

    /// The background, pale in the color of the class that each place has.
    #[must_use]
    pub fn regions(mut self, class: impl Fn(f64, f64) -> usize + 'static) -> Self {
        self.regions = Some(Box::new(class));
        self
    }

    /// In the background the lines on which a function has one of the values.
    #[must_use]
    pub fn levels(mut self, function: impl Fn(f64, f64) -> f64 + 'static, values: impl Into<Vec<f64>>) -> Self {
        self.levels = Some((Box::new(function), values.into()));
        self
    }

    fn series(mut self, name: &str, mark: Mark, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let color = Color(Some(self.series.len() % COLORS));
        let points = points.into_iter().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        self.series.push(Series { name: name.to_string(), mark, color, points });
        self
    }

    fn axis(&self, which: usize) -> Axis {
        let coordinate = |&(x, y): &(f64, f64)| if which == 0 { x } else { y };
        let values = self.series.iter().flat_map(|series| series.points.iter().map(coordinate));
        match &self.ranges[which] {
            // The first row is at the top.
            _ if which == 1 && !self.rows.is_empty() => Axis::new(self.rows.len() as f64 - 0.5..-0.5, false),
            Some(range) => Axis::new(range.clone(), self.log[which]),
            None => Axis::around(values, self.log[which]),
        }
    }
}

/// How many of the values lie in each of `bins` equal parts of the range, as the outline of a histogram.
pub fn histogram(values: &[f64], range: Range<f64>, bins: usize) -> Vec<(f64, f64)> {
    let width = (range.end - range.start) / bins as f64;
    let edge = |bin: usize| range.start + width * bin as f64;
    let inside = |bin: usize| values.iter().filter(|value| (edge(bin)..edge(bin + 1)).contains(value)).count() as f64;
    (0..bins).flat_map(|bin| [(edge(bin), inside(bin)), (edge(bin + 1), inside(bin))]).collect()
}

/// Writes `target/pictures/<name>-1.svg` and so on, one file for each panel, and says so.
///
/// # Errors
/// A folder or file that cannot be written.
pub fn save(name: &str, panels: &[Panel]) -> Result<(), Box<dyn Error>> {
    (1..).zip(panels).try_for_each(|(number, panel)| write(&format!("{name}-{number}"), &panel.svg()))
}

/// Writes `target/pictures/<name>.svg` and says so.
fn write(name: &str, svg: &str) -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let folder = root.join("target/pictures");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(name).with_extension("svg"), svg)?;
    println!("target/pictures/{name}.svg");
    Ok(())
}
