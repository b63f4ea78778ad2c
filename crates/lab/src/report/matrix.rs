//! The confusion matrix as a picture.

use std::fmt::Write;

use crate::picture::Picture;
use crate::picture::text::{escape, fitting, place, width_of};

/// More classes than these do not fit into a picture; those with the most mistakes are shown.
const MOST_CLASSES: usize = 24;
/// The widest name of a class.
const NAME: f64 = 150.0;
const TOP: f64 = 22.0;
const FOOT: f64 = 26.0;

/// The matrix, each row shaded by the share of its true class; nothing without a row.
pub(super) fn picture(classes: &[String], counts: &[u64]) -> Option<Picture> {
    let side = classes.len();
    let count = |truth: usize, said: usize| counts.get(truth * side + said).copied().unwrap_or(0);
    let wrong = |class: usize| (0..side).filter(|other| *other != class).map(|other| count(class, other)).sum::<u64>();
    let mut shown: Vec<usize> = (0..side).collect();
    shown.sort_by_key(|class| std::cmp::Reverse(wrong(*class)));
    shown.truncate(MOST_CLASSES);
    shown.sort_unstable();
    let all: u64 = counts.iter().sum();
    if all == 0 || shown.is_empty() {
        return None;
    }
    let cell = (440.0 / shown.len() as f64).clamp(26.0, 90.0);
    let tall = cell.min(54.0);
    let name = |class: usize, room: f64| fitting(&classes[class], 12.5, room);
    let left = shown.iter().map(|class| width_of(&name(*class, NAME), 12.5)).fold(60.0, f64::max) + 34.0;
    let (width, height) = (left + cell * shown.len() as f64 + 4.0, TOP + tall * shown.len() as f64 + FOOT);
    let mut body = String::new();
    for (row, &truth) in shown.iter().enumerate() {
        let y = TOP + row as f64 * tall;
        let of_class = (0..side).map(|said| count(truth, said)).sum::<u64>().max(1) as f64;
        let _ = writeln!(
            body,
            "<text class=\"name\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            place(left - 8.0),
            place(y + tall / 2.0 + 4.3),
            escape(&name(truth, NAME))
        );
        for (column, &said) in shown.iter().enumerate() {
            let (x, count) = (left + column as f64 * cell, count(truth, said));
            let share = count as f64 / of_class;
            let kind = if truth == said { "hit" } else { "miss" };
            let strong = if share > 0.6 {
                " strong"
            } else if count == 0 {
                " nil"
            } else {
                ""
            };
            let _ = writeln!(
                body,
                "<rect class=\"{kind}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill-opacity=\"{share:.3}\"/>\
                 <text class=\"count{strong}\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{count}</text>",
                place(x + 1.0),
                place(y + 1.0),
                place(cell - 2.0),
                place(tall - 2.0),
                place(x + cell / 2.0),
                place(y + tall / 2.0 + 4.2)
            );
        }
    }
    for (column, &said) in shown.iter().enumerate() {
        let x = place(left + (column as f64 + 0.5) * cell);
        let short = escape(&name(said, cell - 2.0));
        let _ =
            writeln!(body, "<text class=\"name\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{short}</text>", TOP - 7.0);
    }
    let (middle_x, middle_y) = (place((left + width) / 2.0), place((TOP + height - FOOT) / 2.0));
    let _ = writeln!(
        body,
        "<text class=\"label\" x=\"{middle_x}\" y=\"{}\" text-anchor=\"middle\">taken for</text>\
         <text class=\"label\" transform=\"translate(13 {middle_y}) rotate(-90)\" text-anchor=\"middle\">true class</text>",
        place(height - 6.0)
    );
    let right: u64 = (0..side).map(|class| count(class, class)).sum();
    let more = if side > shown.len() {
        format!(", of which those {} with the most mistakes are shown", shown.len())
    } else {
        String::new()
    };
    Some(Picture {
        name: "confusion",
        title: "Which classes were taken for which".to_owned(),
        description: format!("{right} of {all} rows are right, {side} classes{more}"),
        size: (width, height),
        keys: Vec::new(),
        body,
    })
}
