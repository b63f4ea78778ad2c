//! `caviar predict`: class and probabilities, or a value, for each row of a table.

use std::io::{self, Write};
use std::process::ExitCode;

use caviar_lab::{Predictions, read_table};
use caviar_store::write_atomically;
use serde_json::{Map, Value, json};

use crate::args::PredictArgs;
use crate::failure::Failure;
use crate::model_file;

/// Reads, predicts, writes.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &PredictArgs) -> Result<ExitCode, Failure> {
    let model = model_file::load(&args.model)?;
    let table = read_table(&args.data, &model.read_options(args.format.read_options()))?;
    let predictions = model.predict(&table)?;
    let text = if args.json { lines(&predictions) } else { csv(&predictions)? };
    match &args.output {
        Some(path) => write_atomically(path, &text)?,
        None => io::stdout().write_all(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn csv(predictions: &Predictions) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    match predictions {
        Predictions::Values(values) => {
            writer.write_record(["value"])?;
            for value in values {
                writer.write_record([value.to_string()])?;
            }
        }
        Predictions::Classes { classes, labels, probabilities } => {
            let head = classes.iter().map(|class| format!("probability_{class}"));
            writer.write_record(std::iter::once("class".to_owned()).chain(head))?;
            for (label, row) in labels.iter().zip(probabilities.chunks_exact(classes.len().max(1))) {
                let class = classes.get(*label).cloned().unwrap_or_default();
                writer.write_record(std::iter::once(class).chain(row.iter().map(f64::to_string)))?;
            }
        }
    }
    writer.into_inner().map_err(|error| error.into_error())
}

fn lines(predictions: &Predictions) -> Vec<u8> {
    let finite = |value: f64| if value.is_finite() { json!(value) } else { Value::Null };
    let objects: Vec<Value> = match predictions {
        Predictions::Values(values) => values.iter().map(|value| json!({ "value": finite(*value) })).collect(),
        Predictions::Classes { classes, labels, probabilities } => labels
            .iter()
            .zip(probabilities.chunks_exact(classes.len().max(1)))
            .map(|(label, row)| {
                let of_class: Map<String, Value> =
                    classes.iter().cloned().zip(row.iter().map(|value| finite(*value))).collect();
                json!({ "class": classes.get(*label), "probabilities": of_class })
            })
            .collect(),
    };
    let mut text = String::new();
    for object in objects {
        text.push_str(&object.to_string());
        text.push('\n');
    }
    text.into_bytes()
}
