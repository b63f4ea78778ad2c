//! The page as a whole.

use std::fmt::Write;

use super::parallel::Parallel;
use super::{
    Answers, Fact, Report, ScoreLine, board, boundary, confusion, curves, importance, rates, scatter, settings,
    time_line,
};
use crate::picture::text::{escape, score};
use crate::picture::{Picture, palette};

/// Figures that are shown large.
const CARDS: usize = 4;
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
const EXPLORE: &str = include_str!("explore.js");

pub(super) fn html(report: &Report) -> String {
    let rows = part(report);
    let mut html = head(report);
    section(&mut html, "How good it is", Some(scores(report)));
    section(&mut html, "What was asked", facts(&report.asked, true));
    section(&mut html, "The data", Some(data(report)));
    section(&mut html, "How it learned", learned(report));
    if report.trials.len() > 1 {
        section(&mut html, "Trials", Some(board::html(report)));
    }
    section(&mut html, "What mattered", mattered(report));
    section(&mut html, "All trials over their settings", over_settings(report));
    section(&mut html, "Score against each setting", settings::html(report));
    section(&mut html, "Who worked on what when", time(report));
    section(&mut html, &format!("On the {rows} rows"), report.answers.as_ref().and_then(answers));
    let thresholds = [rates::roc(&report.roc), rates::precision_recall(&report.precision_recall)];
    section(&mut html, "Over all thresholds", pair(&thresholds));
    section(&mut html, "Whether the probabilities hold", calibration(report));
    let leans = importance::picture(&report.importance)
        .map(|picture| medium(&figure(&picture, &escape(&importance::caption(&report.importance, &rows)))));
    section(&mut html, "What the network leans on", leans);
    let plane = report.boundary.as_ref().map(|found| {
        let (picture, caption) = (boundary::picture(found), escape(&boundary::caption(found)));
        medium(&figure(&picture, &caption))
    });
    section(&mut html, "Over two columns", plane);
    section(&mut html, "The network", facts(&report.best_settings, true));
    let command = format!(
        "<pre id=\"command\">{}</pre>\n<button id=\"copy\" class=\"only-js\" type=\"button\">Copy</button>",
        escape(&report.command)
    );
    section(&mut html, "Once more", Some(command));
    let _ = write!(html, "</main>\n<footer>caviar {}</footer>\n", escape(&report.version));
    if let Some(data) = curves::data(report) {
        let _ = writeln!(html, "<script type=\"application/json\" id=\"curves-data\">{}</script>", island(&data));
    }
    if let Some(data) = explored(report) {
        let _ = writeln!(html, "<script type=\"application/json\" id=\"explore-data\">{}</script>", island(&data));
    }
    let _ = write!(html, "<script>\n{SCRIPT}{EXPLORE}</script>\n</body>\n</html>\n");
    html
}

fn head(report: &Report) -> String {
    let title = escape(&report.title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n\
         :root {{ color-scheme: light; {light} }}\n\
         @media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ color-scheme: dark; {dark} }} }}\n\
         @media screen {{ :root[data-theme=dark] {{ color-scheme: dark; {dark} }} }}\n{shapes}{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<header>\n<div><h1>{title}</h1>\n<p>{summary}</p></div>\n\
         <button id=\"theme\" class=\"only-js\" type=\"button\" aria-label=\"Light or dark\">Dark</button>\n</header>\n",
        light = palette::light(),
        dark = palette::dark(),
        shapes = palette::shapes(),
        summary = escape(&report.summary)
    )
}

