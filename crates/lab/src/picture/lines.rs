//! Lines and points over a number.

use std::fmt::Write;

use super::axis::Axis;
use super::frame::Frame;
use super::text::{escape, figure, place};
use super::{Key, Mark, Picture, classes};

/// More points of a line than these no eye tells apart.
const MOST_POINTS: usize = 2000;

/// A named line, or points, of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    class: &'static str,
    dots: bool,
}

impl Series {
    /// A line from point to point; a number that is not finite breaks it.
    pub fn line(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Series { name: name.into(), points, class: "stroke", dots: false }
    }

    /// Points that nothing joins.
    pub fn dots(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Series { name: name.into(), points, class: "other", dots: true }
    }

    /// The line with gaps.
    #[must_use]
    pub fn dashed(mut self) -> Self {
        self.class = "stroke thin dashed";
        self
    }

    /// The line in the background: thin, and gray where it has no name.
    #[must_use]
    pub fn faint(mut self) -> Self {
        self.class = "loser";
        self
    }

    fn colored(&self) -> bool {
        self.class.starts_with("stroke")
    }
}

/// Lines and points over a number, with axes and a legend.
#[derive(Clone, Debug, PartialEq)]
pub struct LineChart {
    name: &'static str,
    title: String,
    labels: (String, String),
    series: Vec<Series>,
    log: (bool, bool),
    /// The ends of the axes, where they are fixed.
    ends: Option<[(f64, f64); 2]>,
    size: (f64, f64),
    diagonal: bool,
}

impl LineChart {
    /// A chart without lines yet; `labels` are of the horizontal and the vertical axis.
    pub fn new(title: impl Into<String>, labels: (&str, &str)) -> Self {
        LineChart {
            name: "lines",
            title: title.into(),
            labels: (labels.0.to_owned(), labels.1.to_owned()),
            series: Vec::new(),
            log: (false, false),
            ends: None,
            size: (760.0, 420.0),
            diagonal: false,
        }
    }

    /// With one more line; those before it get the first colors and lie under it.
    #[must_use]
    pub fn with(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// With a horizontal axis of powers; points that are not positive are left out.
    #[must_use]
    pub fn log_x(mut self) -> Self {
        self.log.0 = true;
        self
    }

    /// With a vertical axis of powers; points that are not positive are left out.
    #[must_use]
    pub fn log_y(mut self) -> Self {
        self.log.1 = true;
        self
    }

    /// A square of shares from 0 to 1, with the diagonal or without.
    pub(crate) fn unit_square(mut self, name: &'static str, diagonal: bool) -> Self {
        (self.name, self.size, self.diagonal) = (name, (440.0, 400.0), diagonal);
        self.ends = Some([(0.0, 1.0), (0.0, 1.0)]);
        self
    }

    /// The picture; nothing where there is no point to draw.
    pub fn picture(&self) -> Option<Picture> {
        let xs = || self.series.iter().flat_map(|series| series.points.iter().map(|point| point.0));
        let ys = || self.series.iter().flat_map(|series| series.points.iter().map(|point| point.1));
        let (mut x, mut y) = (Axis::around(xs(), self.log.0)?, Axis::around(ys(), self.log.1)?);
        if let Some([of_x, of_y]) = self.ends {
            (x, y) = (Axis::linear(of_x.0, of_x.1), Axis::linear(of_y.0, of_y.1));
        } else if !self.log.0 {
            // Epochs and rows begin at the edge.
            let ends = xs().filter(|value| value.is_finite());
            let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
            x = Axis::linear(low, high);
        }
        let frame = Frame::new(self.size, x, y, (&self.labels.0, &self.labels.1));
        let (inside, keys) = self.drawn(&frame);
        Some(Picture {
            name: self.name,
            title: self.title.clone(),
            description: self.describe(&x, &y),
            size: self.size,
            keys,
            body: frame.draw(self.name, &inside),
        })
    }

    fn drawn(&self, frame: &Frame) -> (String, Vec<Key>) {
        let (mut inside, mut keys, mut color) = (String::new(), Vec::new(), 0);
        if self.diagonal {
            let _ =
                writeln!(inside, "<path class=\"plain\" d=\"{}\"/>", frame.path([(0.0, 0.0), (1.0, 1.0)].into_iter()));
        }
        for series in &self.series {
            let own = series.colored().then_some(color);
            color += usize::from(own.is_some());
            let class = match own {
                // Colors begin anew: the second round has gaps.
                Some(color) if color >= super::palette::COLORS && series.class == "stroke" => "stroke thin dashed",
                _ => series.class,
            };
            let stride = series.points.len().div_ceil(MOST_POINTS).max(1);
            let last = series.points.len().saturating_sub(1);
            let kept = series.points.iter().enumerate().filter(|(at, _)| at % stride == 0 || *at == last);
            let kept = kept.map(|(_, point)| *point);
            if series.dots {
                for (x, y) in kept.map(|(x, y)| (frame.at_x(x), frame.at_y(y))) {
                    if x.is_finite() && y.is_finite() {
                        let _ = writeln!(
                            inside,
                            "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"2\"/>",
                            place(x),
                            place(y)
                        );
                    }
                }
            } else {
                let name = escape(&series.name);
                let path = frame.path(kept);
                let _ = writeln!(
                    inside,
                    "<path class=\"{}\" d=\"{path}\"><title>{name}</title></path>",
                    classes(class, own, false)
                );
            }
            if !series.name.is_empty() && self.series.len() > 1 {
                let mark = if series.dots { Mark::Disc(class, own) } else { Mark::Line(class, own) };
                keys.push(Key { mark, name: series.name.clone() });
            }
        }
        (inside, keys)
    }

    fn describe(&self, x: &Axis, y: &Axis) -> String {
        let names: Vec<&str> =
            self.series.iter().map(|series| series.name.as_str()).filter(|name| !name.is_empty()).collect();
        let of = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
        format!(
            "{} from {} to {} over {} from {} to {}{of}",
            self.labels.1,
            figure(y.low),
            figure(y.high),
            self.labels.0,
            figure(x.low),
            figure(x.high)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{LineChart, Series};

    #[test]
    fn lines_have_colors_of_their_own_and_faint_ones_none() {
        let points = vec![(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)];
        let chart = LineChart::new("A <b>", ("x", "y"))
            .with(Series::dots("rows", points.clone()))
            .with(Series::line("\"first\"", points.clone()))
            .with(Series::line("second", points));
        let svg = chart.picture().unwrap().svg();
        assert!(svg.contains("A &lt;b&gt;") && svg.contains("&quot;first&quot;") && !svg.contains("NaN"));
        // In the drawing and in the legend.
        assert_eq!((svg.matches("class=\"stroke k0\"").count(), svg.matches("class=\"stroke k1\"").count()), (2, 2));
        assert_eq!(svg.matches("<circle class=\"other\"").count(), 3);
    }

    #[test]
    fn nothing_to_draw_is_no_picture() {
        assert_eq!(LineChart::new("t", ("x", "y")).picture(), None);
        assert_eq!(LineChart::new("t", ("x", "y")).log_y().with(Series::line("a", vec![(0.0, -1.0)])).picture(), None);
        assert!(LineChart::new("t", ("x", "y")).with(Series::line("a", vec![(0.0, -1.0)])).picture().is_some());
    }
}
