//! A panic is a fault of the program, and says so.

use std::io::Write;
use std::panic::{self, PanicHookInfo};
use std::process;

use crate::live;

/// From here on a panic of any thread prints an apology and ends the program with 1.
///
/// With `RUST_BACKTRACE` set, the usual message and the backtrace come first.
pub fn install() {
    let usual = panic::take_hook();
    let wants_backtrace = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    panic::set_hook(Box::new(move |info| {
        if caviar_lab::is_guarded() {
            // The trial fails, with the reason in its study; the others go on.
            return;
        }
        live::restore();
        if wants_backtrace {
            usual(info);
        }
        apologize(info);
        process::exit(1);
    }));
}

fn apologize(info: &PanicHookInfo<'_>) {
    let what = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    // Nobody can be told that even the apology could not be written.
    let _ = writeln!(
        std::io::stderr(),
        "error: caviar made a mistake, not you. Sorry.\n  \
         {what} ({place}, version {})\n  \
         Please report it with the command that you gave; RUST_BACKTRACE=1 shows where it came from.",
        env!("CARGO_PKG_VERSION")
    );
}