/// Data for the script; nothing in it ends the element it stands in.
fn island(data: &serde_json::Value) -> String {
    data.to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

fn part(report: &Report) -> String {
    escape(&report.answered.replace("train", "training"))
}

fn section(html: &mut String, heading: &str, body: Option<String>) {
    if let Some(body) = body {
        let _ = writeln!(html, "<section>\n<h2>{heading}</h2>\n{body}\n</section>");
    }
}

fn figure(picture: &Picture, caption: &str) -> String {
    let (legend, drawing) = (picture.legend(), picture.inline());
    let caption = match legend.is_empty() && caption.is_empty() {
        true => String::new(),
        false => format!("<figcaption>{legend}{caption}</figcaption>"),
    };
    format!("<figure>{drawing}{caption}</figure>")
}

/// Figures side by side, each with a heading of its own.
fn pair(pictures: &[Option<Picture>]) -> Option<String> {
    let found: Vec<&Picture> = pictures.iter().flatten().collect();
    let class = if found.len() == 1 { "pair lone" } else { "pair" };
    let figures: Vec<String> = found
        .iter()
        .map(|picture| format!("<div><h3>{}</h3>{}</div>", escape(&picture.title), figure(picture, "")))
        .collect();
    (!found.is_empty()).then(|| format!("<div class=\"{class}\">\n{}\n</div>", figures.join("\n")))
}

fn medium(figure: &str) -> String {
    format!("<div class=\"medium\">{figure}</div>")
}

fn learned(report: &Report) -> Option<String> {
    let picture = curves::picture(report)?;
    Some(format!(
        "<div class=\"tools\"><span class=\"note\">Point at a curve; drag to zoom.</span><span>\
         <button id=\"log\" type=\"button\" aria-pressed=\"false\">log</button>\
         <button data-act=\"in\" type=\"button\" aria-label=\"Zoom in\">+</button>\
         <button data-act=\"out\" type=\"button\" aria-label=\"Zoom out\">−</button>\
         <button data-act=\"reset\" type=\"button\">Reset</button></span></div>\n\
         <figure><div id=\"curves\">{}<div id=\"tip\" role=\"status\" hidden></div></div>\
         <figcaption>{}</figcaption></figure>",
        picture.inline(),
        picture.legend()
    ))
}

fn mattered(report: &Report) -> Option<String> {
    let picture = importance::of_settings(&report.mattered)?;
    let caption = "The share of the differences between the trials' scores that a setting explains by itself, beyond what chance gives; two that matter only together explain nothing alone.";
    Some(medium(&figure(&picture, caption)))
}

/// Parallel coordinates, with room for what the script says.
fn over_settings(report: &Report) -> Option<String> {
    let picture = Parallel::of(report)?.picture();
    Some(format!(
        "<div class=\"tools\"><span class=\"note\" id=\"chosen\">Drag along an axis to choose trials; point at a line.</span>\
         <button id=\"choose-all\" type=\"button\">Reset</button></div>\n\
         <figure><div class=\"wide\" id=\"parallel\">{}</div><div id=\"parallel-tip\" class=\"tip\" role=\"status\" hidden></div>\
         <figcaption>{}A line that leaves an axis below does not have that setting.</figcaption></figure>",
        picture.inline(),
        picture.legend()
    ))
}

fn time(report: &Report) -> Option<String> {
    let picture = time_line::picture(report)?;
    Some(format!(
        "<figure><div class=\"wide\" id=\"time-line\">{}</div><div id=\"time-tip\" class=\"tip\" role=\"status\" hidden></div>\
         <figcaption>{}</figcaption></figure>",
        picture.inline(),
        picture.legend()
    ))
}

/// What the script explores.
fn explored(report: &Report) -> Option<serde_json::Value> {
    let (parallel, time) = (Parallel::of(report).map(|found| found.data()), time_line::data(report));
    (parallel.is_some() || time.is_some()).then(|| serde_json::json!({ "parallel": parallel, "time": time }))
}

fn answers(answers: &Answers) -> Option<String> {
    match answers {
        Answers::Confusion { classes, counts } => Some(confusion::html(classes, counts)),
        Answers::Scatter { points } => {
            let pictures = [scatter::predicted(points), scatter::residuals(points)];
            let note = "<p class=\"note\">One dot a row; on the dashed line the network is exactly right.</p>";
            Some(format!("{}{note}", pair(&pictures)?))
        }
    }
}

fn calibration(report: &Report) -> Option<String> {
    let picture = rates::calibration(&report.calibration)?;
    let caption = "On the dashed line what is called 80 % likely happens in 80 of 100 rows. The larger a dot, the more rows; off by: the mean distance from the line.";
    Some(format!("<div class=\"pair lone\">{}</div>", figure(&picture, caption)))
}

fn data(report: &Report) -> String {
    let mut html = facts(&report.data, false).unwrap_or_default();
    html.push_str("\n<h3 style=\"margin-top:18px\">Check-up</h3>\n<ul class=\"checkup\">\n");
    if report.checkup.is_empty() {
        html.push_str("<li class=\"fine\">Nothing that stands out: no leak, no row in two parts, no class or column too thin.</li>\n");
    }
    for finding in &report.checkup {
        let _ = writeln!(html, "<li>{}</li>", escape(finding));
    }
    html.push_str("</ul>");
    html
}

fn facts(facts: &[Fact], two: bool) -> Option<String> {
    let long = facts.iter().any(|fact| fact.value.chars().count() > 40);
    let mut html = String::from(if two && !long { "<dl class=\"two\">\n" } else { "<dl>\n" });
    for fact in facts {
        let _ = writeln!(html, "<dt>{}</dt><dd>{}</dd>", escape(&fact.name), escape(&fact.value));
    }
    html.push_str("</dl>");
    (!facts.is_empty()).then_some(html)
}

fn scores(report: &Report) -> String {
    let mut html = String::new();
    if let Some(line) = report.scores.iter().find(|line| line.headline) {
        html.push_str("<div class=\"cards\">");
        for (metric, value) in report.metrics.iter().zip(&line.values).filter(|(_, value)| value.is_some()).take(CARDS)
        {
            let (value, metric, name) = (score(*value), escape(metric), part(report));
            let _ = write!(html, "<div class=\"card\"><b>{value}</b><span>{metric}, {name} rows</span></div>");
        }
        html.push_str("</div>\n");
    }
    html.push_str("<div class=\"wide\"><table><caption>The network beside simple answers</caption><thead><tr><th scope=\"col\"></th>");
    for metric in &report.metrics {
        let _ = write!(html, "<th scope=\"col\" class=\"number\">{}</th>", escape(metric));
    }
    html.push_str("</tr></thead><tbody>\n");
    report.scores.iter().for_each(|line| score_line(&mut html, line));
    html.push_str("</tbody></table></div>");
    if let Some(rivals) = facts(&report.rivals, false) {
        let rows = part(report);
        let _ = write!(html, "\n<h3 style=\"margin-top:18px\">On the {rows} rows, with 95 % intervals</h3>\n{rivals}");
    }
    html
}

fn score_line(html: &mut String, line: &ScoreLine) {
    let class = if line.headline { " class=\"winner\"" } else { "" };
    let _ = write!(html, "<tr{class}><td class=\"name\">{}</td>", escape(&line.name));
    for value in &line.values {
        let _ = write!(html, "<td class=\"number\">{}</td>", score(*value));
    }
    html.push_str("</tr>\n");
}
