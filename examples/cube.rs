//! Random points, not a grid, of three hyperparameters.
//!
//! ```text
//! 27 points    a grid: 3 values of each hyperparameter    random: 27 values of each
//! ```
//!
//! What is true in a plane is more so in a cube, and more again with every further hyperparameter: a grid of three values
//! of six of them has 729 points, and still three values of the one that matters.

use caviar_engine::rng::{Purpose, Stream};
use caviar_examples::picture::{BLUE, Color, GRAY, ORANGE, Panel, save};
use caviar_tune::{Draws, Parameter, Params, Sampler, Scale, SearchError, Space};
use std::collections::BTreeSet;
use std::error::Error;

/// A cube of side 1, seen from above its front edge, with points in it and their shadows on its floor.
fn cube(title: &str, points: &[[f64; 3]], color: Color) -> Panel {
    let seen = |[a, b, c]: [f64; 3]| (a - 0.45 * b, 0.17 * a + 0.36 * b + c);
    let mut panel = Panel::new(title, "", "").bare().ranges(-0.55..1.1, -0.06..1.6);
    for (axis, along) in [[1, 2], [0, 2], [0, 1]].into_iter().enumerate() {
        for corner in 0..4 {
            let mut from = [0.0; 3];
            (from[along[0]], from[along[1]]) = (f64::from(corner % 2), f64::from(corner / 2));
            let mut to = from;
            to[axis] = 1.0;
            panel = panel.line("", [seen(from), seen(to)]).colored(GRAY);
        }
    }
    let shadows = points.iter().map(|[a, b, _]| seen([*a, *b, 0.0]));
    panel
        .dots("shadows on the floor", shadows)
        .colored(GRAY)
        .dots("trials", points.iter().map(|point| seen(*point)))
        .colored(color)
}

fn main() -> Result<(), Box<dyn Error>> {
    let axis = |name| Ok::<_, SearchError>(Parameter::new(name, Scale::linear(0.0, 1.0)?));
    let space = Space::new(vec![axis("a")?, axis("b")?, axis("c")?])?;
    let point = |params: Params| ["a", "b", "c"].map(|name| params.number(name).unwrap_or(f64::NAN));
    let regular: Vec<[f64; 3]> = space.grid(3).map(point).collect();
    let mut draws = Draws::new(space, Sampler::Random);
    let uniform = |trial, dimension| Stream::new(1, Purpose::Sampler, trial).uniform(dimension);
    let scattered: Vec<[f64; 3]> = (0..27).filter_map(|trial| draws.next(trial, &uniform)).map(point).collect();
    let panels =
        [cube("A grid: 3 values of each", &regular, ORANGE), cube("Random: 27 values of each", &scattered, BLUE)];
    save("cube", &panels)?;

    assert_eq!((regular.len(), scattered.len()), (27, 27));
    let different = |points: &[[f64; 3]], axis: usize| {
        points.iter().map(|point| point[axis].to_bits()).collect::<BTreeSet<u64>>().len()
    };
    for axis in 0..3 {
        assert_eq!((different(&regular, axis), different(&scattered, axis)), (3, 27));
    }
    assert!(scattered.iter().flatten().all(|coordinate| (0.0..1.0).contains(coordinate)));
    Ok(())
}
