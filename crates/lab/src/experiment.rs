//! From a table to rows for networks.

use std::path::Path;
use std::sync::Arc;

use caviar_engine::rng::{Purpose, Stream};
use caviar_engine::train::{Data, Targets};
use caviar_table::{
    Checkup, Column, Contents, Encoder, Feature, Finding, Fractions, ReadOptions, Schema, SchemaColumn, Split, Table,
    Target, TargetSpec, TargetValues,
};

use crate::encoded::encoded;
use crate::error::LabError;
use crate::options::{DataOptions, Part};
use crate::report_data::DataReport;
use crate::source::{read_held_out, read_table_with_target};

/// A table read, dealt out and encoded: all that networks are trained, chosen and measured on.
#[derive(Clone, Debug)]
pub struct Experiment {
    main: Source,
    validation_file: Option<Source>,
    test_file: Option<Source>,
    split: Split,
    options: DataOptions,
    view: View,
    report: DataReport,
}

/// A table with its answers.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    table: Table,
    target: Target,
    weights: Option<Vec<f64>>,
}

/// Rows to train on and rows to choose by, as numbers; what the numbers mean was learned from the former alone.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) encoder: Encoder,
    pub(crate) target: TargetSpec,
    pub(crate) train: Arc<Data>,
    pub(crate) held_out: Option<Arc<Data>>,
}

impl Experiment {
    /// Reads the table, finds the target, deals out the rows, and fits the encoder on the training rows alone.
    ///
    /// # Errors
    /// Anything that is wrong with the file, a column, or the number of rows.
    pub fn prepare(source: &Path, options: &DataOptions) -> Result<Experiment, LabError> {
        let (table, target) = read_table_with_target(source, &options.read, &options.target, None)?;
        Experiment::from_table(table, &DataOptions { target, ..options.clone() })
    }

    /// As [`Experiment::prepare`], from a table in memory.
    ///
    /// # Errors
    /// As [`Experiment::prepare`].
    pub fn from_table(table: Table, options: &DataOptions) -> Result<Experiment, LabError> {
        let table = trimmed(table, &options.target, &options.read);
        let target = Target::find(&table, &options.target, options.task)?;
        let weights = weights(&table, options.sample_weight.as_deref())?;
        let mut main = Source { table, target, weights };
        let split = deal(&main, options)?;
        let spec = main.target.spec(&split.train)?;
        let read = |part: &Part| match part {
            Part::File(path) => Source::read(path, &main, &spec, options).map(Some),
            Part::Fraction(_) | Part::None => Ok(None),
        };
        let (validation_file, test_file) = (read(&options.validation)?, read(&options.test)?);
        let encoder = Encoder::fit(&main.table, &features(&main, options), &split.train, options.scaling)?;
        let train = Arc::new(main.encode(&encoder, &spec, &split.train)?);
        let held_out = match &validation_file {
            Some(file) => Some(Arc::new(file.encode(&encoder, &spec, &file.target.rows)?)),
            None if split.validation.is_empty() => None,
            None => Some(Arc::new(main.encode(&encoder, &spec, &split.validation)?)),
        };
        let view = View { encoder, target: spec, train, held_out };
        let mut report = report(&main, &split, [&validation_file, &test_file], &view);
        report.checkup = check_up(&main, &split, [&validation_file, &test_file], &view);
        let options = options.clone();
        // All of them are dealt out now, and of millions a second list is felt.
        main.target.rows = Vec::new();
        Ok(Experiment { main, validation_file, test_file, split, options, view, report })
    }

    /// What became of the data.
    pub fn report(&self) -> &DataReport {
        &self.report
    }

    /// The seed of the split and of the order of the rows.
    pub fn seed(&self) -> u64 {
        self.options.seed
    }

    /// The column with the weight of each row, where there is one.
    pub fn weight_column(&self) -> Option<&str> {
        self.options.sample_weight.as_deref()
    }

    /// The rows of the table that are test rows, ascending; none where these are a table of their own.
    pub fn test_rows(&self) -> &[usize] {
        &self.split.test
    }

    /// The training rows.
    pub fn train_data(&self) -> &Arc<Data> {
        &self.view.train
    }

    /// The rows to choose by.
    pub fn validation_data(&self) -> Option<&Arc<Data>> {
        self.view.held_out.as_ref()
    }

    /// The names of the classes; none for values.
    pub fn classes(&self) -> &[String] {
        classes_of(&self.view.target)
    }

    /// How rows become numbers, as learned from the training rows.
    pub fn encoder(&self) -> &Encoder {
        &self.view.encoder
    }

    /// What is predicted.
    pub fn target(&self) -> &TargetSpec {
        &self.view.target
    }

    /// The training rows with the rows that are held out to choose by.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// Whether the rows to choose by are a table of their own.
    pub(crate) fn has_validation_file(&self) -> bool {
        self.validation_file.is_some()
    }

