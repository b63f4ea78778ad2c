use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::SearchError;
use crate::grid::Grid;
use crate::nearest::nearest;
use crate::scale::{Scale, same_number};
use crate::value::{Params, Value};

/// When a conditional parameter exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// The parameter that decides; it comes earlier in the space.
    pub parameter: String,
    /// What its value must be like.
    #[serde(flatten)]
    pub test: Test,
}

/// A test of a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// A number of at least this.
    AtLeast(f64),
    /// A number of at most this.
    AtMost(f64),
    /// One of these values; 1 and 1.0 are the same.
    OneOf(Vec<Value>),
}

impl Condition {
    /// Exists where `parameter >= bound`: a width per layer.
    pub fn at_least(parameter: &str, bound: f64) -> Condition {
        Condition { parameter: parameter.to_string(), test: Test::AtLeast(bound) }
    }

    /// Exists where `parameter <= bound`.
    pub fn at_most(parameter: &str, bound: f64) -> Condition {
        Condition { parameter: parameter.to_string(), test: Test::AtMost(bound) }
    }

    /// Exists where `parameter` is one of these values: beta only under momentum.
    pub fn one_of<V: Into<Value>>(parameter: &str, values: impl IntoIterator<Item = V>) -> Condition {
        let values = values.into_iter().map(Into::into).collect();
        Condition { parameter: parameter.to_string(), test: Test::OneOf(values) }
    }
}

impl Condition {
    /// Whether it holds where the parameter that decides has this value.
    pub fn holds(&self, value: &Value) -> bool {
        self.test.holds(value)
    }
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Test::AtLeast(bound) => value.as_number().is_some_and(|number| number >= *bound),
            Test::AtMost(bound) => value.as_number().is_some_and(|number| number <= *bound),
            Test::OneOf(values) => values.iter().any(|other| other == value || same_number(other, value)),
        }
    }

    /// Whether each of its values can be met on a scale.
    fn possible_on(&self, scale: &Scale) -> bool {
        match self {
            // Ends and words are all in a grid, so an inequality that holds anywhere holds there.
            Test::AtLeast(_) | Test::AtMost(_) => scale.grid(3).iter().any(|value| self.holds(value)),
            Test::OneOf(values) => {
                let on_scale = |value| scale.convert(value).is_some_and(|value| scale.contains(&value));
                !values.is_empty() && values.iter().all(on_scale)
            }
        }
    }

    /// A word of the scale that is near one of the test that the scale does not have.
    fn nearest_on(&self, scale: &Scale) -> Option<String> {
        match self {
            Test::AtLeast(_) | Test::AtMost(_) => None,
            Test::OneOf(values) => {
                values.iter().filter(|value| !scale.contains(value)).find_map(|value| nearest_word(scale, value))
            }
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Test::AtLeast(bound) => write!(out, "is at least {bound}"),
            Test::AtMost(bound) => write!(out, "is at most {bound}"),
            Test::OneOf(values) => {
                let words: Vec<String> = values.iter().map(Value::to_string).collect();
                write!(out, "is {}", words.join(" or "))
            }
        }
    }
}

/// A named parameter: how its values are spread, and when it exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// How its values are spread.
    pub scale: Scale,
    /// When it exists; always, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
}

impl Parameter {
    /// A parameter that always exists.
    pub fn new(name: &str, scale: Scale) -> Parameter {
        Parameter { name: name.to_string(), scale, when: None }
    }

    /// The same, existing only where the condition holds.
    pub fn when(self, condition: Condition) -> Parameter {
        Parameter { when: Some(condition), ..self }
    }
}

