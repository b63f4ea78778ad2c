//! Pictures of a model's figures on a table.

use super::{matrix, rates, scatter};
use crate::evaluate::Evaluated;
use crate::picture::{Kind, Picture};

impl Evaluated {
    /// What is drawn where nothing is said: for classes the confusion matrix, else predicted against true values.
    pub fn first_picture(&self) -> Kind {
        if self.confusion.is_some() { Kind::Confusion } else { Kind::Predicted }
    }

    /// One of the pictures of answers; nothing for the kinds that show a training, and where the answers are no such.
    pub fn picture(&self, kind: Kind) -> Option<Picture> {
        match kind {
            Kind::Confusion => self.confusion.as_ref().and_then(|found| matrix::picture(&found.classes, &found.counts)),
            Kind::Predicted => scatter::predicted(&self.pairs),
            Kind::Residuals => scatter::residuals(&self.pairs),
            Kind::Roc => rates::roc(&self.roc),
            Kind::PrecisionRecall => rates::precision_recall(&self.precision_recall),
            Kind::Calibration => rates::calibration(&self.calibration),
            Kind::Curves
            | Kind::Settings
            | Kind::Parallel
            | Kind::Mattered
            | Kind::TimeLine
            | Kind::Importance
            | Kind::Boundary => None,
        }
    }
}
