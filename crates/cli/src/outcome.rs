//! A training or a search from its plan to its files.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use caviar_lab::picture::Kind;
use caviar_lab::report::{Fact, Report, Request};
use caviar_lab::{
    Experiment, Finished, LabError, Ledger, StudyAbout, StudyView, Workers, differences, fingerprint, train,
    train_steered, tune,
};
use caviar_store::study::{StudyReader, StudyState};
use caviar_store::write_atomically;

use crate::config;
use crate::failure::{Failure, STOPPED};
use crate::folder::Folder;
use crate::full_disk::wait_for_room;
use crate::interrupt::on_ctrl_c;
use crate::plan::{Job, Plan, quoted};
use crate::summary;
use crate::watch::Watch;

/// The model's file in the folder.
const MODEL: &str = "model.safetensors";
/// The report's.
const REPORT: &str = "report.html";

/// Does what the plan says, from the start.
///
/// # Errors
/// Whatever goes wrong; where that is known before anything is trained, no folder is left behind.
pub fn carry_out(plan: &Plan) -> Result<ExitCode, Failure> {
    let folder = Folder::claim(plan.out.as_deref(), &plan.source).map_err(|failure| compared(plan, failure))?;
    let interrupt = on_ctrl_c();
    let (experiment, ledger) = match begin(plan, &folder) {
        Ok(begun) => begun,
        Err(failure) => {
            folder.abandon();
            return Err(failure);
        }
    };
    let workers = Workers { interrupt, ledger: ledger.clone(), ..Workers::new(plan.threads) };
    let done = work(plan, &folder, &experiment, workers);
    match done {
        Err(failure) if failure.is_about_what_was_asked() => {
            ledger.abandon()?;
            folder.abandon();
            Err(failure)
        }
        done => done,
    }
}

/// Of a folder that holds a study of other settings, what is different.
fn compared(plan: &Plan, failure: Failure) -> Failure {
    let Failure::Taken { folder, held, .. } = failure else { return failure };
    let study = StudyReader::open(&StudyView::file(&folder)).and_then(|reader| reader.head());
    let differences = study.map_or_else(
        |_| Vec::new(),
        |head| differences(&config::flat(&head.config), &config::flat(&config::text(plan, &folder))),
    );
    Failure::Taken { folder, held, differences }
}

/// Reads the data and begins a study of them.
fn begin(plan: &Plan, folder: &Folder) -> Result<(Experiment, Ledger), Failure> {
    let files = plan.files();
    let wanted = AtomicBool::new(true);
    let (experiment, known) = thread::scope(|scope| {
        let known = scope.spawn(|| fingerprint(&files, &wanted));
        let experiment = Experiment::prepare(&plan.source, &plan.data);
        // Nobody waits for the rest of a file that is refused.
        wanted.store(experiment.is_ok(), Ordering::Relaxed);
        (experiment, known.join())
    });
    let experiment = experiment?;
    let kinds: Vec<Kind> = plan.plots.iter().map(|plot| plot.kind.unwrap_or(Kind::Curves)).collect();
    request(plan).check(&experiment, &kinds)?;
    let known = known.unwrap_or(Err(LabError::Worker))?;
    let about = StudyAbout {
        command: plan.name().to_owned(),
        metric: plan.recipe().metric,
        trials: match &plan.job {
            Job::Train(_) => Some(1),
            Job::Tune(options) => options.trials,
        },
        epochs: plan.recipe().epochs,
    };
    let config = config::text(plan, folder.path());
    let ledger = Ledger::create(&folder.file("study.db"), &about, &plan.command, &config, &known)?;
    Ok((experiment, ledger))
}

/// Goes on with a study.
///
/// # Errors
/// Whatever goes wrong; the study can go on again.
pub fn go_on(plan: &Plan, folder: &Folder, ledger: Ledger) -> Result<ExitCode, Failure> {
    let interrupt = on_ctrl_c();
    let experiment = Experiment::prepare(&plan.source, &plan.data)?;
    work(plan, folder, &experiment, Workers { interrupt, ledger, ..Workers::new(plan.threads) })
}

