use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::SearchError;
use crate::grid::Grid;
use crate::sobol;
use crate::space::Space;
use crate::value::Params;

/// Uniform draws in `[0, 1)` by key `(trial, dimension)`: the same key always gives the same number.
pub type Uniform<'a> = &'a dyn Fn(u64, u64) -> f64;

/// A configuration that was had before is drawn anew at most this often; then a grid is searched for a new one.
const ATTEMPTS: u64 = 64;

/// Where configurations come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampler {
    /// Independent draws, each uniform on the scale of its parameter.
    Random,
    /// The points of Sobol's sequence, scrambled by key: they fill the space more evenly than independent draws do.
    Sobol,
    /// Every combination of evenly spread values, the last parameter running fastest.
    Grid {
        /// Values per axis; a choice always has all of its own, a short range of integers fewer.
        points: usize,
    },
}

impl Sampler {
    /// A grid with so many points per axis.
    ///
    /// - **Errors:** [`SearchError::EmptyGrid`] without points.
    pub fn grid(points: usize) -> Result<Sampler, SearchError> {
        if points == 0 { Err(SearchError::EmptyGrid) } else { Ok(Sampler::Grid { points }) }
    }
}

/// The configurations of one study, never the same twice.
///
/// - **Convention:** the draw for a parameter has the key `(trial, attempt * dimensions + position)`, where `dimensions`
///   is the number of parameters (fixed ones counted) and `attempt` counts from 0 how often the trial's configuration
///   was one that an earlier trial has. What a trial gets is thus decided by the seed behind the draws, the space, the
///   starting points and the trial's number, never by results. Under Sobol's method what is drawn is the next point of the
///   sequence, with the parameter's position as the dimension; what a starting point leaves out has the key above.
#[derive(Debug, Clone)]
pub struct Draws {
    space: Space,
    sampler: Sampler,
    grid: Option<Grid>,
    /// Points of Sobol's sequence that were had.
    points: u64,
    seen: BTreeSet<Params>,
}

impl Draws {
    /// Draws from a space by a method.
    pub fn new(space: Space, sampler: Sampler) -> Draws {
        let grid = match sampler {
            Sampler::Random | Sampler::Sobol => None,
            Sampler::Grid { points } => Some(space.grid(points)),
        };
        Draws { space, sampler, grid, points: 0, seen: BTreeSet::new() }
    }

    /// The space that is drawn from.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// A new configuration for a trial; `None` when there is no further one.
    pub fn next(&mut self, trial: u64, uniform: Uniform<'_>) -> Option<Params> {
        match self.sampler {
            Sampler::Random => self.complete(&Params::default(), trial, uniform).or_else(|| self.unseen()),
            Sampler::Sobol => self.next_point(uniform).or_else(|| self.unseen()),
            Sampler::Grid { .. } => self.grid.as_mut()?.find(|params| self.seen.insert(params.clone())),
        }
    }

    /// The next point of Sobol's sequence that gives a new configuration.
    fn next_point(&mut self, uniform: Uniform<'_>) -> Option<Params> {
        (0..ATTEMPTS).find_map(|_| {
            let index = self.points;
            self.points += 1;
            let draw = |position: usize| sobol::coordinate(index, position, uniform);
            let params = self.space.configuration(&Params::default(), &draw);
            self.seen.insert(params.clone()).then_some(params)
        })
    }

    /// A new configuration by walking through a grid.
    fn unseen(&mut self) -> Option<Params> {
        // One point more per axis than configurations seen: the grid has a new one early, unless there is none.
        let unseen = self.space.grid(self.seen.len() + 1).find(|params| !self.seen.contains(params))?;
        self.seen.insert(unseen.clone());
        Some(unseen)
    }

    /// The first new configuration at the places of an attempt after the other, with its place; what is given is kept.
    pub(crate) fn placed(&mut self, start: &Params, place: impl Fn(u64) -> Vec<f64>) -> Option<(Params, Vec<f64>)> {
        let drawn = (0..ATTEMPTS).find_map(|attempt| {
            let place = place(attempt);
            let params = self.space.configuration(start, &|position| place[position]);
            self.seen.insert(params.clone()).then_some((params, place))
        });
        // A starting point that was had is passed over; else a grid has a new one, unless there is none.
        drawn.or_else(|| if start.is_empty() { Some((self.unseen()?, place(0))) } else { None })
    }

    /// A checked starting point with the values that it leaves out drawn; `None` when it was had before.
    pub fn complete(&mut self, start: &Params, trial: u64, uniform: Uniform<'_>) -> Option<Params> {
        let dimensions = self.space.parameters().len() as u64;
        (0..ATTEMPTS).find_map(|attempt| {
            let draw = |position: usize| uniform(trial, attempt * dimensions + position as u64);
            let params = self.space.configuration(start, &draw);
            self.seen.insert(params.clone()).then_some(params)
        })
    }
}
