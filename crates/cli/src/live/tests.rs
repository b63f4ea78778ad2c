//! The picture, and keys that reach the training, without a terminal.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use caviar_engine::train::{Change, Metric};
use caviar_lab::{
    Board, DataOptions, EpochEvent, Event as Told, Experiment, Flow, Halt, Interrupt, Model, Quiet, Recipe, Script,
    Steer, Steered, SteeredEvent, Steering, TrainFigures, Workers, train, train_steered,
};
use caviar_table::{ReadOptions, Table};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

use super::draw::{Desk, draw};
use super::keys::{Action, Keys};
use super::picture::Picture;
use super::screen::Painter;
use super::{Console, Keyboard, Live, Shared, pair};

/// A loss that falls as 1/(1 + epoch/20), its rate halved at epoch 100.
fn picture(metric: Metric, epochs: u64) -> Picture {
    let mut picture = Picture::new(metric, 400);
    for epoch in 0..epochs {
        let loss = 1.0 / (1.0 + epoch as f64 / 20.0);
        let learning_rate = if epoch < 100 { 0.01 } else { 0.005 };
        let train = TrainFigures { loss, last_batch_loss: loss };
        if epoch == 100 {
            let (change, from) = (Change::LearningRate(0.005), Change::LearningRate(0.01));
            picture.steered(&SteeredEvent { trial: 0, epoch, step: 1001, steered: Steered::Changed { change, from } });
        }
        let seconds = (epoch + 1) as f64 * 0.25;
        picture.epoch(&EpochEvent { trial: 0, epoch, train, validation: None, learning_rate, seconds });
    }
    picture
}

fn frame(picture: &Picture, desk: &Desk, (columns, lines): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, lines)).unwrap();
    terminal.draw(|frame| draw(picture, desk, frame.area(), frame.buffer_mut())).unwrap();
    let buffer = terminal.backend().buffer();
    let line =
        |row: &[ratatui::buffer::Cell]| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned();
    buffer.content.chunks(usize::from(columns)).map(line).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn a_picture_shows_curves_marks_and_keys() {
    let desk = Desk { steps: 2000, ..Desk::default() };
    let seen = frame(&picture(Metric::Loss, 200), &desk, (80, 20));
    assert_eq!(seen, include_str!("golden/whole.txt"), "{seen}");
}

#[test]
fn a_small_terminal_shows_a_small_picture() {
    let desk = Desk { steps: 2000, ..Desk::default() };
    let seen = frame(&picture(Metric::Loss, 200), &desk, (40, 9));
    assert_eq!(seen, include_str!("golden/small.txt"), "{seen}");
}

#[test]
fn a_terminal_of_any_size_can_be_drawn_on() {
    for epochs in [0, 1, 2, 200] {
        let picture = picture(Metric::Accuracy, epochs);
        for columns in (1..30).chain([40, 63, 64, 80, 200]) {
            for lines in 1..25 {
                for help in [false, true] {
                    let desk = Desk { help, typed: help.then(|| "0.1".to_owned()), ..Desk::default() };
                    frame(&picture, &desk, (columns, lines));
                }
            }
        }
    }
}

#[test]
fn what_is_typed_and_why_nothing_moves_is_said() {
    let mut picture = picture(Metric::Loss, 200);
    let typing = Desk { typed: Some("0.0".to_owned()), ..Desk::default() };
    assert!(frame(&picture, &typing, (80, 20)).contains("learning rate: 0.0█  Enter, or Esc"));
    picture.steered(&SteeredEvent { trial: 0, epoch: 200, step: 2001, steered: Steered::Paused });
    assert!(frame(&picture, &Desk::default(), (80, 20)).contains("paused  space goes on, u undo"));
    let help = Desk { help: true, ..Desk::default() };
    assert!(frame(&picture, &help, (80, 20)).contains("undo: back to the step before the last change"));
}

#[test]
fn an_undone_change_leaves_the_picture() {
    let mut picture = picture(Metric::Loss, 200);
    let steered = Steered::Undone { change: Change::LearningRate(0.005), left: 2001 };
    picture.steered(&SteeredEvent { trial: 0, epoch: 100, step: 1001, steered });
    assert_eq!((picture.curves.epochs(), &picture.marks[..]), (100, &[][..]));
    assert_eq!(picture.lines.last().unwrap(), "undone: learning-rate 0.005; on again from step 1001, left step 2001");
}

