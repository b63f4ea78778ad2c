//! The LCBench surrogate: what validation accuracy a configuration reaches on a task after so many epochs.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Rows that are computed together.
const LANES: usize = 16;
/// Units of the residual stream, and of a gate's half.
const GATED: usize = 455;
/// Batch norm's epsilon.
const EPSILON: f32 = 1e-5;

type Rows = Vec<[f32; LANES]>;
type Failure = Box<dyn Error>;

/// What is asked: the task's number in the embedding, and epoch, batch size, learning rate, momentum, weight decay, layers,
/// units and dropout.
pub type Question = (usize, [f32; 8]);

/// A task with the frozen ends of its scale.
pub struct Task {
    /// Its number in the embedding.
    pub code: usize,
    best: f64,
    random: f64,
}

impl Task {
    /// 0 for the best known error, 1 for the median of random configurations.
    pub fn normalized(&self, error: f64) -> f64 {
        (error - self.best) / (self.random - self.best)
    }
}

/// How an input is scaled: logarithm or not, added before it, subtracted and divided by after it.
struct Input {
    log: bool,
    add: f32,
    sub: f32,
    div: f32,
}

/// The network.
pub struct Surrogate {
    tensors: BTreeMap<String, (usize, Vec<f32>)>,
    inputs: Vec<Input>,
    outputs: Vec<(String, f32)>,
    /// The tasks in the order of the benchmark.
    pub tasks: Vec<Task>,
}

impl Surrogate {
    /// Reads the folder of the benchmark, and compares the network with its check vectors.
    pub fn read(folder: &Path) -> Result<Surrogate, Failure> {
        let json = |name: &str| -> Result<Value, Failure> {
            Ok(serde_json::from_str(&fs::read_to_string(folder.join(name))?)?)
        };
        let (form, encoding, reference) = (json("weights.json")?, json("encoding.json")?, json("reference.json")?);
        let bytes = fs::read(folder.join("weights.f32"))?;
        let mut numbers = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let mut tensors = BTreeMap::new();
        for name in list(&form["order"])?.iter().filter_map(Value::as_str) {
            let shape: Vec<usize> = list(&form["shapes"][name])?.iter().map(|size| number(size) as usize).collect();
            let values: Vec<f32> = numbers.by_ref().take(shape.iter().product()).collect();
            tensors.insert(name.to_owned(), (shape.first().copied().unwrap_or(0), values));
        }
        let input = |input: &Value| Input {
            log: input["log"] == true,
            add: number(&input["add"]) as f32,
            sub: number(&input["sub"]) as f32,
            div: number(&input["div"]) as f32,
        };
        let output = |step: &Value| (step[0].as_str().unwrap_or_default().to_owned(), number(&step[1]) as f32);
        let task = |name: &str| Task {
            code: number(&encoding["OpenML_task_id"][name]) as usize,
            best: number(&reference["tasks"][name]["best_known_error"]),
            random: number(&reference["tasks"][name]["median_random_error"]),
        };
        let space = json("config_space.json")?;
        let names = list(&space["hyperparameters"][0]["choices"])?;
        let surrogate = Surrogate {
            tensors,
            inputs: list(&form["inputs"])?.iter().map(input).collect(),
            outputs: list(&form["outputs"][1]["ops"])?.iter().map(output).collect(),
            tasks: names.iter().filter_map(Value::as_str).map(task).collect(),
        };
        surrogate.check(&json("check_vectors.json")?)?;
        Ok(surrogate)
    }

    fn check(&self, vectors: &Value) -> Result<(), Failure> {
        for (place, code) in list(&vectors["x_cat"])?.iter().enumerate() {
            let mut inputs = [0.0; 8];
            inputs.iter_mut().zip(list(&vectors["x_cont"][place])?).for_each(|(to, from)| *to = number(from) as f32);
            let expected = number(&vectors["y"][place][1]);
            let got = self.accuracy(&[(number(code) as usize, inputs)])[0];
            if (got - expected).abs() > 1e-3 {
                return Err(format!("check vector {place}: {got} instead of {expected}").into());
            }
        }
        Ok(())
    }

    /// Validation accuracies in percent.
    pub fn accuracy(&self, questions: &[Question]) -> Vec<f64> {
        questions.chunks(LANES).flat_map(|chunk| self.chunk(chunk)).collect()
    }

    fn chunk(&self, questions: &[Question]) -> Vec<f64> {
        let embedding = self.tensor("embds_fct.0.weight");
        let width = embedding.len() / 36;
        let mut rows: Rows = vec![[0.0; LANES]; width + self.inputs.len()];
        for (lane, (code, values)) in questions.iter().enumerate() {
            for (unit, row) in rows[..width].iter_mut().enumerate() {
                row[lane] = embedding[code * width + unit];
            }
            for ((input, value), row) in self.inputs.iter().zip(values).zip(&mut rows[width..]) {
                let value = if input.log { (value + input.add).ln() } else { *value };
                row[lane] = (value - input.sub) / input.div;
            }
        }
        let mut stream = self.linear("first_layer", &rows);
        for layer in 0..3 {
            let both =
                self.linear(&format!("layers.{layer}.linear0"), &self.norm(&format!("layers.{layer}.norm"), &stream));
            let (values, gates) = both.split_at(GATED);
            let gated: Rows = values.iter().zip(gates).map(|(a, b)| each(a, b, |a, b| a * b.max(0.0))).collect();
            let added = self.linear(&format!("layers.{layer}.linear1"), &gated);
            stream = stream.iter().zip(&added).map(|(a, b)| each(a, b, |a, b| a + b)).collect();
        }
        let last: Rows = self.norm("last_normalization", &stream).iter().map(|row| row.map(|x| x.max(0.0))).collect();
        let accuracy = self.linear("head", &last)[1];
        let scaled = accuracy.map(|logit| {
            self.outputs.iter().fold(1.0 / (1.0 + (-logit).exp()), |y, (step, by)| match step.as_str() {
                "mul" => y * by,
                "add" => y + by,
                "sub" => y - by,
                _ => y.exp(),
            })
        });
        scaled[..questions.len()].iter().map(|y| f64::from(*y)).collect()
    }

    fn tensor(&self, name: &str) -> &[f32] {
        self.tensors.get(name).map_or(&[], |(_, values)| values)
    }

    fn linear(&self, name: &str, rows: &Rows) -> Rows {
        let (weights, biases) = (self.tensor(&format!("{name}.weight")), self.tensor(&format!("{name}.bias")));
        let unit = |(weights, bias): (&[f32], &f32)| {
            let start = [*bias; LANES];
            weights.iter().zip(rows).fold(start, |sum, (weight, row)| each(&sum, row, |sum, x| sum + weight * x))
        };
        weights.chunks_exact(rows.len()).zip(biases).map(unit).collect()
    }

    fn norm(&self, name: &str, rows: &Rows) -> Rows {
        let part = |part: &str| self.tensor(&format!("{name}.{part}"));
        let (scale, shift, mean, variance) = (part("weight"), part("bias"), part("running_mean"), part("running_var"));
        let row = |(unit, row): (usize, &[f32; LANES])| {
            let scale = scale[unit] / (variance[unit] + EPSILON).sqrt();
            row.map(|x| (x - mean[unit]) * scale + shift[unit])
        };
        rows.iter().enumerate().map(row).collect()
    }
}

fn each(a: &[f32; LANES], b: &[f32; LANES], f: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    std::array::from_fn(|lane| f(a[lane], b[lane]))
}

fn list(value: &Value) -> Result<&Vec<Value>, Failure> {
    value.as_array().ok_or_else(|| "a list is missing in the benchmark's files".into())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}
