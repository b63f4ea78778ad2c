//! A full disk: a study waits until there is room.

use std::io::{self, Write};

use caviar_lab::{Interrupt, Ledger};
use caviar_store::study::Room;

/// Has a study wait for room, and say so, until Ctrl-C ends it.
pub fn wait_for_room(ledger: &Ledger, interrupt: &Interrupt) {
    let interrupt = interrupt.clone();
    let mut told = false;
    ledger.when_full(move |room| {
        // Whoever asked may have closed the terminal.
        let say = |line: &str| drop(writeln!(io::stderr(), "{line}"));
        match room {
            Room::Lacks if !told => {
                told = true;
                say(
                    "\nthe disk is full: the study waits until there is room, and nothing is lost; Ctrl-C ends it here",
                );
            }
            Room::Lacks => {}
            Room::Back => {
                told = false;
                say("there is room again: the study goes on");
            }
        }
        !interrupt.is_set()
    });
}
