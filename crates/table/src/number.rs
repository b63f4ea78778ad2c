//! What a cell says when it is read as a number.

/// The reading of one trimmed cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reading {
    /// A finite number; zero is never negative.
    Number(f64),
    /// An infinity in words, or digits beyond the range of f64.
    Infinite,
    /// `nan` in any case, with or without a sign.
    NotANumber,
    /// Anything else.
    Word,
}

/// Powers of ten that f64 holds exactly.
const EXACT_TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Reads `[+-] digits [. digits] [e [+-] digits]`, digits on at least one side of the point.
///
/// The result is the nearest f64. Separators of thousands, decimal commas, hexadecimal and units
/// make a word.
pub(crate) fn read(cell: &[u8]) -> Reading {
    read_with_places(cell).0
}

/// As [`read`], with the digits after the point of a number that is written plainly.
///
/// Plain is what `format!("{value:.places$}")` writes again: at most 15 digits, which f64 tells apart, no sign but the
/// minus of what is not zero, a digit before the point and one after it where there is one, no zero in front of others.
pub(crate) fn read_with_places(cell: &[u8]) -> (Reading, Option<u8>) {
    if let Some(whole) = plain_whole(cell) {
        return (Reading::Number(whole), Some(0));
    }
    let (negative, unsigned) = match cell {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, cell),
    };
    let Some(&first) = unsigned.first() else {
        return (Reading::Word, None);
    };
    if !first.is_ascii_digit() && first != b'.' {
        return (spelled(unsigned), None);
    }
    let Some(decimal) = Decimal::scan(unsigned) else {
        return (Reading::Word, None);
    };
    let size = match decimal.exact() {
        Some(size) => size,
        None => match std::str::from_utf8(unsigned).map(str::parse::<f64>) {
            Ok(Ok(size)) => size,
            _ => return (Reading::Word, None),
        },
    };
    if !size.is_finite() {
        return (Reading::Infinite, None);
    }
    let signed = cell.len() > unsigned.len();
    let plain = decimal.is_plain(unsigned) && (!signed || (negative && size > 0.0));
    let value = if negative { -size + 0.0 } else { size };
    (Reading::Number(value), plain.then_some(decimal.after_point as u8))
}

/// A whole number that is written plainly: what most cells are, read without looking for anything else.
fn plain_whole(cell: &[u8]) -> Option<f64> {
    let digits = cell.strip_prefix(b"-").unwrap_or(cell);
    let zero = *digits.first()? == b'0';
    if digits.len() > DIGITS || (zero && cell.len() > 1) {
        return None;
    }
    let mut size = 0_i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        size = size * 10 + i64::from(digit);
    }
    Some(if digits.len() < cell.len() { -size } else { size } as f64)
}

/// The words that float readers take for numbers.
fn spelled(unsigned: &[u8]) -> Reading {
    if unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity") {
        Reading::Infinite
    } else if unsigned.eq_ignore_ascii_case(b"nan") {
        Reading::NotANumber
    } else {
        Reading::Word
    }
}

/// Digits of a number, as long as they are few and no exponent follows.
struct Decimal {
    digits: u64,
    count: usize,
    after_point: usize,
    exponent: bool,
}

/// More digits than these are not all held by f64.
const DIGITS: usize = 15;

