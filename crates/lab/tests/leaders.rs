//! Leaders get further seeds, and their order is as sure as these say.

mod tables;

use caviar_engine::rng::{Purpose, derive};
use caviar_lab::{
    DataOptions, Experiment, Finished, Keep, Method, Part, Quiet, Recipe, Rival, Standing, TrialRecord, TuneOptions,
    Workers, train, tune,
};
use tables::{kinds, prices, short, write};
use tempfile::TempDir;

fn held_out(folder: &TempDir) -> Experiment {
    let table = write(folder, "prices.csv", &prices(120, 2));
    let held_out = write(folder, "held_out.csv", &prices(60, 3));
    let options = DataOptions { validation: Part::File(held_out), ..DataOptions::new("price") };
    Experiment::prepare(&table, &options).unwrap()
}

fn leaders(finished: &Finished) -> Vec<&TrialRecord> {
    finished.trials.iter().filter(|trial| trial.repeats.is_some()).collect()
}

#[test]
fn leaders_have_further_seeds_and_the_best_mean_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = held_out(&folder);
    let options = TuneOptions { method: Method::Random, ..short(12) };
    let finished = tune(&experiment, &options, &Workers::new(2), &mut Quiet).unwrap();
    let leaders = leaders(&finished);
    assert!((2..=5).contains(&leaders.len()));
    let mean = |trial: &TrialRecord| trial.repeats.as_ref().unwrap().scores.iter().sum::<f64>() / 4.0;
    for leader in &leaders {
        let repeats = leader.repeats.as_ref().unwrap();
        assert_eq!((repeats.scores.len(), repeats.scores[0]), (4, leader.score.unwrap()));
        assert!((repeats.mean - mean(leader)).abs() < 1e-12);
        assert_eq!(repeats.standing == Standing::First, leader.number == finished.best.trial);
        assert!(mean(leader) >= mean(&finished.trials[finished.best.trial as usize]));
    }
    // A further seed of the first is a training of its own with that seed.
    let Recipe { seed, .. } = finished.best.recipe;
    let recipe = Recipe { seed: derive(seed, Purpose::Trial, (2 << 32) + 2) >> 11, ..finished.best.recipe.clone() };
    let again = train(&experiment, &recipe, &Workers::new(1), &mut Quiet).unwrap();
    let scores = &finished.trials[finished.best.trial as usize].repeats.as_ref().unwrap().scores;
    assert_eq!(again.best.score, Some(scores[2]));
}

#[test]
fn few_trials_have_no_leaders_and_nobody_has_who_wants_none() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = held_out(&folder);
    for options in [short(7), TuneOptions { leader_seeds: 0, ..short(12) }] {
        let finished = tune(&experiment, &options, &Workers::new(2), &mut Quiet).unwrap();
        assert!(leaders(&finished).is_empty());
    }
}

#[test]
fn cross_validated_leaders_are_compared_deal_by_deal() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "prices.csv", &prices(90, 2));
    let experiment = Experiment::prepare(&table, &DataOptions::new("price")).unwrap();
    let options = TuneOptions { leader_seeds: 4, ..short(12) };
    let finished = tune(&experiment, &options, &Workers::new(2), &mut Quiet).unwrap();
    let leaders = leaders(&finished);
    assert!(leaders.len() >= 2, "{} leaders", leaders.len());
    for leader in &leaders {
        let repeats = leader.repeats.as_ref().unwrap();
        // The first deal and four further ones, each on five folds.
        assert_eq!((repeats.scores.len(), leader.folds), (5, 25));
        assert_eq!(repeats.standing == Standing::First, leader.number == finished.best.trial);
        // The loss of all deals together is the mean of theirs.
        assert!((repeats.mean - leader.score.unwrap()).abs() < 1e-9);
    }
}

#[test]
fn the_best_trial_alone_is_measured_beside_the_average() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(150, 1));
    let experiment = Experiment::prepare(&table, &DataOptions::new("kind")).unwrap();
    let tuned = |keep| tune(&experiment, &TuneOptions { keep, ..short(12) }, &Workers::new(2), &mut Quiet).unwrap();
    let (ensemble, best) = (tuned(Keep::Ensemble), tuned(Keep::Best));
    assert!(best.rivals.is_empty() && best.model.networks().len() == 1);
    let loss = |rival: &Rival| rival.figures.iter().find(|figure| figure.name == "loss").copied().unwrap();
    let [alone, average] = &ensemble.rivals[..] else { panic!("{:?}", ensemble.rivals) };
    let averaged = format!("the average of {} trials", ensemble.model.networks().len());
    assert_eq!([&alone.name, &average.name], [&"the best trial alone".to_owned(), &averaged]);
    // Alone it is the network that would have been kept; the average is what is kept.
    for (rival, kept) in [(alone, &best), (average, &ensemble)] {
        let (found, expected) = (loss(rival), kept.test.as_ref().unwrap().loss());
        assert!((found.value - expected).abs() < 1e-5 * expected.abs(), "{} {expected}", found.value);
        let interval = found.interval.unwrap();
        assert!(interval.low < found.value && found.value < interval.high);
    }
}

#[test]
fn networks_that_are_best_together_are_kept_and_measured_beside_the_best_one() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = held_out(&folder);
    let tuned = |keep| tune(&experiment, &TuneOptions { keep, ..short(16) }, &Workers::new(2), &mut Quiet).unwrap();
    let (ensemble, best) = (tuned(Keep::Ensemble), tuned(Keep::Best));
    let networks = ensemble.model.networks();
    assert!((2..=8).contains(&networks.len()) && ensemble.members == networks.len(), "{}", networks.len());
    assert!(networks.iter().map(|network| network.count).sum::<u64>() <= 25);
    // The first is the best trial's, which is what is kept where one is to be kept.
    assert_eq!(networks[0].weights, best.model.networks()[0].weights);
    assert_eq!((best.model.networks().len(), best.members, best.best.trial), (1, 1, ensemble.best.trial));
    let validation = |finished: &Finished| finished.validation.as_ref().unwrap().loss();
    assert!(validation(&ensemble) < validation(&best));
    // Both choices measure both, alike.
    let name = |rival: &Rival| rival.name.clone();
    let names: Vec<String> = ensemble.rivals.iter().map(name).collect();
    assert_eq!(names, ["the best trial alone".to_owned(), format!("the average of {} networks", networks.len())]);
    assert_eq!(best.rivals, ensemble.rivals);
}
