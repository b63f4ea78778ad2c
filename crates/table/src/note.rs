//! What was decided while reading that a person should know.

use std::fmt;

/// Something about the form of a file that was settled without asking.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadNote {
    /// Bytes that are no UTF-8 were read as windows-1252, of which latin-1 is a part.
    Windows1252,
    /// UTF-16 was found and read.
    Utf16,
    /// Columns without a name got one.
    Unnamed {
        /// The names they got.
        names: Vec<String>,
    },
    /// Columns whose numbers are written with decimal commas.
    DecimalCommas {
        /// Their names.
        columns: Vec<String>,
    },
}

impl fmt::Display for ReadNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |names: &[String]| {
            let shown: Vec<String> = names.iter().take(6).map(|name| format!("`{name}`")).collect();
            let more = names.len().saturating_sub(shown.len());
            shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
        };
        match self {
            ReadNote::Windows1252 => f.write_str(
                "bytes that are no UTF-8 were read as windows-1252 (latin-1); if letters look wrong, name the encoding with --encoding",
            ),
            ReadNote::Utf16 => f.write_str("read as UTF-16"),
            ReadNote::Unnamed { names } => {
                write!(f, "columns without a name in the header are called {}", listed(names))
            }
            ReadNote::DecimalCommas { columns } => write!(f, "commas are decimal points in {}", listed(columns)),
        }
    }
}
