//! Pictures in the form of SVG: panels with lines, dots and colored regions.
//!
//! ```
//! use caviar_examples::picture::Panel;
//! let squares = (0..20).map(|x| (f64::from(x), f64::from(x * x)));
//! let panel = Panel::new("Squares", "x", "x²").line("x²", squares);
//! assert!(caviar_examples::picture::svg(&[panel])?.starts_with("<svg"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod axis;

pub use plotters::style::RGBColor as Color;

use axis::Axis;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Rectangle, Text};
use plotters::prelude::SVGBackend;
use plotters::series::{DashedLineSeries, LineSeries};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, IntoFont, ShapeStyle, WHITE};
use std::error::Error;
use std::ops::Range;
use std::path::Path;

/// The first color of a panel's series.
pub const BLUE: Color = Color(46, 106, 178);
/// The second.
pub const ORANGE: Color = Color(224, 118, 40);
/// The third.
pub const GREEN: Color = Color(58, 150, 96);
/// The fourth.
pub const PURPLE: Color = Color(134, 92, 178);
/// The fifth.
pub const RED: Color = Color(200, 66, 80);
/// The sixth.
pub const TEAL: Color = Color(36, 156, 168);
/// The seventh.
pub const BROWN: Color = Color(142, 104, 74);
/// For what stands behind the rest.
pub const GRAY: Color = Color(172, 176, 184);

const COLORS: [Color; 7] = [BLUE, ORANGE, GREEN, PURPLE, RED, TEAL, BROWN];
const INK: Color = Color(52, 56, 64);
const GRID: Color = Color(228, 231, 236);
/// The size of a panel in units of the picture.
const PANEL: (u32, u32) = (480, 400);
/// Places are whole numbers of this part of a unit: fine enough for smooth curves.
const FINE: i32 = 8;
/// The cells of a colored region, along each axis.
const CELLS: usize = 160;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;
type Result<T> = std::result::Result<T, DrawingAreaErrorKind<std::io::Error>>;

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Line,
    Dashes,
    Dots,
    Rings,
}

struct Series {
    name: String,
    mark: Mark,
    color: Color,
    points: Vec<(f64, f64)>,
}

/// One pair of axes and what is drawn in it.
pub struct Panel {
    title: String,
    labels: [String; 2],
    ranges: [Option<Range<f64>>; 2],
    log: [bool; 2],
    series: Vec<Series>,
    regions: Option<Box<dyn Fn(f64, f64) -> Color>>,
}

impl Panel {
    /// An empty panel with its title and the labels of its axes.
    pub fn new(title: &str, x: &str, y: &str) -> Self {
        Panel {
            title: title.to_string(),
            labels: [x.to_string(), y.to_string()],
            ranges: [None, None],
            log: [false; 2],
            series: Vec::new(),
            regions: None,
        }
    }

