//! `caviar resume`: a study goes on.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use caviar_lab::{Experiment, LabError, Ledger, Longer, StudyView, Workers, same_files, train_longer};
use caviar_store::study::StudyState;

use crate::args::study::ResumeArgs;
use crate::config::read::read;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::interrupt::on_ctrl_c;
use crate::live;
use crate::outcome::{go_on, leave};
use crate::plan::{Job, Plan, Voice};
use crate::watch::Watch;

/// Goes on with a training or a search, or with one of its trials.
///
/// # Errors
/// See [`Failure`]; a study that is in use, or whose data have changed.
pub fn run(args: &ResumeArgs) -> Result<ExitCode, Failure> {
    let study = StudyView::open(&args.study)?;
    let folder = Folder::of(&study.path);
    if let Some(how) = study.goes_on_in_python() {
        return Err(Failure::Usage(format!(
            "{}: this study was begun from Python and goes on there: {how}",
            study.path.display()
        )));
    }
    if args.trial.is_none() && study.state == StudyState::Finished {
        return finished(args, &study, &folder);
    }
    let plan = plan(args, &study, &folder)?;
    same_files(&study.files, &plan.files())?;
    let ledger = Ledger::open(&study.path)?;
    match args.trial.zip(args.epochs) {
        Some((trial, epochs)) => longer(&plan, &study, &folder, ledger, (trial, epochs)),
        None => go_on(&plan, &folder, ledger),
    }
}

/// The plan by which the study was begun; only how it talks and how many threads work are as now asked.
fn plan(args: &ResumeArgs, study: &StudyView, folder: &Folder) -> Result<Plan, Failure> {
    let mut plan = read(&study.config, &folder.file("config.toml"), None)?;
    let plain = args.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    plan.voice = Voice {
        json: args.json,
        quiet: args.quiet,
        verbose: args.verbose,
        color: !plain && !args.json && io::stdout().is_terminal(),
        plain,
        live: false,
    };
    let is_training = matches!(plan.job, Job::Train(_)) && args.trial.is_none();
    plan.voice.live = is_training && !(args.quiet || args.json) && live::is_possible();
    plan.threads = args.threads.unwrap_or(plan.threads);
    plan.command.clone_from(&study.command);
    // Where the folder was moved without its data, these are looked for where they were.
    if !plan.source.exists()
        && let [only] = &study.files[..]
    {
        plan.source = only.path.clone().into();
    }
    Ok(plan)
}

/// There is nothing to go on with.
fn finished(args: &ResumeArgs, study: &StudyView, folder: &Folder) -> Result<ExitCode, Failure> {
    let name = folder.path().display();
    if !args.quiet {
        writeln!(
            io::stderr(),
            "{name}: this study is finished. To look at it: caviar show {name}\n  to train one of its trials on: \
             caviar resume {name} --trial {} --epochs {}",
            study.best.as_ref().map_or(0, |best| best.trial),
            2 * study.about.epochs
        )?;
    }
    if let (true, Some(result)) = (args.json, &study.result) {
        writeln!(io::stdout(), "{result}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Trains one trial on.
fn longer(
    plan: &Plan,
    study: &StudyView,
    folder: &Folder,
    ledger: Ledger,
    (trial, epochs): (u64, u64),
) -> Result<ExitCode, Failure> {
    let interrupt = on_ctrl_c();
    let experiment = Experiment::prepare(&plan.source, &plan.data)?;
    let workers = Workers { interrupt, ledger, ..Workers::new(plan.threads) };
    let (mut watch, _) = Watch::new(plan, &workers.interrupt);
    let ended = train_longer(&experiment, study, trial, epochs, &workers, &mut watch);
    let closed = watch.close();
    // What the whole study is doing does not change by it.
    let state = study.state;
    let Longer { record, model } = match ended {
        Ok(longer) => longer,
        Err(LabError::Left) => {
            let code = leave(&workers.ledger, folder, closed)?;
            workers.ledger.end(state, None)?;
            return Ok(code);
        }
        Err(error) => {
            workers.ledger.end(state, None)?;
            return Err(error.into());
        }
    };
    workers.ledger.end(state, None)?;
    closed?;
    let kept = folder.file(&format!("trial-{trial}.safetensors"));
    if let Some(model) = &model {
        model.save(&kept)?;
    }
    if !plan.voice.json {
        let mut stdout = io::stdout().lock();
        let score = record.score.map_or_else(|| "none".to_owned(), |score| format!("{score:.6}"));
        let best = record.best_epoch.map_or_else(String::new, |epoch| format!(", its best after {}", epoch + 1));
        writeln!(
            stdout,
            "trial {trial}: {}, {} {score}, {} epochs{best}",
            record.state,
            study.metric(),
            record.epochs
        )?;
        if model.is_some() {
            writeln!(stdout, "model   {}", kept.display())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
