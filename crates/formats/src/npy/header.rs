use crate::error::FormatError;

/// What the header of an npy file says.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    /// Byte order and kind of the elements, such as `<f8`.
    pub descr: String,
    /// Whether the first axis runs fastest.
    pub fortran_order: bool,
    /// The length of each axis.
    pub shape: Vec<usize>,
}

impl Header {
    /// Reads `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`, the keys in any order.
    pub fn parse(cursor: &mut Cursor<'_>) -> Result<Header, FormatError> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        cursor.expect(b'{', "an opening brace")?;
        while !cursor.accept(b'}') {
            let at = cursor.at;
            let key = cursor.quoted()?;
            cursor.expect(b':', "a colon after the key")?;
            let repeated = match key {
                "descr" => descr.replace(cursor.descr()?).is_some(),
                "fortran_order" => fortran_order.replace(cursor.boolean()?).is_some(),
                "shape" => shape.replace(cursor.shape()?).is_some(),
                _ => {
                    return Err(FormatError::NpyHeader { at, rule: "the keys are descr, fortran_order and shape" });
                }
            };
            if repeated {
                return Err(FormatError::NpyHeader { at, rule: "each key comes once" });
            }
            if !cursor.accept(b',') {
                cursor.expect(b'}', "a comma or the closing brace")?;
                break;
            }
        }
        cursor.skip_blanks();
        if cursor.at != cursor.text.len() {
            return Err(cursor.error("nothing after the closing brace"));
        }
        match (descr, fortran_order, shape) {
            (Some(descr), Some(fortran_order), Some(shape)) => Ok(Header { descr, fortran_order, shape }),
            _ => Err(cursor.error("descr, fortran_order and shape are all needed")),
        }
    }
}

/// A place in the header's text, which is a Python literal.
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a [u8]) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    fn error(&self, rule: &'static str) -> FormatError {
        FormatError::NpyHeader { at: self.at, rule }
    }

    fn skip_blanks(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.skip_blanks();
        self.text.get(self.at).copied()
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, rule: &'static str) -> Result<(), FormatError> {
        if self.accept(byte) { Ok(()) } else { Err(self.error(rule)) }
    }

    fn quoted(&mut self) -> Result<&'a str, FormatError> {
        let quote = match self.peek() {
            Some(quote @ (b'\'' | b'"')) => quote,
            _ => return Err(self.error("a word in quotes")),
        };
        let rest = &self.text[self.at + 1..];
        let length = rest.iter().position(|&byte| byte == quote).ok_or_else(|| self.error("a closing quote"))?;
        let word = std::str::from_utf8(&rest[..length]).map_err(|_| self.error("a word in UTF-8"))?;
        self.at += length + 2;
        Ok(word)
    }

    fn descr(&mut self) -> Result<String, FormatError> {
        if self.peek() == Some(b'[') {
            // A list describes records; the kind is named, not read.
            return Err(FormatError::UnsupportedElements { name: String::new(), kind: "record".to_string() });
        }
        Ok(self.quoted()?.to_string())
    }

    fn boolean(&mut self) -> Result<bool, FormatError> {
        self.skip_blanks();
        for (word, value) in [("True", true), ("False", false)] {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.error("True or False"))
    }

    fn shape(&mut self) -> Result<Vec<usize>, FormatError> {
        self.expect(b'(', "an opening parenthesis")?;
        let mut shape = Vec::new();
        while !self.accept(b')') {
            shape.push(self.length()?);
            if !self.accept(b',') {
                self.expect(b')', "a comma or the closing parenthesis")?;
                break;
            }
        }
        Ok(shape)
    }

    /// A count of elements; Python 2 wrote an `L` behind it.
    fn length(&mut self) -> Result<usize, FormatError> {
        self.skip_blanks();
        let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let value = std::str::from_utf8(&self.text[self.at..self.at + digits]).ok().and_then(|text| text.parse().ok());
        let value = value.ok_or_else(|| self.error("a whole number that fits into memory addresses"))?;
        self.at += digits;
        self.accept(b'L');
        Ok(value)
    }
}
