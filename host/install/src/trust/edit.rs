//! The changes themselves, on a document that keeps its comments and its order.

use nexus_package::{Denial, DenyTarget, Namespace, Pin, PublicKey, ShardName};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

use super::NewPublisher;
use super::rule::denied;

/// Which rule to remove.
#[derive(Clone, Debug)]
pub enum Removal {
    /// Everything said in favour of a namespace.
    Publisher(Namespace),
    /// One key, wherever it is trusted. The last key of a publisher takes the publisher along.
    Key(PublicKey),
    /// The pin of a shard.
    Pin(ShardName),
    /// A denial.
    Denial(DenyTarget),
}

pub(super) fn add(document: &mut DocumentMut, publisher: &NewPublisher) {
    let key = publisher.key.to_string();
    let allow: Array = publisher.allow.iter().map(ToString::to_string).collect();
    let threshold = publisher.threshold.map(|threshold| i64::try_from(threshold).unwrap_or(i64::MAX));
    with_tables(document, "publisher", |publishers| {
        let namespace = publisher.namespace.to_string();
        let known = publishers.iter().position(|table| text(table, "namespace") == Some(&namespace));
        let table = match known.and_then(|index| publishers.get_mut(index)) {
            Some(table) => table,
            None => appended(publishers, [("namespace", value(&namespace)), ("keys", value(Array::new()))]),
        };
        if let Some(keys) = table.get_mut("keys").and_then(Item::as_array_mut)
            && !keys.iter().any(|known| key_of(known) == Some(&key))
        {
            keys.push(key);
        }
        if let Some(threshold) = threshold {
            table.insert("threshold", value(threshold));
        }
        if !allow.is_empty() {
            table.insert("allow", value(allow));
        }
    });
}

pub(super) fn pin(document: &mut DocumentMut, pin: &Pin) {
    let shard = pin.shard.to_string();
    with_tables(document, "pin", |pins| {
        pins.retain(|table| text(table, "shard") != Some(&shard));
        let (version, sha256) = (pin.version.to_string(), pin.sha256.to_string());
        let fields = [("shard", value(shard)), ("version", value(version)), ("sha256", value(sha256))];
        explain(appended(pins, fields), pin.reason.as_deref());
    });
}

pub(super) fn deny(document: &mut DocumentMut, denial: &Denial) {
    let (field, target) = denied(&denial.target);
    with_tables(document, "deny", |denials| {
        denials.retain(|table| text(table, field) != Some(&target));
        explain(appended(denials, [(field, value(target))]), denial.reason.as_deref());
    });
}

/// False when there is nothing to remove.
pub(super) fn remove(document: &mut DocumentMut, removal: &Removal) -> bool {
    match removal {
        Removal::Publisher(namespace) => remove_tables(document, "publisher", "namespace", &namespace.to_string()),
        Removal::Key(key) => remove_key(document, &key.to_string()),
        Removal::Pin(shard) => remove_tables(document, "pin", "shard", &shard.to_string()),
        Removal::Denial(target) => {
            let (field, target) = denied(target);
            remove_tables(document, "deny", field, &target)
        }
    }
}

fn remove_tables(document: &mut DocumentMut, kind: &str, field: &str, target: &str) -> bool {
    with_tables(document, kind, |tables| {
        let before = tables.len();
        tables.retain(|table| text(table, field) != Some(target));
        tables.len() < before
    })
}

fn remove_key(document: &mut DocumentMut, key: &str) -> bool {
    with_tables(document, "publisher", |publishers| {
        let mut found = false;
        publishers.retain(|table| {
            let Some(keys) = table.get("keys").and_then(Item::as_array) else {
                return true;
            };
            found |= keys.iter().any(|known| key_of(known) == Some(key));
            keys.iter().any(|known| key_of(known) != Some(key))
        });
        for table in publishers.iter_mut() {
            if let Some(keys) = table.get_mut("keys").and_then(Item::as_array_mut) {
                keys.retain(|known| key_of(known) != Some(key));
            }
        }
        found
    })
}

/// Lets `change` work on the `[[kind]]` tables; written as a list in one line, they become tables.
fn with_tables<R>(document: &mut DocumentMut, kind: &str, change: impl FnOnce(&mut ArrayOfTables) -> R) -> R {
    let item = document.remove(kind).unwrap_or_else(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let mut tables = item.into_array_of_tables().unwrap_or_default();
    let result = change(&mut tables);
    if !tables.is_empty() {
        document.insert(kind, Item::ArrayOfTables(tables));
    }
    result
}

fn appended<'a, const N: usize>(tables: &'a mut ArrayOfTables, fields: [(&str, Item); N]) -> &'a mut Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    for (field, value) in fields {
        table.insert(field, value);
    }
    tables.push(table);
    let last = tables.len() - 1;
    #[expect(clippy::expect_used, reason = "it was pushed in the line before")]
    tables.get_mut(last).expect("the table just pushed")
}

fn explain(table: &mut Table, reason: Option<&str>) {
    if let Some(reason) = reason {
        table.insert("reason", value(reason));
    }
}

fn text<'a>(table: &'a Table, field: &str) -> Option<&'a str> {
    table.get(field)?.as_str()
}

/// A key is written as a text, or as a table that has it under `key`.
fn key_of(known: &Value) -> Option<&str> {
    known.as_str().or_else(|| known.as_inline_table()?.get("key")?.as_str())
}
