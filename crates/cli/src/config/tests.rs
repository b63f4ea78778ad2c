use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use caviar_lab::{BatchRows, DataOptions, Keep, Method, Part, Precision, Recipe, Shuffle, TuneOptions};
use caviar_table::{ReadOptions, Scaling, Task};
use proptest::prelude::*;
use proptest::sample::select;

use super::{Command, read, text, usual};
use crate::plan::{Job, Plan};

const FILE: &str = "runs/x-1/config.toml";

fn folder() -> &'static Path {
    Path::new("runs/x-1")
}

/// Words with everything that a file could trip over.
fn word() -> impl Strategy<Value = String> {
    select(vec!["y", "a b", "größe", "q\"uote", "back\\slash", "new\nline", "#", "[x]", "=", "'", "0.5", "日本"])
        .prop_map(str::to_owned)
}

fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(word(), 0..3)
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        Just(Part::None),
        (1e-9..0.999_f64).prop_map(Part::Fraction),
        select(vec!["test.csv", "/data/test.csv", "a b/test.csv", "../t.csv"]).prop_map(|file| Part::File(file.into())),
    ]
}

prop_compose! {
    fn reading()(
        header: bool,
        names in prop::option::of(prop::collection::vec(word(), 1..3)),
        delimiter in prop::option::of(select(b",;\t|#\"\\ ".to_vec())),
        encoding in prop::option::of(word()),
        trim_labels in prop::option::of(word()),
        missing in words(),
        drop in words(),
        categories in words(),
    ) -> ReadOptions {
        ReadOptions { header, names, delimiter, encoding, missing, trim_labels, drop, categories, schema: None }
    }
}

prop_compose! {
    fn data()(
        read in reading(),
        target in word(),
        task in select(vec![Task::Auto, Task::Classification, Task::Regression]),
        (validation, test) in (part(), part()),
        stratify in prop::option::of(any::<bool>()),
        scaling in select(vec![
            Scaling::Standard, Scaling::Robust, Scaling::MinMax, Scaling::Unit255, Scaling::None,
        ]),
        sample_weight in prop::option::of(word()),
        seed: u64,
    ) -> DataOptions {
        DataOptions { read, target, task, validation, test, stratify, scaling, sample_weight, seed }
    }
}

fn text_of<T: std::str::FromStr<Err: std::fmt::Debug> + Clone + std::fmt::Debug>(
    all: &'static [&'static str],
) -> impl Strategy<Value = T> {
    select(all).prop_map(|text| text.parse().unwrap())
}

/// What the network is, the numbers of its training apart.
fn network() -> impl Strategy<Value = Recipe> {
    let words = (
        text_of(&["relu", "leaky-relu:0.02", "gelu", "identity"]),
        text_of(&["he", "normal:0.3", "uniform:1e-3", "zeros"]),
        prop::option::of(text_of(&["cross-entropy", "huber:1.5"])),
        text_of(&["gd", "momentum", "momentum-accumulating", "nesterov", "rmsprop", "adam", "adamw"]),
        text_of(&[
            "constant",
            "inverse-time:1:10",
            "exponential:0.95",
            "inverse-sqrt:2",
            "staircase:10=0.1,20=0.01",
            "plateau:0.3:7",
        ]),
        text_of(&["none", "balanced", "a=2,b=0.5"]),
        text_of(&["accuracy", "loss", "rmse", "r2"]),
    );
    let batch_size = prop_oneof![Just(BatchRows::Full), (1_usize..100_000).prop_map(BatchRows::Rows)];
    let shuffle = select(vec![Shuffle::Random, Shuffle::Stratified, Shuffle::None]);
    let others = (prop::collection::vec(1_usize..5000, 0..4), any::<bool>(), batch_size, shuffle, any::<bool>());
    (words, others).prop_map(|(words, (hidden, batch_norm, batch_size, shuffle, double))| {
        let (activation, init, loss, optimizer, schedule, class_weight, metric) = words;
        let precision = if double { Precision::F64 } else { Precision::F32 };
        Recipe {
            hidden,
            activation,
            batch_norm,
            init,
            loss,
            optimizer,
            schedule,
            batch_size,
            shuffle,
            class_weight,
            metric,
            precision,
            ..Recipe::default()
        }
    })
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let below_one = || 0.0..0.999_999_f64;
    let shares = (below_one(), below_one(), below_one(), below_one(), below_one());
    let numbers = (1e-300..1e3_f64, 1e-20..1.0_f64, 0.0..10.0_f64, 0.0..100.0_f64, 0.0..1.0_f64);
    let limit = || prop::option::of(1e-6..1e6_f64);
    let count = || prop::option::of(1_u64..1000);
    let limits = (1_u64..1_000_000_000, limit(), limit(), count(), count());
    (network(), shares, numbers, limits).prop_map(|(network, shares, numbers, limits)| {
        let (dropout, label_smoothing, beta, beta1, beta2) = shares;
        let (learning_rate, epsilon, warm_up, l2, weight_decay) = numbers;
        let (epochs, clip_norm, clip_value, patience, horizon) = limits;
        Recipe {
            dropout,
            label_smoothing,
            beta,
            beta1,
            beta2,
            learning_rate,
            epsilon,
            warm_up,
            l2,
            weight_decay,
            epochs,
            clip_norm,
            clip_value,
            patience,
            horizon,
            ..network
        }
    })
}

