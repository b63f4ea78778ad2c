//! Which columns a file has, and what is to be done with each.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::error::{ReadError, clipped};
use crate::read::ReadOptions;
use crate::schema::Storage;

/// The most columns of a table.
const MOST_COLUMNS: usize = 100_000;

/// What is to be done with a column of the file.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wish {
    Skip,
    Find,
    Keep(Storage),
}

impl Wish {
    /// Whether the column holds words whatever they look like.
    pub(crate) fn words(self) -> bool {
        self == Wish::Keep(Storage::Words)
    }
}

/// Refuses more columns than any table has.
pub(crate) fn check_count(found: usize, path: &Path) -> Result<(), ReadError> {
    if found > MOST_COLUMNS {
        return Err(ReadError::TooManyColumns { path: path.to_owned(), found, limit: MOST_COLUMNS });
    }
    Ok(())
}

/// The names of all columns of the file.
pub(crate) fn names(first: &[String], options: &ReadOptions, path: &Path) -> Result<Vec<String>, ReadError> {
    let found = first.len();
    let names: Vec<String> = if let Some(given) = &options.names {
        if given.len() != found {
            let given = given.len();
            return Err(ReadError::NameCount { path: path.to_owned(), given, found });
        }
        given.iter().map(|name| name.trim().to_owned()).collect()
    } else if options.header {
        first.iter().enumerate().map(|(at, cell)| header_name(at, cell)).collect()
    } else {
        (1..=found).map(|place| format!("c{place}")).collect()
    };
    let mut places = HashMap::with_capacity(found);
    for (at, name) in names.iter().enumerate() {
        if let Some(first) = places.insert(name.as_str(), at) {
            let (first, second) = (first + 1, at + 1);
            let name = clipped(name);
            return Err(ReadError::DuplicateName { path: path.to_owned(), name, first, second });
        }
    }
    Ok(names)
}

fn header_name(at: usize, cell: &str) -> String {
    let name = cell.trim();
    if name.is_empty() { unnamed(at) } else { name.to_owned() }
}

/// What a column is called that has no name.
pub(crate) fn unnamed(at: usize) -> String {
    format!("unnamed_{}", at + 1)
}

/// What each column is read as.
pub(crate) fn wishes(names: &[String], options: &ReadOptions, path: &Path) -> Result<Vec<Wish>, ReadError> {
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    let unknown = |name: &str| ReadError::UnknownColumn {
        path: path.to_owned(),
        name: name.to_owned(),
        nearest: crate::nearest(name, names.iter().map(String::as_str)).map(str::to_owned),
    };
    let mut asked = options.drop.iter().chain(&options.categories);
    if let Some(name) = asked.find(|name| !known.contains(name.as_str())) {
        return Err(unknown(name));
    }
    let drop: HashSet<&str> = options.drop.iter().map(String::as_str).collect();
    let categories: HashSet<&str> = options.categories.iter().map(String::as_str).collect();
    let schema: Option<HashMap<&str, Storage>> = options
        .schema
        .as_ref()
        .map(|schema| schema.columns.iter().map(|column| (column.name.as_str(), column.storage)).collect());
    let wish = |name: &String| {
        let name = name.as_str();
        match &schema {
            _ if drop.contains(name) => Wish::Skip,
            Some(schema) => schema.get(name).map_or(Wish::Skip, |&storage| Wish::Keep(storage)),
            None if categories.contains(name) => Wish::Keep(Storage::Words),
            None => Wish::Find,
        }
    };
    let wishes: Vec<Wish> = names.iter().map(wish).collect();
    if wishes.iter().all(|&wish| wish == Wish::Skip) {
        let path = path.to_owned();
        return Err(match &options.schema {
            Some(schema) if !schema.columns.is_empty() => {
                let wanted = schema.columns.iter().map(|column| column.name.clone()).collect();
                ReadError::NoneWanted { path, wanted, found: names.to_vec() }
            }
            _ => ReadError::NoColumns { path },
        });
    }
    Ok(wishes)
}