    /// From where to where the axes go; without it, as far as there are points.
    #[must_use]
    pub fn ranges(mut self, x: Range<f64>, y: Range<f64>) -> Self {
        self.ranges = [Some(x), Some(y)];
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

    /// Another color for what was added last.
    #[must_use]
    pub fn colored(mut self, color: Color) -> Self {
        self.series.iter_mut().next_back().into_iter().for_each(|series| series.color = color);
        self
    }

    /// The background, pale in the color of the class that each place has.
    #[must_use]
    pub fn regions(mut self, class: impl Fn(f64, f64) -> usize + 'static) -> Self {
        self.regions = Some(Box::new(move |x, y| mix(COLORS[class(x, y) % COLORS.len()], 0.22)));
        self
    }

    /// The background in bands of blue, the lower the value the paler; `level` counts bands from 0 to 9.
    #[must_use]
    pub fn bands(mut self, level: impl Fn(f64, f64) -> f64 + 'static) -> Self {
        self.regions = Some(Box::new(move |x, y| mix(BLUE, 0.02 + 0.042 * level(x, y).clamp(0.0, 9.0).floor())));
        self
    }

    fn series(mut self, name: &str, mark: Mark, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let color = COLORS[self.series.len() % COLORS.len()];
        let points = points.into_iter().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        self.series.push(Series { name: name.to_string(), mark, color, points });
        self
    }

    fn axis(&self, which: usize) -> Axis {
        let coordinate = |&(x, y): &(f64, f64)| if which == 0 { x } else { y };
        let values = self.series.iter().flat_map(|series| series.points.iter().map(coordinate));
        match &self.ranges[which] {
            Some(range) => Axis::new(range.clone(), self.log[which]),
            None => Axis::around(values, self.log[which]),
        }
    }

    /// The names of the series, in the corner where they hide least.
    fn draw_legend(&self, area: &Area<'_>) -> Result<()> {
        let named: Vec<&Series> = self.series.iter().filter(|series| !series.name.is_empty()).collect();
        let Some(letters) = named.iter().map(|series| series.name.chars().count() as i32).max() else { return Ok(()) };
        let (width, height) = (area.dim_in_pixel().0 as i32, area.dim_in_pixel().1 as i32);
        let size = ((40 + 7 * letters) * FINE, (8 + 17 * named.len() as i32) * FINE);
        let (gap, left_of, below) = (8 * FINE, width - size.0 - 8 * FINE, height - size.1 - 8 * FINE);
        let (x, y) = (self.axis(0), self.axis(1));
        let traces: Vec<(f64, f64)> = self.series.iter().flat_map(Series::traced).collect();
        let hidden = |corner: &(i32, i32)| {
            let within = |at: f64, low: i32, size: i32| at > f64::from(low - gap) && at < f64::from(low + size + gap);
            let (width, height) = (f64::from(width), f64::from(height));
            let inside = |(across, up): &&(f64, f64)| {
                within(x.share(*across) * width, corner.0, size.0)
                    && within((1.0 - y.share(*up)) * height, corner.1, size.1)
            };
            traces.iter().filter(inside).count()
        };
        let corners = [(left_of, gap), (left_of, below), (gap, gap), (gap, below)];
        let (left, top) = corners.into_iter().min_by_key(hidden).unwrap_or((gap, gap));
        let frame = [(left, top), (left + size.0, top + size.1)];
        area.draw(&Rectangle::new(frame, WHITE.mix(0.88).filled()))?;
        let font = ("sans-serif", 13 * FINE).into_font().color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
        for (series, row) in named.into_iter().zip(0..) {
            let middle = top + (12 + 17 * row) * FINE;
            series.draw_sample(area, (left + 6 * FINE, middle))?;
            area.draw(&Text::new(series.name.as_str(), (left + 32 * FINE, middle), font.clone()))?;
        }
        Ok(())
    }

    fn draw(&self, area: &Area<'_>) -> Result<()> {
        let font = |size: i32| ("sans-serif", size * FINE).into_font().color(&INK);
        let [x, y] = [0, 1].map(|which| self.axis(which));
        let (head, body) = area.split_vertically(42 * FINE);
        let centered = font(18).pos(Pos::new(HPos::Center, VPos::Center));
        head.draw(&Text::new(self.title.as_str(), (PANEL.0 as i32 * FINE / 2 + 15 * FINE, 24 * FINE), centered))?;
        let mut chart = ChartBuilder::on(&body)
            .margin_top(0)
            .margin_right(14 * FINE)
            .margin_bottom(14 * FINE)
            .margin_left(14 * FINE)
            .x_label_area_size(44 * FINE)
            .y_label_area_size(60 * FINE)
            .build_cartesian_2d(x, y)?;
        self.draw_regions(&chart)?;
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(&self.labels[0]).y_desc(&self.labels[1]);
        mesh.set_all_tick_mark_size(5 * FINE)
            .x_labels(7)
            .y_labels(7)
            .label_style(font(13))
            .axis_desc_style(font(14))
            .axis_style(INK.stroke_width(FINE as u32));
        let grid = if self.regions.is_some() { GRID.mix(0.0) } else { GRID.to_rgba() };
        mesh.bold_line_style(grid.stroke_width(FINE as u32));
        mesh.light_line_style(GRID.mix(0.0)).draw()?;
        for series in &self.series {
            series.draw(&mut chart)?;
        }
        self.draw_legend(&chart.plotting_area().strip_coord_spec())?;
        Ok(())
    }

    /// The background, one rectangle for each stretch of a row that has one color.
    fn draw_regions(&self, chart: &Chart<'_, '_>) -> Result<()> {
        let Some(color) = &self.regions else { return Ok(()) };
        let (x, y) = (self.axis(0), self.axis(1));
        let edge = |axis: &Axis, cell: usize| axis.at(cell as f64 / CELLS as f64);
        let middle = |axis: &Axis, cell: usize| axis.at((cell as f64 + 0.5) / CELLS as f64);
        let mut below = Vec::new();
        for row in 0..CELLS {
            // Up to the upper edge, so that no gap is left between two rows.
            let (bottom, top) = (edge(&y, row), y.at(1.0));
            let colors: Vec<Color> = (0..CELLS).map(|cell| color(middle(&x, cell), middle(&y, row))).collect();
            if colors == below {
                continue;
            }
            let mut start = 0;
            for stretch in colors.chunk_by(|a, b| a == b) {
                let corners = [(edge(&x, start), bottom), (edge(&x, start + stretch.len()), top)];
                chart.plotting_area().draw(&Rectangle::new(corners, stretch[0].filled()))?;
                start += stretch.len();
            }
            below = colors;
        }
        Ok(())
    }
}

impl Series {
    /// Its points, for lines with some in between.
    fn traced(&self) -> Vec<(f64, f64)> {
        let steps = if matches!(self.mark, Mark::Line | Mark::Dashes) { 16 } else { 1 };
        let between = |from: f64, to: f64, step: i32| from + (to - from) * f64::from(step) / f64::from(steps);
        let stretch = |pair: &[(f64, f64)]| {
            let (from, to) = (pair[0], pair[1]);
            (1..=steps).map(move |step| (between(from.0, to.0, step), between(from.1, to.1, step)))
        };
        self.points.first().copied().into_iter().chain(self.points.windows(2).flat_map(stretch)).collect()
    }

