//! `caviar steer`: a running network is changed, through the file of its study.

use std::io::{self, Write};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use caviar_lab::{LabError, Steer, StudyView};
use caviar_store::study::{StudyReader, wish};
use caviar_tune::TrialState;

use crate::args::steer::SteerArgs;
use crate::failure::Failure;

/// So long is waited for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
const GLANCE: Duration = Duration::from_millis(50);

/// Leaves the wishes in the study, and tells at which step they were done.
///
/// # Errors
/// A study that nobody works on, a trial that does not run, nothing asked for.
pub fn run(args: &SteerArgs) -> Result<ExitCode, Failure> {
    let wishes = args.wishes();
    if wishes.is_empty() {
        return Err(Failure::Usage(
            "nothing is asked for: name a change, such as --learning-rate 0.001, --undo or --stop".to_owned(),
        ));
    }
    let study = StudyView::open(&args.study)?;
    let trial = study.trials.iter().find(|trial| trial.number == args.trial);
    let trial = trial.ok_or(LabError::UnknownTrial { trial: args.trial, trials: study.trials.len() as u64 })?;
    if trial.state != TrialState::Running {
        return Err(LabError::NotSteerable { trial: args.trial, why: format!("it is {}", trial.state) }.into());
    }
    if trial.folds > 1 {
        let why = "it is several networks, one for each fold, that are trained in step".to_owned();
        return Err(LabError::NotSteerable { trial: args.trial, why }.into());
    }
    let mut last = 0;
    for asked in &wishes {
        let text = serde_json::to_string(asked).map_err(io::Error::from)?;
        last = wish(&study.path, args.trial, &text).map_err(LabError::from)?;
    }
    answered(&study, args.trial, last, &wishes)
}

/// Waits until the last wish is done, and says so.
fn answered(study: &StudyView, trial: u64, last: u64, wishes: &[Steer]) -> Result<ExitCode, Failure> {
    let start = Instant::now();
    let mut stdout = io::stdout().lock();
    while start.elapsed() < PATIENCE {
        let rows = StudyReader::open(&study.path).and_then(|reader| reader.wishes(0)).map_err(LabError::from)?;
        let step = rows.iter().find(|row| row.id == last).and_then(|row| row.step);
        if let Some(step) = step {
            for wish in wishes {
                // Whether it is legal is the network's to say, and is told where it runs.
                writeln!(stdout, "trial {trial}, taken up after {step} steps: {}", words(wish))?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        sleep(GLANCE);
    }
    writeln!(stdout, "trial {trial}: asked for; it is done when the trial trains again")?;
    Ok(ExitCode::SUCCESS)
}

fn words(wish: &Steer) -> String {
    match wish {
        Steer::Set(change) => change.to_string(),
        Steer::Scale(factor) => format!("learning-rate times {factor}"),
        Steer::Undo => "undo".to_owned(),
        Steer::Pause => "pause".to_owned(),
        Steer::Continue => "continue".to_owned(),
        Steer::Stop => "stop".to_owned(),
    }
}
