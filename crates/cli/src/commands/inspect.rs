//! `caviar inspect`: what is in a table, a file of arrays, a model or a study.

use std::io::{self, Write};
use std::process::ExitCode;

use caviar_lab::{ArraySummary, ColumnSummary, FileKind, Model, file_kind, inspect_arrays, inspect_table, read_table};
use caviar_table::{Encoder, TargetSpec};
use serde_json::json;

use super::show;
use crate::args::after::InspectArgs;
use crate::args::study::ShowArgs;
use crate::columns::{Columns, Side};
use crate::failure::Failure;
use crate::model_file;

/// Columns of a table that are shown.
const SHOWN: usize = 60;
/// Letters of a name or a list of words.
const LONGEST: usize = 32;

/// Looks, tells.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &InspectArgs) -> Result<ExitCode, Failure> {
    let mut stdout = io::stdout().lock();
    match file_kind(&args.file)? {
        FileKind::Study => {
            drop(stdout);
            return show::run(&ShowArgs {
                study: args.file.clone(),
                plot: Vec::new(),
                json: args.json,
                no_color: false,
            });
        }
        FileKind::Model => {
            let model = model_file::load(&args.file)?;
            match args.json {
                true => writeln!(stdout, "{}", model_object(&model))?,
                false => write_model(&mut stdout, &model)?,
            }
        }
        FileKind::Arrays => {
            let arrays = inspect_arrays(&args.file)?;
            match args.json {
                true => writeln!(stdout, "{}", json!({ "kind": "arrays", "arrays": arrays }))?,
                false => write_arrays(&mut stdout, &arrays)?,
            }
        }
        FileKind::Table => {
            let table = read_table(&args.file, &args.format.read_options())?;
            let columns = inspect_table(&table);
            match args.json {
                true => writeln!(stdout, "{}", json!({ "kind": "table", "rows": table.rows(), "columns": columns }))?,
                false => {
                    writeln!(stdout, "{} rows, {} columns\n", table.rows(), columns.len())?;
                    write_columns(&mut stdout, &columns)?;
                    table.notes().iter().try_for_each(|note| writeln!(stdout, "note: {note}"))?;
                }
            }
        }
    }
    stdout.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn write_columns(out: &mut dyn Write, columns: &[ColumnSummary]) -> io::Result<()> {
    let mut table = Columns::new([vec![Side::Left; 2], vec![Side::Right; 2], vec![Side::Left; 2]].concat());
    table.push(["column", "kind", "missing", "different", "values", "becomes"].map(str::to_owned).to_vec());
    for column in columns.iter().take(SHOWN) {
        let values = match (column.range, column.mean) {
            (Some([low, high]), Some(mean)) => format!("{} to {}, mean {}", short(low), short(high), short(mean)),
            _ => {
                let word = |(word, count): &(String, usize)| format!("{} ({count})", clipped(word, 12));
                column.commonest.iter().map(word).collect::<Vec<_>>().join(", ")
            }
        };
        let counts = [column.missing, column.different].map(|count| count.to_string());
        let [missing, different] = counts;
        let name = clipped(&column.name, LONGEST);
        let (kind, becomes) = (column.kind.to_owned(), column.becomes.to_owned());
        table.push(vec![name, kind, missing, different, values, becomes]);
    }
    table.lines().iter().try_for_each(|line| writeln!(out, "{line}"))?;
    match columns.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(out, "... and {more} more; --json tells them all"),
    }
}

