//! Lines on which a function has one value: marching squares.

use std::collections::BTreeMap;

/// The cells of the lattice along each axis.
const CELLS: usize = 96;
const CORNERS: usize = CELLS + 1;

/// A place, as shares of both axes.
type Place = (f64, f64);

/// The lines on which `values`, given at the corners of the cells row by row, are `level`.
pub(super) fn lines(values: &[f64], level: f64) -> Vec<Vec<Place>> {
    let mut crossings: BTreeMap<usize, Place> = BTreeMap::new();
    let mut neighbors: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for cell in 0..CELLS * CELLS {
        let (x, y) = (cell % CELLS, cell / CELLS);
        // Counterclockwise; an edge is known by its first corner and its direction.
        let corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)];
        let edges = [(x, y, 0), (x + 1, y, 1), (x, y + 1, 0), (x, y, 1)];
        let mut crossed = Vec::new();
        for side in 0..4 {
            let ((ax, ay), (bx, by)) = (corners[side], corners[(side + 1) % 4]);
            let (a, b) = (values[ay * CORNERS + ax] - level, values[by * CORNERS + bx] - level);
            if (a < 0.0) != (b < 0.0) {
                let share = a / (a - b);
                let between = |a: usize, b: usize| (a as f64 + share * (b as f64 - a as f64)) / CELLS as f64;
                let (left, below, direction) = edges[side];
                let edge = 2 * (below * CORNERS + left) + direction;
                crossings.entry(edge).or_insert((between(ax, bx), between(ay, by)));
                crossed.push(edge);
            }
        }
        for pair in crossed.chunks_exact(2) {
            neighbors.entry(pair[0]).or_default().push(pair[1]);
            neighbors.entry(pair[1]).or_default().push(pair[0]);
        }
    }
    joined(&crossings, neighbors)
}

/// The values of a function at the corners of the cells.
pub(super) fn sampled(value: impl Fn(Place) -> f64) -> Vec<f64> {
    let share = |corner: usize| corner as f64 / CELLS as f64;
    (0..CORNERS * CORNERS).map(|corner| value((share(corner % CORNERS), share(corner / CORNERS)))).collect()
}

/// Lines from edge to neighboring edge: first those with ends, then the closed ones.
fn joined(crossings: &BTreeMap<usize, Place>, mut neighbors: BTreeMap<usize, Vec<usize>>) -> Vec<Vec<Place>> {
    let ends: Vec<usize> = neighbors.iter().filter(|(_, beside)| beside.len() == 1).map(|(edge, _)| *edge).collect();
    let all: Vec<usize> = neighbors.keys().copied().collect();
    let mut lines = Vec::new();
    for start in ends.into_iter().chain(all) {
        let (mut at, mut line) = (start, vec![crossings[&start]]);
        while let Some(next) = neighbors.get_mut(&at).and_then(Vec::pop) {
            if let Some(beside) = neighbors.get_mut(&next)
                && let Some(back) = beside.iter().position(|edge| *edge == at)
            {
                beside.remove(back);
            }
            line.push(crossings[&next]);
            at = next;
        }
        if line.len() > 1 {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{lines, sampled};

    #[test]
    fn a_circle_is_one_closed_line_and_a_slope_one_open_line() {
        let radius = |(x, y): (f64, f64)| (x - 0.5).hypot(y - 0.5);
        let circle = lines(&sampled(radius), 0.3);
        assert_eq!(circle.len(), 1);
        assert_eq!(circle[0].first(), circle[0].last());
        assert!(circle[0].iter().all(|place| (radius(*place) - 0.3).abs() < 1e-3));
        let slope = lines(&sampled(|(x, _)| x), 0.251);
        assert_eq!((slope.len(), slope[0].len()), (1, 97));
        assert!(lines(&sampled(|_| 1.0), 0.5).is_empty());
    }
}
