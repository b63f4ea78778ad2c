//! Dates in words.
//!
//! Understood, each with or without a time of day (`04:05`, `04:05:06.5`, `4:05 PM`, then `Z`, `UTC` or an offset, which is
//! passed over: the date and hour are those of the place):
//!
//! | form | |
//! |---|---|
//! | `2011-01-03`, `2011/1/3`, `2011.01.03` | year first |
//! | `Jan 3 2011`, `January 3, 2011`, `Mon Jan 3 2011` | month in letters |
//! | `3 Jan 2011`, `3-Jan-2011` | month in letters |
//! | `3.1.2011` | day first |
//! | `3/1/2011`, `3-1-2011` | day or month first, which only a whole column can tell |
//!
//! Years have four digits.

use serde::{Deserialize, Serialize};

/// What comes first in dates such as `3/1/2011`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// The third of January.
    DayFirst,
    /// The first of March.
    MonthFirst,
}

/// A day of the Gregorian calendar with a time of day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment {
    /// From 1 to 9999.
    pub(crate) year: i32,
    /// From 1.
    pub(crate) month: u8,
    /// Days since 1970-01-01.
    pub(crate) day: i32,
    /// Hours since midnight, minutes and seconds as parts of them.
    pub(crate) hour: f64,
}

impl Moment {
    /// From 1, Monday, to 7.
    pub(crate) fn weekday(&self) -> u8 {
        (self.day + 3).rem_euclid(7) as u8 + 1 // 1970-01-01 was a Thursday
    }

    fn new(year: u32, month: u32, day: u32, hour: f64) -> Option<Moment> {
        const BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
        let days = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=9999).contains(&year) || !(1..=days).contains(&day) {
            return None;
        }
        let past = year - 1;
        let leaps = past / 4 - past / 100 + past / 400 + u32::from(leap && month > 2);
        let number = past * 365 + leaps + BEFORE[month as usize - 1] + day - 1;
        Some(Moment { year: year as i32, month: month as u8, day: number as i32 - 719_162, hour })
    }
}

/// A word read as a date.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reading {
    /// One meaning only.
    Clear(Moment),
    /// Two numbers, day and month in one order or the other.
    Numbers { first: u32, second: u32, year: u32, hour: f64 },
}

/// What a word means in this order, which not every word needs.
pub(crate) fn moment(word: &str, order: DateOrder) -> Option<Moment> {
    match (read(word)?, order) {
        (Reading::Clear(moment), _) => Some(moment),
        (Reading::Numbers { first, second, year, hour }, DateOrder::DayFirst) => Moment::new(year, second, first, hour),
        (Reading::Numbers { first, second, year, hour }, DateOrder::MonthFirst) => {
            Moment::new(year, first, second, hour)
        }
    }
}

/// Whether a word is a date in some order.
pub(crate) fn is_date(word: &str) -> bool {
    moment(word, DateOrder::DayFirst).or_else(|| moment(word, DateOrder::MonthFirst)).is_some()
}

/// The order in which all words of a column are dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Some word is none.
    NoDates,
    /// This one; where no word needs it, day first.
    Order(DateOrder),
    /// Both, with different meanings.
    Either,
}

/// The order of a column with these words.
pub(crate) fn order<'a>(words: impl Iterator<Item = &'a str>) -> Found {
    let (mut day_first, mut month_first, mut differ, mut any) = (true, true, false, false);
    for word in words {
        let [day, month] = [DateOrder::DayFirst, DateOrder::MonthFirst].map(|order| moment(word, order));
        day_first &= day.is_some();
        month_first &= month.is_some();
        differ |= day != month;
        any = true;
        if !day_first && !month_first {
            return Found::NoDates;
        }
    }
    match (day_first, month_first) {
        _ if !any => Found::NoDates,
        (true, true) if differ => Found::Either,
        (true, _) => Found::Order(DateOrder::DayFirst),
        _ => Found::Order(DateOrder::MonthFirst),
    }
}

fn read(word: &str) -> Option<Reading> {
    let mut text = Text(word.as_bytes());
    if word.len() < 8 || word.len() > 40 {
        return None;
    }
    let first = text.0.first()?;
    if first.is_ascii_alphabetic() { letters_first(&mut text) } else { digits_first(&mut text) }
}

