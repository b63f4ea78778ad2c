//! Charts of letters: slices along the settings, and the time line of the workers.

use caviar_lab::report::{Report, Slice, Work, work};
use caviar_lab::{Span, StudyView};

use crate::columns::{Columns, Side};

/// Settings that have a slice.
const SLICES: usize = 8;
/// Letters of a slice.
const PARTS: usize = 24;
/// Letters of a line of words.
const WORDS: usize = 72;
/// Letters of the time line.
const TIME: usize = 96;
/// Workers that have a line.
const WORKERS: usize = 32;
/// From the worst to the best.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How good trials are along each setting, what mattered first.
pub fn slices(study: &StudyView) -> Vec<String> {
    let mut table = Columns::new(vec![Side::Left, Side::Right, Side::Left]);
    for slice in Report::of_study(study).slices(PARTS).into_iter().take(SLICES) {
        let Slice { name, ends, scale, words, goodness } = slice;
        let heights = goodness.iter().map(|share| share.map_or('·', height));
        let name = format!("  {name}");
        if words.is_empty() {
            let chart: String = heights.collect();
            let note = if scale.is_empty() { String::new() } else { format!("  ({scale})") };
            table.push(vec![name, ends[0].clone(), format!("{chart} {}{note}", ends[1])]);
        } else {
            let each: Vec<String> =
                words.iter().zip(heights).map(|(word, height)| format!("{word} {height}")).collect();
            let line: String = each.join("  ").chars().take(WORDS).collect();
            table.push(vec![name, String::new(), line]);
        }
    }
    table.lines()
}

fn height(share: f64) -> char {
    HEIGHTS[((share * (HEIGHTS.len() - 1) as f64).round() as usize).min(HEIGHTS.len() - 1)]
}

/// What each worker did when: a letter for what took most of a moment.
pub fn time_line(spans: &[Span]) -> Vec<String> {
    let end = spans.iter().map(|span| span.to).fold(0.0, f64::max);
    let Some(workers) = spans.iter().map(|span| span.worker).max().filter(|_| end > 0.0) else { return Vec::new() };
    let kinds = work(spans);
    let mut lines = vec![format!("  {:<11}0 s{:>width$}", "", format!("{end:.1} s"), width = TIME - 3)];
    for worker in 0..=workers.min(WORKERS - 1) {
        let mut moments = vec![[0.0; 4]; TIME];
        for (span, kind) in spans.iter().zip(&kinds).filter(|(span, _)| span.worker == worker) {
            let at = |seconds: f64| seconds / end * TIME as f64;
            let (from, to) = (at(span.from), at(span.to));
            for (place, moment) in moments.iter_mut().enumerate().skip(from as usize).take((to - from) as usize + 2) {
                let (left, right) = (place as f64, place as f64 + 1.0);
                moment[row(*kind)] += (to.min(right) - from.max(left)).max(0.0);
            }
        }
        let letters: String = moments.iter().map(letter).collect();
        lines.push(format!("  {:<11}{}", format!("worker {}", worker + 1), letters.trim_end()));
    }
    if workers >= WORKERS {
        lines.push(format!("  ... and {} workers more", workers + 1 - WORKERS));
    }
    lines
}

/// What the letters mean.
pub const LETTERS: &str = "░ begun  █ gone on  ▚ measured again  ▒ trained to be kept";

fn row(kind: Work) -> usize {
    match kind {
        Work::Begun => 0,
        Work::GoneOn(_) => 1,
        Work::Again => 2,
        Work::Kept => 3,
    }
}

/// The kind of work that took most of a moment; nothing where the worker waited.
fn letter(moment: &[f64; 4]) -> char {
    let most = (0..4).max_by(|a, b| moment[*a].total_cmp(&moment[*b])).unwrap_or(0);
    if moment.iter().sum::<f64>() < 0.2 { ' ' } else { ['░', '█', '▚', '▒'][most] }
}

#[cfg(test)]
mod tests {
    use super::time_line;
    use caviar_lab::Span;

    #[test]
    fn each_worker_has_a_line_with_what_it_did_when() {
        let span = |trial, stage: &str, worker, from, to| Span {
            trial,
            stage: stage.to_owned(),
            worker,
            from,
            to,
            epochs: [0, 1],
        };
        let spans = [
            span(0, "screen", 0, 0.0, 4.0),
            span(1, "screen", 1, 0.0, 2.0),
            span(1, "screen", 1, 2.0, 4.0),
            span(0, "leader", 0, 4.0, 8.0),
        ];
        let lines = time_line(&spans);
        assert_eq!(lines[1], format!("  worker 1   {}{}", "░".repeat(48), "▚".repeat(48)));
        assert_eq!(lines[2], format!("  worker 2   {}{}", "░".repeat(24), "█".repeat(24)));
        assert!(time_line(&[]).is_empty());
    }
}
