//! How good a search is, by the LCBench surrogate: `cargo xtask bench search DIR [--seeds N] [--all | --only WORD] [--fold]`.
//!
//! A rung of r epochs is the surrogate's epoch r + 1 (epoch 1 is untrained). A full training has 50 epochs. Every epoch
//! trained is paid, a trial that goes on pays the further ones only, and only what was paid within the budget counts.
//! The score of a search is its best error after a full training, 0 for the best known one and 1 for the median of random
//! configurations; the mean over the tasks, then over seeds.
//!
//! The best configurations of these tasks often lie on walls of the space. `--fold` asks for the same with each axis folded
//! so that its walls lie at a quarter and three quarters: `t = |2u - 1/2|`, or `2 - t` above 1. Of uniform draws nothing
//! changes, so that the scale is the same.

mod baselines;
mod density;
mod network;
mod parzen;
mod search;
mod tpe;

use std::error::Error;
use std::path::Path;

use baselines::{Baseline, Method, Walls};
use caviar_tune::{Budget, Params, Sampler, SearchError, Space, Study, Value};
use network::{Question, Surrogate};
use search::{FULL, Ours, Search, space};
use tpe::Tpe;

/// Budgets in full trainings.
const BUDGETS: [u64; 4] = [10, 20, 50, 100];

/// Starts a search with so many epochs and this seed.
type Start = Box<dyn Fn(u64, u64) -> Result<Box<dyn Search>, SearchError>>;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (mut folder, mut seeds, mut all, mut only, mut fold) = (None, 10, false, String::new(), false);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "--seeds" => seeds = rest.next().ok_or("--seeds needs a number")?.parse::<u64>()?.max(2),
            "--all" => all = true,
            "--fold" => fold = true,
            "--only" => (all, only) = (true, rest.next().ok_or("--only needs a part of a name")?.clone()),
            _ => folder = Some(word),
        }
    }
    let surrogate = Surrogate::read(Path::new(
        folder.ok_or("usage: cargo xtask bench search DIR [--seeds N] [--all | --only WORD]")?,
    ))?;
    let even: Vec<usize> = (0..surrogate.tasks.len()).step_by(2).collect();
    let odd: Vec<usize> = (1..surrogate.tasks.len()).step_by(2).collect();
    println!("| method | tasks | {} |", BUDGETS.map(|budget| budget.to_string()).join(" | "));
    println!("|---|---|{}", "---|".repeat(BUDGETS.len()));
    for (name, start) in methods(all).into_iter().filter(|(name, _)| name.contains(&only)) {
        let (mut both, mut parts) = (Vec::new(), [Vec::new(), Vec::new()]);
        for budget in BUDGETS {
            let mut scores = Vec::new();
            for seed in 0..seeds {
                scores.push(run(&surrogate, &start, budget * FULL, seed, fold)?);
            }
            both.push(cell(&scores, &(0..surrogate.tasks.len()).collect::<Vec<_>>()));
            parts[0].push(cell(&scores, &even));
            parts[1].push(cell(&scores, &odd));
        }
        println!("| {name} | all | {} |", both.join(" | "));
        if name == "zoom" {
            println!("| {name} | even | {} |", parts[0].join(" | "));
            println!("| {name} | odd | {} |", parts[1].join(" | "));
        }
    }
    Ok(())
}

