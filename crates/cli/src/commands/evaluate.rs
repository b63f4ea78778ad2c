//! `caviar evaluate`: a model measured on a table that has the answers.

use std::io::{self, Write};
use std::process::ExitCode;

use caviar_lab::{Confusion, EvaluateOptions, Evaluated, Figure, evaluate, read_table, read_table_with_target};
use serde_json::{Map, Value, json};

use crate::args::evaluate::EvaluateArgs;
use crate::args::output::all_cores;
use crate::columns::{Columns, Side};
use crate::failure::Failure;
use crate::model_file;

/// More classes than these make no table that fits a terminal; the commonest mistakes are listed in its place.
const MOST_CLASSES: usize = 12;
/// Mistakes that are listed, and classes.
const SHOWN: usize = 20;

/// Reads, measures, tells.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &EvaluateArgs) -> Result<ExitCode, Failure> {
    let model = model_file::load(&args.model)?;
    let target = args.target.as_deref().map(str::trim);
    let read = model.evaluate_options(args.format.read_options(), target);
    let (table, target) = match target {
        Some(target) => {
            let (table, name) = read_table_with_target(&args.data, &read, target, Some(model.target().name()))?;
            (table, Some(name))
        }
        None => (read_table(&args.data, &read)?, None),
    };
    let table = match &read.trim_labels {
        Some(signs) => table.with_labels_trimmed(target.as_deref().unwrap_or(model.target().name()), signs),
        None => table,
    };
    let threads = args.threads.unwrap_or_else(all_cores);
    let options = EvaluateOptions { target, seed: args.seed, threads };
    let evaluated = evaluate(&model, table, &options)?;
    if !args.quiet {
        if evaluated.rows_without_target > 0 {
            eprintln!("note: {} rows without a target left out", evaluated.rows_without_target);
        }
        evaluated.notes.iter().for_each(|note| eprintln!("note: {note}"));
    }
    for plot in &args.plot {
        let kind = plot.kind.unwrap_or_else(|| evaluated.first_picture());
        evaluated.picture(kind).ok_or(Failure::NoPicture { kind })?.save(&plot.path, plot.format)?;
    }
    let mut stdout = io::stdout().lock();
    match args.json {
        true => writeln!(stdout, "{}", object(&evaluated))?,
        false => write(&mut stdout, &evaluated)?,
    }
    stdout.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn object(evaluated: &Evaluated) -> Value {
    let by_name = |figures: &[Figure]| figures.iter().map(|figure| (figure.name.to_owned(), json!(figure))).collect();
    let mut object = json!({
        "target": evaluated.target,
        "rows": evaluated.rows,
        "rows_without_target": evaluated.rows_without_target,
        "figures": by_name(&evaluated.figures) as Map<String, Value>,
    });
    if let (Some(confusion), Some(fields)) = (&evaluated.confusion, object.as_object_mut()) {
        let of_class = |class: &caviar_lab::ClassFigures| {
            let mut fields: Map<String, Value> = by_name(&class.figures);
            fields.insert("class".to_owned(), json!(class.class));
            fields.insert("rows".to_owned(), json!(class.rows));
            Value::Object(fields)
        };
        fields.insert("classes".to_owned(), evaluated.classes.iter().map(of_class).collect());
        let rows: Vec<&[u64]> = confusion.counts.chunks_exact(confusion.classes.len()).collect();
        fields.insert("confusion".to_owned(), json!(rows));
    }
    object
}

fn write(out: &mut dyn Write, evaluated: &Evaluated) -> io::Result<()> {
    writeln!(out, "{} rows, target {}\n", evaluated.rows, evaluated.target)?;
    let mut table = Columns::new(vec![Side::Left, Side::Right, Side::Left]);
    table.push(["", "value", "95 % interval"].map(str::to_owned).to_vec());
    let classes = evaluated.confusion.as_ref().map_or(&[][..], |confusion| &confusion.classes);
    for figure in &evaluated.figures {
        let name = match (figure.name, classes) {
            ("loss", [_, ..]) => "log loss".to_owned(),
            ("f1", [_, second]) => format!("F1 of {second}"),
            // With more classes it is their mean, which has a line of its own.
            ("f1", [_, ..]) => continue,
            (name, _) => words(name).to_owned(),
        };
        table.push(vec![name, number(figure.value), interval(figure)]);
    }
    lines(out, &table)?;
    let Some(confusion) = &evaluated.confusion else { return Ok(()) };
    writeln!(out)?;
    let mut table = Columns::new([vec![Side::Left], vec![Side::Right; 4], vec![Side::Left]].concat());
    table.push(["class", "rows", "precision", "recall", "F1", "95 % interval of F1"].map(str::to_owned).to_vec());
    for class in evaluated.classes.iter().take(SHOWN) {
        let figures = class.figures.iter().map(|figure| number(figure.value));
        let last = class.figures.last().map_or_else(String::new, interval);
        let head = [class.class.clone(), class.rows.to_string()];
        table.push(head.into_iter().chain(figures).chain([last]).collect());
    }
    lines(out, &table)?;
    if evaluated.classes.len() > SHOWN {
        writeln!(out, "... and {} more; --json has all of them", evaluated.classes.len() - SHOWN)?;
    }
    writeln!(out)?;
    lines(out, &if confusion.classes.len() > MOST_CLASSES { mistakes(confusion) } else { matrix(confusion) })
}

fn lines(out: &mut dyn Write, table: &Columns) -> io::Result<()> {
    table.lines().iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn words(name: &str) -> &str {
    match name {
        "auc" => "AUC",
        "f1_macro" => "F1, mean of the classes",
        "brier" => "Brier score",
        "rmse" => "RMSE",
        "mae" => "MAE",
        "r2" => "R2",
        "median_absolute_error" => "median absolute error",
        other => other,
    }
}

fn number(value: f64) -> String {
    match value {
        value if value.is_finite() && value.abs() < 1e5 => format!("{value:.4}"),
        value if value.is_finite() => format!("{value:.4e}"),
        _ => "-".to_owned(),
    }
}

fn interval(figure: &Figure) -> String {
    figure.interval.map_or_else(String::new, |found| format!("{} to {}", number(found.low), number(found.high)))
}

fn matrix(confusion: &Confusion) -> Columns {
    let mut table = Columns::new([vec![Side::Left], vec![Side::Right; confusion.classes.len()]].concat());
    table.push([vec!["true class, taken for:".to_owned()], confusion.classes.clone()].concat());
    for (class, counts) in confusion.classes.iter().zip(confusion.counts.chunks_exact(confusion.classes.len())) {
        table.push([vec![class.clone()], counts.iter().map(u64::to_string).collect()].concat());
    }
    table
}

fn mistakes(confusion: &Confusion) -> Columns {
    let side = confusion.classes.len();
    let mut wrong: Vec<(u64, usize)> = confusion
        .counts
        .iter()
        .enumerate()
        .filter(|(at, count)| at / side != at % side && **count > 0)
        .map(|(at, count)| (*count, at))
        .collect();
    wrong.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut table = Columns::new(vec![Side::Left, Side::Left, Side::Right]);
    table.push(["true class", "taken for", "rows"].map(str::to_owned).to_vec());
    let name = |class: usize| confusion.classes.get(class).cloned().unwrap_or_default();
    for (count, at) in wrong.into_iter().take(SHOWN) {
        table.push(vec![name(at / side), name(at % side), count.to_string()]);
    }
    table
}