prop_compose! {
    fn search()(
        trials in prop::option::of(1_u64..1_000_000),
        time in prop::option::of((1_u64..10_000_000).prop_map(Duration::from_millis)),
        budget in prop::option::of(1_u64..1_000_000),
        method in select(vec![Method::Zoom, Method::Random, Method::Sobol, Method::Grid]),
        virtual_workers in 1_u64..100,
        max_memory in prop::option::of(1_u64..1_000_000_000_000_000),
        leader_seeds in 0_u64..10,
        keep in select(vec![Keep::Best, Keep::Ensemble]),
        fixed in prop::collection::btree_set(select(vec!["optimizer", "hidden", "l2", "epochs"]), 0..3),
        base in recipe(),
        spacious: bool,
    ) -> TuneOptions {
        let space = spacious.then(|| toml::from_str(SPACE).unwrap());
        let fixed: BTreeSet<String> = fixed.into_iter().map(str::to_owned).collect();
        TuneOptions { epochs: base.epochs, base, fixed, space, trials, time, budget, method, virtual_workers, max_memory, leader_seeds, keep, seed: 0 }
    }
}

const SPACE: &str = r#"
optimizer = ["adam", "momentum"]
weight-decay = 0.01
[learning-rate]
scale = "log"
low = 0.0001
high = 0.1
[[dropout]]
zero = 0.5
scale = "linear"
low = 0.1
high = 0.5
when = { optimizer = "adam" }
[[start]]
optimizer = "adam"
dropout = 0
"#;

