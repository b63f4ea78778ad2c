//! From a person's table to encoded rows: schema, reading, encoding, splitting.
