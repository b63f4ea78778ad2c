//! Initial weights and orders of rows that are given as files of arrays.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use caviar_engine::nn::{Init, Mlp};
use caviar_engine::train::Order;
use caviar_engine::{Dims, Tensor};
use caviar_formats::safetensors::NamedArrays;
use caviar_formats::{Array, ArrayFile, FormatError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::WordError;

/// How weights lie in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitLayout {
    /// `[in, out]`: a row of the data is a row of the matrix that is multiplied from the left.
    #[default]
    InOut,
    /// `[out, in]`, for data whose columns are the samples.
    FeaturesFirst,
}

impl InitLayout {
    const ALL: [(InitLayout, &'static str); 2] =
        [(InitLayout::InOut, "in-out"), (InitLayout::FeaturesFirst, "features-first")];

    /// The shape of a weight in this layout.
    fn shape(self, inputs: usize, outputs: usize) -> [usize; 2] {
        match self {
            InitLayout::InOut => [inputs, outputs],
            InitLayout::FeaturesFirst => [outputs, inputs],
        }
    }

    /// The other one.
    fn other(self) -> Self {
        match self {
            InitLayout::InOut => InitLayout::FeaturesFirst,
            InitLayout::FeaturesFirst => InitLayout::InOut,
        }
    }
}

impl fmt::Display for InitLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL[*self as usize].1)
    }
}

impl FromStr for InitLayout {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let found = Self::ALL.iter().find(|(_, word)| *word == text).map(|(layout, _)| *layout);
        let want = "in-out or features-first";
        found.ok_or_else(|| WordError { setting: "init-layout", got: text.to_owned(), want })
    }
}

/// A file of initial weights, or of orders of the rows, that does not fit.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArraysError {
    /// A file that cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: FormatError,
    },
    /// A layer without weights.
    #[error(
        "{}: no array `W{layer}` or `dense{layer}/weight` for layer {layer} of {layers}; there are {}",
        path.display(), listed(names)
    )]
    NoWeight {
        /// The file.
        path: PathBuf,
        /// The layer, from 1.
        layer: usize,
        /// How many layers the network has.
        layers: usize,
        /// The arrays that there are.
        names: Vec<String>,
    },
    /// An array for a layer that is not there.
    #[error("{}: array `{name}` belongs to none of the network's {layers} layers (W1, b1, ... or dense1/weight, ...)", path.display())]
    Stray {
        /// The file.
        path: PathBuf,
        /// The array.
        name: String,
        /// How many layers the network has.
        layers: usize,
    },
    /// An array of another shape than the layer's.
    #[error("{}: `{name}` is {got:?}, but layer {layer} needs {want:?}{}", path.display(), transposed(*hint))]
    Shape {
        /// The file.
        path: PathBuf,
        /// The array.
        name: String,
        /// The layer, from 1.
        layer: usize,
        /// Its shape.
        got: Vec<usize>,
        /// The shape that fits.
        want: Vec<usize>,
        /// The layout under which it would fit.
        hint: Option<InitLayout>,
    },
    /// A weight that is no number to begin with.
    #[error("{}: `{name}` holds {value} at place {place}; weights must be finite", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The array.
        name: String,
        /// The element, row by row, from 0.
        place: usize,
        /// Its value.
        value: f64,
    },
    /// An order that is no matrix of whole numbers.
    #[error("{}: an order is a matrix of whole numbers, a line for each epoch; this is {kind} of shape {shape:?}", path.display())]
    NoOrder {
        /// The file.
        path: PathBuf,
        /// The kind of its elements.
        kind: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// An order of other rows.
    #[error("{}: orders {got} rows, there are {want} rows to learn from (--validation 0 --test 0 keeps them all)", path.display())]
    Rows {
        /// The file.
        path: PathBuf,
        /// The rows it orders.
        got: usize,
        /// The training rows.
        want: usize,
    },
    /// An order for too few epochs.
    #[error("{}: orders {got} epochs, {want} are to be trained; give --epochs {got}", path.display())]
    Epochs {
        /// The file.
        path: PathBuf,
        /// The epochs it orders.
        got: usize,
        /// The epochs to be trained.
        want: u64,
    },
    /// An order that names a row twice, or one that is not there.
    #[error("{}: epoch {epoch}, place {place}: row {value} {}", path.display(), fault(*first, *rows))]
    NoPermutation {
        /// The file.
        path: PathBuf,
        /// The epoch, from 0.
        epoch: usize,
        /// The place in it, from 0.
        place: usize,
        /// The row that stands there.
        value: i64,
        /// Where in the epoch it stood before.
        first: Option<usize>,
        /// How many rows there are.
        rows: usize,
    },
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        _ => names.iter().take(12).cloned().collect::<Vec<_>>().join(", "),
    }
}

fn transposed(hint: Option<InitLayout>) -> String {
    hint.map_or_else(String::new, |layout| format!("; it fits with --init-layout {layout}"))
}

fn fault(first: Option<usize>, rows: usize) -> String {
    match first {
        Some(first) => format!("stands at place {first}, too; each row comes once"),
        None => format!("is not there; rows count from 0 to {}", rows.saturating_sub(1)),
    }
}

/// The arrays of a file by name.
fn read(path: &Path) -> Result<BTreeMap<String, Array>, ArraysError> {
    let failed = |source| ArraysError::File { path: path.to_owned(), source };
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors")) {
        let bytes = std::fs::read(path).map_err(|error| failed(error.into()))?;
        return Ok(NamedArrays::read(&bytes).map_err(failed)?.arrays);
    }
    let file = ArrayFile::open(path).map_err(failed)?;
    let one = |info: &caviar_formats::ArrayInfo| Ok((info.name.clone(), file.read(&info.name).map_err(failed)?));
    file.arrays().iter().map(one).collect()
}