    /// The rows that are not test rows, ascending.
    pub(crate) fn learnable(&self) -> Vec<usize> {
        let mut rows = [&self.split.train[..], &self.split.validation].concat();
        rows.sort_unstable();
        rows
    }

    /// The table with the places of its training rows.
    pub(crate) fn training_rows(&self) -> (&Table, &[usize]) {
        (&self.main.table, &self.split.train)
    }

    /// The class of each row of the table, where the target is one of classes.
    pub(crate) fn labels(&self) -> Option<&[u32]> {
        self.main.target.labels()
    }

    /// A view with other rows of the table: an encoder of its own, fitted on its training rows.
    pub(crate) fn view_of(&self, train: &[usize], held_out: &[usize]) -> Result<View, LabError> {
        let target = self.main.target.spec(train)?;
        let encoder =
            Encoder::fit(&self.main.table, &features(&self.main, &self.options), train, self.options.scaling)?;
        let data = self.main.encode(&encoder, &target, train)?;
        let held_out = match held_out.is_empty() {
            true => None,
            false => Some(Arc::new(self.main.encode(&encoder, &target, held_out)?)),
        };
        Ok(View { encoder, target, train: Arc::new(data), held_out })
    }

    /// The test rows as a view's encoder sees them.
    pub(crate) fn test_data(&self, encoder: &Encoder, target: &TargetSpec) -> Result<Option<Data>, LabError> {
        match &self.test_file {
            Some(file) => file.encode(encoder, target, &file.target.rows).map(Some),
            None if self.split.test.is_empty() => Ok(None),
            None => self.main.encode(encoder, target, &self.split.test).map(Some),
        }
    }

    /// The numbers of two columns over the rows of the table, with the answers and whether each is a test row.
    pub(crate) fn plane(&self, names: [&str; 2]) -> Vec<([f64; 2], f64, bool)> {
        let mut points = Vec::new();
        let mut add = |source: &Source, rows: &[usize], test: bool| {
            let numbers = names.map(|name| source.table.column(name).map(Column::contents));
            let [Some(Contents::Numbers(x)), Some(Contents::Numbers(y))] = numbers else { return };
            for &row in rows {
                let truth = match &source.target.values {
                    TargetValues::Classes(classes) => f64::from(classes.labels[row]),
                    TargetValues::Numbers(values) => values[row],
                };
                points.push(([x[row], y[row]], truth, test));
            }
        };
        add(&self.main, &self.split.train, false);
        add(&self.main, &self.split.validation, false);
        add(&self.main, &self.split.test, true);
        if let Some(file) = &self.test_file {
            add(file, &file.target.rows, true);
        }
        points
    }
}

/// The names of the classes; none for values.
pub(crate) fn classes_of(target: &TargetSpec) -> &[String] {
    match target {
        TargetSpec::Classification { classes, .. } => classes,
        TargetSpec::Regression { .. } => &[],
    }
}

impl Source {
    /// Another table, with the columns of the main one.
    fn read(path: &Path, main: &Source, spec: &TargetSpec, options: &DataOptions) -> Result<Source, LabError> {
        let column =
            |column: &caviar_table::Column| SchemaColumn { name: column.name.clone(), storage: column.storage() };
        let schema = Schema { columns: main.table.columns().iter().map(column).collect() };
        let read = ReadOptions { schema: Some(schema), drop: Vec::new(), ..options.read.clone() };
        let table = trimmed(read_held_out(path, &read, &main.target.name)?, &main.target.name, &read);
        Source::new(table, spec, options.sample_weight.as_deref())
    }

    /// A table whose target is as it was in training.
    pub(crate) fn new(table: Table, spec: &TargetSpec, weight: Option<&str>) -> Result<Source, LabError> {
        let target = spec.read(&table)?;
        let weights = weights(&table, weight)?;
        Ok(Source { table, target, weights })
    }

    /// The rows with a target, ascending.
    pub(crate) fn rows(&self) -> &[usize] {
        &self.target.rows
    }

    /// How many rows have none.
    pub(crate) fn rows_without_target(&self) -> usize {
        self.target.dropped
    }

    /// These rows as numbers.
    pub(crate) fn encode(&self, encoder: &Encoder, spec: &TargetSpec, rows: &[usize]) -> Result<Data, LabError> {
        let targets = match &self.target.values {
            TargetValues::Classes(classes) => Targets::Classes {
                labels: rows.iter().map(|&row| i64::from(classes.labels[row])).collect(),
                classes: classes.names.len(),
            },
            TargetValues::Numbers(values) => {
                Targets::Values { values: rows.iter().map(|&row| spec.scaled(values[row])).collect(), columns: 1 }
            }
        };
        let data = Data::new(encoded(encoder, &self.table, rows)?, targets)?;
        match &self.weights {
            Some(weights) => Ok(data.with_weights(rows.iter().map(|&row| weights[row]).collect())?),
            None => Ok(data),
        }
    }
}

/// The columns that are neither target nor weight.
fn features(main: &Source, options: &DataOptions) -> Vec<String> {
    let left_out: Vec<&str> =
        std::iter::once(main.target.name.as_str()).chain(options.sample_weight.as_deref()).collect();
    main.table.names_without(&left_out)
}

