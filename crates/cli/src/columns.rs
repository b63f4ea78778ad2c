//! Plain text in columns.

/// To which side a column leans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Lines of cells, each column as wide as its widest cell, two spaces between.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    sides: Vec<Side>,
    lines: Vec<Vec<String>>,
}

impl Columns {
    /// Without lines.
    pub fn new(sides: Vec<Side>) -> Self {
        Columns { sides, lines: Vec::new() }
    }

    /// One line more.
    pub fn push(&mut self, line: Vec<String>) {
        self.lines.push(line);
    }

    /// The lines, without spaces at their ends.
    pub fn lines(&self) -> Vec<String> {
        let length = |cell: &String| cell.chars().count();
        let widths: Vec<usize> = (0..self.sides.len())
            .map(|at| self.lines.iter().filter_map(|line| line.get(at)).map(length).max().unwrap_or(0))
            .collect();
        let cell = |(text, (side, width)): (&String, (&Side, &usize))| match side {
            Side::Left => format!("{text:<width$}"),
            Side::Right => format!("{text:>width$}"),
        };
        let whole = |line: &Vec<String>| {
            let cells: Vec<String> = line.iter().zip(self.sides.iter().zip(&widths)).map(cell).collect();
            cells.join("  ").trim_end().to_owned()
        };
        self.lines.iter().map(whole).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Columns, Side};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut columns = Columns::new(vec![Side::Left, Side::Right, Side::Left]);
        columns.push(["a", "10", "x"].map(str::to_owned).to_vec());
        columns.push(["ébc", "9", ""].map(str::to_owned).to_vec());
        assert_eq!(columns.lines(), ["a    10  x", "ébc   9"]);
    }
}
