//! What a table must hold, as data: goes into the model file and directs the reading of new tables.

use serde::{Deserialize, Serialize};

/// How the cells of a column are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// As f64, NaN where missing.
    Numbers,
    /// As codes of words.
    Words,
}

impl std::fmt::Display for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Storage::Numbers => "numbers",
            Storage::Words => "words",
        })
    }
}

/// One column that a table must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaColumn {
    /// Its name in the header.
    pub name: String,
    /// How its cells were kept when the table was first read.
    pub storage: Storage,
}

/// The columns that matter, in the order of the first table.
///
/// Given to [`crate::ReadOptions::schema`], a new file is read as the first one was, whatever its
/// own cells look like: a file of one row, or one whose codes all happen to be digits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<SchemaColumn>,
}

impl Schema {
    /// How the column of this name is kept, if it is in the schema.
    pub fn storage(&self, name: &str) -> Option<Storage> {
        self.columns.iter().find(|column| column.name == name).map(|column| column.storage)
    }

    /// The schema with one more column (the target, say); a name already there keeps its place.
    pub fn with(mut self, name: &str, storage: Storage) -> Schema {
        if self.storage(name).is_none() {
            self.columns.push(SchemaColumn { name: name.to_owned(), storage });
        }
        self
    }
}
