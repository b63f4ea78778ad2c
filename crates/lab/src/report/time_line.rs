//! The time line of the workers: which thread worked on which trial when.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Report;
use crate::ledger::Span;
use crate::picture::axis::Axis;
use crate::picture::text::{figure, place};
use crate::picture::{Key, Mark, Picture};

const WIDTH: f64 = 860.0;
const LANE: f64 = 26.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 6.0;
const FOOT: f64 = 42.0;
/// No bar is thinner.
const THIN: f64 = 0.7;

/// What a stretch of work was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// A trial for the first time.
    Begun,
    /// One that goes on, for the first, the second, a further time.
    GoneOn(u8),
    /// A leader, or one of the best, measured again.
    Again,
    /// What is kept, trained.
    Kept,
}

impl Work {
    /// Its classes.
    fn class(self) -> &'static str {
        match self {
            Work::Begun => "work begun",
            Work::GoneOn(1) => "work on1",
            Work::GoneOn(2) => "work on2",
            Work::GoneOn(_) => "work on3",
            Work::Again => "work again",
            Work::Kept => "work kept",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Work::Begun => "begun",
            Work::GoneOn(1) => "gone on once",
            Work::GoneOn(2) => "twice",
            Work::GoneOn(_) => "three times",
            Work::Again => "measured again",
            Work::Kept => "trained to be kept",
        }
    }
}

/// What each stretch of work was for.
pub fn work(spans: &[Span]) -> Vec<Work> {
    let mut before: BTreeMap<u64, u8> = BTreeMap::new();
    let mut kind = |span: &Span| match span.stage.as_str() {
        "leader" | "repeat" => Work::Again,
        "refit" => Work::Kept,
        _ => {
            let times = before.entry(span.trial).or_insert(0);
            let kind = if *times == 0 { Work::Begun } else { Work::GoneOn((*times).min(3)) };
            *times = times.saturating_add(1);
            kind
        }
    };
    spans.iter().map(&mut kind).collect()
}

/// The picture; nothing for one trial, or where no time was written down.
pub(super) fn picture(report: &Report) -> Option<Picture> {
    let spans = Some(&report.spans).filter(|_| report.trials.len() > 1)?;
    let (end, lanes) = (spans.iter().map(|span| span.to).fold(0.0, f64::max), lanes(spans)?);
    let axis = Axis::linear(0.0, end.max(1e-3));
    let at = |seconds: f64| LEFT + axis.unit(seconds) * (WIDTH - LEFT - RIGHT);
    let bottom = TOP + lanes as f64 * LANE;
    let mut body = String::new();
    for tick in axis.ticks(8) {
        let x = place(at(tick));
        let _ = writeln!(
            body,
            "<path class=\"grid\" d=\"M{x} {TOP}V{bottom}\"/><text class=\"tick\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            place(bottom + 17.0),
            figure(tick)
        );
    }
    for lane in 0..lanes {
        let y = place(TOP + (lane as f64 + 0.5) * LANE + 4.2);
        let _ = writeln!(
            body,
            "<text class=\"tick\" x=\"{}\" y=\"{y}\" text-anchor=\"end\">worker {}</text>",
            LEFT - 9.0,
            lane + 1
        );
    }
    let mut bars: BTreeMap<Work, String> = BTreeMap::new();
    for (span, kind) in spans.iter().zip(work(spans)) {
        let (x, width) = (at(span.from), at(span.to) - at(span.from));
        // Neighbors do not run into one.
        let width = if width > 2.5 { width - 0.7 } else { width.max(THIN) };
        let y = TOP + (span.worker as f64 + 0.5) * LANE;
        let _ = write!(bars.entry(kind).or_default(), "M{x:.2} {y}h{width:.2}");
    }
    for (kind, d) in &bars {
        let _ = writeln!(body, "<path class=\"{}\" data-kind=\"{}\" d=\"{d}\"/>", kind.class(), kind.words());
    }
    let _ = writeln!(
        body,
        "<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{}\"/><text class=\"label\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">seconds of work on the study</text>",
        WIDTH - RIGHT,
        place((LEFT + WIDTH - RIGHT) / 2.0),
        place(bottom + FOOT - 7.0)
    );
    let key = |kind: &Work| Key { mark: Mark::Line(kind.class(), None), name: kind.words().to_owned() };
    Some(Picture {
        name: "time-line",
        title: "Who worked on what when".to_owned(),
        description: format!("{} stretches of work of {lanes} threads over {} seconds", spans.len(), figure(end)),
        size: (WIDTH, bottom + FOOT),
        keys: bars.keys().map(key).collect(),
        body,
    })
}

/// Threads, where anything is known of them.
fn lanes(spans: &[Span]) -> Option<usize> {
    Some(spans.iter().map(|span| span.worker).max()?.min(255) + 1)
}

/// What the script needs to tell of a bar: trial, worker, from and to in seconds, epochs before and after, and what it was.
pub(super) fn data(report: &Report) -> Option<serde_json::Value> {
    let lanes = lanes(&report.spans).filter(|_| report.trials.len() > 1)?;
    let milliseconds = |seconds: f64| (seconds * 1000.0).round() / 1000.0;
    let bar = |(span, kind): (&Span, Work)| {
        let Span { trial, worker, from, to, epochs, .. } = span;
        serde_json::json!([trial, worker, milliseconds(*from), milliseconds(*to), epochs[0], epochs[1], kind.words()])
    };
    let end = report.spans.iter().map(|span| span.to).fold(1e-3, f64::max);
    Some(serde_json::json!({
        "left": LEFT, "right": WIDTH - RIGHT, "top": TOP, "lane": LANE, "lanes": lanes, "end": end,
        "bars": report.spans.iter().zip(work(&report.spans)).map(bar).collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::{Work, work};
    use crate::ledger::Span;

    #[test]
    fn a_trial_that_comes_again_has_gone_on() {
        let span =
            |trial, stage: &str| Span { trial, stage: stage.to_owned(), worker: 0, from: 0.0, to: 1.0, epochs: [0, 1] };
        let spans = [(0, "screen"), (1, "screen"), (0, "screen"), (0, "full"), (1, "leader"), (0, "refit")];
        let found = work(&spans.map(|(trial, stage)| span(trial, stage)));
        assert_eq!(found, [Work::Begun, Work::Begun, Work::GoneOn(1), Work::GoneOn(2), Work::Again, Work::Kept]);
    }
}
