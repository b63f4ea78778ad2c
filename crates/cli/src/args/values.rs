//! Words to values: what can be wrong with one word by itself.

use std::path::PathBuf;
use std::time::Duration;

use caviar_lab::{Part, parse_layers};

/// The units of the hidden layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden(pub Vec<usize>);

/// A share of the rows, a file, or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Share(pub Part);

/// `64,32`, or `none`.
pub fn hidden(text: &str) -> Result<Hidden, String> {
    parse_layers(text).map(Hidden).ok_or_else(|| {
        "must be whole numbers of at least 1, one for each layer, such as 64,32; or none for no hidden layer".to_owned()
    })
}

/// A whole number of at least 1.
pub fn count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "must be a whole number of at least 1".to_owned())
}

/// A whole number that everything random follows from.
pub fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("must be a whole number from 0 to {}", u64::MAX))
}

/// A number of further seeds.
pub fn seeds(text: &str) -> Result<u64, String> {
    let legal = text.parse().ok().filter(|count| *count <= 100);
    legal.ok_or_else(|| "must be a whole number from 0 to 100".to_owned())
}

/// A number of threads.
pub fn threads(text: &str) -> Result<usize, String> {
    let legal = text.parse().ok().filter(|count| (1..=1024).contains(count));
    legal.ok_or_else(|| "must be a whole number from 1 to 1024".to_owned())
}

/// A finite number: which ones are legal depends on the setting, and its own rule says so later.
pub fn number(text: &str) -> Result<f64, String> {
    text.parse::<f64>().map_err(|_| "must be a number".to_owned())
}

/// A rate or a limit: above 0.
pub fn positive(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value > 0.0 && value.is_finite() { Ok(value) } else { Err("must be above 0 and finite".to_owned()) }
}

/// A penalty: 0 or more.
pub fn not_negative(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value >= 0.0 && value.is_finite() { Ok(value) } else { Err("must be at least 0 and finite".to_owned()) }
}

/// A share or the weight of the past: from 0, below 1.
pub fn below_one(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if (0.0..1.0).contains(&value) { Ok(value) } else { Err("must be at least 0 and below 1".to_owned()) }
}

/// A share of the rows, a file of rows, or 0.
pub fn share(text: &str) -> Result<Share, String> {
    match text.parse::<f64>() {
        Ok(0.0) => Ok(Share(Part::None)),
        Ok(value) if value > 0.0 && value < 1.0 => Ok(Share(Part::Fraction(value))),
        Ok(_) => Err("must be at least 0 and below 1, or a file".to_owned()),
        Err(_) if text.is_empty() => Err("must be a share below 1, or a file".to_owned()),
        Err(_) => Ok(Share(Part::File(PathBuf::from(text)))),
    }
}

/// `on` or `off`.
pub fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be on or off".to_owned()),
    }
}

/// One letter that separates cells.
pub fn delimiter(text: &str) -> Result<u8, String> {
    match (text, text.as_bytes()) {
        ("tab" | "\\t", _) => Ok(b'\t'),
        (_, [one]) => Ok(*one),
        _ => Err("must be one ASCII character, or tab".to_owned()),
    }
}

/// `60s`, `2m`, `1.5h`, `500ms`; a number alone is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let error = || "must be a time such as 60s, 500ms, 2m or 1h, above 0".to_owned();
    let split = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(error()),
    };
    let value: f64 = number.trim().parse().map_err(|_| error())?;
    if value > 0.0 { Duration::try_from_secs_f64(value * seconds).map_err(|_| error()) } else { Err(error()) }
}

/// Two names of columns with a comma between them.
pub fn two_names(words: &str) -> Result<[String; 2], String> {
    match words.split(',').map(str::trim).collect::<Vec<_>>()[..] {
        [a, b] if !a.is_empty() && !b.is_empty() && a != b => Ok([a.to_owned(), b.to_owned()]),
        _ => Err("two different columns with a comma between them, such as age,income".to_owned()),
    }
}

/// `2GB`, `500MB`, `64KB` (of 1000), `2GiB` and so on (of 1024); a number alone is bytes.
pub fn size(text: &str) -> Result<u64, String> {
    let error = || "must be a size such as 500MB or 2GiB, above 0".to_owned();
    let split = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let bytes = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        _ => return Err(error()),
    };
    let value: f64 = number.trim().parse().map_err(|_| error())?;
    let whole = (value * bytes).floor();
    if (1.0..1e18).contains(&whole) { Ok(whole as u64) } else { Err(error()) }
}

#[cfg(test)]
mod tests {
    use super::{Hidden, Share, delimiter, duration, hidden, share, size};
    use caviar_lab::Part;
    use std::time::Duration;

    #[test]
    fn layers_are_counted() {
        assert_eq!(hidden("64, 32"), Ok(Hidden(vec![64, 32])));
        assert_eq!(hidden("none"), Ok(Hidden(Vec::new())));
        assert!(["0", "64,0", "", "64,", "-3", "1.5"].iter().all(|text| hidden(text).is_err()));
    }

    #[test]
    fn times_have_units() {
        for (text, milliseconds) in [("60s", 60_000), ("500ms", 500), ("1.5m", 90_000), ("1h", 3_600_000), ("7", 7000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)));
        }
        assert!(["0s", "-1s", "s", "5d", "1e999s", "NaN"].iter().all(|text| duration(text).is_err()));
    }

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [("2GB", 2_000_000_000), ("1.5kb", 1500), ("1GiB", 1 << 30), ("7", 7), ("3 MiB", 3 << 20)]
        {
            assert_eq!(size(text), Ok(bytes));
        }
        assert!(["0", "-1MB", "MB", "5XB", "1e99GB", "NaN", ""].iter().all(|text| size(text).is_err()));
    }

    #[test]
    fn a_share_is_a_number_or_a_file() {
        assert_eq!(share("0"), Ok(Share(Part::None)));
        assert_eq!(share("0.25"), Ok(Share(Part::Fraction(0.25))));
        assert_eq!(share("test.csv"), Ok(Share(Part::File("test.csv".into()))));
        assert!(["1", "1.5", "-0.1", "NaN", ""].iter().all(|text| share(text).is_err()));
    }

    #[test]
    fn a_delimiter_is_one_letter() {
        assert_eq!((delimiter("tab"), delimiter(";")), (Ok(b'\t'), Ok(b';')));
        assert!(delimiter(";;").is_err() && delimiter("").is_err());
    }
}
