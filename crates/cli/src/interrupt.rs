//! Ctrl-C: the first ends the run with what it has, the second leaves at once.

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
        eprintln!("\nstopping after the epochs that run now; Ctrl-C again leaves at once and keeps nothing");
    };
    // Where no handler can be set, Ctrl-C ends the program as it always does.
    let _ = ctrlc::set_handler(handler);
    interrupt
}
