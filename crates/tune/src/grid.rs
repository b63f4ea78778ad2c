use crate::space::Space;
use crate::value::{Params, Value};

/// The configurations of a grid, one after the other, the last parameter running fastest.
///
/// A conditional parameter is walked through only where it exists, so no configuration comes twice.
///
/// ```
/// use caviar_tune::{Parameter, Scale, Space};
///
/// let space = Space::new(vec![
///     Parameter::new("layers", Scale::integer(1, 2)?),
///     Parameter::new("units", Scale::log_integer(4, 64)?),
/// ])?;
/// let units: Vec<_> = space.grid(3).filter_map(|params| params.integer("units")).collect();
/// assert_eq!(units, [4, 16, 64, 4, 16, 64]);
/// # Ok::<(), caviar_tune::SearchError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Grid {
    space: Space,
    /// The values of every parameter.
    axes: Vec<Vec<Value>>,
    /// Where the next configuration stands on each axis, `None` for a parameter that it does not have.
    places: Option<Vec<Option<usize>>>,
}

impl Grid {
    pub(crate) fn new(space: Space, points: usize) -> Grid {
        let axes = space.parameters().iter().map(|parameter| parameter.scale.grid(points)).collect();
        Grid { space, axes, places: Some(Vec::new()) }
    }

    /// Completes places that end early with the first value of every further parameter that exists.
    fn complete(&self, places: &mut Vec<Option<usize>>) -> Params {
        let mut params = Params::default();
        for (position, parameter) in self.space.parameters().iter().enumerate() {
            if position == places.len() {
                let free = self.space.fixed().get(&parameter.name).is_none();
                places.push((free && self.space.exists(parameter, &params)).then_some(0));
            }
            if let Some(place) = places[position] {
                params.insert(&parameter.name, self.axes[position][place].clone());
            }
        }
        params
    }
}

impl Iterator for Grid {
    type Item = Params;

    fn next(&mut self) -> Option<Params> {
        let mut places = self.places.take()?;
        let params = self.complete(&mut places);
        // Step the last axis that has a further value; what comes behind it starts anew.
        while let Some(last) = places.pop() {
            if let Some(place) = last
                && place + 1 < self.axes[places.len()].len()
            {
                places.push(Some(place + 1));
                self.places = Some(places);
                break;
            }
        }
        Some(params)
    }
}