fn digits_first(text: &mut Text<'_>) -> Option<Reading> {
    let (first, digits) = text.number()?;
    let separator = text.one_of(b"-/. ")?;
    if let Some(month) = text.month() {
        let (year, 4) = text.skip(b"-/. ,").number()? else { return None };
        return (digits <= 2).then_some(Reading::Clear(Moment::new(year, month, first, text.time()?)?));
    }
    let (second, 1..=2) = text.number()? else { return None };
    if separator == b' ' || text.one_of(&[separator]).is_none() {
        return None;
    }
    let (third, last_digits) = text.number()?;
    let hour = text.time()?;
    match (digits, last_digits) {
        (4, 1..=2) => Some(Reading::Clear(Moment::new(first, second, third, hour)?)),
        (1..=2, 4) if separator == b'.' => Some(Reading::Clear(Moment::new(third, second, first, hour)?)),
        (1..=2, 4) => Some(Reading::Numbers { first, second, year: third, hour }),
        _ => None,
    }
}

fn letters_first(text: &mut Text<'_>) -> Option<Reading> {
    if text.weekday() {
        text.skip(b", ");
        if text.0.first()?.is_ascii_digit() {
            return digits_first(text);
        }
    }
    let month = text.month()?;
    let (day, 1..=2) = text.skip(b"-/. ").number()? else { return None };
    let (year, 4) = text.skip(b"-/. ,").number()? else { return None };
    Some(Reading::Clear(Moment::new(year, month, day, text.time()?)?))
}

