//! The page of the gallery in one language.

use std::fmt::Write;

use super::text::{Section, Sections, Told, Words};

const STYLE: &str = include_str!("page.css");

/// The page as one file beside its pictures; it asks nothing of the network and has no script.
pub fn html(sections: &Sections, words: &Words) -> String {
    let english = words.language == "en";
    let other = if english { &sections.page.zh } else { &sections.page.en };
    let mut body = String::new();
    let _ = writeln!(
        body,
        "<header>\n<p class=\"other\"><a href=\"{}\" lang=\"{}\" hreflang=\"{1}\">{}</a></p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n</header>",
        other.file,
        other.language,
        words.other,
        marked(&words.title),
        marked(&words.lead)
    );
    let _ = writeln!(body, "<nav aria-label=\"{}\">\n<ol>", words.contents);
    for section in &sections.section {
        let _ =
            writeln!(body, "<li><a href=\"#row-{}\">{}</a></li>", section.row, marked(&section.told(english).title));
    }
    let _ = writeln!(body, "</ol>\n<p><a href=\"#frameworks\">{}</a></p>\n</nav>\n<main>", words.frameworks);
    for section in &sections.section {
        write_section(&mut body, section, words, english);
    }
    let _ = writeln!(body, "<section id=\"frameworks\">\n<h2>{}</h2>\n<table>", words.frameworks);
    for framework in &sections.framework {
        let says = if english { &framework.en } else { &framework.zh };
        let _ = writeln!(body, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(&framework.name), marked(says));
    }
    body.push_str("</table>\n</section>\n</main>\n");
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Caviar · {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        words.language,
        escape(&words.title)
    )
}

fn write_section(body: &mut String, section: &Section, words: &Words, english: bool) {
    let told = section.told(english);
    let _ = writeln!(
        body,
        "<section id=\"row-{0}\">\n<h2><span class=\"row\">{0}</span> {1}</h2>\n<p>{2}</p>\n<pre class=\"formula\" aria-label=\"{3}\">{4}</pre>",
        section.row,
        marked(&told.title),
        marked(&told.text),
        words.formula,
        escape(section.formula.trim())
    );
    if let Some(wrong) = &told.wrong {
        let _ = writeln!(body, "<aside><strong>{}.</strong> {}</aside>", words.wrong, marked(wrong));
    }
    let four = if section.picture.len() == 4 { " four" } else { "" };
    let _ = writeln!(body, "<div class=\"pictures{four}\">");
    for picture in &section.picture {
        let says = if english { &picture.en } else { &picture.zh };
        let _ = writeln!(
            body,
            "<figure><img src=\"{}.svg\" alt=\"{}\" width=\"400\"><figcaption>{}</figcaption></figure>",
            picture.file,
            escape(says),
            marked(says)
        );
    }
    let programs = std::iter::once(&section.example).chain(&section.also);
    let runs: Vec<String> = programs.map(|name| format!("cargo run -p caviar-examples --example {name}")).collect();
    let _ = writeln!(
        body,
        "</div>\n<h3>{}: <code>examples/{}.rs</code></h3>\n<pre><code>{}</code></pre>\n<h3>{}</h3>\n<pre class=\"command\"><code>{}\n{}</code></pre>\n</section>",
        words.code,
        section.example,
        escape(section.code.trim()),
        words.command,
        escape(&section.command),
        runs.join("\n")
    );
}

impl Section {
    fn told(&self, english: bool) -> &Told {
        if english { &self.en } else { &self.zh }
    }
}

/// Text with `code` and *emphasis*.
fn marked(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            let _ = write!(html, "<code>{}</code>", escape(part));
            continue;
        }
        for (index, part) in part.split('*').enumerate() {
            let part = escape(part);
            html.push_str(&if index % 2 == 1 { format!("<em>{part}</em>") } else { part });
        }
    }
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn words_are_marked_and_nothing_becomes_markup() {
        assert_eq!(marked("a `x < y` *b* & <i>"), "a <code>x &lt; y</code> <em>b</em> &amp; &lt;i&gt;");
    }
}
