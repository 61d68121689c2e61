//! Where in a TOML text something is wrong: line, column and key.
//!
//! The two files that this crate reads, `shard.toml` and `trust.toml`, are written by hand. An error that does not say
//! where costs its reader an hour, and a policy that cannot be understood must never be taken for no policy.

use std::fmt;

use toml::de::{DeTable, DeValue};

/// One step from a table or an array to what it holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// The way from the root to a value, written `http[0].auth`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct KeyPath(Vec<Step>);

impl KeyPath {
    /// The path of `name` below this one.
    pub(crate) fn key(&self, name: impl fmt::Display) -> Self {
        self.then(Step::Key(name.to_string()))
    }

    /// The path of the element at `index` below this one.
    pub(crate) fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(name) if position == 0 => formatter.write_str(name)?,
                Step::Key(name) => write!(formatter, ".{name}")?,
                Step::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Where something is wrong: the key, and its line and column when the text is at hand.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    key: String,
    line_and_column: Option<(usize, usize)>,
}

impl Place {
    /// A place known by its key alone, because the value did not come from a text with lines.
    pub(crate) fn of_key(path: &KeyPath) -> Self {
        Self { key: path.to_string(), line_and_column: None }
    }

    /// The place of `path` in `text`; of its nearest parent when it is not there.
    pub(crate) fn of_path(text: &str, path: &KeyPath) -> Self {
        let offset = DeTable::parse(text).ok().and_then(|root| offset_of(root.get_ref(), &path.0));
        Self { key: path.to_string(), line_and_column: Some(line_and_column(text, offset.unwrap_or(0))) }
    }

    /// The place of the byte at `offset` in `text`, with the key it belongs to.
    pub(crate) fn of_offset(text: &str, offset: usize) -> Self {
        let (root, _) = DeTable::parse_recoverable(text);
        let mut nearest = Nearest { offset, path: KeyPath::default(), length: usize::MAX };
        nearest.visit_table(root.get_ref(), &KeyPath::default());
        Self { key: nearest.path.to_string(), line_and_column: Some(line_and_column(text, offset)) }
    }

    /// The key, as `http[0].auth`; empty when the trouble belongs to no key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The line, counted from 1.
    pub fn line(&self) -> Option<usize> {
        self.line_and_column.map(|(line, _)| line)
    }

    /// The column in characters, counted from 1.
    pub fn column(&self) -> Option<usize> {
        self.line_and_column.map(|(_, column)| column)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line_and_column, self.key.is_empty()) {
            (Some((line, column)), true) => write!(formatter, "line {line}, column {column}"),
            (Some((line, column)), false) => write!(formatter, "line {line}, column {column}, key `{}`", self.key),
            (None, true) => formatter.write_str("the whole"),
            (None, false) => write!(formatter, "key `{}`", self.key),
        }
    }
}

/// Searches for the smallest key or value that holds a byte.
struct Nearest {
    offset: usize,
    path: KeyPath,
    length: usize,
}

impl Nearest {
    fn consider(&mut self, span: &std::ops::Range<usize>, path: &KeyPath) {
        if span.contains(&self.offset) && span.len() < self.length {
            self.length = span.len();
            self.path = path.clone();
        }
    }

    fn visit_table(&mut self, table: &DeTable<'_>, at: &KeyPath) {
        for (key, value) in table {
            let path = at.key(key.get_ref());
            self.consider(&key.span(), &path);
            self.consider(&value.span(), &path);
            self.visit(value.get_ref(), &path);
        }
    }

    fn visit(&mut self, value: &DeValue<'_>, at: &KeyPath) {
        match value {
            DeValue::Table(table) => self.visit_table(table, at),
            DeValue::Array(array) => {
                for (index, element) in array.iter().enumerate() {
                    let path = at.index(index);
                    self.consider(&element.span(), &path);
                    self.visit(element.get_ref(), &path);
                }
            }
            _ => {}
        }
    }
}

/// Where the value at `steps` below `table` begins; of its nearest parent when it is not there.
fn offset_of(table: &DeTable<'_>, steps: &[Step]) -> Option<usize> {
    let (Step::Key(name), rest) = steps.split_first()? else {
        return None;
    };
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
    Some(offset_in(value.get_ref(), rest).unwrap_or(key.span().start))
}

fn offset_in(value: &DeValue<'_>, steps: &[Step]) -> Option<usize> {
    match (value, steps.split_first()?) {
        (DeValue::Table(table), _) => offset_of(table, steps),
        (DeValue::Array(array), (Step::Index(index), rest)) => {
            let element = array.get(*index)?;
            Some(offset_in(element.get_ref(), rest).unwrap_or(element.span().start))
        }
        _ => None,
    }
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "[shard]\nname = \"é\"\n\n[[http]]\nurl = \"x\"\nmethods = [\"GET\", \"put\"]\n[[http]]\nurl = \"y\"\n";

    #[test]
    fn a_path_has_the_line_and_column_of_its_key() {
        let path = KeyPath::default().key("http").index(1).key("url");
        assert_eq!(Place::of_path(TEXT, &path).to_string(), "line 8, column 1, key `http[1].url`");
        let element = KeyPath::default().key("http").index(0).key("methods").index(1);
        assert_eq!(Place::of_path(TEXT, &element).to_string(), "line 6, column 19, key `http[0].methods[1]`");
    }

    #[test]
    fn a_missing_key_has_the_place_of_its_parent() {
        let path = KeyPath::default().key("shard").key("version");
        assert_eq!(Place::of_path(TEXT, &path).line(), Some(1));
    }

    #[test]
    fn an_offset_has_the_key_it_belongs_to() {
        let offset = TEXT.find("\"put\"").expect("it is there");
        assert_eq!(Place::of_offset(TEXT, offset).to_string(), "line 6, column 19, key `http[0].methods[1]`");
        assert_eq!(Place::of_offset(TEXT, TEXT.len() + 5).line(), Some(9));
    }
}