/// What can be searched: parameters in order, some of them fixed.
///
/// - **Convention:** a condition looks at a parameter that comes earlier; where that one does not exist, neither does
///   the conditional one. A fixed value leaves the search but still decides conditions. The dimension of a parameter
///   is its position, fixed ones counted, so that fixing one does not change what is drawn for the others.
///
/// ```
/// use caviar_tune::{Condition, Parameter, Scale, SearchError, Space};
///
/// let mut space = Space::new(vec![
///     Parameter::new("layers", Scale::integer(1, 3)?),
///     Parameter::new("units2", Scale::log_integer(8, 256)?).when(Condition::at_least("layers", 2.0)),
/// ])?;
/// let error = space.fix("layer", 1).unwrap_err();
/// assert_eq!(error.to_string(), "the space has no parameter `layer`; did you mean `layers`?");
/// space.fix("layers", 1)?;
/// assert!(space.configuration(&Default::default(), &|_| 0.5).is_empty()); // one layer: no second width
/// # Ok::<(), SearchError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SpaceForm", into = "SpaceForm")]
pub struct Space {
    parameters: Vec<Parameter>,
    fixed: Params,
}

/// A space as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpaceForm {
    parameters: Vec<Parameter>,
    #[serde(default)]
    fixed: Params,
}

impl TryFrom<SpaceForm> for Space {
    type Error = SearchError;

    fn try_from(form: SpaceForm) -> Result<Space, SearchError> {
        let mut space = Space::new(form.parameters)?;
        for (name, value) in form.fixed.iter() {
            space.fix(name, value.clone())?;
        }
        Ok(space)
    }
}

impl From<Space> for SpaceForm {
    fn from(space: Space) -> SpaceForm {
        SpaceForm { parameters: space.parameters, fixed: space.fixed }
    }
}

impl Space {
    /// A space of these parameters, in this order.
    ///
    /// - **Errors:** a parameter without a name or with that of another; a condition on what is not there, comes later,
    ///   or can never be met.
    pub fn new(parameters: Vec<Parameter>) -> Result<Space, SearchError> {
        for (position, parameter) in parameters.iter().enumerate() {
            let name = || parameter.name.clone();
            if parameter.name.is_empty() {
                return Err(SearchError::Unnamed { position });
            }
            if parameters[..position].iter().any(|other| other.name == parameter.name) {
                return Err(SearchError::RepeatedName { name: name() });
            }
            let Some(Condition { parameter: on, test }) = &parameter.when else { continue };
            let Some(earlier) = parameters[..position].iter().find(|other| other.name == *on) else {
                if parameters[position..].iter().any(|other| other.name == *on) {
                    return Err(SearchError::ConditionOnLater { name: name(), on: on.clone() });
                }
                let nearest = nearest(
                    on,
                    parameters.iter().filter(|other| other.name != parameter.name).map(|other| other.name.as_str()),
                );
                return Err(SearchError::ConditionOnUnknown {
                    name: name(),
                    on: on.clone(),
                    nearest: nearest.map(str::to_string),
                });
            };
            if !test.possible_on(&earlier.scale) {
                return Err(SearchError::ConditionNeverHolds {
                    name: name(),
                    on: on.clone(),
                    test: test.to_string(),
                    scale: earlier.scale.to_string(),
                    nearest: test.nearest_on(&earlier.scale),
                });
            }
        }
        Ok(Space { parameters, fixed: Params::default() })
    }

    /// Gives a parameter one value and takes it out of the search; the value may lie outside its scale.
    ///
    /// - **Errors:** [`SearchError::UnknownParameter`]; [`SearchError::BadValue`] for a word where a number is needed,
    ///   and the like.
    pub fn fix(&mut self, name: &str, value: impl Into<Value>) -> Result<(), SearchError> {
        let parameter = self.find(name)?;
        let value = value.into();
        let value = parameter.scale.convert(&value).ok_or_else(|| bad_value(parameter, value))?;
        self.fixed.insert(name, value);
        Ok(())
    }

    /// All parameters in order, fixed ones too.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The fixed values.
    pub fn fixed(&self) -> &Params {
        &self.fixed
    }

    /// The parameters that are searched, each with its position.
    pub fn free(&self) -> impl Iterator<Item = (usize, &Parameter)> {
        let free = |(_, parameter): &(usize, &Parameter)| self.fixed.get(&parameter.name).is_none();
        self.parameters.iter().enumerate().filter(free)
    }

