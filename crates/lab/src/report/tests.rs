use crate::assessment::{ColumnImportance, Curve};
use crate::ledger::Span;
use crate::picture::Kind;
use crate::standing::{Repeats, Standing};

use super::{Answers, Boundary, BoundaryPoint, CurvePoint, Fact, Report, ScoreLine, TrialLine};

fn trial(number: u64, score: Option<f64>) -> TrialLine {
    let curve = (0..10).map(|epoch| CurvePoint {
        epoch,
        train: 1.0 / (epoch + number + 1) as f64,
        validation: Some(if score.is_some() { 1.1 / (epoch + number + 1) as f64 } else { f64::NAN }),
    });
    let params = vec![Fact::new("learning_rate", format!("0.0{number}")), Fact::new("optimizer", "adam")];
    let state = if score.is_some() { "complete" } else { "diverged" };
    TrialLine { number, state: state.to_owned(), score, repeats: None, epochs: 10, params, curve: curve.collect() }
}

fn report() -> Report {
    let point = BoundaryPoint { x: 0.5, y: 0.5, class: 1, test: true };
    Report {
        title: "kind from <b>bold</b>.csv".to_owned(),
        summary: "Three trials.".to_owned(),
        asked: vec![Fact::new("seed", "0")],
        data: vec![Fact::new("rows", "12")],
        checkup: vec!["Column \"a<b\" gives it away".to_owned()],
        metric: "loss".to_owned(),
        is_folded: false,
        higher_is_better: false,
        metrics: vec!["accuracy".to_owned(), "loss".to_owned()],
        scores: vec![ScoreLine {
            name: "network, test rows".to_owned(),
            headline: true,
            values: vec![Some(0.9), None],
        }],
        rivals: vec![Fact::new("the best trial alone", "loss 0.5000 [0.4000, 0.6000]")],
        trials: vec![trial(0, Some(0.5)), trial(1, None), trial(2, Some(0.25))],
        mattered: Vec::new(),
        spans: Vec::new(),
        best: Some(2),
        best_settings: vec![Fact::new("hidden", "64, 32")],
        answered: "test".to_owned(),
        importance: Vec::new(),
        calibration: Vec::new(),
        roc: Vec::new(),
        precision_recall: Vec::new(),
        answers: Some(Answers::Confusion { classes: vec!["a".to_owned(), "b".to_owned()], counts: vec![5, 1, 0, 6] }),
        boundary: Some(Boundary {
            names: ("x".to_owned(), "y".to_owned()),
            x: (0.0, 1.0),
            y: (0.0, 1.0),
            size: (2, 2),
            cells: vec![(0, 1.0), (0, 1.0), (0, 0.5), (1, 0.9)],
            classes: vec!["a".to_owned(), "b".to_owned()],
            points: vec![point],
            note: String::new(),
        }),
        command: "caviar tune 'x.csv' --target kind".to_owned(),
        version: "0.0.0".to_owned(),
    }
}

#[test]
fn the_page_asks_nothing_of_the_network() {
    let html = report().to_html();
    for word in ["http:", "https:", " src=", " href=", "<link", "<img", "@import", "url(h", "fetch("] {
        assert!(!html.contains(word), "{word}");
    }
}

#[test]
fn nothing_from_the_table_becomes_markup() {
    let html = report().to_html();
    assert!(!html.contains("<b>bold"));
    assert!(html.contains("kind from &lt;b&gt;bold&lt;/b&gt;.csv"));
}

#[test]
fn every_trial_has_a_curve_and_a_line_and_the_best_comes_first() {
    let html = report().to_html();
    // One ended well, one diverged, and there is a mark of each in the legend.
    assert_eq!(html.matches("class=\"loser\"").count(), 2);
    assert_eq!(html.matches("class=\"loser gone\"").count(), 2);
    assert_eq!(html.matches("<path class=\"best").count(), 4);
    let place = |trial: u64| html.find(&format!("data-trial=\"{trial}\"")).unwrap();
    assert!(place(2) < place(0) && html.contains("data-trial=\"2\"><td>1<td>2<td data-v="));
    assert!(html.contains("The same in all trials: optimizer adam"));
}

