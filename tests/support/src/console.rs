//! Console sessions in the documentation, and whether they are still true.
//!
//! A fenced block whose language is `console` is a promise: each line that begins with `$ ` is a command, and what follows
//! is what it prints, stdout and stderr together. `…` stands for any text within a line; a line of `…` alone stands for any
//! number of lines. Blocks in other languages are not looked at.

/// One block of a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The line that the block begins on, from 1.
    pub line: usize,
    /// Its commands, in order.
    pub steps: Vec<Step>,
}

/// One command with what it is said to print.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// What follows the `$ `.
    pub command: String,
    /// The lines until the next command.
    pub expected: Vec<String>,
}

impl Session {
    /// Every console block of a Markdown document.
    pub fn all_in(document: &str) -> Vec<Self> {
        let mut sessions = Vec::new();
        let mut open: Option<Self> = None;
        for (index, line) in document.lines().enumerate() {
            match (line.trim_end(), &mut open) {
                ("```console", None) => {
                    open = Some(Self { line: index + 1, steps: Vec::new() });
                }
                ("```", Some(_)) => sessions.extend(open.take()),
                (line, Some(session)) => session.add(line),
                (_, None) => {}
            }
        }
        sessions
    }

    fn add(&mut self, line: &str) {
        if let Some(command) = line.strip_prefix("$ ") {
            self.steps.push(Step { command: command.to_owned(), expected: Vec::new() });
        } else if let Some(step) = self.steps.last_mut() {
            step.expected.push(line.to_owned());
        }
    }
}

impl Step {
    /// Whether `printed` is what this step promises. Blank lines at the end do not count.
    pub fn is_kept_by(&self, printed: &str) -> bool {
        let expected: Vec<&str> = self.expected.iter().map(String::as_str).collect();
        let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
        lines_match(without_blank_end(&expected), without_blank_end(&printed))
    }
}

fn without_blank_end<'a, 'b>(lines: &'a [&'b str]) -> &'a [&'b str] {
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    lines.get(..end).unwrap_or_default()
}

fn lines_match(expected: &[&str], printed: &[&str]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((&"…", rest)) => {
            (0..=printed.len()).any(|skipped| lines_match(rest, printed.get(skipped..).unwrap_or_default()))
        }
        Some((line, rest)) => {
            printed.split_first().is_some_and(|(first, after)| line_matches(line, first) && lines_match(rest, after))
        }
    }
}

fn line_matches(expected: &str, printed: &str) -> bool {
    let Some((before, after)) = expected.split_once('…') else {
        return expected == printed;
    };
    printed.strip_prefix(before).is_some_and(|rest| {
        rest.char_indices()
            .map(|(index, _)| index)
            .chain([rest.len()])
            .any(|index| line_matches(after, rest.get(index..).unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(expected: &str) -> Step {
        Step { command: String::new(), expected: expected.lines().map(str::to_owned).collect() }
    }

    #[test]
    fn finds_console_blocks_and_no_others() {
        let document = "# T\n```sh\n$ not this\n```\n```console\n$ one\na\nb\n$ two\n```\n";
        let session = Session {
            line: 5,
            steps: vec![
                Step { command: "one".into(), expected: vec!["a".into(), "b".into()] },
                Step { command: "two".into(), expected: vec![] },
            ],
        };
        assert_eq!(Session::all_in(document), [session]);
    }

    #[test]
    fn what_is_printed_must_be_what_is_promised() {
        assert!(step("a\nb\n").is_kept_by("a\nb\n\n"));
        assert!(!step("a\nb").is_kept_by("a"));
        assert!(!step("a").is_kept_by("a\nb"));
        assert!(step("").is_kept_by(""));
        assert!(!step("").is_kept_by("something"));
    }

    #[test]
    fn an_ellipsis_stands_for_anything() {
        assert!(step("took … ms").is_kept_by("took 12 ms"));
        assert!(!step("took … ms").is_kept_by("took 12 s"));
        assert!(step("… a … b…").is_kept_by("x a y b "));
        assert!(step("first\n…\nlast").is_kept_by("first\n1\n2\nlast"));
        assert!(step("first\n…\nlast").is_kept_by("first\nlast"));
        assert!(!step("first\n…\nlast").is_kept_by("first\n1"));
    }
}
