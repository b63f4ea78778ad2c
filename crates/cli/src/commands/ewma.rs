//! `caviar ewma`: exponentially weighted averages of a series.

use std::io::{self, Write};
use std::process::ExitCode;

use caviar_engine::average::{Average, equal_variance_window, memory};
use caviar_lab::picture::{LineChart, Series};
use caviar_lab::{LabError, read_table};
use caviar_store::write_atomically;
use caviar_table::{Contents, TargetError};
use serde_json::{Value, json};

use crate::args::after::{EwmaArgs, Gaps};
use crate::failure::Failure;

/// Two numbers that differ by less than this share of them are one in a picture.
const TOLD_APART: f64 = 0.005;

/// A value of the series, with every average after it.
struct Moment {
    /// Its place in the series, from 1.
    t: usize,
    x: f64,
    averages: Vec<Average>,
}

/// Reads, averages, writes.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &EwmaArgs) -> Result<ExitCode, Failure> {
    let values = series(args)?;
    let mut averages = Vec::with_capacity(args.beta.len());
    for &beta in &args.beta {
        averages.push(Average::new(beta).map_err(LabError::from)?);
    }
    let missing = values.iter().filter(|x| x.is_nan()).count();
    let mut moments = Vec::with_capacity(values.len() - missing);
    for (t, &x) in (1..).zip(&values).filter(|(_, x)| !x.is_nan()) {
        averages.iter_mut().for_each(|average| *average = average.after(x));
        moments.push(Moment { t, x, averages: averages.clone() });
    }
    if !args.quiet {
        if missing > 0 {
            eprintln!("note: {missing} missing values are passed over");
        }
        for &beta in &args.beta {
            let window = equal_variance_window(beta);
            eprintln!("beta {beta}: about {:.0} values remembered; as steady as the mean of {window:.0}", memory(beta));
        }
    }
    if let Some(plot) = &args.plot {
        let picture = chart(args, &moments).picture().ok_or_else(|| nothing(args))?;
        picture.save(&plot.path, plot.format)?;
    }
    let text = if args.json { lines(&moments)? } else { table(args, &moments)? };
    match &args.output {
        Some(path) => write_atomically(path, &text)?,
        None => io::stdout().write_all(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The numbers of the column; NaN where missing.
fn series(args: &EwmaArgs) -> Result<Vec<f64>, Failure> {
    let table = read_table(&args.series, &args.format.read_options())?;
    let column = table.column(&args.column).ok_or_else(|| {
        LabError::from(TargetError::UnknownColumn {
            path: table.path().to_owned(),
            name: args.column.clone(),
            nearest: table.nearest_name(&args.column),
            names: table.names().take(9).map(str::to_owned).collect(),
        })
    })?;
    let (path, name) = (args.series.clone(), args.column.clone());
    let values = match column.contents() {
        Contents::Numbers(values) => values,
        Contents::Words(words) => {
            let cell = |row| words.get(row).filter(|cell| cell.parse::<f64>().is_err());
            let found =
                (0..column.rows()).find_map(|row| Some((table.line(row), cell(row)?.chars().take(40).collect())));
            return Err(match found {
                Some((line, cell)) => Failure::NoNumber { path, line, column: name, cell },
                None => nothing(args),
            });
        }
    };
    if values.iter().all(|x| x.is_nan()) {
        return Err(nothing(args));
    }
    match values.iter().position(|x| x.is_nan()) {
        Some(row) if args.gaps == Gaps::Error => Err(Failure::Gap { path, line: table.line(row), column: name }),
        _ => Ok(values.into_owned()),
    }
}

fn nothing(args: &EwmaArgs) -> Failure {
    Failure::NoNumbers { path: args.series.clone(), column: args.column.clone() }
}

fn table(args: &EwmaArgs, moments: &[Moment]) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = args.beta.iter().flat_map(|beta| [format!("average {beta}"), format!("corrected {beta}")]);
    writer.write_record(["t".to_owned(), args.column.clone()].into_iter().chain(names))?;
    for moment in moments {
        let averages = moment.averages.iter().flat_map(|average| [average.value(), corrected(average)]);
        let numbers = std::iter::once(moment.x).chain(averages).map(|number| number.to_string());
        writer.write_record(std::iter::once(moment.t.to_string()).chain(numbers))?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}

fn lines(moments: &[Moment]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    for moment in moments {
        let one = |average: &Average| {
            let (value, corrected) = (average.value(), corrected(average));
            json!({ "beta": average.decay(), "average": value, "corrected": corrected })
        };
        let averages: Vec<Value> = moment.averages.iter().map(one).collect();
        serde_json::to_writer(&mut text, &json!({ "t": moment.t, "value": moment.x, "averages": averages }))?;
        text.push(b'\n');
    }
    Ok(text)
}

/// After a value there always is one.
fn corrected(average: &Average) -> f64 {
    average.corrected().unwrap_or(f64::NAN)
}

/// The series as points; each average with its correction, and dashed without.
fn chart(args: &EwmaArgs, moments: &[Moment]) -> LineChart {
    let points = |y: &dyn Fn(&Moment) -> f64| moments.iter().map(|moment| (moment.t as f64, y(moment))).collect();
    let mut chart = LineChart::new(format!("Averages of {}", args.column), ("value number", &args.column))
        .with(Series::dots(args.column.clone(), points(&|moment| moment.x)));
    for (at, beta) in args.beta.iter().enumerate() {
        let name = format!("beta {beta}");
        chart = chart.with(Series::line(name, points(&|moment| corrected(&moment.averages[at]))));
    }
    for (at, beta) in args.beta.iter().enumerate() {
        // Later the two cannot be told apart.
        let differs = |moment: &&Moment| {
            let (value, corrected) = (moment.averages[at].value(), corrected(&moment.averages[at]));
            (value - corrected).abs() > TOLD_APART * corrected.abs()
        };
        let start = moments.iter().take_while(differs);
        let points = start.map(|moment| (moment.t as f64, moment.averages[at].value())).collect();
        chart = chart.with(Series::line(format!("beta {beta}, not corrected"), points).dashed());
    }
    chart
}
