//! Ctrl-C, and the signal by which others ask a program to end: the first saves the run, the second leaves at once.

use std::io::{self, Write};
use std::process;

use caviar_lab::Interrupt;

use crate::failure::STOPPED;
use crate::live;

/// A flag that Ctrl-C sets.
pub fn on_ctrl_c() -> Interrupt {
    let interrupt = Interrupt::default();
    let flag = interrupt.clone();
    let handler = move || {
        if flag.is_set() {
            live::restore();
            process::exit(i32::from(STOPPED));
        }
        flag.set();
        // Whoever asked may have closed the terminal.
        let _ = writeln!(io::stderr(), "\nstopping; what was trained is being saved; Ctrl-C again leaves at once");
    };
    // Where no handler can be set, Ctrl-C ends the program as it always does.
    let _ = ctrlc::set_handler(handler);
    interrupt
}
