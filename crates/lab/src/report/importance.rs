//! How much the network leans on each column.

use std::fmt::Write;

use crate::assessment::ColumnImportance;
use crate::picture::Picture;
use crate::picture::axis::Axis;
use crate::picture::text::{escape, figure, fitting, place, width_of};

/// More columns than these make a long list of nothing.
const SHOWN: usize = 24;
const WIDTH: f64 = 640.0;
const ROW: f64 = 24.0;
const FOOT: f64 = 44.0;
/// The widest name.
const NAME: f64 = 240.0;
/// Names have letters of this size on a phone; a little is for fonts that are wider than most.
const LETTERS: f64 = 19.0;

/// Bars with deviations, the most needed column first; nothing without a finite one.
pub(super) fn picture(columns: &[ColumnImportance]) -> Option<Picture> {
    let finite: Vec<&ColumnImportance> = columns.iter().filter(|column| column.drop.is_finite()).collect();
    let shown = &finite[..finite.len().min(SHOWN)];
    let reach = |column: &&ColumnImportance| [column.drop - spread(column), column.drop + spread(column), 0.0];
    let axis = Axis::around(shown.iter().flat_map(reach), false)?;
    let (names, left) = names(shown.iter().map(|column| column.name.as_str()));
    let height = shown.len() as f64 * ROW + FOOT;
    let at = |value: f64| left + axis.unit(value) * (WIDTH - left - 14.0);
    let bottom = height - FOOT + 4.0;
    let mut body = String::new();
    for tick in axis.ticks(5) {
        let x = place(at(tick));
        let _ = writeln!(
            body,
            "<path class=\"grid\" d=\"M{x} 0V{bottom}\"/><text class=\"tick\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            place(bottom + 16.0),
            figure(tick)
        );
    }
    for (row, (column, name)) in shown.iter().zip(&names).enumerate() {
        let (top, middle) = (row as f64 * ROW + 4.0, (row as f64 + 0.5) * ROW);
        let (from, to) = (at(column.drop.min(0.0)), at(column.drop.max(0.0)));
        let pale = if column.drop > 0.0 { "bar" } else { "bar pale" };
        let says = format!("{}: {} ± {}", column.name, figure(column.drop), figure(spread(column)));
        let _ = writeln!(
            body,
            "<g><title>{}</title><text class=\"name\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{pale}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\
             <path class=\"whisker\" d=\"M{} {middle}H{}\"/></g>",
            escape(&says),
            place(left - 10.0),
            place(middle + 4.3),
            escape(name),
            place(from),
            place(top),
            place(to - from),
            place(ROW - 8.0),
            place(at(column.drop - spread(column))),
            place(at(column.drop + spread(column))),
        );
    }
    let zero = place(at(0.0));
    let _ = writeln!(body, "<path class=\"axis\" d=\"M{zero} 0V{bottom}\"/>");
    let _ = writeln!(
        body,
        "<text class=\"label\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">how much worse without it</text>",
        place((left + WIDTH) / 2.0),
        place(height - 6.0)
    );
    let first: Vec<&str> = shown.iter().take(3).map(|column| column.name.as_str()).collect();
    Some(Picture {
        name: "importance",
        title: "What the network leans on".to_owned(),
        description: format!("{} columns by how much they are needed, first {}", shown.len(), first.join(", ")),
        size: (WIDTH, height),
        keys: Vec::new(),
        body,
    })
}

/// What the bars mean, and what is not shown.
pub(super) fn caption(columns: &[ColumnImportance], rows: &str) -> String {
    let more = columns.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" {more} less needed columns are not shown.") } else { String::new() };
    format!(
        "How much the loss rises when the cells of a column are dealt out anew among the {rows} rows; the line is the deviation over several deals.{rest}"
    )
}

/// Names cut to their room, and where it ends.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> (Vec<String>, f64) {
    let names: Vec<String> = names.map(|name| fitting(name, LETTERS, NAME)).collect();
    let left = names.iter().map(|name| width_of(name, LETTERS)).fold(40.0, f64::max) + 12.0;
    (names, left)
}

fn spread(column: &ColumnImportance) -> f64 {
    if column.deviation.is_finite() { column.deviation.abs() } else { 0.0 }
}

/// Bars of what mattered among the settings; nothing where nothing is known.
pub(super) fn of_settings(shares: &[(String, f64)]) -> Option<Picture> {
    let shown = &shares[..shares.len().min(SHOWN)];
    let most = shown.iter().map(|(_, share)| *share).fold(0.0, f64::max);
    if shown.is_empty() || most <= 0.0 {
        return None;
    }
    let (names, left) = names(shown.iter().map(|(name, _)| name.as_str()));
    let mut body = String::new();
    for (row, ((name, share), short)) in shown.iter().zip(&names).enumerate() {
        let (top, middle) = (row as f64 * ROW + 4.0, (row as f64 + 0.5) * ROW);
        let width = (share / most * (WIDTH - left - 60.0)).max(1.0);
        let (says, percent, base) = (escape(name), 100.0 * share, place(middle + 4.3));
        let _ = writeln!(
            body,
            "<g><title>{says}: {percent:.1} %</title><text class=\"name\" x=\"{}\" y=\"{base}\" text-anchor=\"end\">{}</text>\
             <rect class=\"bar\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/><text class=\"tick\" x=\"{}\" y=\"{base}\">{percent:.0} %</text></g>",
            place(left - 10.0),
            escape(short),
            place(left),
            place(top),
            place(width),
            place(ROW - 8.0),
            place(left + width + 8.0),
        );
    }
    let first: Vec<&str> = shown.iter().take(3).map(|(name, _)| name.as_str()).collect();
    Some(Picture {
        name: "mattered",
        title: "What mattered".to_owned(),
        description: format!("The share of the differences that a setting explains alone, first {}", first.join(", ")),
        size: (WIDTH, shown.len() as f64 * ROW + 8.0),
        keys: Vec::new(),
        body,
    })
}
