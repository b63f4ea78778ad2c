//! A picture in the midst of a terminal's lines, drawn again and again in its place.

use std::io::{self, Write};

use ratatui::backend::IntoCrossterm;
use ratatui::buffer::{Buffer, Cell};
use ratatui::crossterm::cursor::{Hide, MoveToColumn, MoveUp, Show};
use ratatui::crossterm::style::{Attribute, Print, SetAttribute, SetForegroundColor};
use ratatui::crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, disable_raw_mode, enable_raw_mode,
    is_raw_mode_enabled,
};
use ratatui::crossterm::{execute, queue};
use ratatui::style::{Color, Modifier};

/// A terminal that hands over every key; it is itself again when this is dropped.
#[derive(Debug)]
pub struct Raw(());

impl Raw {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Standard input that is no terminal.
    pub fn enter() -> io::Result<Raw> {
        enable_raw_mode()?;
        let raw = Raw(());
        execute!(io::stderr(), Hide)?;
        Ok(raw)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back if it was taken; for the ways out of the program that drop nothing.
pub fn restore() {
    if is_raw_mode_enabled().unwrap_or(false) {
        // Whoever has no terminal any more needs none.
        let _ = disable_raw_mode();
        let _ = execute!(io::stderr(), Show);
    }
}

/// Columns and lines of the terminal.
pub fn size() -> (u16, u16) {
    terminal::size().ok().filter(|(columns, lines)| *columns > 0 && *lines > 0).unwrap_or((80, 24))
}

/// Draws pictures below what was printed before, the next in the place of the last.
///
/// It needs no position of the cursor and no other screen, so it works wherever the other streams go, and the last
/// picture stays among the lines of the terminal.
#[derive(Debug)]
pub struct Painter<W> {
    out: W,
    /// Letters of the lines that stand.
    standing: Vec<usize>,
}

impl<W: Write> Painter<W> {
    /// Onto a terminal whose cursor is at the beginning of a line.
    pub fn new(out: W) -> Self {
        Painter { out, standing: Vec::new() }
    }

    /// Puts lines above the picture, and the picture in the place of the one before.
    ///
    /// # Errors
    /// A terminal that takes nothing any more.
    pub fn paint(&mut self, buffer: &Buffer, above: &[String], columns: u16) -> io::Result<()> {
        let mut text = Vec::new();
        queue!(text, BeginSynchronizedUpdate, MoveToColumn(0))?;
        let up = self.height(columns).saturating_sub(1);
        if up > 0 {
            queue!(text, MoveUp(up))?;
        }
        queue!(text, Clear(ClearType::FromCursorDown))?;
        for line in above {
            queue!(text, Print(line), Print("\r\n"))?;
        }
        self.standing.clear();
        let width = usize::from(buffer.area.width);
        for (number, row) in buffer.content.chunks(width.max(1)).enumerate() {
            if number > 0 {
                queue!(text, Print("\r\n"))?;
            }
            let blank = |cell: &&Cell| cell.symbol() == " " && !cell.modifier.contains(Modifier::REVERSED);
            let length = row.len() - row.iter().rev().take_while(blank).count();
            write_row(&mut text, &row[..length])?;
            self.standing.push(length);
        }
        queue!(text, EndSynchronizedUpdate)?;
        self.out.write_all(&text)?;
        self.out.flush()
    }

    /// Leaves the picture where it is; what is printed next comes below it.
    ///
    /// # Errors
    /// A terminal that takes nothing any more.
    pub fn leave(&mut self) -> io::Result<()> {
        if !self.standing.is_empty() {
            self.out.write_all(b"\r\n")?;
        }
        self.standing.clear();
        self.out.flush()
    }

    /// The lines that the last picture takes; a terminal that has become narrower has broken its lines.
    fn height(&self, columns: u16) -> u16 {
        let columns = usize::from(columns.max(1));
        let lines: usize = self.standing.iter().map(|length| length.div_ceil(columns).max(1)).sum();
        u16::try_from(lines).unwrap_or(u16::MAX)
    }
}

/// Letters with their colors; only what changes is said.
fn write_row(text: &mut Vec<u8>, row: &[Cell]) -> io::Result<()> {
    let mut style = (Color::Reset, Modifier::empty());
    for cell in row {
        let wanted = (cell.fg, cell.modifier);
        if wanted != style {
            queue!(text, SetAttribute(Attribute::Reset))?;
            if wanted.0 != Color::Reset {
                queue!(text, SetForegroundColor(wanted.0.into_crossterm()))?;
            }
            if wanted.1.contains(Modifier::BOLD) {
                queue!(text, SetAttribute(Attribute::Bold))?;
            }
            if wanted.1.contains(Modifier::REVERSED) {
                queue!(text, SetAttribute(Attribute::Reverse))?;
            }
            style = wanted;
        }
        queue!(text, Print(cell.symbol()))?;
    }
    if style != (Color::Reset, Modifier::empty()) {
        queue!(text, SetAttribute(Attribute::Reset))?;
    }
    Ok(())
}