/// Both commands, with one seed in all places.
fn plan() -> impl Strategy<Value = Plan> {
    let job = prop_oneof![recipe().prop_map(Job::Train), search().prop_map(Job::Tune)];
    let source = select(vec!["t.csv", "/data/t.csv", "runs/x-1/t.csv", "a b/ü.csv.gz"]);
    (data(), job, source).prop_map(|(data, mut job, source)| {
        match &mut job {
            Job::Train(recipe) => recipe.seed = data.seed,
            Job::Tune(options) => (options.seed, options.base.seed) = (data.seed, data.seed),
        }
        Plan { source: source.into(), data, job, ..usual(Command::Train) }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(plan in plan()) {
        let written = text(&plan, folder());
        let back = read::read(&written, Path::new(FILE), None).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&back, &plan, "{}", &written);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a-z\\[\\]=\"0-9.\n-]{0,60}") {
        let _ = read::read(&text, Path::new(FILE), None);
    }
}

/// What is wrong with a text, beginning after the name of the file.
fn complaint(text: &str) -> String {
    let error = read::read(text, Path::new(FILE), None).unwrap_err().to_string();
    error.strip_prefix(FILE).unwrap().to_owned()
}

#[test]
fn an_unknown_setting_is_named_with_its_line_and_the_nearest_one() {
    let nearest = complaint("[network]\nlearning-rat = 0.1\n");
    assert_eq!(nearest, ", line 2: no setting is called `learning-rat`; did you mean `learning-rate`?");
    assert_eq!(
        complaint("learning-rate = 0.1\n"),
        ", line 1: no setting is called `learning-rate` here; it belongs under [network]"
    );
    assert_eq!(
        complaint("[data]\nseed = 1\n"),
        ", line 2: no setting is called `seed` here; it belongs at the top, above the first table"
    );
    assert_eq!(complaint("[daat]\n"), ", line 1: no setting is called `daat`; did you mean `data`?");
}

#[test]
fn an_illegal_value_is_told_in_the_words_of_the_flags() {
    for (text, wanted) in [
        ("seed = 1\n[network]\ndropout = 1.5\n", ", line 3: dropout 1.5: must be at least 0 and below 1"),
        ("[network]\nlearning-rate = 0\n", ", line 2: learning-rate 0: must be above 0 and finite"),
        ("[network]\nlearning-rate = \"fast\"\n", ", line 2: learning-rate: string \"fast\": must be a number"),
        ("[network]\n\nbatch-size = 0\n", ", line 3: batch-size: batch-size 0: must be a number of rows"),
        ("[network]\noptimizer = \"adm\"\n", "did you mean `adam`?"),
        ("[network]\nhidden = [64, 0]\n", ", line 2: hidden: must be a list of whole numbers of at least 1"),
        ("[data]\ntest = 1.5\n", ", line 2: test: must be at least 0 and below 1, or a file"),
        ("[data]\ndelimiter = \";;\"\n", ", line 2: delimiter: must be one ASCII character, or tab"),
        ("[data]\nstratify = \"maybe\"\n", ", line 2: stratify: must be on or off"),
        ("[search]\ntime = \"5d\"\n", ", line 2: time: must be a time such as 60s"),
        ("[search]\ntrials = 0\n", ", line 2: trials 0: must be at least 1"),
        ("[search]\nkeep = \"bets\"\n", ", line 2: keep: `bets` is not known: must be best or ensemble; did you mean"),
        ("seed = -1\n", ", line 1: seed: must be a whole number from 0 to 18446744073709551615"),
        ("threads = 0\n", ", line 1: threads 0: must be a whole number from 1 to 1024"),
        ("[network]\nseed = 3\n", ": the seed of everything stands at the top, not under network"),
        ("command = \"train\"\n[search]\ntrials = 3\n", ", line 2: caviar train searches nothing"),
        ("[network\n", ", line 1: "),
    ] {
        let got = complaint(text);
        assert!(got.contains(wanted), "{text:?}: no {wanted:?} in {got:?}");
    }
}

#[test]
fn settings_for_another_command_are_refused() {
    let error = read::read("command = \"tune\"\n", Path::new(FILE), Some(Command::Train)).unwrap_err().to_string();
    assert!(error.ends_with("line 1: these are settings for caviar tune, not for caviar train"), "{error}");
}

#[test]
fn what_a_person_leaves_out_is_usual_and_what_is_said_is_fixed() {
    let plan = read::read("[network]\noptimizer = \"momentum\"\n", Path::new(FILE), Some(Command::Tune)).unwrap();
    let Job::Tune(options) = &plan.job else { panic!("a search") };
    assert_eq!(options.fixed, BTreeSet::from(["optimizer".to_owned()]));
    assert_eq!((options.epochs, options.base.epochs, options.trials), (50, 50, None));
    assert_eq!(plan.data, DataOptions::new(""));
    let plan = read::read("", Path::new(FILE), Some(Command::Train)).unwrap();
    assert_eq!(plan.job, Job::Train(Recipe::default()));
}
