//! What the keys mean.

use caviar_engine::train::Change;
use caviar_lab::Steer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// Factors of the learning rate.
const SMALL: f64 = 1.25;
const LARGE: f64 = 2.0;
/// Letters of a typed rate.
const LONGEST: usize = 24;

/// What a key asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Something of the network.
    Steer(Steer),
    /// To wait, or to go on: whichever it does not do.
    Toggle,
    /// To stop, and to save what there is.
    Quit,
    /// To show or hide the help.
    Help,
    /// To show what is typed.
    Show,
    /// That a rate that was typed is none.
    BadRate(String),
}

/// The keyboard with the rate that is typed.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    typed: Option<String>,
}

impl Keys {
    /// The rate that is being typed.
    pub fn typed(&self) -> Option<&str> {
        self.typed.as_deref()
    }

    /// What a key asks for.
    pub fn press(&mut self, key: KeyEvent) -> Option<Action> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return matches!(key.code, KeyCode::Char('c' | 'C')).then_some(Action::Quit);
        }
        match self.typed.take() {
            Some(text) => self.edit(text, key.code),
            None => self.command(key.code),
        }
    }

    fn command(&mut self, code: KeyCode) -> Option<Action> {
        Some(match code {
            KeyCode::Char(' ' | 'p') => Action::Toggle,
            KeyCode::Up => Action::Steer(Steer::Scale(SMALL)),
            KeyCode::Down => Action::Steer(Steer::Scale(1.0 / SMALL)),
            KeyCode::Char('+' | '=') => Action::Steer(Steer::Scale(LARGE)),
            KeyCode::Char('-' | '_') => Action::Steer(Steer::Scale(1.0 / LARGE)),
            KeyCode::Char('u') => Action::Steer(Steer::Undo),
            KeyCode::Char('s') => Action::Steer(Steer::Stop),
            KeyCode::Char('q') => Action::Quit,
            KeyCode::Char('?' | 'h') => Action::Help,
            KeyCode::Char('r') => self.show(String::new()),
            KeyCode::Char(digit @ ('0'..='9' | '.')) => self.show(digit.to_string()),
            _ => return None,
        })
    }

    /// While a rate is typed.
    fn edit(&mut self, mut text: String, code: KeyCode) -> Option<Action> {
        match code {
            KeyCode::Enter => return Some(rate(&text)),
            KeyCode::Esc => return Some(Action::Show),
            KeyCode::Backspace => {
                text.pop();
            }
            KeyCode::Char(letter @ ('0'..='9' | '.' | 'e' | 'E' | '-' | '+')) if text.len() < LONGEST => {
                text.push(letter)
            }
            _ => {}
        }
        Some(self.show(text))
    }

    fn show(&mut self, text: String) -> Action {
        self.typed = Some(text);
        Action::Show
    }
}

/// A rate as it was typed; whether it is legal is the network's to say.
fn rate(text: &str) -> Action {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() => Action::Steer(Steer::Set(Change::LearningRate(rate))),
        _ if text.is_empty() => Action::Show,
        _ => Action::BadRate(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Keys};
    use caviar_engine::train::Change;
    use caviar_lab::Steer;
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    fn press(keys: &mut Keys, code: KeyCode) -> Option<Action> {
        keys.press(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn type_in(text: &str) -> Option<Action> {
        let mut keys = Keys::default();
        text.chars().for_each(|letter| {
            press(&mut keys, KeyCode::Char(letter));
        });
        press(&mut keys, KeyCode::Enter)
    }

    #[test]
    fn a_rate_can_be_typed() {
        let set = |rate| Some(Action::Steer(Steer::Set(Change::LearningRate(rate))));
        assert_eq!(type_in("0.005"), set(0.005));
        assert_eq!(type_in("r3e-4"), set(0.0003));
        assert_eq!(type_in("rq-1"), set(-1.0), "what is no number's letter is not taken; the network refuses -1");
        assert_eq!(type_in("1e"), Some(Action::BadRate("1e".to_owned())));
        assert_eq!(type_in("1e999"), Some(Action::BadRate("1e999".to_owned())));
        assert_eq!(type_in("r"), Some(Action::Show));
    }

    #[test]
    fn typing_can_be_given_up_and_mended() {
        let mut keys = Keys::default();
        press(&mut keys, KeyCode::Char('1'));
        press(&mut keys, KeyCode::Char('2'));
        press(&mut keys, KeyCode::Backspace);
        assert_eq!(keys.typed(), Some("1"));
        assert_eq!(press(&mut keys, KeyCode::Esc), Some(Action::Show));
        assert_eq!(keys.typed(), None);
        assert_eq!(press(&mut keys, KeyCode::Char('s')), Some(Action::Steer(Steer::Stop)));
    }

    #[test]
    fn control_c_quits_even_while_typing() {
        let mut keys = Keys::default();
        press(&mut keys, KeyCode::Char('1'));
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(keys.press(control_c), Some(Action::Quit));
        assert_eq!(keys.press(KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL)), None);
    }
}