fn write_arrays(out: &mut dyn Write, arrays: &[ArraySummary]) -> io::Result<()> {
    let mut table = Columns::new(vec![Side::Left; 4]);
    table.push(["array", "shape", "kind", "values"].map(str::to_owned).to_vec());
    for array in arrays {
        let name = if array.name.is_empty() { "(the only one)" } else { array.name.as_str() };
        let shape = array.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
        let range = match (array.range, array.different) {
            (Some([low, high]), _) => format!("{} to {}", short(low), short(high)),
            (None, Some(different)) => format!("{different} different"),
            (None, None) => "none".to_owned(),
        };
        let lost = if array.not_finite > 0 { format!(", {} not finite", array.not_finite) } else { String::new() };
        table.push(vec![clipped(name, LONGEST), shape, array.kind.to_owned(), range + &lost]);
    }
    table.lines().iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn write_model(out: &mut dyn Write, model: &Model) -> io::Result<()> {
    let encoder = model.encoder();
    match model.target() {
        TargetSpec::Classification { name, classes, .. } => {
            let shown = classes.iter().take(12).map(|class| clipped(class, 20)).collect::<Vec<_>>().join(", ");
            let more = if classes.len() > 12 { ", ..." } else { "" };
            writeln!(out, "predicts  {name}: {} classes, {shown}{more}", classes.len())?;
        }
        TargetSpec::Regression { name, mean, deviation } => {
            let (mean, deviation) = (short(*mean), short(*deviation));
            writeln!(out, "predicts  {name}: a number, in training {mean} +- {deviation}")?;
        }
    }
    let names: Vec<&str> = encoder.features().iter().map(caviar_table::Feature::name).collect();
    let shown = names.iter().take(12).map(|name| clipped(name, 20)).collect::<Vec<_>>().join(", ");
    let more = if names.len() > 12 { ", ..." } else { "" };
    writeln!(out, "from      {} columns, {} inputs: {shown}{more}", names.len(), encoder.width())?;
    if !encoder.dropped().is_empty() {
        writeln!(out, "without   {}", dropped(encoder))?;
    }
    let plural = if model.networks().len() == 1 { "network" } else { "networks, their answers averaged" };
    writeln!(out, "by        {} {plural}\n", model.networks().len())?;
    let mut table = Columns::new([vec![Side::Left; 3], vec![Side::Right; 4]].concat());
    let heads = ["layers", "activation", "optimizer", "learning rate", "epochs", "weights", "counts"];
    // Of one network, or of several that count alike, there is nothing to tell.
    let is_told = model.networks().iter().any(|network| network.count > 1);
    let shown = if is_told { heads.len() } else { heads.len() - 1 };
    table.push(heads[..shown].iter().map(|head| (*head).to_owned()).collect());
    for network in model.networks() {
        let recipe = &network.recipe;
        let units = recipe.hidden.iter().map(|units| format!("{units}-")).collect::<String>();
        let weights: usize = network.weights.values().map(|array| array.elements().len()).sum();
        let mut row = vec![
            format!("{}-{units}{}", encoder.width(), outputs(model)),
            if recipe.hidden.is_empty() { "none".to_owned() } else { recipe.activation.to_string() },
            recipe.optimizer.name().to_owned(),
            short(recipe.learning_rate),
            recipe.epochs.to_string(),
            weights.to_string(),
            network.count.to_string(),
        ];
        row.truncate(shown);
        table.push(row);
    }
    table.lines().iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn model_object(model: &Model) -> serde_json::Value {
    let network = |network: &caviar_lab::Network| {
        let array = |(name, array): (&String, &caviar_formats::Array)| (name.clone(), json!(array.shape()));
        let weights: serde_json::Map<String, serde_json::Value> = network.weights.iter().map(array).collect();
        json!({ "recipe": network.recipe, "count": network.count, "weights": weights })
    };
    json!({
        "kind": "model",
        "target": model.target(),
        "inputs": model.encoder().labels(),
        "dropped": model.encoder().dropped(),
        "networks": model.networks().iter().map(network).collect::<Vec<_>>(),
    })
}

/// One for two classes, or for a number.
fn outputs(model: &Model) -> usize {
    match model.target() {
        TargetSpec::Classification { classes, .. } if classes.len() > 2 => classes.len(),
        TargetSpec::Classification { .. } | TargetSpec::Regression { .. } => 1,
    }
}

fn dropped(encoder: &Encoder) -> String {
    let shown: Vec<String> = encoder.dropped().iter().take(8).map(ToString::to_string).collect();
    let more = if encoder.dropped().len() > shown.len() { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// A number in a few letters.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if (1e-3..1e6).contains(&size) => {
            let text = format!("{value:.4}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{value:.3e}"),
    }
}

/// The first letters of a word.
fn clipped(word: &str, most: usize) -> String {
    match word.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &word[..end]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{clipped, short};

    #[test]
    fn numbers_and_words_are_short() {
        let numbers = [0.0, 1.5, -300.0, 12.345_678, 1e-7, 2e9].map(short);
        assert_eq!(numbers, ["0", "1.5", "-300", "12.3457", "1.000e-7", "2.000e9"]);
        assert_eq!((clipped("äbc", 2), clipped("ab", 2)), ("äb...".to_owned(), "ab".to_owned()));
    }
}
