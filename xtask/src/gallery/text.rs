//! The text of the gallery as it stands in `docs/gallery/sections.toml`.

use serde::Deserialize;

/// The whole text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sections {
    pub page: Page,
    pub section: Vec<Section>,
    pub framework: Vec<Framework>,
}

/// What a page says beside its sections, in both languages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    pub en: Words,
    pub zh: Words,
}

/// The words of a page in one language.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    pub language: String,
    pub file: String,
    pub title: String,
    pub lead: String,
    pub contents: String,
    pub formula: String,
    pub wrong: String,
    pub code: String,
    pub command: String,
    pub frameworks: String,
    /// What the link to the other language says.
    pub other: String,
}

/// One technique.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Its row in the list of techniques.
    pub row: u32,
    /// The program that has the code.
    pub example: String,
    /// Programs that draw further pictures.
    #[serde(default)]
    pub also: Vec<String>,
    pub formula: String,
    pub code: String,
    pub command: String,
    pub en: Told,
    pub zh: Told,
    pub picture: Vec<Picture>,
}

/// What is said of a technique, in one language.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    pub title: String,
    pub text: String,
    pub wrong: Option<String>,
}

/// A picture and its captions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// Its file, without `.svg`.
    pub file: String,
    /// Whether it shows times, which differ from run to run.
    #[serde(default)]
    pub measured: bool,
    pub en: String,
    pub zh: String,
}

/// A row of the table of frameworks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    pub name: String,
    pub en: String,
    pub zh: String,
}

impl Sections {
    /// From the text of the file; what one language says, the other must, too.
    pub fn from_text(source: &str) -> Result<Sections, String> {
        let sections: Sections = toml::from_str(source).map_err(|error| error.to_string())?;
        let lonely = sections.section.iter().find(|section| section.en.wrong.is_some() != section.zh.wrong.is_some());
        match lonely {
            Some(section) => Err(format!("row {}: `wrong` stands in one language only", section.row)),
            None => Ok(sections),
        }
    }

    /// All pictures, in order.
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.section.iter().flat_map(|section| &section.picture)
    }
}

#[cfg(test)]
mod tests {
    use super::Sections;

    #[test]
    fn a_text_in_one_language_alone_is_refused() {
        let source = include_str!("../../../docs/gallery/sections.toml");
        assert!(Sections::from_text(source).is_ok());
        let first = source.find("\nwrong = \"The correction").unwrap();
        let rest = &source[first + 1..];
        let without = format!("{}{}", &source[..first], &rest[rest.find('\n').unwrap()..]);
        let problem = Sections::from_text(&without).err().unwrap();
        assert!(problem.contains("row 3"), "{problem}");
        let untitled = source.replacen("title = \"小批量梯度下降\"", "", 1);
        assert!(Sections::from_text(&untitled).err().unwrap().contains("title"));
    }
}
