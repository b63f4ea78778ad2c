//! A training or a search from its plan to its files.

use std::io::{self, Write};
use std::process::ExitCode;

use caviar_lab::report::{Fact, Report};
use caviar_lab::{Experiment, Finished, Workers, train_steered};
use caviar_store::write_atomically;

use crate::config;
use crate::failure::{Failure, STOPPED};
use crate::folder::Folder;
use crate::interrupt::on_ctrl_c;
use crate::plan::{Job, Plan};
use crate::summary;
use crate::watch::Watch;

/// Does what the plan says.
///
/// # Errors
/// Whatever goes wrong; then no empty folder is left behind.
pub fn carry_out(plan: &Plan) -> Result<ExitCode, Failure> {
    let folder = Folder::claim(plan.out.as_deref(), &plan.source)?;
    let (experiment, finished) = match work(plan) {
        Ok(done) => done,
        Err(failure) => {
            folder.abandon();
            return Err(failure);
        }
    };
    keep(plan, &folder, &experiment, &finished)?;
    match finished.interrupted {
        false => Ok(ExitCode::SUCCESS),
        true => {
            let kept = folder.path().display();
            // Whoever pressed Ctrl-C may have closed the terminal, too.
            let _ = writeln!(
                io::stderr(),
                "stopped by Ctrl-C; the best network so far is kept in {kept}, the others are not: to go on, run it again"
            );
            Ok(ExitCode::from(STOPPED))
        }
    }
}

fn work(plan: &Plan) -> Result<(Experiment, Finished), Failure> {
    let interrupt = on_ctrl_c();
    let experiment = Experiment::prepare(&plan.source, &plan.data)?;
    let (mut watch, wishes) = Watch::new(plan, &interrupt);
    let workers = Workers { threads: plan.threads, interrupt };
    let finished = match &plan.job {
        Job::Train(recipe) => match wishes {
            Some(mut wishes) => train_steered(&experiment, recipe, &workers, &mut watch, &mut wishes),
            None => caviar_lab::train(&experiment, recipe, &workers, &mut watch),
        },
        Job::Tune(options) => caviar_lab::tune(&experiment, options, &workers, &mut watch),
    };
    watch.close()?;
    Ok((experiment, finished?))
}

/// Writes the files, then says how it went.
fn keep(plan: &Plan, folder: &Folder, experiment: &Experiment, finished: &Finished) -> Result<(), Failure> {
    let (model, page) = (folder.file("model.safetensors"), folder.file("report.html"));
    let report = Report::of(experiment, finished, asked(plan), plan.command.clone(), env!("CARGO_PKG_VERSION"))?;
    write_atomically(&folder.file("config.toml"), config::text(plan, folder.path()).as_bytes())?;
    write_atomically(&page, report.to_html().as_bytes())?;
    finished.model.save(&model)?;
    let mut stdout = io::stdout().lock();
    if plan.voice.json {
        let event = finished.event(Some(model), Some(page));
        serde_json::to_writer(&mut stdout, &event).map_err(io::Error::from)?;
        writeln!(stdout)?;
    } else {
        summary::write(&mut stdout, &report, plan.voice.color)?;
        writeln!(stdout, "\nmodel   {}\nreport  {}", model.display(), page.display())?;
    }
    Ok(stdout.flush()?)
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
