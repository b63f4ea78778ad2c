//! One network watched and steered: live curves on a terminal, and keys.
//!
//! The training posts events into a [`Picture`]; a thread of its own draws it a few times a second and turns keys into
//! wishes, which the training takes up between two steps. Neither waits for the other.

mod curves;
mod draw;
mod keys;
mod picture;
mod screen;
#[cfg(test)]
mod tests;
pub mod words;

use std::io::{self, IsTerminal};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use caviar_engine::train::Metric;
use caviar_lab::{EpochEvent, Halt, Interrupt, Steer, SteeredEvent, Steering};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{self, Event};
use ratatui::layout::Rect;

use crate::failure::STOPPED;
use draw::{Desk, HEIGHT, draw};
use keys::{Action, Keys};
use picture::Picture;
pub use screen::restore;
use screen::{Painter, Raw, size};

/// Between two pictures.
const PERIOD: Duration = Duration::from_millis(100);
/// Between two looks at the keyboard.
const GLANCE: Duration = Duration::from_millis(40);
/// Lines of the terminal that the picture leaves to what is above it.
const ABOVE: u16 = 1;

/// What the training and the terminal share.
#[derive(Debug)]
struct Shared {
    picture: Mutex<Picture>,
    /// Counts the changes of the picture.
    version: AtomicU64,
    /// Updates made.
    steps: AtomicU64,
    ended: AtomicBool,
}

impl Shared {
    /// The picture, in a moment when nobody else changes it.
    fn picture(&self) -> MutexGuard<'_, Picture> {
        // What a thread that panicked left behind is still good to look at.
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the picture, so that it is drawn again.
    fn change<T>(&self, change: impl FnOnce(&mut Picture) -> T) -> T {
        let done = change(&mut self.picture());
        self.version.fetch_add(1, Ordering::Release);
        done
    }
}

/// The picture of a run: what the board tells it.
#[derive(Debug)]
pub struct Live {
    shared: Arc<Shared>,
    wishes: Option<Sender<Steer>>,
    interrupt: Interrupt,
    plain: bool,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// What is asked for at the keyboard: what the training takes up between its steps.
#[derive(Debug)]
pub struct Wishes {
    shared: Arc<Shared>,
    wishes: Receiver<Steer>,
}

/// A picture that is not yet on the terminal, and the wishes that come from there.
pub fn pair(metric: Metric, epochs: u64, plain: bool, interrupt: Interrupt) -> (Live, Wishes) {
    let (sender, receiver) = channel();
    let shared = Arc::new(Shared {
        picture: Mutex::new(Picture::new(metric, epochs)),
        version: AtomicU64::new(1),
        steps: AtomicU64::new(0),
        ended: AtomicBool::new(false),
    });
    let live = Live { shared: Arc::clone(&shared), wishes: Some(sender), interrupt, plain, thread: None };
    (live, Wishes { shared, wishes: receiver })
}

impl Live {
    /// Takes the terminal and begins to draw.
    ///
    /// # Errors
    /// A terminal that cannot be taken.
    pub fn open(&mut self) -> io::Result<()> {
        let raw = Raw::enter()?;
        let Some(wishes) = self.wishes.take() else { return Ok(()) };
        let desk = Desk { plain: self.plain, ..Desk::default() };
        let console = Console::new(Arc::clone(&self.shared), wishes, self.interrupt.clone(), desk);
        self.thread = Some(std::thread::spawn(move || {
            let done = console.attend(&mut Terminal, &mut Painter::new(io::stderr()));
            drop(raw);
            done
        }));
        Ok(())
    }

    /// Takes an epoch.
    pub fn epoch(&self, event: &EpochEvent) {
        // Counted before each step, the last of the epoch among them.
        self.shared.steps.fetch_add(1, Ordering::Relaxed);
        self.shared.change(|picture| picture.epoch(event));
    }

    /// Takes what became of a wish.
    pub fn steered(&self, event: &SteeredEvent) {
        self.shared.steps.store(event.step - 1, Ordering::Relaxed);
        self.shared.change(|picture| picture.steered(event));
    }

    /// Puts a line above the picture.
    pub fn say(&self, line: &str) {
        self.shared.change(|picture| picture.lines.push(line.to_owned()));
    }

    /// Draws the last picture and gives the terminal back.
    pub fn close(&mut self) {
        self.shared.change(|picture| {
            picture.ended = true;
            picture.halt = None;
        });
        self.shared.ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A terminal that is gone takes no last picture, and that is no failure of the training.
            let _ = thread.join();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.close();
    }
}

impl Steering for Wishes {
    fn next(&mut self, steps: u64) -> Option<Steer> {
        self.shared.steps.store(steps, Ordering::Relaxed);
        self.wishes.try_recv().ok()
    }

