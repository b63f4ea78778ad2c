//! From a person's table to encoded rows: reading, schema, target, splitting, encoding.
//!
//! The way of the data: [`Table::read`] finds delimiter and column types and keeps the cells by
//! column; [`Target::find`] takes the column in question; [`Split::new`] deals the rows out;
//! [`Encoder::fit`] learns from the training rows alone how cells become numbers, and
//! [`Encoder::encode`] makes the matrix. Nothing here draws random numbers, reads a clock or
//! knows of networks.
//!
//! ```
//! use caviar_table::{Encoder, Fractions, ReadOptions, Scaling, Split, Table, Target, Task};
//!
//! let text = "size,color,price\n1,red,10\n2,blue,21\n3,red,29\n4,blue,41\n5,red,52\n";
//! let table = Table::parse(text.as_bytes(), "fish.csv", &ReadOptions::default())?;
//! let target = Target::find(&table, "price", Task::Auto)?;
//! let split = Split::new(&target.rows, None, Fractions::new(0.2, 0.25)?, &|row| row)?;
//! assert_eq!((&split.test[..], &split.validation[..]), (&[0][..], &[1][..]));
//! let encoder = Encoder::fit(&table, &table.names_without(&["price"]), &split.train, Scaling::Standard)?;
//! let matrix = encoder.encode(&table, &split.train)?;
//! assert_eq!((matrix.rows, matrix.columns), (3, 3)); // size, color: red, color: blue
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ahead;
mod batch;
mod block;
mod boolean;
mod builder;
mod checkup;
mod chunks;
mod column;
mod cursor;
mod date;
mod decode;
mod dictionary;
mod encode;
mod error;
mod feature;
mod fit;
mod header;
mod infer;
mod nearest;
mod note;
mod number;
mod parallel;
mod read;
mod rows;
mod scale;
mod schema;
mod source;
mod split;
mod summary;
mod table;
mod target;
mod target_spec;
mod view;

pub use block::{Block, BlockColumn, Numbers, Owner};
pub use checkup::{Checkup, Evidence, Finding, Part};
pub use chunks::Chunks;
pub use column::{Cells, Column, Contents, Kind, MISSING, Words};
pub use date::DateOrder;
pub use dictionary::Dictionary;
pub use encode::{Encoder, Matrix};
pub use error::{EncodeError, MissingColumn, ReadError, SplitError, TargetError};
pub use feature::{DateNumber, DatePart, Feature};
pub use fit::{COMMONEST, Dropped, Reason};
pub use nearest::nearest;
pub use note::ReadNote;
pub use read::ReadOptions;
pub use scale::{Affine, Scaling};
pub use schema::{Schema, SchemaColumn, Storage};
pub use split::{Fractions, Split};
pub use summary::Summary;
pub use table::Table;
pub use target::{Classes, NO_LABEL, Target, TargetValues, Task};
pub use target_spec::TargetSpec;
pub use view::{View, ViewColumn};
