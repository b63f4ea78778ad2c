//! An experiment: table, engine, tune and store joined; the crew of threads, the board of events, the report.
