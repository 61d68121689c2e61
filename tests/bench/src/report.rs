//! What is shown: a table for people, JSON for programs. Both say how it was measured.

use serde_json::{Value, json};

use crate::figures::{Figures, ratio};

/// What has to be known to read the figures.
const CONDITIONS: &str = "The load runs in the same process, on one thread of its own, and takes its time from the same \
                          cores. No log is written. Ratios are medians of the ratios of neighbouring runs.";

/// One subject.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) connections: Option<usize>,
    pub(crate) figures: Figures,
    /// None for what others are compared with.
    pub(crate) comparison: Option<Comparison>,
}

/// What is held against a target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Comparison {
    /// Calls a second, as a share of the native tool's; more is better.
    Rate { ratio: f64, at_least: f64 },
    /// The median time, as a multiple of the other's; less is better.
    Time { ratio: f64, at_most: f64 },
    /// The median time itself, in microseconds.
    Microseconds { at_most: f64 },
}

impl Comparison {
    pub(crate) fn rate(runs: &[Figures], native: &[Figures], at_least: f64) -> Self {
        Self::Rate { ratio: ratio(runs, native, |run| run.rate), at_least }
    }

    pub(crate) fn time(runs: &[Figures], direct: &[Figures], at_most: f64) -> Self {
        Self::Time { ratio: ratio(runs, direct, |run| run.p50), at_most }
    }

    pub(crate) fn at_most(microseconds: f64) -> Self {
        Self::Microseconds { at_most: microseconds }
    }

    fn cells(self) -> (String, String) {
        match self {
            Self::Rate { ratio, at_least } => (format!("{ratio:.2}"), format!("≥ {at_least:.2}")),
            Self::Time { ratio, at_most } => (format!("{ratio:.2} × p50"), format!("≤ {at_most:.2} × p50")),
            Self::Microseconds { at_most } => (String::new(), format!("p50 ≤ {at_most} µs")),
        }
    }

    fn json(self) -> Value {
        match self {
            Self::Rate { ratio, at_least } => json!({ "of": "rate", "ratio": ratio, "at_least": at_least }),
            Self::Time { ratio, at_most } => json!({ "of": "p50", "ratio": ratio, "at_most": at_most }),
            Self::Microseconds { at_most } => json!({ "of": "p50_us", "at_most": at_most }),
        }
    }
}

/// A table in Markdown, so that it can be pasted.
pub(crate) fn table(rows: &[Row]) -> String {
    let header = ["what", "connections", "calls/s", "p50 µs", "p99 µs", "ratio", "target"].map(str::to_owned);
    let mut cells = vec![header];
    cells.extend(rows.iter().map(|row| {
        let (ratio, target) = row.comparison.map(Comparison::cells).unwrap_or_default();
        [
            row.what.clone(),
            row.connections.map(|count| count.to_string()).unwrap_or_default(),
            format!("{:.0}", row.figures.rate),
            format!("{:.1}", row.figures.p50),
            format!("{:.1}", row.figures.p99),
            ratio,
            target,
        ]
    }));
    let widths: Vec<usize> = (0..7)
        .map(|column| {
            cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut lines: Vec<String> = cells
        .iter()
        .map(|row| {
            let padded = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
                if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            format!("| {} |", padded.collect::<Vec<_>>().join(" | "))
        })
        .collect();
    let rule = widths.iter().enumerate().map(|(column, &width)| {
        if column == 0 { "-".repeat(width + 2) } else { format!("{}:", "-".repeat(width + 1)) }
    });
    lines.insert(1, format!("|{}|", rule.collect::<Vec<_>>().join("|")));
    format!("{}\n\n{CONDITIONS}", lines.join("\n"))
}

/// The same for programs.
pub(crate) fn json(rows: &[Row]) -> String {
    let row = |row: &Row| {
        json!({
            "what": row.what,
            "connections": row.connections,
            "calls_per_second": row.figures.rate,
            "p50_us": row.figures.p50,
            "p99_us": row.figures.p99,
            "comparison": row.comparison.map(Comparison::json),
        })
    };
    let document = json!({ "conditions": CONDITIONS, "rows": rows.iter().map(row).collect::<Vec<_>>() });
    format!("{document:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        let figures = Figures { rate: 1000.4, p50: 12.34, p99: 56.78 };
        Row {
            what: "a call".to_owned(),
            connections: Some(16),
            figures,
            comparison: Some(Comparison::Rate { ratio: 0.934, at_least: 0.9 }),
        }
    }

    #[test]
    fn the_target_stands_beside_the_ratio() {
        let table = table(&[row()]);
        let line = table.lines().find(|line| line.contains("a call")).expect("its line");
        let cells: Vec<&str> = line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(cells, ["a call", "16", "1000", "12.3", "56.8", "0.93", "≥ 0.90"]);
    }

    #[test]
    fn programs_get_numbers() {
        let document: Value = serde_json::from_str(&json(&[row()])).expect("JSON");
        assert_eq!(document.pointer("/rows/0/comparison/ratio"), Some(&json!(0.934)));
        assert_eq!(document.pointer("/rows/0/connections"), Some(&json!(16)));
    }
}
