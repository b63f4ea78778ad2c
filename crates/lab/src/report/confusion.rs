//! Which classes were taken for which.

use std::fmt::Write;

use crate::picture::text::escape;

/// More classes than these do not fit on a page; the commonest mistakes are listed in their place.
const MOST_CLASSES: usize = 20;
const MISTAKES: usize = 20;

/// The table, shaded by the share of each true class.
pub(super) fn html(classes: &[String], counts: &[u64]) -> String {
    if classes.len() > MOST_CLASSES {
        return mistakes(classes, counts);
    }
    let side = classes.len();
    let mut html = format!(
        "<div class=\"wide\"><table class=\"confusion\"><caption>Rows by their true class and the class they were taken for</caption><thead><tr><td></td><th colspan=\"{side}\" scope=\"colgroup\">taken for</th><td></td></tr><tr><th scope=\"col\">true class</th>",
    );
    for class in classes {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escape(class));
    }
    html.push_str("<th class=\"right\" scope=\"col\">right</th></tr></thead>\n<tbody>");
    for (truth, class) in classes.iter().enumerate() {
        let row = counts.get(truth * side..(truth + 1) * side).unwrap_or_default();
        let all: u64 = row.iter().sum();
        let name = escape(class);
        let share = |count: u64| if all == 0 { 0.0 } else { count as f64 / all as f64 };
        let _ = write!(html, "<tr><th scope=\"row\" title=\"{name}\">{name}</th>");
        for (prediction, &count) in row.iter().enumerate() {
            let kind = if prediction == truth { "hit" } else { "miss" };
            let strong = if share(count) > 0.6 {
                " strong"
            } else if count == 0 {
                " nil"
            } else {
                ""
            };
            let _ = write!(html, "<td class=\"{kind}{strong}\" style=\"--share:{:.3}\">{count}</td>", share(count));
        }
        let right = row.get(truth).copied().unwrap_or(0);
        let percent = if all == 0 { "–".to_owned() } else { format!("{:.1} %", 100.0 * share(right)) };
        let _ = writeln!(html, "<td class=\"right\">{percent}</td></tr>");
    }
    html.push_str("</tbody></table></div>");
    html
}

fn mistakes(classes: &[String], counts: &[u64]) -> String {
    let side = classes.len();
    let mut wrong: Vec<(u64, usize)> = counts
        .iter()
        .enumerate()
        .filter(|(at, count)| at / side != at % side && **count > 0)
        .map(|(at, &count)| (count, at))
        .collect();
    wrong.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut html = format!(
        "<p>The commonest mistakes among {side} classes:</p><table><thead><tr><th>true class</th><th>taken for</th><th class=\"number\">rows</th></tr></thead><tbody>"
    );
    for (count, at) in wrong.into_iter().take(MISTAKES) {
        let name = |class: usize| escape(classes.get(class).map_or("", String::as_str));
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td>{}</td><td class=\"number\">{count}</td></tr>",
            name(at / side),
            name(at % side)
        );
    }
    html.push_str("</tbody></table>");
    html
}