    /// The configuration that starts from the given values and draws the others, in order.
    ///
    /// `draw` gets a parameter's position and returns a number in `[0, 1]`. Fixed parameters are not in the result, nor
    /// are those whose condition does not hold.
    pub fn configuration(&self, given: &Params, draw: &dyn Fn(usize) -> f64) -> Params {
        let mut params = Params::default();
        for (position, parameter) in self.free() {
            if self.exists(parameter, &params) {
                let drawn = || parameter.scale.from_unit(draw(position));
                params.insert(&parameter.name, given.get(&parameter.name).cloned().unwrap_or_else(drawn));
            }
        }
        params
    }

    /// All configurations of a grid with so many points per axis, the last parameter running fastest.
    pub fn grid(&self, points: usize) -> Grid {
        Grid::new(self.clone(), points)
    }

    /// The configuration with the fixed values beside it, those whose condition does not hold left out.
    pub fn with_fixed(&self, params: &Params) -> Params {
        let mut all = params.clone();
        for parameter in &self.parameters {
            if let Some(value) = self.fixed.get(&parameter.name)
                && self.exists(parameter, params)
            {
                all.insert(&parameter.name, value.clone());
            }
        }
        all
    }

    /// Checks a starting point, which may leave parameters out, and returns it in the kinds of its scales.
    ///
    /// - **Errors:** an unknown name, a value outside its scale, a conditional parameter whose condition the point does
    ///   not meet, a fixed parameter with another value.
    pub fn check_start(&self, point: &Params) -> Result<Params, SearchError> {
        let mut checked = Params::default();
        for (name, value) in point.iter() {
            let parameter = self.find(name)?;
            let converted = parameter.scale.convert(value).ok_or_else(|| bad_value(parameter, value.clone()))?;
            match self.fixed.get(name) {
                Some(fixed) if *fixed == converted => continue,
                Some(fixed) => {
                    return Err(SearchError::AlreadyFixed { name: name.to_string(), value: fixed.clone() });
                }
                None => {}
            }
            if !parameter.scale.contains(&converted) {
                return Err(bad_value(parameter, value.clone()));
            }
            checked.insert(name, converted);
        }
        for (_, parameter) in self.free() {
            if let Some(Condition { parameter: on, test }) = &parameter.when
                && checked.get(&parameter.name).is_some()
                && !self.exists(parameter, &checked)
            {
                return Err(SearchError::ConditionUnmet {
                    name: parameter.name.clone(),
                    on: on.clone(),
                    test: test.to_string(),
                });
            }
        }
        Ok(checked)
    }

    /// Checks that a configuration is one of this space: every parameter that exists, no other, each on its scale.
    ///
    /// - **Errors:** those of [`check_start`](Space::check_start), and [`SearchError::MissingValue`].
    pub fn check(&self, params: &Params) -> Result<(), SearchError> {
        let checked = self.check_start(params)?;
        match self.free().find(|(_, p)| self.exists(p, &checked) && checked.get(&p.name).is_none()) {
            Some((_, parameter)) => Err(SearchError::MissingValue { name: parameter.name.clone() }),
            None => Ok(()),
        }
    }

    /// Whether a parameter exists beside these values of the earlier ones.
    pub(crate) fn exists(&self, parameter: &Parameter, params: &Params) -> bool {
        let Some(Condition { parameter: on, test }) = &parameter.when else { return true };
        match self.fixed.get(on) {
            Some(value) => test.holds(value) && self.find(on).is_ok_and(|parent| self.exists(parent, params)),
            None => params.get(on).is_some_and(|value| test.holds(value)),
        }
    }

    fn find(&self, name: &str) -> Result<&Parameter, SearchError> {
        self.parameters.iter().find(|parameter| parameter.name == name).ok_or_else(|| {
            let names = self.parameters.iter().map(|parameter| parameter.name.as_str());
            SearchError::UnknownParameter { name: name.to_string(), nearest: nearest(name, names).map(str::to_string) }
        })
    }
}

fn bad_value(parameter: &Parameter, value: Value) -> SearchError {
    SearchError::BadValue {
        name: parameter.name.clone(),
        scale: parameter.scale.to_string(),
        nearest: nearest_word(&parameter.scale, &value),
        value,
    }
}

fn nearest_word(scale: &Scale, value: &Value) -> Option<String> {
    match value {
        Value::Word(word) => nearest(word, scale.words()).map(str::to_string),
        Value::Integer(_) | Value::Number(_) => None,
    }
}