/// Trains, writes the files, and says in the study how it ended.
fn work(plan: &Plan, folder: &Folder, experiment: &Experiment, workers: Workers) -> Result<ExitCode, Failure> {
    let (mut watch, wishes) = Watch::new(plan, &workers.interrupt);
    wait_for_room(&workers.ledger, &workers.interrupt);
    let finished = match &plan.job {
        Job::Train(recipe) => match wishes {
            Some(mut wishes) => train_steered(experiment, recipe, &workers, &mut watch, &mut wishes),
            None => train(experiment, recipe, &workers, &mut watch),
        },
        Job::Tune(options) => tune(experiment, options, &workers, &mut watch),
    };
    let closed = watch.close();
    let finished = match finished {
        Ok(finished) => finished,
        Err(LabError::Left) => return leave(&workers.ledger, folder, closed),
        Err(error) => {
            // The first error is the one to tell.
            let _ = workers.ledger.end(StudyState::Failed, None);
            return Err(error.into());
        }
    };
    let kept = closed.and_then(|()| keep(plan, folder, experiment, &finished));
    let state = if kept.is_ok() { StudyState::Finished } else { StudyState::Failed };
    let result = finished.event(Some(folder.file(MODEL)), Some(folder.file(REPORT)));
    let ended = workers.ledger.end(state, serde_json::to_string(&result).ok());
    kept?;
    ended?;
    Ok(if finished.interrupted { ExitCode::from(STOPPED) } else { ExitCode::SUCCESS })
}

/// Says that the study was stopped, and how it goes on.
pub fn leave(ledger: &Ledger, folder: &Folder, closed: Result<(), Failure>) -> Result<ExitCode, Failure> {
    ledger.end(StudyState::Stopped, None)?;
    closed?;
    let study = quoted(&folder.path().to_string_lossy());
    // Whoever pressed Ctrl-C may have closed the terminal, too.
    let _ = writeln!(io::stderr(), "stopped; what was trained is saved. To go on: caviar resume {study}");
    Ok(ExitCode::from(STOPPED))
}

/// Writes the files, then says how it went.
fn keep(plan: &Plan, folder: &Folder, experiment: &Experiment, finished: &Finished) -> Result<(), Failure> {
    let (model, page) = (folder.file(MODEL), folder.file(REPORT));
    let report = Report::of(experiment, finished, request(plan))?;
    write_atomically(&folder.file("config.toml"), config::text(plan, folder.path()).as_bytes())?;
    write_atomically(&page, report.to_html().as_bytes())?;
    finished.model.save(&model)?;
    for plot in &plan.plots {
        let kind = plot.kind.unwrap_or(Kind::Curves);
        let picture = report.picture(kind).ok_or(Failure::NoPicture { kind })?;
        picture.save(&plot.path, plot.format)?;
    }
    let mut stdout = io::stdout().lock();
    if plan.voice.json {
        let event = finished.event(Some(model), Some(page));
        serde_json::to_writer(&mut stdout, &event).map_err(io::Error::from)?;
        writeln!(stdout)?;
    } else {
        summary::write(&mut stdout, &report, plan.voice.color)?;
        if let Some(penalty) = finished.penalty() {
            let loss = finished.train.loss();
            writeln!(stdout, "\ncost in training {loss:.6}, with the L2 penalty {:.6}", loss + penalty)?;
        }
        writeln!(stdout, "\nmodel   {}\nreport  {}", model.display(), page.display())?;
    }
    Ok(stdout.flush()?)
}

/// What the page tells beside what was found.
fn request(plan: &Plan) -> Request {
    Request {
        asked: asked(plan),
        command: plan.command.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        plane: plan.boundary.clone(),
    }
}

/// What the user asked for, for the page.
fn asked(plan: &Plan) -> Vec<Fact> {
    let data = &plan.data;
    let mut facts = vec![Fact::new("command", plan.name()), Fact::new("target", data.target.clone())];
    if let Job::Tune(options) = &plan.job {
        facts.extend(options.trials.map(|trials| Fact::new("trials", trials.to_string())));
        facts.extend(options.time.map(|time| Fact::new("time", format!("{} s", time.as_secs_f64()))));
        facts.extend(options.budget.map(|budget| Fact::new("budget", format!("{budget} epochs"))));
        facts.push(Fact::new("epochs", format!("at most {}", options.epochs)));
        let fixed: Vec<&str> = options.fixed.iter().map(String::as_str).collect();
        let fixed = if fixed.is_empty() { "nothing".to_owned() } else { fixed.join(", ") };
        facts.push(Fact::new("fixed", fixed));
    }
    facts.push(Fact::new("metric", plan.recipe().metric.name()));
    if !data.read.drop.is_empty() {
        facts.push(Fact::new("dropped", data.read.drop.join(", ")));
    }
    facts.push(Fact::new("seed", data.seed.to_string()));
    facts.push(Fact::new("threads", plan.threads.to_string()));
    facts
}
