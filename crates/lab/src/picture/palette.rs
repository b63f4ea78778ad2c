//! The colors of pages and pictures, in light and in dark, and the style of the shapes.

use std::fmt::Write;

/// Classes and series have so many colors; beyond them they begin anew.
pub(crate) const COLORS: usize = 8;
/// Scores have so many, from the worst to the best.
pub(crate) const LEVELS: usize = 6;

/// Name, in light, in dark. Texts and `quiet` reach a contrast of 4.5 on `ground` and `raised`; the colors of classes
/// stay apart for eyes that do not tell red from green (after Okabe and Ito). `q0` to `q5` are the scores, from dull to strong.
const PALETTE: [(&str, &str, &str); 23] = [
    ("ground", "#ffffff", "#12161c"),
    ("raised", "#f5f7f9", "#1a2028"),
    ("line", "#dfe3e8", "#2d3540"),
    ("text", "#1b2330", "#e6eaf0"),
    ("quiet", "#5a6472", "#9aa5b5"),
    ("accent", "#0b63c5", "#6cb2ff"),
    ("on-accent", "#ffffff", "#0b1016"),
    ("loser", "#7d8898", "#8b97a8"),
    ("miss", "#c2410c", "#ff9d6b"),
    ("c0", "#0b63c5", "#6cb2ff"),
    ("c1", "#d55e00", "#ff9552"),
    ("c2", "#00876c", "#3fcfa8"),
    ("c3", "#b0519b", "#e79ad4"),
    ("c4", "#a07c00", "#e6c54a"),
    ("c5", "#2a94c4", "#8fd8ff"),
    ("c6", "#7a1f4d", "#e06b95"),
    ("c7", "#5f6b7a", "#aab4c2"),
    ("q0", "#8a7a60", "#857a68"),
    ("q1", "#7d838d", "#8a929d"),
    ("q2", "#53848a", "#7fb0b4"),
    ("q3", "#2f86ad", "#5fb6dc"),
    ("q4", "#1a75c9", "#58a6f5"),
    ("q5", "#0a3f94", "#c3e3ff"),
];

/// The style of the shapes, with `var(--name)` for colors.
const SHAPES: &str = include_str!("shapes.css");

/// The declarations of the colors in light.
pub(crate) fn light() -> String {
    declarations(|(_, light, _)| light)
}

/// The declarations of the colors in dark.
pub(crate) fn dark() -> String {
    declarations(|(_, _, dark)| dark)
}

fn declarations(pick: impl Fn((&'static str, &'static str, &'static str)) -> &'static str) -> String {
    PALETTE.iter().fold(String::new(), |mut css, color| {
        let _ = write!(css, "--{}:{};", color.0, pick(*color));
        css
    })
}

/// The style of the shapes for a page, which declares the colors.
pub(crate) fn shapes() -> String {
    let mut css = SHAPES.to_owned();
    for level in 0..LEVELS {
        let _ = writeln!(css, ".q{level} {{ stroke: var(--q{level}); }}");
    }
    for color in 0..COLORS {
        let _ = writeln!(css, ".f{color} {{ fill: var(--c{color}); }} .k{color} {{ stroke: var(--c{color}); }}");
    }
    css
}

/// The style of the shapes with the colors of light put in, for a picture that stands alone.
pub(super) fn fixed() -> String {
    PALETTE.iter().fold(shapes(), |css, (name, light, _)| css.replace(&format!("var(--{name})"), light))
}

#[cfg(test)]
mod tests {
    use super::{PALETTE, fixed};

    /// Relative luminance of sRGB, WCAG 2.2.
    fn luminance(color: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn letters_are_readable_and_shapes_are_seen_in_both_themes() {
        let color = |name: &str| *PALETTE.iter().find(|color| color.0 == name).unwrap();
        for ground in ["ground", "raised"] {
            let (_, light, dark) = color(ground);
            for (name, in_light, in_dark) in PALETTE {
                let least = match name {
                    "text" | "quiet" | "accent" | "miss" => 4.5,
                    "ground" | "raised" | "line" | "on-accent" => continue,
                    _ => 3.0,
                };
                assert!(contrast(light, in_light) >= least, "{name} in light on {ground}");
                assert!(contrast(dark, in_dark) >= least, "{name} in dark on {ground}");
            }
        }
        assert!(contrast(color("accent").1, color("on-accent").1) >= 4.5);
        assert!(contrast(color("accent").2, color("on-accent").2) >= 4.5);
    }

    #[test]
    fn a_picture_that_stands_alone_has_no_variables() {
        assert!(!fixed().contains("var("));
    }
}
