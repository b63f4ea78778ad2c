//! `caviar steer`: a running network is changed, through the file of its study.

use std::io::{self, Write};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use caviar_lab::{Answer, LabError, Steer, Steered, StudyView};
use caviar_store::study::{CommandRow, StudyReader, WishRow, wish};
use caviar_tune::TrialState;

use crate::args::steer::SteerArgs;
use crate::failure::Failure;

/// So long is waited until a wish is taken up.
const PATIENCE: Duration = Duration::from_secs(5);
/// So long for what became of it, which is written with the network's state.
const ANSWER: Duration = Duration::from_secs(30);
/// So long where the network is paused: of such a one the answers are written when it goes on.
const PAUSED: Duration = Duration::from_secs(2);
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
    let before = commands(&study)?.len();
    let mut last = 0;
    for asked in &wishes {
        let text = serde_json::to_string(asked).map_err(io::Error::from)?;
        last = wish(&study.path, args.trial, &text).map_err(LabError::from)?;
    }
    answered(&study, Asked { trial: args.trial, is_folded: trial.folds > 1, last, before }, &wishes)
}

/// What is waited for.
#[derive(Clone, Copy)]
struct Asked {
    trial: u64,
    /// Whether it is several networks, one for each fold, that are steered between two epochs.
    is_folded: bool,
    /// The number of the last wish.
    last: u64,
    /// Answers that there were before.
    before: usize,
}

/// Waits until the last wish is done, and says what became of all of them.
fn answered(study: &StudyView, asked: Asked, wishes: &[Steer]) -> Result<ExitCode, Failure> {
    let Asked { trial, is_folded, last, before } = asked;
    let start = Instant::now();
    let mut stdout = io::stdout().lock();
    let wanted = wishes.iter().filter(|wish| is_told(wish)).count();
    loop {
        let rows = StudyReader::open(&study.path).and_then(|reader| reader.wishes(0)).map_err(LabError::from)?;
        let step = rows.iter().find(|row| row.id == last).and_then(|row| row.step);
        let new = commands(study)?.split_off(before);
        let answers: Vec<CommandRow> = new.into_iter().filter(|row| row.trial == trial).collect();
        let is_late = start.elapsed() > if is_paused(&rows, trial) { PAUSED } else { ANSWER };
        if let Some(step) = step.filter(|_| is_late || answers.len() >= wanted) {
            for wish in wishes.iter().filter(|wish| !is_told(wish) || answers.len() < wanted) {
                let of_first = if is_folded { " of its first network" } else { "" };
                writeln!(stdout, "trial {trial}, after {step} steps{of_first}: {}", words(wish))?;
            }
            for answer in &answers {
                writeln!(stdout, "trial {trial}, {}", told(answer, is_folded))?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        if step.is_none() && start.elapsed() > PATIENCE {
            break;
        }
        sleep(GLANCE);
    }
    let now = StudyView::open(&study.path)?;
    match now.trials.iter().find(|known| known.number == trial && known.is_settled()) {
        Some(known) => Err(LabError::NotSteerable { trial, why: format!("it is {}", known.state) }.into()),
        None => {
            writeln!(stdout, "trial {trial}: asked for; it is done when the trial trains again")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Whether a trial was paused through the file.
fn is_paused(wishes: &[WishRow], trial: u64) -> bool {
    let taken = wishes.iter().filter(|wish| wish.trial == trial && wish.step.is_some());
    let mut halts = taken.filter_map(|wish| match serde_json::from_str(&wish.wish) {
        Ok(Steer::Pause) => Some(true),
        Ok(Steer::Continue | Steer::Stop) => Some(false),
        Ok(Steer::Set(_) | Steer::Scale(_) | Steer::Undo | Steer::Fork(_)) | Err(_) => None,
    });
    halts.next_back().unwrap_or(false)
}

fn commands(study: &StudyView) -> Result<Vec<CommandRow>, Failure> {
    Ok(StudyReader::open(&study.path).and_then(|reader| reader.commands()).map_err(LabError::from)?)
}

/// Whether what becomes of a wish is written down.
fn is_told(wish: &Steer) -> bool {
    match wish {
        Steer::Set(_) | Steer::Scale(_) | Steer::Undo | Steer::Fork(_) | Steer::Stop => true,
        Steer::Pause | Steer::Continue => false,
    }
}

/// What became of a wish.
fn told(row: &CommandRow, is_folded: bool) -> String {
    let Ok(Answer { epoch, steered }) = serde_json::from_str(&row.change) else { return row.change.clone() };
    let step = row.step.saturating_sub(1);
    let when = match epoch.filter(|_| is_folded) {
        Some(epoch) => format!("after {epoch} epochs"),
        None => format!("after {step} steps"),
    };
    match steered {
        Steered::Changed { change, from } => format!("{when}: {change}, was {from}"),
        Steered::Undone { change, .. } if is_folded => format!("{when} again, before {change}"),
        Steered::Undone { change, left } => {
            format!("after {} steps: back to step {step}, before {change}", left.saturating_sub(1))
        }
        Steered::Forked { fork, changes } => {
            let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
            let with = if changes.is_empty() { String::new() } else { format!(" with {}", changes.join(", ")) };
            format!("{when}: forked as trial {fork}{with}")
        }
        Steered::Refused { wish, rule } => format!("{when}: {wish} is refused: {rule}"),
        Steered::Stopped => format!("{when}: stopped"),
        Steered::Paused | Steered::Continued => row.change.clone(),
    }
}

fn words(wish: &Steer) -> String {
    match wish {
        Steer::Set(change) => change.to_string(),
        Steer::Scale(factor) => format!("learning-rate times {factor}"),
        Steer::Undo => "undo".to_owned(),
        Steer::Pause => "pause".to_owned(),
        Steer::Continue => "continue".to_owned(),
        Steer::Stop => "stop".to_owned(),
        Steer::Fork(_) => "fork".to_owned(),
    }
}