#[test]
fn colors_are_said_once_and_taken_back() {
    let colored = |plain| {
        let area = Rect::new(0, 0, 80, 20);
        let mut buffer = Buffer::empty(area);
        draw(&picture(Metric::Loss, 200), &Desk { plain, ..Desk::default() }, area, &mut buffer);
        let mut out = Vec::new();
        Painter::new(&mut out).paint(&buffer, &[], 80).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert!(colored(false).contains("\u{1b}[38;5;6m"), "cyan");
    assert!(!colored(true).contains("\u{1b}[38") && !colored(true).contains("\u{1b}[3"), "no color");
}

#[test]
fn the_next_picture_takes_the_place_of_the_last() {
    let picture = |height| Buffer::filled(Rect::new(0, 0, 10, height), ratatui::buffer::Cell::new("x"));
    let mut out = Vec::new();
    let mut painter = Painter::new(&mut out);
    painter.paint(&picture(3), &[], 10).unwrap();
    painter.paint(&picture(2), &["above".to_owned()], 10).unwrap();
    // Now the two lines of ten letters have become four of five.
    painter.paint(&picture(2), &[], 5).unwrap();
    let text = String::from_utf8(out).unwrap();
    let ups: Vec<&str> = text.split("\u{1b}[").filter(|part| part.len() > 1 && part.as_bytes()[1] == b'A').collect();
    assert_eq!(ups.iter().map(|part| &part[..2]).collect::<Vec<_>>(), ["2A", "3A"]);
    assert!(text.contains("above\r\n"));
}

/// 60 rows: 38 to learn from in batches of 8, so 5 steps an epoch.
fn experiment() -> Experiment {
    let mut text = String::from("a,b,y\n");
    for row in 0..60 {
        let (a, b) = ((f64::from(row) * 0.618_034) % 1.0, (f64::from(row) * 0.754_878) % 1.0);
        text += &format!("{a:.3},{b:.3},{}\n", if a > b { 'u' } else { 'v' });
    }
    let table = Table::parse(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap();
    Experiment::from_table(table, &DataOptions::new("y")).unwrap()
}

fn recipe(epochs: u64) -> Recipe {
    Recipe { hidden: vec![6], epochs, batch_size: "8".parse().unwrap(), ..Recipe::default() }
}

fn by_script(epochs: u64, wishes: Vec<(u64, Steer)>) -> Model {
    let workers = Workers::new(1);
    train_steered(&experiment(), &recipe(epochs), &workers, &mut Quiet, &mut Script::new(wishes)).unwrap().model
}

fn key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

/// Presses each key once its step has come.
struct Typist {
    keys: Keys,
    paused: bool,
    script: VecDeque<(u64, KeyCode)>,
}

impl Steering for Typist {
    fn next(&mut self, steps: u64) -> Option<Steer> {
        while let Some((_, code)) = self.script.pop_front_if(|(due, _)| *due <= steps) {
            match self.keys.press(key(code)) {
                Some(Action::Steer(wish)) => return Some(wish),
                Some(Action::Toggle) => {
                    self.paused = !self.paused;
                    return Some(if self.paused { Steer::Pause } else { Steer::Continue });
                }
                _ => {}
            }
        }
        None
    }

    fn wait(&mut self, steps: u64, _: Halt<'_>) -> Option<Steer> {
        self.next(steps)
    }
}

#[test]
fn keys_at_fixed_steps_do_what_the_library_does() {
    let plain = train(&experiment(), &recipe(12), &Workers::new(1), &mut Quiet).unwrap().model;
    let press = |keys: Vec<(u64, KeyCode)>| {
        let mut typist = Typist { keys: Keys::default(), paused: false, script: keys.into() };
        train_steered(&experiment(), &recipe(12), &Workers::new(1), &mut Quiet, &mut typist).unwrap().model
    };
    let typed = |step: u64| {
        "0.03\n".chars().map(move |letter| (step, if letter == '\n' { KeyCode::Enter } else { KeyCode::Char(letter) }))
    };
    let space = (7, KeyCode::Char(' '));
    let changed = press([vec![space], typed(7).collect(), vec![space]].concat());
    assert_eq!(changed, by_script(12, vec![(7, Steer::Set(Change::LearningRate(0.03)))]));
    assert_ne!(changed, plain);
    let undone = press([vec![space], typed(7).collect(), vec![space, (31, KeyCode::Char('u'))]].concat());
    assert_eq!(undone, plain);
    let faster = press(vec![(9, KeyCode::Up), (9, KeyCode::Char('-'))]);
    assert_eq!(faster, by_script(12, vec![(9, Steer::Scale(1.25)), (9, Steer::Scale(0.5))]));
}

/// Keys for a console, each pressed once so many updates are made and the picture says so.
struct Scripted {
    shared: Arc<Shared>,
    script: VecDeque<(u64, Option<&'static str>, KeyCode)>,
}

impl Keyboard for Scripted {
    fn next(&mut self, patience: Duration) -> io::Result<Option<Event>> {
        let steps = self.shared.steps.load(Ordering::Relaxed);
        let halt = self.shared.picture().halt.clone();
        match self.script.pop_front_if(|(due, state, _)| *due <= steps && *state == halt.as_deref()) {
            Some((_, _, code)) => Ok(Some(Event::Key(key(code)))),
            None => {
                std::thread::sleep(patience.min(Duration::from_millis(1)));
                Ok(None)
            }
        }
    }

    fn size(&self) -> (u16, u16) {
        (80, 24)
    }
}

/// Keeps the changes, and tells the picture.
struct Recorder(Live, Vec<SteeredEvent>);

impl Board for Recorder {
    fn post(&mut self, event: &Told) -> Flow {
        match event {
            Told::Epoch(epoch) => self.0.epoch(epoch),
            Told::Steered(steered) => {
                self.0.steered(steered);
                self.1.push(steered.clone());
            }
            Told::Started(_) | Told::Trial(_) | Told::Finished(_) => {}
        }
        Flow::Continue
    }
}

/// However the threads meet, the run is the one that its events tell of.
#[test]
fn a_run_steered_from_a_console_can_be_repeated_from_its_events() {
    let interrupt = Interrupt::default();
    let (mut live, mut wishes) = pair(Metric::Loss, 100_000, true, interrupt.clone());
    let space = KeyCode::Char(' ');
    let script = [
        (20, None, space),
        (0, Some("paused"), KeyCode::Up),
        (0, Some("paused"), KeyCode::Char('+')),
        (0, Some("paused"), space),
    ];
    let later = [(900, None, space), (0, Some("paused"), KeyCode::Char('u')), (0, Some("paused"), KeyCode::Char('s'))];
    let mut keyboard = Scripted { shared: Arc::clone(&live.shared), script: script.into_iter().chain(later).collect() };
    let console =
        Console::new(Arc::clone(&live.shared), live.wishes.take().unwrap(), interrupt.clone(), Desk::default());
    let thread = std::thread::spawn(move || {
        let mut out = Vec::new();
        console.attend(&mut keyboard, &mut Painter::new(&mut out)).map(|()| out)
    });
    let mut recorder = Recorder(live, Vec::new());
    let workers = Workers { interrupt, ..Workers::new(1) };
    let steered = train_steered(&experiment(), &recipe(100_000), &workers, &mut recorder, &mut wishes).unwrap();
    recorder.0.close();
    let drawn = String::from_utf8(thread.join().unwrap().unwrap()).unwrap();
    assert!(drawn.contains("learning-rate 0.001 → 0.00125") && drawn.contains("undone: learning-rate 0.0025"));

    let mut script = Vec::new();
    for SteeredEvent { step, steered, .. } in &recorder.1 {
        match steered {
            Steered::Changed { change, .. } => script.push((step - 1, Steer::Set(change.clone()))),
            // What was taken back never was.
            Steered::Undone { left, .. } => {
                assert!(step < left);
                drop(script.pop());
            }
            Steered::Stopped => script.push((step - 1, Steer::Stop)),
            Steered::Paused | Steered::Continued | Steered::Refused { .. } | Steered::Forked { .. } => {}
        }
    }
    assert_eq!(script.len(), 2, "a change that was kept, and the stop: {script:?}");
    assert_eq!(by_script(100_000, script), steered.model);
}
