//! Measures the way from a file to an encoded matrix: `cargo run --release --example read -- FILE TARGET`; without a file,
//! that of the digits that the repository ships.
//!
//! Prints one line of JSON: seconds for reading, fitting and encoding, rows, columns, the bytes of the matrix and the
//! most memory that the process ever had (Linux; else null).

use std::error::Error;
use std::time::Instant;

use caviar_table::{Checkup, Encoder, Part, ReadOptions, Scaling, Table, Target, Task};

/// The table that is read where none is named.
const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/digits.csv");

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (path, name) = match (arguments.next(), arguments.next()) {
        (Some(path), Some(name)) => (path, name),
        (None, None) => (DIGITS.to_owned(), "digit".to_owned()),
        _ => return Err("usage: read FILE TARGET".into()),
    };
    let start = Instant::now();
    let table = Table::read(&path, &ReadOptions::default())?;
    let read = start.elapsed().as_secs_f64();
    let target = Target::find(&table, &name, Task::Auto)?;
    let features = table.names_without(&[&name]);
    let encoder = Encoder::fit(&table, &features, &target.rows, Scaling::Standard)?;
    let fitted = start.elapsed().as_secs_f64();
    let matrix = encoder.encode(&table, &target.rows)?;
    let encoded = start.elapsed().as_secs_f64();
    let rows: [Vec<usize>; 3] = std::array::from_fn(|part| {
        let part_of = |row: usize| [2, 1, 0, 0, 0][row % 5];
        target.rows.iter().copied().filter(|&row| part_of(row) == part).collect()
    });
    let [train, validation, test] = rows.each_ref().map(|rows| Part { table: &table, rows });
    let before = Instant::now();
    let checkup = Checkup { features: &features, target: &target, train, validation, test, inputs: matrix.columns };
    let findings = checkup.findings().len();
    let checked = before.elapsed().as_secs_f64();
    let peak = peak_bytes().map_or_else(|| "null".to_owned(), |bytes| bytes.to_string());
    println!(
        "{{\"rows\":{},\"columns\":{},\"inputs\":{},\"read_seconds\":{read:.4},\"fit_seconds\":{:.4},\
         \"encode_seconds\":{:.4},\"seconds\":{encoded:.4},\"checkup_seconds\":{checked:.4},\"findings\":{findings},\
         \"matrix_bytes\":{},\"peak_bytes\":{peak}}}",
        table.rows(),
        table.columns().len(),
        matrix.columns,
        fitted - read,
        encoded - fitted,
        matrix.values.len() * 4,
    );
    Ok(())
}

fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
