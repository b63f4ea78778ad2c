//! From shapes to pixels.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::{Picture, PictureError};

/// Pixels to a unit: sharp on a dense screen and on paper.
const PIXELS: f32 = 2.0;
const FAMILY: &str = "Ubuntu";

impl Picture {
    /// The picture as a PNG file, two pixels to a unit; the same bytes on every machine.
    ///
    /// # Errors
    /// A picture that is too large.
    pub fn png(&self) -> Result<Vec<u8>, PictureError> {
        let failed = |what: String| PictureError::Raster { width: self.size.0, height: self.size.1, what };
        let options = Options { fontdb: font(), font_family: FAMILY.to_owned(), ..Options::default() };
        let tree = Tree::from_str(&self.svg(), &options).map_err(|error| failed(error.to_string()))?;
        let size = tree.size();
        let (width, height) = ((size.width() * PIXELS).ceil() as u32, (size.height() * PIXELS).ceil() as u32);
        let mut pixels = Pixmap::new(width, height).ok_or_else(|| failed("too large".to_owned()))?;
        resvg::render(&tree, Transform::from_scale(PIXELS, PIXELS), &mut pixels.as_mut());
        pixels.encode_png().map_err(|error| failed(error.to_string()))
    }
}

/// The font that the program brings, and no other: what a machine has besides must not show.
fn font() -> Arc<fontdb::Database> {
    static FONT: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
        fonts.set_sans_serif_family(FAMILY);
        Arc::new(fonts)
    };
    FONT.get_or_init(load).clone()
}

#[cfg(test)]
mod tests {
    use crate::picture::{LineChart, Series};

    #[test]
    fn pixels_are_the_same_again_and_of_twice_the_size() {
        let points = (0..20).map(|x| (f64::from(x), f64::from(x * x))).collect();
        let picture = LineChart::new("Squares", ("x", "x²")).with(Series::line("squares", points)).picture().unwrap();
        let png = picture.png().unwrap();
        assert_eq!(png, picture.png().unwrap());
        // Width and height stand after the signature, a length and IHDR.
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!((number(16), number(20)), (2 * (760 + 28), 2 * (420 + 43 + 14)));
    }
}