    fn wait(&mut self, steps: u64, halt: Halt<'_>) -> Option<Steer> {
        self.shared.steps.store(steps, Ordering::Relaxed);
        let diverged = match halt {
            Halt::Paused => None,
            Halt::Diverged(at) => Some(format!("step {}: {} is not finite", at.step, at.origin)),
        };
        if let Some(text) = &diverged {
            self.shared.change(|picture| (picture.halt, picture.diverged) = (Some(text.clone()), true));
        }
        let wish = self.wishes.recv().ok();
        if diverged.is_some() && matches!(wish, None | Some(Steer::Undo | Steer::Continue | Steer::Stop)) {
            self.shared.change(|picture| (picture.halt, picture.diverged) = (None, false));
        }
        wish
    }
}

/// Where keys come from: a terminal, or a test.
trait Keyboard {
    /// The next event, if it comes in time.
    fn next(&mut self, patience: Duration) -> io::Result<Option<Event>>;
    /// Columns and lines of the terminal.
    fn size(&self) -> (u16, u16);
}

/// The real one.
struct Terminal;

impl Keyboard for Terminal {
    fn next(&mut self, patience: Duration) -> io::Result<Option<Event>> {
        if event::poll(patience)? { event::read().map(Some) } else { Ok(None) }
    }

    fn size(&self) -> (u16, u16) {
        size()
    }
}

/// Who sits at the terminal: draws, and passes wishes on.
struct Console {
    shared: Arc<Shared>,
    wishes: Sender<Steer>,
    interrupt: Interrupt,
    desk: Desk,
    keys: Keys,
}

impl Console {
    fn new(shared: Arc<Shared>, wishes: Sender<Steer>, interrupt: Interrupt, desk: Desk) -> Self {
        Console { shared, wishes, interrupt, desk, keys: Keys::default() }
    }

    /// Until the run is over.
    fn attend<W: io::Write>(mut self, keyboard: &mut dyn Keyboard, painter: &mut Painter<W>) -> io::Result<()> {
        let (mut drawn, mut steps) = (0, u64::MAX);
        let mut due = Instant::now();
        loop {
            let ended = self.shared.ended.load(Ordering::Acquire);
            let (version, now) =
                (self.shared.version.load(Ordering::Acquire), self.shared.steps.load(Ordering::Relaxed));
            if ended || ((version, now) != (drawn, steps) && Instant::now() >= due) {
                (drawn, steps) = (version, now);
                due = Instant::now() + PERIOD;
                self.paint(keyboard.size(), painter)?;
            }
            if ended {
                return painter.leave();
            }
            match keyboard.next(GLANCE)? {
                Some(Event::Key(key)) => {
                    if let Some(action) = self.keys.press(key) {
                        self.act(action);
                    }
                    self.desk.typed = self.keys.typed().map(str::to_owned);
                    (drawn, due) = (0, Instant::now());
                }
                Some(Event::Resize(..)) => (drawn, due) = (0, Instant::now()),
                Some(_) | None => {}
            }
            self.release();
        }
    }

    fn paint<W: io::Write>(&mut self, (columns, lines): (u16, u16), painter: &mut Painter<W>) -> io::Result<()> {
        self.desk.steps = self.shared.steps.load(Ordering::Relaxed);
        let (picture, above) = {
            let mut picture = self.shared.picture();
            let above = std::mem::take(&mut picture.lines);
            (picture.clone(), above)
        };
        let area = Rect::new(0, 0, columns, HEIGHT.min(lines.saturating_sub(ABOVE)).max(1));
        let mut buffer = Buffer::empty(area);
        draw(&picture, &self.desk, area, &mut buffer);
        painter.paint(&buffer, &above, columns)
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Steer(wish) => self.send(wish),
            Action::Toggle => {
                let halted = self.shared.change(|picture| {
                    let halted = picture.halt.is_some();
                    // Said until the step that is under way is done.
                    picture.halt.get_or_insert_with(|| "pausing".to_owned());
                    halted
                });
                self.send(if halted { Steer::Continue } else { Steer::Pause });
            }
            Action::Quit => self.quit(),
            Action::Help => self.desk.help = !self.desk.help,
            Action::Show => {}
            Action::BadRate(text) => {
                self.shared.change(|picture| picture.message = format!("not changed: {text} is no number"));
            }
        }
    }

    /// Once saves the run and leaves, twice leaves at once.
    fn quit(&mut self) {
        if self.interrupt.is_set() {
            restore();
            eprintln!();
            process::exit(i32::from(STOPPED));
        }
        self.interrupt.set();
        let words = "saving what was trained; q again leaves at once";
        self.shared.change(|picture| picture.message = words.to_owned());
        self.release();
    }

    /// A training that does not move cannot end by itself.
    fn release(&mut self) {
        if self.interrupt.is_set() {
            let (halted, diverged) = {
                let picture = self.shared.picture();
                (picture.halt.is_some(), picture.diverged)
            };
            if halted {
                self.send(if diverged { Steer::Stop } else { Steer::Continue });
            }
        }
    }

    fn send(&self, wish: Steer) {
        // A training that has ended takes no more wishes.
        let _ = self.wishes.send(wish);
    }
}

/// Whether there is a person at a terminal that can show curves.
pub fn is_possible() -> bool {
    let able = std::env::var_os("TERM").is_none_or(|name| name != "dumb");
    able && io::stdin().is_terminal() && io::stderr().is_terminal() && is_in_front()
}

/// Whether the terminal is this program's to read: what runs in the background is stopped when it tries.
fn is_in_front() -> bool {
    // After the name in parentheses: state, parent, group, session, terminal, group in front.
    let Ok(status) = std::fs::read_to_string("/proc/self/stat") else { return true };
    let fields: Vec<&str> = status.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    fields.get(2) == fields.get(5)
}