impl Decimal {
    /// Checks the form; `None` is a word.
    fn scan(text: &[u8]) -> Option<Decimal> {
        let mut digits = 0_u64;
        let mut count = 0_usize;
        let mut point = None;
        for (at, &byte) in text.iter().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    digits = digits.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                    count += 1;
                }
                b'.' if point.is_none() => point = Some(count),
                b'e' | b'E' if count > 0 => {
                    let exponent = &text[at + 1..];
                    let unsigned =
                        exponent.strip_prefix(b"-").or_else(|| exponent.strip_prefix(b"+")).unwrap_or(exponent);
                    let legal = !unsigned.is_empty() && unsigned.iter().all(u8::is_ascii_digit);
                    return legal.then_some(Decimal { digits: 0, count, after_point: 0, exponent: true });
                }
                _ => return None,
            }
        }
        let after_point = point.map_or(0, |before| count - before);
        (count > 0).then_some(Decimal { digits, count, after_point, exponent: false })
    }

    /// The nearest f64 where one division of exact numbers gives it.
    fn exact(&self) -> Option<f64> {
        let small = !self.exponent && self.count <= 19 && self.digits <= 1 << 53;
        let tens = EXACT_TENS.get(self.after_point).filter(|_| small)?;
        Some(if self.after_point == 0 { self.digits as f64 } else { self.digits as f64 / tens })
    }

    fn is_plain(&self, unsigned: &[u8]) -> bool {
        let before_point = self.count - self.after_point;
        !self.exponent
            && self.count <= DIGITS
            && before_point > 0
            && (before_point == 1 || unsigned[0] != b'0')
            && unsigned[unsigned.len() - 1] != b'.'
    }
}

#[cfg(test)]
mod tests {
    use super::{Reading, read, read_with_places};
    use proptest::prelude::{any, prop_assert_eq, proptest};

    #[test]
    fn numbers_are_read_in_every_plain_form() {
        for (cell, value) in [
            ("0", 0.0),
            ("-0", 0.0),
            ("007", 7.0),
            ("+1.5", 1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("-1e3", -1000.0),
            ("1E-3", 0.001),
            ("9007199254740993", 9007199254740992.0),
            ("0.1", 0.1),
            ("123456789012345678901234567890", 1.2345678901234568e29),
        ] {
            assert_eq!(read(cell.as_bytes()), Reading::Number(value), "{cell}");
        }
        assert!(matches!(read(b"-0"), Reading::Number(zero) if zero.is_sign_positive()));
    }

    #[test]
    fn words_infinities_and_nan_are_told_apart() {
        for cell in ["", "-", ".", "e5", "1e", "1e+", "1.2.3", "1,5", "0x1F", "1 000", "5%", "1_0"] {
            assert_eq!(read(cell.as_bytes()), Reading::Word, "{cell}");
        }
        for cell in ["inf", "-INF", "+Infinity", "1e400", "-1e309"] {
            assert_eq!(read(cell.as_bytes()), Reading::Infinite, "{cell}");
        }
        for cell in ["nan", "NaN", "-NAN"] {
            assert_eq!(read(cell.as_bytes()), Reading::NotANumber, "{cell}");
        }
    }

    proptest! {
        #[test]
        fn every_finite_number_printed_is_read_back(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            for text in [format!("{value}"), format!("{value:e}")] {
                prop_assert_eq!(read(text.as_bytes()), Reading::Number(value + 0.0));
            }
        }

        #[test]
        fn short_decimals_are_the_nearest_numbers(whole in 0_u64..10_000_000_000, part in 0_u64..1_000_000_000) {
            let text = format!("{whole}.{part:09}");
            prop_assert_eq!(read(text.as_bytes()), Reading::Number(text.parse().unwrap()));
        }
    }
    use proptest::strategy::Strategy;

    #[test]
    fn what_is_written_plainly_is_written_again_and_nothing_else_counts_as_such() {
        for plain in ["0", "7", "-3", "0.50", "-0.5", "123456789012345", "12.000", "0.00000000000001"] {
            let (Reading::Number(value), Some(places)) = read_with_places(plain.as_bytes()) else { panic!("{plain}") };
            assert_eq!(format!("{value:.0$}", usize::from(places)), plain);
        }
        for other in ["007", "00.5", "+1", "-0", "-0.0", ".5", "5.", "1e3", "1234567890123456"] {
            assert!(matches!(read_with_places(other.as_bytes()), (Reading::Number(_), None)), "{other}");
        }
    }
}