#[test]
fn numbers_that_are_not_finite_leave_no_trace_in_a_picture() {
    let mut report = report();
    report.answers = Some(Answers::Scatter { points: vec![(1.0, 2.0), (f64::NAN, 1.0), (f64::INFINITY, 0.0)] });
    let html = report.to_html();
    // The script, which is the same for all pages, knows the words.
    let drawn = html.split("<script>").next().unwrap();
    assert!(!drawn.contains("NaN") && !drawn.contains("inf"));
    assert_eq!(html.matches("class=\"dot\"").count(), 1);
    report.trials.iter_mut().for_each(|trial| trial.curve.clear());
    assert!(!report.to_html().contains("How it learned"));
}

/// Twelve trials of two settings, one of them absent in every third, and the work of two threads.
fn search() -> Report {
    let mut report = report();
    let line = |number: u64| {
        let mut params = vec![Fact::new("learning-rate", format!("1e-{}", number % 4 + 1))];
        params.extend(
            (!number.is_multiple_of(3))
                .then(|| Fact::new("optimizer", if number.is_multiple_of(2) { "adam" } else { "gd" })),
        );
        TrialLine { params, ..trial(number, (number != 7).then_some(1.0 / (number + 1) as f64)) }
    };
    report.trials = (0..12).map(line).collect();
    report.best = Some(11);
    report.mattered = vec![("optimizer".to_owned(), 0.5), ("learning-rate".to_owned(), 0.25)];
    let span = |trial: u64| Span {
        trial,
        stage: "screen".to_owned(),
        worker: trial as usize % 2,
        from: trial as f64,
        to: trial as f64 + 1.5,
        epochs: [0, 10],
    };
    report.spans = (0..12).map(span).collect();
    report
}

