//! What is seen while networks train: JSON lines, a progress bar, or nothing.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use caviar_engine::train::Metric;
use caviar_lab::{Board, EpochEvent, Event, Figures, Flow, Interrupt, Started, SteeredEvent, TrialEvent};
use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;
use crate::live::words::told;
use crate::live::{self, Live, Wishes};
use crate::plan::{Job, Plan, Voice};

/// Takes the events of a run.
pub struct Watch {
    voice: Voice,
    metric: Metric,
    /// Whether trials are counted, or else epochs.
    search: bool,
    bar: Option<ProgressBar>,
    live: Option<Live>,
    ended: BTreeSet<u64>,
    best: Option<f64>,
    /// Why nobody takes the output any more.
    deaf: Option<io::Error>,
}

impl Watch {
    /// For a run by this plan; with the wishes of whoever watches it, where it can be steered.
    pub fn new(plan: &Plan, interrupt: &Interrupt) -> (Self, Option<Wishes>) {
        let recipe = plan.recipe();
        let pair =
            plan.voice.live.then(|| live::pair(recipe.metric, recipe.epochs, plan.voice.plain, interrupt.clone()));
        let (live, wishes) = pair.unzip();
        let watch = Watch {
            voice: plan.voice,
            metric: plan.recipe().metric,
            search: matches!(plan.job, Job::Tune(_)),
            bar: None,
            live,
            ended: BTreeSet::new(),
            best: None,
            deaf: None,
        };
        (watch, wishes)
    }

    /// Takes the bar away, or leaves the last picture.
    ///
    /// # Errors
    /// Standard output that could not be written.
    pub fn close(&mut self) -> Result<(), Failure> {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if let Some(mut live) = self.live.take() {
            live.close();
        }
        self.deaf.take().map_or(Ok(()), |error| Err(error.into()))
    }

    fn say(&self, line: &str) {
        match (&self.live, &self.bar) {
            (Some(live), _) => live.say(line),
            (None, Some(bar)) => bar.suspend(|| eprintln!("{line}")),
            (None, None) => eprintln!("{line}"),
        }
    }

    fn start(&mut self, started: &Started) {
        if self.voice.quiet {
            return;
        }
        let data = &started.data;
        let file = data.path.display();
        self.say(&format!(
            "{file}: {} rows, {} inputs; {} to learn from, {} to choose by, {} to test",
            data.rows, data.inputs, data.train, data.validation, data.test
        ));
        if data.rows_dropped > 0 {
            self.say(&format!("note: {} rows have no `{}` and are left out", data.rows_dropped, data.target));
        }
        if !data.dropped.is_empty() {
            let shown: Vec<String> = data.dropped.iter().take(8).map(ToString::to_string).collect();
            let more = if data.dropped.len() > shown.len() { ", ..." } else { "" };
            self.say(&format!("note: columns left out: {}{more}", shown.join(", ")));
        }
        for finding in &data.checkup {
            self.say(&format!("{}: {finding}", if finding.is_warning() { "warning" } else { "note" }));
        }
        for note in data.notes.iter().chain(&started.notes) {
            self.say(&format!("note: {note}"));
        }
        // A terminal that cannot be taken can still show a bar.
        if self.live.as_mut().is_some_and(|live| live.open().is_err()) {
            self.live = None;
        }
        if self.live.is_none() && io::stderr().is_terminal() {
            self.bar = Some(self.bar(started));
        }
    }

    fn bar(&self, started: &Started) -> ProgressBar {
        let (length, what) = match self.search {
            true => (started.trials, "trials"),
            false => (Some(started.epochs), "epochs"),
        };
        let (bar, template) = match length {
            Some(length) => {
                (ProgressBar::new(length), format!("{{bar:30}} {{pos}}/{{len}} {what}, {{elapsed}}  {{msg}}"))
            }
            None => (ProgressBar::new_spinner(), format!("{{spinner}} {{pos}} {what}, {{elapsed}}  {{msg}}")),
        };
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    fn epoch(&mut self, event: &EpochEvent) {
        if self.search {
            return;
        }
        let figure = |figures: &Figures| figures.get(self.metric).unwrap_or(f64::NAN);
        let mut line = format!("loss {:.4}", event.train.loss);
        if let Some(validation) = &event.validation {
            line += &format!(", validation {} {:.4}", self.metric, figure(validation));
        }
        // The picture is of the network that was asked for, not of its forks.
        if let Some(live) = self.live.as_ref().filter(|_| event.trial == 0) {
            live.epoch(event);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(event.epoch + 1);
            bar.set_message(line.clone());
        }
        if self.voice.verbose {
            self.say(&format!("epoch {}: {line}, learning rate {:.3e}", event.epoch, event.learning_rate));
        }
    }

    fn steered(&self, event: &SteeredEvent) {
        match &self.live {
            Some(live) if event.trial == 0 => live.steered(event),
            None if self.voice.quiet => {}
            Some(_) | None if self.search || event.trial > 0 => {
                self.say(&format!("trial {}, {}", event.trial, told(event)));
            }
            Some(_) | None => self.say(&told(event)),
        }
    }

    fn trial(&mut self, event: &TrialEvent) {
        self.ended.insert(event.trial);
        if let Some(score) = event.score.filter(|score| score.is_finite())
            && self.best.is_none_or(|best| self.metric.better_first(score, best).is_lt())
        {
            self.best = Some(score);
        }
        if let (Some(bar), true) = (&self.bar, self.search) {
            bar.set_position(self.ended.len() as u64);
            if let Some(best) = self.best {
                bar.set_message(format!("best {} {best:.4}", self.metric));
            }
        }
        if self.voice.verbose && self.search {
            let score = event.score.map_or_else(String::new, |score| format!(" {} {score:.4}", self.metric));
            self.say(&format!(
                "trial {}: {}{score} after {} epochs; {:.3}",
                event.trial, event.state, event.epochs, event.params
            ));
        }
    }

    fn line(&mut self, event: &Event) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        serde_json::to_writer(&mut stdout, event)?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    }
}

impl Board for Watch {
    fn post(&mut self, event: &Event) -> Flow {
        match event {
            Event::Started(started) => self.start(started),
            Event::Epoch(epoch) => self.epoch(epoch),
            Event::Trial(trial) => self.trial(trial),
            Event::Steered(event) => self.steered(event),
            Event::Finished(_) => {}
        }
        if self.voice.json
            && self.deaf.is_none()
            && let Err(error) = self.line(event)
        {
            self.deaf = Some(error);
        }
        if self.deaf.is_some() { Flow::Stop } else { Flow::Continue }
    }
}
