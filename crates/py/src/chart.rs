//! Charts of lines, as SVG.

use caviar_lab::picture::{LineChart, Series};
use pyo3::prelude::{PyResult, pyfunction};

use crate::error::{DataError, SettingError};

/// A line: its name, how it looks (`line`, `dashed`, `faint` or `dots`), its points.
type Line = (String, String, Vec<(f64, f64)>);

/// A chart of lines over a number; an error where there is no point to draw.
#[pyfunction]
#[pyo3(signature = (title, labels, lines, log_y=false))]
pub(crate) fn line_chart(title: &str, labels: (String, String), lines: Vec<Line>, log_y: bool) -> PyResult<String> {
    let mut chart = LineChart::new(title, (&labels.0, &labels.1));
    for (name, look, points) in lines {
        let series = match look.as_str() {
            "line" => Series::line(name, points),
            "dashed" => Series::line(name, points).dashed(),
            "faint" => Series::line(name, points).faint(),
            "dots" => Series::dots(name, points),
            _ => return Err(SettingError::new_err(format!("there is no look `{look}` of a line"))),
        };
        chart = chart.with(series);
    }
    let chart = if log_y { chart.log_y() } else { chart };
    let picture = chart.picture().ok_or_else(|| DataError::new_err("there is no point to draw"))?;
    Ok(picture.svg())
}
