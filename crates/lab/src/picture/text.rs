//! Words and numbers as a page shows them.

/// Text with everything escaped that means something in HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter if letter.is_control() && letter != '\n' => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

/// A number with four significant digits, without an exponent where it is of ordinary size.
pub(crate) fn figure(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..1e6).contains(&size) {
        let text = format!("{value:.2e}");
        return text.replace(".00e", "e");
    }
    let decimals = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A figure with all its four digits, so that columns line up.
pub(crate) fn score(value: Option<f64>) -> String {
    match value {
        Some(value) if value.is_finite() && value.abs() < 1e4 => {
            let text = format!("{value:.4}");
            if text == "-0.0000" { "0.0000".to_owned() } else { text }
        }
        Some(value) => figure(value),
        None => "–".to_owned(),
    }
}

/// About how wide a text is, in letters of `size`.
pub(crate) fn width_of(text: &str, size: f64) -> f64 {
    let of = |letter: char| match letter {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' | 'I' | 't' | 'f' | 'r' => 0.34,
        'm' | 'w' | 'M' | 'W' | '@' => 0.86,
        letter if letter.is_uppercase() => 0.68,
        letter if letter.is_ascii() => 0.56,
        _ => 0.9,
    };
    text.chars().map(of).sum::<f64>() * size
}

/// A text that fits into `width` units, cut with an ellipsis where it is longer.
pub(crate) fn fitting(text: &str, size: f64, width: f64) -> String {
    if width_of(text, size) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        kept.push(letter);
        if width_of(&kept, size) + size > width {
            break;
        }
    }
    kept.push('…');
    kept
}

/// A coordinate, short.
pub(crate) fn place(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{escape, figure, fitting, place, score, width_of};

    #[test]
    fn nothing_from_a_table_becomes_markup() {
        assert_eq!(escape("<script>'a' & \"b\"\u{0}"), "&lt;script&gt;&#39;a&#39; &amp; &quot;b&quot;\u{fffd}");
    }

    #[test]
    fn figures_have_four_digits() {
        let shown = [0.0, 0.25, 12.3456, 1234.6, 0.0004, 1e9, -3.0, f64::NAN].map(figure);
        assert_eq!(shown, ["0", "0.25", "12.35", "1235", "4e-4", "1e9", "-3", "–"].map(str::to_owned));
        assert_eq!((score(Some(0.5)), score(Some(-1e-9))), ("0.5000".to_owned(), "0.0000".to_owned()));
        assert_eq!((place(3.04), place(3.25)), ("3".to_owned(), "3.2".to_owned()));
    }

    #[test]
    fn a_long_name_is_cut_to_its_room() {
        assert_eq!(fitting("short", 12.0, 100.0), "short");
        let cut = fitting(&"name".repeat(100), 12.0, 100.0);
        assert!(cut.ends_with('…') && width_of(&cut, 12.0) < 110.0, "{cut}");
    }
}