fn weights(table: &Table, name: Option<&str>) -> Result<Option<Vec<f64>>, LabError> {
    let Some(name) = name else { return Ok(None) };
    let path = || table.path().to_owned();
    let column = table.column(name).ok_or_else(|| LabError::UnknownWeightColumn {
        path: path(),
        name: name.to_owned(),
        nearest: table.nearest_name(name),
    })?;
    let bad = |row| LabError::BadWeight { path: path(), line: table.line(row), name: name.to_owned() };
    match column.contents() {
        Contents::Numbers(values) => match values.iter().position(|value| !(*value >= 0.0 && value.is_finite())) {
            Some(row) => Err(bad(row)),
            None => Ok(Some(values.into_owned())),
        },
        Contents::Words(_) => Err(bad(0)),
    }
}

/// Deals the rows out by keys from the seed.
fn deal(main: &Source, options: &DataOptions) -> Result<Split, LabError> {
    let share = |part: &Part| match part {
        Part::Fraction(fraction) => *fraction,
        Part::File(_) | Part::None => 0.0,
    };
    let fractions = Fractions::new(share(&options.test), share(&options.validation))?;
    let labels = main.target.labels();
    if options.stratify == Some(true) && labels.is_none() {
        let rule = "the target is a number, there are no classes to be kept in proportion";
        return Err(LabError::Misfit { flag: "stratify", got: "on".to_owned(), rule });
    }
    let labels = labels.filter(|_| options.stratify.unwrap_or(true));
    Ok(Split::new(&main.target.rows, labels, fractions, &key(options.seed, 0))?)
}

/// Random keys for rows: another function for each deal.
pub(crate) fn key(seed: u64, deal: u64) -> impl Fn(u64) -> u64 {
    let stream = Stream::new(seed, Purpose::Split, deal);
    move |row| {
        let [low, high, ..] = stream.at(row);
        u64::from(low) | u64::from(high) << 32
    }
}

/// The table with its labels trimmed, where that was asked for.
fn trimmed(table: Table, target: &str, read: &ReadOptions) -> Table {
    match &read.trim_labels {
        Some(signs) => table.with_labels_trimmed(target, signs),
        None => table,
    }
}

/// What a person should know of the rows, those of training above all.
fn check_up(main: &Source, split: &Split, files: [&Option<Source>; 2], view: &View) -> Vec<Finding> {
    let [validation, test] = [(files[0], &split.validation), (files[1], &split.test)].map(|(file, rows)| match file {
        Some(file) => caviar_table::Part { table: &file.table, rows: &file.target.rows },
        None => caviar_table::Part { table: &main.table, rows },
    });
    let features: Vec<String> = view.encoder.features().iter().map(|feature| feature.name().to_owned()).collect();
    let checkup = Checkup {
        features: &features,
        target: &main.target,
        train: caviar_table::Part { table: &main.table, rows: &split.train },
        validation,
        test,
        inputs: view.encoder.width(),
    };
    checkup.findings()
}

fn report(main: &Source, split: &Split, files: [&Option<Source>; 2], view: &View) -> DataReport {
    let Source { table, target, .. } = main;
    let classes = match &target.values {
        TargetValues::Classes(classes) => {
            let mut counts = vec![0; classes.names.len()];
            for &label in
                classes.labels.iter().chain(files.iter().filter_map(|file| file.as_ref()?.target.labels()).flatten())
            {
                if let Some(count) = counts.get_mut(label as usize) {
                    *count += 1;
                }
            }
            classes.names.iter().cloned().zip(counts).collect()
        }
        TargetValues::Numbers(_) => Vec::new(),
    };
    let [validation, test] = files.map(|file| file.as_ref().map(|file| file.target.rows.len()));
    let words = |feature: &&Feature| matches!(feature, Feature::Category { .. } | Feature::Boolean { .. });
    let categories = view.encoder.features().iter().filter(words).count();
    let dates = view.encoder.features().iter().filter(|feature| matches!(feature, Feature::Date { .. })).count();
    let mut notes: Vec<String> = table.notes().iter().map(ToString::to_string).collect();
    for file in files.into_iter().flatten() {
        notes.extend(file.table.notes().iter().map(|note| format!("{}: {note}", file.table.path().display())));
    }
    DataReport {
        path: table.path().to_owned(),
        rows: table.rows(),
        columns: table.columns().len(),
        target: target.name.clone(),
        task: if target.labels().is_some() { "classification" } else { "regression" },
        classes,
        numbers: view.encoder.features().len() - categories - dates,
        categories,
        dates,
        dropped: view.encoder.dropped().to_vec(),
        rows_dropped: target.dropped,
        inputs: view.encoder.width(),
        train: split.train.len(),
        validation: validation.unwrap_or(split.validation.len()),
        test: test.unwrap_or(split.test.len()),
        checkup: Vec::new(),
        notes,
    }
}