fn methods(all: bool) -> Vec<(&'static str, Start)> {
    let budget = |epochs: u64| Budget::trials(u64::from(u32::MAX), FULL)?.with_total_epochs(epochs);
    let ours = |study: Study, seed: u64| Ok(Box::new(Ours::new(study, seed)) as Box<dyn Search>);
    let sampler = |sampler: Sampler| -> Start {
        Box::new(move |epochs, seed| ours(Study::new(space()?, sampler, budget(epochs)?), seed))
    };
    let zoom: Start = Box::new(move |epochs, seed| ours(Study::zoom(space()?, budget(epochs)?), seed));
    let baseline = |method: Method| -> Start {
        Box::new(move |epochs, seed| Ok(Box::new(Baseline::new(method, space()?, epochs, seed))))
    };
    let tpe = |is_pruned: bool| -> Start {
        Box::new(move |epochs, seed| Ok(Box::new(Tpe::new(is_pruned, space()?, epochs, seed))))
    };
    let mut methods = vec![("zoom", zoom), ("random", sampler(Sampler::Random)), ("sobol", sampler(Sampler::Sobol))];
    if all {
        methods.extend([
            ("TPE (as Optuna), full trainings", tpe(false)),
            ("TPE with a successive-halving pruner (as Optuna)", tpe(true)),
            ("successive halving, one bracket sized to the budget", baseline(Method::Bracket)),
            (
                "ASHA with densities (as BOHB), 8 virtual workers, inside the walls",
                baseline(Method::DensityAsha(Walls::Inside)),
            ),
            (
                "ASHA with densities, 8 virtual workers, clipped to the walls",
                baseline(Method::DensityAsha(Walls::Clipped)),
            ),
            ("zoom and halving, 3 stages, inside the box", baseline(Method::Zoom(Walls::Inside))),
            ("zoom and halving, 3 stages, clipped to the walls", baseline(Method::Zoom(Walls::Clipped))),
            ("zoom-ASHA, 8 virtual workers, inside the box", baseline(Method::ZoomAsha(Walls::Inside))),
            ("zoom-ASHA, 8 virtual workers, clipped to the walls", baseline(Method::ZoomAsha(Walls::Clipped))),
        ]);
    }
    methods
}

/// The score of a search on every task. The searches of all tasks go on together, so that the surrogate answers many.
fn run(surrogate: &Surrogate, start: &Start, epochs: u64, seed: u64, fold: bool) -> Result<Vec<f64>, SearchError> {
    let space = space()?;
    let searches = (0..surrogate.tasks.len() as u64).map(|task| start(epochs, 1000 * seed + task));
    let mut searches = searches.collect::<Result<Vec<_>, _>>()?;
    loop {
        let asked: Vec<Option<(Params, u64)>> = searches.iter_mut().map(|search| search.next()).collect();
        let questions: Vec<Question> = asked
            .iter()
            .zip(&surrogate.tasks)
            .filter_map(|(asked, task)| {
                asked.as_ref().map(|(params, epochs)| (task.code, inputs(&space, params, *epochs, fold)))
            })
            .collect();
        if questions.is_empty() {
            break;
        }
        let mut answers = surrogate.accuracy(&questions).into_iter();
        for (search, _) in searches.iter_mut().zip(&asked).filter(|(_, asked)| asked.is_some()) {
            search.tell(100.0 - answers.next().unwrap_or(0.0));
        }
    }
    Ok(searches.iter().zip(&surrogate.tasks).map(|(search, task)| task.normalized(search.best())).collect())
}

fn inputs(space: &Space, params: &Params, epochs: u64, fold: bool) -> [f32; 8] {
    let mut inputs = [(epochs + 1) as f32; 8];
    for (input, parameter) in inputs[1..].iter_mut().zip(space.parameters()) {
        let value = params.get(&parameter.name);
        let folded = |unit: f64| {
            let place = (2.0 * unit - 0.5).abs();
            parameter.scale.from_unit(if place > 1.0 { 2.0 - place } else { place })
        };
        let folded = value.and_then(|value| parameter.scale.to_unit(value)).filter(|_| fold).map(folded);
        *input = folded.as_ref().or(value).and_then(Value::as_number).unwrap_or(0.0) as f32;
    }
    inputs
}

/// Mean over tasks and seeds, with the standard error over seeds.
fn cell(scores: &[Vec<f64>], tasks: &[usize]) -> String {
    let seed = |scores: &Vec<f64>| tasks.iter().map(|&task| scores[task]).sum::<f64>() / tasks.len() as f64;
    let means: Vec<f64> = scores.iter().map(seed).collect();
    let count = means.len() as f64;
    let mean = means.iter().sum::<f64>() / count;
    let variance = means.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (count - 1.0);
    format!("{mean:.3} ({:.3})", (variance / count).sqrt())
}
