//! The page as a whole.

use std::fmt::Write;

use super::{Answers, Fact, Report, ScoreLine, board, boundary, confusion, curves, scatter};
use crate::picture::text::{escape, score};
use crate::picture::{Picture, palette};

/// Figures that are shown large.
const CARDS: usize = 3;
const STYLE: &str = include_str!("style.css");

pub(super) fn html(report: &Report) -> String {
    let title = escape(&report.title);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n:root {{{}}}\n{}{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<header>\n<h1>{title}</h1>\n<p>{}</p>\n</header>\n",
        palette::light(),
        palette::shapes(),
        escape(&report.summary)
    );
    section(&mut html, "How good it is", Some(scores(report)));
    section(&mut html, "How it learned", curves::picture(report).map(|picture| figure(&picture, "")));
    let heading = format!("On the {} rows", escape(&report.answered.replace("train", "training")));
    section(&mut html, &heading, report.answers.as_ref().and_then(answers));
    section(
        &mut html,
        "Over the two features",
        report.boundary.as_ref().map(|found| figure(&boundary::picture(found), &escape(&boundary::caption(found)))),
    );
    if report.trials.len() > 1 {
        section(&mut html, "Trials", Some(board::html(report)));
    }
    section(&mut html, "The network", facts(&report.best_settings));
    section(&mut html, "The data", facts(&report.data));
    section(&mut html, "What was asked", facts(&report.asked));
    let command = format!("<pre>{}</pre>", escape(&report.command));
    section(&mut html, "Once more", Some(command));
    let _ = write!(html, "</main>\n<footer>caviar {}</footer>\n</body>\n</html>\n", escape(&report.version));
    html
}

fn figure(picture: &Picture, caption: &str) -> String {
    format!("<figure>{}<figcaption>{}{caption}</figcaption></figure>", picture.inline(), picture.legend())
}

fn section(html: &mut String, heading: &str, body: Option<String>) {
    if let Some(body) = body {
        let _ = writeln!(html, "<section>\n<h2>{heading}</h2>\n{body}\n</section>");
    }
}

fn answers(answers: &Answers) -> Option<String> {
    match answers {
        Answers::Confusion { classes, counts } => Some(confusion::html(classes, counts)),
        Answers::Scatter { points } => {
            let pictures = [scatter::predicted(points), scatter::residuals(points)];
            let figures: Vec<String> = pictures.iter().flatten().map(|picture| figure(picture, "")).collect();
            (!figures.is_empty()).then(|| figures.join("\n"))
        }
    }
}

fn facts(facts: &[Fact]) -> Option<String> {
    let mut html = String::from("<dl>\n");
    for fact in facts {
        let _ = writeln!(html, "<dt>{}</dt><dd>{}</dd>", escape(&fact.name), escape(&fact.value));
    }
    html.push_str("</dl>");
    (!facts.is_empty()).then_some(html)
}

fn scores(report: &Report) -> String {
    let mut html = String::new();
    let headline = report.scores.iter().find(|line| line.headline);
    if let Some(line) = headline {
        html.push_str("<div class=\"cards\">");
        for (metric, value) in report.metrics.iter().zip(&line.values).take(CARDS) {
            if value.is_some() {
                let _ = write!(
                    html,
                    "<div class=\"card\"><b>{}</b><span>{}, {}</span></div>",
                    score(*value),
                    escape(metric),
                    escape(&line.name)
                );
            }
        }
        html.push_str("</div>\n");
    }
    html.push_str("<div class=\"wide\"><table><thead><tr><th></th>");
    for metric in &report.metrics {
        let _ = write!(html, "<th class=\"number\">{}</th>", escape(metric));
    }
    html.push_str("</tr></thead><tbody>\n");
    report.scores.iter().for_each(|line| score_line(&mut html, line));
    html.push_str("</tbody></table></div>");
    html
}

fn score_line(html: &mut String, line: &ScoreLine) {
    let class = if line.headline { " class=\"winner\"" } else { "" };
    let _ = write!(html, "<tr{class}><td>{}</td>", escape(&line.name));
    for value in &line.values {
        let _ = write!(html, "<td class=\"number\">{}</td>", score(*value));
    }
    html.push_str("</tr>\n");
}
