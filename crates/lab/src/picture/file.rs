//! Which picture goes into which file, in one word: `curves.svg`, `roc:figures/left.png`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Loss by epoch of every trial.
    Curves,
    /// Settings against the score.
    Settings,
    /// All trials over their settings: parallel coordinates.
    Parallel,
    /// How much of the differences between scores each setting explains.
    Mattered,
    /// Which thread worked on which trial when.
    TimeLine,
    /// Which classes were taken for which.
    Confusion,
    /// Predicted against true values.
    Predicted,
    /// How the errors of predicted values are spread.
    Residuals,
    /// False and true positives over all thresholds.
    Roc,
    /// Recall and precision over all thresholds.
    PrecisionRecall,
    /// Whether the probabilities hold.
    Calibration,
    /// How much the network leans on each column.
    Importance,
    /// What the network says over the plane of two columns.
    Boundary,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 13] = [
        Kind::Curves,
        Kind::Settings,
        Kind::Parallel,
        Kind::Mattered,
        Kind::TimeLine,
        Kind::Confusion,
        Kind::Predicted,
        Kind::Residuals,
        Kind::Roc,
        Kind::PrecisionRecall,
        Kind::Calibration,
        Kind::Importance,
        Kind::Boundary,
    ];

    /// Its word: `curves`, `precision-recall`, ...
    pub fn name(self) -> &'static str {
        match self {
            Kind::Curves => "curves",
            Kind::Settings => "settings",
            Kind::Parallel => "parallel",
            Kind::Mattered => "mattered",
            Kind::TimeLine => "time-line",
            Kind::Confusion => "confusion",
            Kind::Predicted => "predicted",
            Kind::Residuals => "residuals",
            Kind::Roc => "roc",
            Kind::PrecisionRecall => "precision-recall",
            Kind::Calibration => "calibration",
            Kind::Importance => "importance",
            Kind::Boundary => "boundary",
        }
    }

    fn named(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Shapes.
    Svg,
    /// Pixels.
    Png,
}

impl Format {
    /// By the ending of a name.
    ///
    /// # Errors
    /// Another ending than `.svg` and `.png`.
    pub fn of(path: &Path) -> Result<Format, PictureFileError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("svg") => Ok(Format::Svg),
            Some("png") => Ok(Format::Png),
            _ => Err(PictureFileError::Ending { path: path.to_owned() }),
        }
    }
}

/// A file for a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureFile {
    /// What it shows, where the word says so: by a prefix, or by the file's name without its ending.
    pub kind: Option<Kind>,
    /// The file.
    pub path: PathBuf,
    /// How it is written.
    pub format: Format,
}

/// A word that names no file for a picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PictureFileError {
    /// Another ending.
    #[error("`{}`: a picture is a .svg or a .png", path.display())]
    Ending {
        /// The file.
        path: PathBuf,
    },
}

impl FromStr for PictureFile {
    type Err = PictureFileError;

    /// `FILE` or `KIND:FILE`.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let prefixed = word.split_once(':').and_then(|(kind, file)| Some((Kind::named(kind)?, file)));
        let path = PathBuf::from(prefixed.map_or(word, |(_, file)| file));
        let stem = || Kind::named(&path.file_stem()?.to_string_lossy().to_lowercase());
        let kind = prefixed.map(|(kind, _)| kind).or_else(stem);
        let format = Format::of(&path)?;
        Ok(PictureFile { kind, path, format })
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, Kind, PictureFile, PictureFileError};
    use std::path::Path;

    #[test]
    fn a_picture_is_chosen_by_a_prefix_or_by_the_name_of_the_file() {
        let file = |word: &str| word.parse::<PictureFile>().map(|file| (file.kind, file.path, file.format));
        assert_eq!(file("out/curves.svg"), Ok((Some(Kind::Curves), Path::new("out/curves.svg").into(), Format::Svg)));
        assert_eq!(file("roc:left.PNG"), Ok((Some(Kind::Roc), Path::new("left.PNG").into(), Format::Png)));
        assert_eq!(file("C:/fig.png"), Ok((None, Path::new("C:/fig.png").into(), Format::Png)));
        assert_eq!(file("roc.pdf"), Err(PictureFileError::Ending { path: "roc.pdf".into() }));
        assert_eq!(file("roc:").unwrap_err().to_string(), "``: a picture is a .svg or a .png");
        for kind in Kind::ALL {
            assert_eq!(file(&format!("{kind}.svg")).unwrap().0, Some(kind));
        }
    }
}