/// Gives a network of these widths, inputs and outputs among them, the weights of a file.
///
/// Layer `k` (from 1) takes `Wk` or `dense{k}/weight`, and `bk` or `dense{k}/bias`; a bias that is not given starts as
/// usual.
pub(super) fn initialized(mlp: Mlp, widths: &[usize], path: &Path, layout: InitLayout) -> Result<Mlp, ArraysError> {
    let mut arrays = read(path)?;
    let names: Vec<String> = arrays.keys().cloned().collect();
    let layers = widths.len().saturating_sub(1);
    let mut mlp = mlp;
    for (layer, pair) in (1..).zip(widths.windows(2)) {
        let &[inputs, outputs] = pair else { continue };
        let mut take = |short: String, long: String| arrays.remove_entry(&short).or_else(|| arrays.remove_entry(&long));
        let weight = take(format!("W{layer}"), format!("dense{layer}/weight"));
        let bias = take(format!("b{layer}"), format!("dense{layer}/bias"));
        let Some((name, weight)) = weight else {
            return Err(ArraysError::NoWeight { path: path.to_owned(), layer, layers, names });
        };
        let shape = |name: &str, array: &Array, want: &[usize], hint| {
            let (name, got, want) = (name.to_owned(), array.shape().to_vec(), want.to_vec());
            ArraysError::Shape { path: path.to_owned(), name, layer, got, want, hint }
        };
        if weight.shape() != layout.shape(inputs, outputs) {
            let hint = Some(layout.other()).filter(|other| weight.shape() == other.shape(inputs, outputs));
            return Err(shape(&name, &weight, &layout.shape(inputs, outputs), hint));
        }
        let values = finite(&name, &weight, path)?;
        let place = |at: usize| match layout {
            InitLayout::InOut => values[at],
            InitLayout::FeaturesFirst => values[(at % outputs) * inputs + at / outputs],
        };
        let values: Vec<f64> = (0..inputs * outputs).map(place).collect();
        mlp = with(mlp, &format!("dense{layer}/weight"), &[inputs, outputs], values);
        if let Some((name, bias)) = bias {
            let is_line =
                bias.elements().len() == outputs && bias.shape().iter().all(|&size| size == 1 || size == outputs);
            if !is_line {
                return Err(shape(&name, &bias, &[outputs], None));
            }
            mlp = with(mlp, &format!("dense{layer}/bias"), &[outputs], finite(&name, &bias, path)?);
        }
    }
    match arrays.into_keys().next() {
        Some(name) => Err(ArraysError::Stray { path: path.to_owned(), name, layers }),
        None => Ok(mlp),
    }
}

fn with(mlp: Mlp, name: &str, sizes: &[usize], values: Vec<f64>) -> Mlp {
    match Dims::new(sizes).and_then(|dims| Tensor::new(dims, values).ok()) {
        Some(tensor) => mlp.with_values(name, Init::values(tensor)),
        None => unreachable!("the shape was compared before"),
    }
}

fn finite(name: &str, array: &Array, path: &Path) -> Result<Vec<f64>, ArraysError> {
    let values = array.to_f64();
    match values.iter().position(|value| !value.is_finite()) {
        Some(place) => {
            let (path, name, value) = (path.to_owned(), name.to_owned(), values[place]);
            Err(ArraysError::NotFinite { path, name, place, value })
        }
        None => Ok(values),
    }
}

/// The order of the rows in each epoch: a line for each, which names every training row once, from 0 on.
pub(super) fn order(path: &Path, rows: usize, epochs: u64) -> Result<Order, ArraysError> {
    let arrays = read(path)?;
    let no_order = |kind: &str, shape: &[usize]| ArraysError::NoOrder {
        path: path.to_owned(),
        kind: kind.to_owned(),
        shape: shape.to_vec(),
    };
    let mut arrays = arrays.into_values();
    let (Some(array), None) = (arrays.next(), arrays.next()) else {
        return Err(no_order("a file of several arrays, the first", &[]));
    };
    let (&[given, columns], Some(values)) = (array.shape(), array.to_i64()) else {
        let whole = array.to_i64().is_some();
        return Err(no_order(if whole { "an array" } else { "an array of fractions" }, array.shape()));
    };
    if columns != rows {
        return Err(ArraysError::Rows { path: path.to_owned(), got: columns, want: rows });
    }
    if (given as u64) < epochs {
        return Err(ArraysError::Epochs { path: path.to_owned(), got: given, want: epochs });
    }
    let mut orders = Vec::with_capacity(given);
    let mut places: Vec<Option<usize>> = vec![None; rows];
    for (epoch, line) in values.chunks(rows.max(1)).enumerate() {
        places.fill(None);
        let mut order = Vec::with_capacity(rows);
        for (place, &value) in line.iter().enumerate() {
            let found = usize::try_from(value).ok().and_then(|row| places.get_mut(row));
            let first = match found {
                Some(before @ None) => {
                    *before = Some(place);
                    order.push(value as u32);
                    continue;
                }
                Some(first) => *first,
                None => None,
            };
            return Err(ArraysError::NoPermutation { path: path.to_owned(), epoch, place, value, first, rows });
        }
        orders.push(order);
    }
    Ok(Order::Given(Arc::new(orders)))
}