/// What is left to read of a word.
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    /// A number of at most nine digits, and how many they are.
    fn number(&mut self) -> Option<(u32, usize)> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return None;
        }
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        Some((number.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')), digits))
    }

    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        wanted.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn skip(&mut self, unwanted: &[u8]) -> &mut Self {
        while self.one_of(unwanted).is_some() {}
        self
    }

    /// One of these names, in full or its first three letters, as a number from 1.
    fn name(&mut self, names: &[&str]) -> Option<u32> {
        let letters = self.0.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (word, rest) = self.0.split_at(letters);
        let is = |name: &&str| {
            let name = name.as_bytes();
            word.eq_ignore_ascii_case(name) || (letters == 3 && word.eq_ignore_ascii_case(&name[..3]))
        };
        let at = names.iter().position(is)?;
        self.0 = rest;
        Some(at as u32 + 1)
    }

    fn month(&mut self) -> Option<u32> {
        const MONTHS: [&str; 12] = [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ];
        self.name(&MONTHS)
    }

    fn weekday(&mut self) -> bool {
        const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        self.name(&DAYS).is_some()
    }

    /// The rest as a time of day in hours: 0 where there is nothing left, `None` where there is something else.
    fn time(&mut self) -> Option<f64> {
        if self.0.is_empty() {
            return Some(0.0);
        }
        self.one_of(b"Tt ")?;
        self.skip(b" ");
        let (mut hour, 1..=2) = self.number()? else { return None };
        self.one_of(b":")?;
        let (minute, 2) = self.number()? else { return None };
        let mut seconds = 0.0;
        if self.one_of(b":").is_some() {
            let (second, 2) = self.number()? else { return None };
            seconds = f64::from(second);
            if self.one_of(b".,").is_some() {
                let (part, digits) = self.number()?;
                seconds += f64::from(part) / 10_f64.powi(digits as i32);
            }
        }
        self.skip(b" ");
        if let Some(half) = self.one_of(b"AaPp") {
            self.one_of(b"Mm")?;
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if half.eq_ignore_ascii_case(&b'p') { 12 } else { 0 };
        }
        self.zone()?;
        (hour < 24 && minute < 60 && seconds < 61.0)
            .then(|| f64::from(hour) + f64::from(minute) / 60.0 + seconds / 3600.0)
    }

    fn zone(&mut self) -> Option<()> {
        self.skip(b" ");
        let utc = [b"Z".as_slice(), b"UTC", b"GMT"].iter().any(|zone| self.0.eq_ignore_ascii_case(zone));
        if utc || self.0.is_empty() {
            return Some(());
        }
        self.one_of(b"+-")?;
        let (_, digits) = self.number()?;
        if digits == 2 && self.one_of(b":").is_some() {
            self.number().filter(|(_, digits)| *digits == 2)?;
        } else if digits != 2 && digits != 4 {
            return None;
        }
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::{DateOrder, Found, Moment, is_date, moment, order};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    fn of(word: &str) -> Option<(i32, u8, i32, u8, f64)> {
        let Moment { year, month, day, hour } = moment(word, DateOrder::DayFirst)?;
        Some((year, month, day, moment(word, DateOrder::DayFirst)?.weekday(), hour))
    }

    #[test]
    fn every_form_of_a_day_is_that_day() {
        // 2011-01-03 was a Monday, 14,977 days after 1970-01-01 (41 years of 365 days, 10 leap days, 2 days).
        let expected = Some((2011, 1, 14_977, 1, 0.0));
        for word in [
            "2011-01-03",
            "2011/1/3",
            "2011.01.03",
            "3/1/2011",
            "03-01-2011",
            "3.1.2011",
            "Jan 3 2011",
            "January 3, 2011",
            "3 Jan 2011",
            "3-JAN-2011",
            "Mon Jan 3 2011",
            "Monday, 3 January 2011",
            "2011-01-03 00:00",
            "2011-01-03T00:00:00Z",
        ] {
            assert_eq!(of(word), expected, "{word}");
        }
        assert_eq!(of("1970-01-01"), Some((1970, 1, 0, 4, 0.0)));
        assert_eq!(of("2000-02-29").map(|date| date.2), Some(11_016)); // 30 years, 7 leap days, 31 + 28 days
        assert_eq!(of("1900-03-01").map(|date| date.2), Some(-25_508)); // 70 years, 17 leap days, less 31 + 28 days
    }

    #[test]
    fn times_of_day_are_hours() {
        for (word, hour) in [
            ("2011-01-03T18:30", 18.5),
            ("2011-01-03 18:30:00.000", 18.5),
            ("2011-01-03 6:30 PM", 18.5),
            ("2011-01-03 12:15am", 0.25),
            ("2011-01-03T18:30:00+02:00", 18.5),
            ("Jan 3 2011 18:30 UTC", 18.5),
            ("3/1/2011 18:30:00 -0800", 18.5),
        ] {
            assert_eq!(of(word).map(|date| (date.2, date.4)), Some((14_977, hour)), "{word}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for word in [
            "",
            "2011",
            "20110103",
            "2011-13-01",
            "2011-02-29",
            "2011-00-10",
            "2011-01-32",
            "1-2-3",
            "3/1/11",
            "12:30:00",
            "2011-01/03",
            "2011-01-03x",
            "2011-01-03 25:00",
            "2011-01-03 1:5",
            "Janu 3 2011",
            "may",
            "march 2011",
            "1.2.3.4",
            "010-1234-567",
            "99/99/2011",
            "2011-01-03 18:30:00+",
            "é 3 Jan 2011",
            "1/2/20111",
        ] {
            assert!(!is_date(word), "{word}");
        }
    }

    #[test]
    fn the_whole_column_tells_day_from_month() {
        let of = |words: &[&str]| order(words.iter().copied());
        assert_eq!(of(&["1/2/2011", "13/2/2011"]), Found::Order(DateOrder::DayFirst));
        assert_eq!(of(&["1/2/2011", "2/13/2011"]), Found::Order(DateOrder::MonthFirst));
        assert_eq!(of(&["1/2/2011", "3/2/2011"]), Found::Either);
        assert_eq!(of(&["1/1/2011", "2/2/2011", "2011-03-04"]), Found::Order(DateOrder::DayFirst));
        assert_eq!(of(&["13/2/2011", "2/13/2011"]), Found::NoDates);
        assert_eq!(of(&["2011-03-04", "soon"]), Found::NoDates);
        assert_eq!(of(&[]), Found::NoDates);
    }

    proptest! {
        #[test]
        fn days_follow_one_another(year in 1_u32..9999, month in 1_u32..13, day in 1_u32..32) {
            let Some(today) = Moment::new(year, month, day, 0.0) else { return Ok(()) };
            let next = Moment::new(year, month, day + 1, 0.0)
                .or_else(|| Moment::new(year, month + 1, 1, 0.0))
                .or_else(|| Moment::new(year + 1, 1, 1, 0.0));
            prop_assert_eq!(next.map(|next| (next.day, next.weekday())), Some((today.day + 1, today.weekday() % 7 + 1)));
            prop_assert_eq!(moment(&format!("{year:04}-{month}-{day}"), DateOrder::MonthFirst), Some(today));
        }

        #[test]
        fn no_word_panics(word in any::<String>(), date in "[0-9JanTZ:./ +-]{0,30}") {
            prop_assert!(!is_date(&(word + "!")));
            let _ = is_date(&date);
        }
    }
}