    fn draw<'b>(&self, chart: &mut Chart<'b, 'b>) -> Result<()> {
        let (color, points) = (self.color, self.points.iter().copied());
        let thin = self.color == GRAY && self.name.is_empty();
        let stroke = color.stroke_width(if thin { FINE } else { 2 * FINE } as u32);
        match self.mark {
            Mark::Line => chart.draw_series(LineSeries::new(points, stroke))?,
            Mark::Dashes => {
                chart.draw_series(DashedLineSeries::new(points, 6 * FINE as u32, 4 * FINE as u32, stroke))?
            }
            Mark::Dots => chart.draw_series(points.map(|at| Circle::new(at, 3 * FINE, color.mix(0.75).filled())))?,
            Mark::Rings => chart.draw_series(points.map(|at| Circle::new(at, 7 * FINE, stroke)))?,
        };
        Ok(())
    }

    /// Its mark in the legend, 20 units wide.
    fn draw_sample(&self, area: &Area<'_>, (x, y): (i32, i32)) -> Result<()> {
        let stroke = self.color.stroke_width(2 * FINE as u32);
        let stretch =
            |from: i32, to: i32| area.draw(&PathElement::new(vec![(x + from * FINE, y), (x + to * FINE, y)], stroke));
        let circle = |size: i32, style: ShapeStyle| area.draw(&Circle::new((x + 10 * FINE, y), size * FINE, style));
        match self.mark {
            Mark::Line => stretch(0, 20),
            Mark::Dashes => stretch(0, 8).and(stretch(12, 20)),
            Mark::Dots => circle(4, self.color.filled()),
            Mark::Rings => circle(5, stroke),
        }
    }
}

/// So much of a color on white.
fn mix(color: Color, share: f64) -> Color {
    let one = |part: u8| (255.0 - share * (255.0 - f64::from(part))).round() as u8;
    Color(one(color.0), one(color.1), one(color.2))
}

/// How many of the values lie in each of `bins` equal parts of the range, as the outline of a histogram.
pub fn histogram(values: &[f64], range: Range<f64>, bins: usize) -> Vec<(f64, f64)> {
    let width = (range.end - range.start) / bins as f64;
    let edge = |bin: usize| range.start + width * bin as f64;
    let inside = |bin: usize| values.iter().filter(|value| (edge(bin)..edge(bin + 1)).contains(value)).count() as f64;
    (0..bins).flat_map(|bin| [(edge(bin), inside(bin)), (edge(bin + 1), inside(bin))]).collect()
}

/// The panels beside each other, or two by two, as the text of an SVG.
///
/// # Errors
/// None that is known: a string takes all that is written.
pub fn svg(panels: &[Panel]) -> std::result::Result<String, Box<dyn Error>> {
    let columns = if panels.len() == 4 { 2 } else { panels.len().clamp(1, 3) };
    let rows = panels.len().div_ceil(columns);
    let mut text = String::new();
    {
        let size = (PANEL.0 * columns as u32 * FINE as u32, PANEL.1 * rows as u32 * FINE as u32);
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        let fill = area.fill(&WHITE);
        let drawn =
            area.split_evenly((rows, columns)).iter().zip(panels).try_for_each(|(part, panel)| panel.draw(part));
        fill.and(drawn).and(area.present()).map_err(|error| error.to_string())?;
    }
    // Shown at its size in units, whatever it is made of.
    let shown = format!("<svg width=\"{}\" height=\"{}\"", PANEL.0 * columns as u32, PANEL.1 * rows as u32);
    let view = text.find(" viewBox").ok_or("an SVG without a view box")?;
    Ok(shown + &text[view..])
}

/// Writes `target/pictures/<name>.svg` and says so.
///
/// # Errors
/// A folder or file that cannot be written.
pub fn save(name: &str, panels: &[Panel]) -> std::result::Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let folder = root.join("target/pictures");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(name).with_extension("svg"), svg(panels)?)?;
    println!("target/pictures/{name}.svg");
    Ok(())
}