#[test]
fn a_search_has_axes_slices_what_mattered_and_a_time_line() {
    let report = search();
    let html = report.to_html();
    // Twelve lines, the one without a score among them; what matters most is the first axis.
    assert_eq!(html.matches(" data-n=").count(), 12);
    assert!(html.contains("thread qx\" data-n=\"7\""));
    assert_eq!(html.matches("data-axis=").count(), 2);
    assert!(html.find(">optimizer</text>").unwrap() < html.find(">learning-rate</text>").unwrap());
    for heading in
        ["What mattered", "All trials over their settings", "Score against each setting", "Who worked on what when"]
    {
        assert!(html.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
    // Eleven of them have a score, eight of twelve an optimizer: trial 7 is among these.
    let dots = |axis: usize| {
        let panel = html.split(&format!("data-axis=\"{axis}\"")).nth(1).unwrap().split("</svg>").next().unwrap();
        panel.matches("h0").count()
    };
    assert_eq!((dots(0), dots(1)), (7, 11));
    let slices = report.slices(3);
    assert_eq!(slices[0].words, ["adam", "gd"]);
    // Ranks from the worst, trial 0, to the best, trial 11, without trial 7: adam has 2, 4, 8 and 10, the others 1, 5, 11.
    assert_eq!(slices[0].goodness, [Some((0.4 + 0.7) / 2.0), Some(0.5)]);
    assert_eq!(slices[1].goodness.len(), 3);
}

#[test]
fn leaders_say_how_sure_their_order_is() {
    let mut report = search();
    let repeats = |mean: f64, standing| Repeats {
        scores: vec![mean; 4],
        mean,
        interval: Some(crate::Interval { low: mean - 0.01, high: mean + 0.01 }),
        standing,
    };
    report.trials[11].repeats = Some(repeats(0.1, Standing::First));
    report.trials[2].repeats = Some(repeats(0.2, Standing::Undecided));
    let html = report.to_html();
    assert!(html.contains("mean of 4 seeds, 95 %") && html.contains("0.2000 [0.1900, 0.2100]"));
    assert_eq!(html.matches("<td>not yet distinguishable<td>").count(), 1);
    let order: Vec<u64> = report.ranked().iter().take(3).map(|trial| trial.number).collect();
    assert_eq!(order, [11, 2, 10]);
}

#[test]
fn a_page_of_a_thousand_trials_is_below_two_megabytes() {
    let mut report = search();
    let names = ["batch-size", "beta1", "dropout", "l2", "activation", "batch-norm", "schedule", "weight-decay"];
    let long = |number: u64| {
        let value = |place: usize| format!("{:.4}", ((number * 7919 + place as u64 * 104_729) % 9973) as f64 / 9973.0);
        let more = names.iter().enumerate().map(|(place, name)| Fact::new(*name, value(place)));
        let mut line = TrialLine { ..report.trials[(number % 12) as usize].clone() };
        line.number = number;
        line.params.extend(more);
        let point = |epoch: u64| CurvePoint {
            epoch,
            train: 1.0 / (epoch + number + 1) as f64,
            validation: Some(1.234_567 / (epoch + number + 2) as f64),
        };
        line.curve = (0..50).map(point).collect();
        line
    };
    report.trials = (0..1000).map(long).collect();
    report.spans = (0..1500)
        .map(|at| Span { trial: at % 1000, from: at as f64 / 7.0, ..report.spans[at as usize % 2].clone() })
        .collect();
    let html = report.to_html();
    assert!(html.len() < 2_000_000, "{} bytes", html.len());
}

#[test]
fn neighbors_of_one_color_are_one_rectangle() {
    let html = report().to_html();
    // The lower row is of one color, the upper row of two, and one rectangle is the frame of each of two pictures.
    assert_eq!(html.matches("<rect").count(), 3 + 2);
}

#[test]
fn a_hostile_name_ends_neither_an_attribute_nor_the_data_of_the_script() {
    let hostile = "</script><script>alert('x')</script>\"'&";
    let mut report = report();
    report.title = hostile.to_owned();
    report.command = hostile.to_owned();
    report.checkup = vec![hostile.to_owned()];
    report.trials.iter_mut().for_each(|trial| trial.params[0] = Fact::new(hostile, hostile));
    report.importance = vec![ColumnImportance { name: hostile.to_owned(), drop: 0.5, deviation: 0.1 }];
    report.roc = vec![Curve { class: hostile.to_owned(), points: vec![(0.0, 0.0), (1.0, 1.0)], area: 0.5 }];
    report.answers =
        Some(Answers::Confusion { classes: vec![hostile.to_owned(), "b".to_owned()], counts: vec![5, 1, 0, 6] });
    let html = report.to_html();
    // Within the data a name is text in JSON, its angle brackets and ampersands escaped.
    let (page, data) = html.split_once("id=\"curves-data\"").unwrap();
    assert!(!page.contains("alert('x')") && !html.contains("\"'&"));
    assert!(!data.split("</script>").next().unwrap().contains(['<', '&']));
    // The data of the curves and the script, and no third.
    assert_eq!((html.matches("<script").count(), html.matches("</script").count()), (2, 2));
    for kind in Kind::ALL {
        let svg = report.picture(kind).map(|picture| picture.svg()).unwrap_or_default();
        assert!(!svg.contains("<script") && !svg.contains("\"'&"), "{kind}");
    }
}

#[test]
fn a_page_of_three_hundred_trials_is_light() {
    let mut report = report();
    let long = |number: u64| TrialLine {
        curve: (0..200)
            .map(|epoch| CurvePoint {
                epoch,
                train: 1.0 / (epoch + number + 1) as f64,
                validation: Some(1.234_567 / (epoch + number + 2) as f64),
            })
            .collect(),
        ..trial(number, Some(1.0 / (number + 1) as f64))
    };
    report.trials = (0..300).map(long).collect();
    let html = report.to_html();
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
    assert_eq!(html.matches("data-trial=").count(), 300);
}
