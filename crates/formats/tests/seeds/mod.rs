//! Files that other programs have written (`fixtures/arrays.py`), with what is in them.

use serde::Deserialize;

/// One array of a file.
#[derive(Deserialize)]
pub struct Contents {
    pub name: String,
    pub shape: Vec<usize>,
    pub kind: String,
    #[serde(default)]
    pub values: Vec<f64>,
    #[serde(default)]
    pub texts: Vec<String>,
}

/// One file.
#[derive(Deserialize)]
pub struct Seed {
    pub name: String,
    #[serde(rename = "bytes", deserialize_with = "hexadecimal")]
    pub bytes: Vec<u8>,
    pub arrays: Vec<Contents>,
}

#[derive(Deserialize)]
struct Seeds {
    cases: Vec<Seed>,
}

/// All of them.
pub fn seeds() -> Vec<Seed> {
    serde_json::from_str::<Seeds>(include_str!("../../../../fixtures/arrays.json")).unwrap().cases
}

fn hexadecimal<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(input)?;
    Ok((0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect())
}
