//! `caviar predict`: class and probabilities, or a value, for each row of a table.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use caviar_lab::{Model, Predictions, answer_in_pieces};
use caviar_store::AtomicFile;
use caviar_table::TargetSpec;
use serde_json::{Map, Value, json};

use crate::args::PredictArgs;
use crate::args::output::all_cores;
use crate::failure::Failure;
use crate::model_file;

/// Reads, predicts and writes, some rows at a time.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &PredictArgs) -> Result<ExitCode, Failure> {
    let model = model_file::load(&args.model)?;
    match &args.output {
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            answer(&model, args, &mut out)?;
            out.flush()?;
        }
        // What is no file, such as /dev/null, is written to and not replaced.
        Some(path) if is_special(path) => {
            let mut out = BufWriter::new(File::create(path).map_err(|error| Failure::from(error).writing_to(path))?);
            answer(&model, args, &mut out).map_err(|failure| failure.writing_to(path))?;
            out.flush().map_err(|error| Failure::from(error).writing_to(path))?;
        }
        Some(path) => {
            let mut out = AtomicFile::create(path)?;
            answer(&model, args, &mut out).map_err(|failure| failure.writing_to(path))?;
            out.finish()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file())
}

fn answer(model: &Model, args: &PredictArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let read = model.read_options(args.format.read_options());
    let (threads, json) = (all_cores(), args.json);
    let mut first = (!json).then(|| head(model));
    answer_in_pieces(
        &args.data,
        &read,
        threads,
        |table, rows| {
            let predictions = model.predict_range(table, rows)?;
            let mut text = Vec::new();
            let written = if json { write_lines(&mut text, &predictions) } else { write_rows(&mut text, &predictions) };
            Ok(written.map(|()| text))
        },
        |text: io::Result<Vec<u8>>| -> Result<(), Failure> {
            if let Some(head) = first.take() {
                write_head(out, &head)?;
            }
            Ok(out.write_all(&text?)?)
        },
    )
}

fn write_head(out: &mut dyn Write, head: &[String]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(head).map_err(io::Error::from)?;
    writer.flush()
}

fn head(model: &Model) -> Vec<String> {
    match model.target() {
        TargetSpec::Regression { .. } => vec!["value".to_owned()],
        TargetSpec::Classification { classes, .. } => {
            let head = classes.iter().map(|class| format!("probability_{class}"));
            std::iter::once("class".to_owned()).chain(head).collect()
        }
    }
}

fn write_rows(out: &mut dyn Write, predictions: &Predictions) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let mut text = String::new();
    match predictions {
        Predictions::Values(values) => {
            for value in values {
                writer.write_field(number(&mut text, *value))?;
                writer.write_record(None::<&[u8]>)?;
            }
        }
        Predictions::Classes { classes, labels, probabilities } => {
            for (label, row) in labels.iter().zip(probabilities.chunks_exact(classes.len().max(1))) {
                writer.write_field(classes.get(*label).map_or("", String::as_str))?;
                for probability in row {
                    writer.write_field(number(&mut text, *probability))?;
                }
                writer.write_record(None::<&[u8]>)?;
            }
        }
    }
    writer.flush()
}

/// With as many digits as tell it from every other number.
fn number(text: &mut String, value: f64) -> &str {
    use std::fmt::Write;
    text.clear();
    // Writing to a string does not fail.
    let _ = write!(text, "{value}");
    text
}

fn write_lines(out: &mut dyn Write, predictions: &Predictions) -> io::Result<()> {
    let finite = |value: f64| if value.is_finite() { json!(value) } else { Value::Null };
    match predictions {
        Predictions::Values(values) => {
            values.iter().try_for_each(|value| writeln!(out, "{}", json!({ "value": finite(*value) })))
        }
        Predictions::Classes { classes, labels, probabilities } => {
            let of_row = |(label, row): (&usize, &[f64])| {
                let of_class: Map<String, Value> =
                    classes.iter().cloned().zip(row.iter().map(|value| finite(*value))).collect();
                writeln!(out, "{}", json!({ "class": classes.get(*label), "probabilities": of_class }))
            };
            labels.iter().zip(probabilities.chunks_exact(classes.len().max(1))).try_for_each(of_row)
        }
    }
}
