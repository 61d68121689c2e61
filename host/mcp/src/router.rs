//! Tool name → back end.
//!
//! The table is immutable and swapped whole: a reader sees all of a back end's tools of one version or none, and a call keeps the
//! entry it started with while a newer table is already served. Writers take turns; readers never wait.

mod lint;
mod naming;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rmcp::model::Tool;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

pub(crate) use self::lint::CheckedTool;
pub use self::lint::Quarantine;
use self::naming::Claim;
use crate::back_end::BackEnd;
use crate::call::CallLimits;
use crate::definition::ToolDefinition;

/// Knows every tool that is served, and runs calls ([`Router::call`]).
pub struct Router {
    pub(crate) limits: CallLimits,
    pub(crate) slots: Semaphore,
    next_call: AtomicU64,
    mounted: Mutex<BTreeMap<String, Arc<Mounted>>>,
    table: ArcSwap<Table>,
    changes: watch::Sender<u64>,
}

/// A back end with the tools of it that passed.
pub(crate) struct Mounted {
    id: String,
    prefix: String,
    pub(crate) back_end: Arc<dyn BackEnd>,
    pub(crate) slots: Semaphore,
    tools: Vec<Arc<CheckedTool>>,
}

/// A tool as clients see it, with what answers it.
pub struct ServedTool {
    listing: Tool,
    pub(crate) checked: Arc<CheckedTool>,
    pub(crate) mounted: Arc<Mounted>,
}

/// Wire name → tool; the order of `tools/list`.
#[derive(Default)]
struct Table {
    tools: BTreeMap<String, Arc<ServedTool>>,
}

/// What became of the tools that a back end published.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Published {
    /// The back end's own name of each served tool → its name on the wire.
    pub served: BTreeMap<String, String>,
    /// The tools that are not served, in the back end's order.
    pub quarantined: Vec<Quarantined>,
}

/// A tool that is not served.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Quarantined {
    /// The back end's own name for it, cleaned for showing.
    pub name: String,
    /// Why.
    pub reason: Quarantine,
}

impl Router {
    /// Makes a router without tools.
    pub fn new(limits: CallLimits) -> Arc<Self> {
        Arc::new(Self {
            slots: Semaphore::new(limits.in_flight),
            limits,
            next_call: AtomicU64::new(1),
            mounted: Mutex::default(),
            table: ArcSwap::default(),
            changes: watch::Sender::new(0),
        })
    }

    /// Serves the tools of `back_end` under the identity `id`, in place of those it had.
    ///
    /// One step: readers see all the old tools, then all the new ones. Calls in flight stay with the back end they started on.
    /// Compiles schemas, which is CPU work: up to some milliseconds a tool. `prefix` is put before names that clash.
    pub fn publish(
        &self,
        id: &str,
        prefix: &str,
        definitions: Vec<ToolDefinition>,
        back_end: Arc<dyn BackEnd>,
    ) -> Published {
        let (tools, refused) = lint::lint(definitions);
        let mut quarantined: Vec<Quarantined> =
            refused.into_iter().map(|(name, reason)| Quarantined { name, reason }).collect();
        let own_names: Vec<String> = tools.iter().map(|tool| tool.listing.name.clone().into_owned()).collect();
        let mounted = Arc::new(Mounted {
            id: id.to_owned(),
            prefix: prefix.to_owned(),
            back_end,
            slots: Semaphore::new(self.limits.per_back_end),
            tools,
        });
        let table = self.change(|all| {
            all.insert(id.to_owned(), mounted);
        });

        let served: BTreeMap<String, String> = table
            .tools
            .iter()
            .filter(|(_, tool)| tool.mounted.id == id)
            .map(|(wire, tool)| (tool.own_name().to_owned(), wire.clone()))
            .collect();
        for name in own_names {
            if !served.contains_key(&name) {
                quarantined.push(Quarantined { name, reason: Quarantine::NameClash });
            }
        }
        for tool in &quarantined {
            tracing::warn!(
                back_end = id,
                tool = tool.name,
                code = tool.reason.code(),
                "a tool is not served: {}",
                tool.reason
            );
        }
        Published { served, quarantined }
    }

    /// Stops serving the tools of the back end `id`. Returns whether it had been published.
    pub fn withdraw(&self, id: &str) -> bool {
        let mut known = false;
        self.change(|all| known = all.remove(id).is_some());
        known
    }

    /// Every served tool, in the order of `tools/list`: by name.
    pub fn tools(&self) -> Vec<Arc<ServedTool>> {
        self.table.load().tools.values().cloned().collect()
    }

    /// How many tools are served.
    pub fn tool_count(&self) -> usize {
        self.table.load().tools.len()
    }

    /// Counts the changes of the list of tools; a receiver wakes when there is one.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<ServedTool>> {
        self.table.load().tools.get(name).cloned()
    }

    /// At most `limit` tools after the one named `after`, and whether there are more.
    pub(crate) fn page(&self, after: Option<&str>, limit: usize) -> (Vec<Tool>, bool) {
        let table = self.table.load();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = table.tools.range::<str, _>((start, Bound::Unbounded));
        let page = rest.by_ref().take(limit).map(|(_, tool)| tool.listing.clone()).collect();
        (page, rest.next().is_some())
    }

    pub(crate) fn call_id(&self) -> String {
        format!("call-{}", self.next_call.fetch_add(1, Ordering::Relaxed))
    }

    /// Applies `edit` and swaps the table; tells the clients when what they see has changed.
    fn change(&self, edit: impl FnOnce(&mut BTreeMap<String, Arc<Mounted>>)) -> Arc<Table> {
        // Held until the swap, so that two writers cannot publish their tables in the wrong order. Never held over an await.
        let mut mounted = self.mounted.lock().unwrap_or_else(PoisonError::into_inner);
        edit(&mut mounted);
        let table = Arc::new(Table::of(&mounted));
        let before = self.table.swap(Arc::clone(&table));
        if !before.lists_the_same_as(&table) {
            self.changes.send_modify(|version| *version += 1);
        }
        table
    }
}

impl Table {
    fn of(mounted: &BTreeMap<String, Arc<Mounted>>) -> Self {
        let entries: Vec<(&Arc<Mounted>, &Arc<CheckedTool>)> =
            mounted.values().flat_map(|back_end| back_end.tools.iter().map(move |tool| (back_end, tool))).collect();
        let claims: Vec<Claim<'_>> = entries
            .iter()
            .map(|(back_end, tool)| Claim {
                back_end: &back_end.id,
                prefix: &back_end.prefix,
                tool: &tool.listing.name,
            })
            .collect();
        let names = naming::assign(&claims);
        let tools = entries
            .into_iter()
            .zip(names)
            .filter_map(|((back_end, tool), name)| {
                let name = name?;
                let mut listing = tool.listing.clone();
                listing.name = name.clone().into();
                Some((name, Arc::new(ServedTool { listing, checked: Arc::clone(tool), mounted: Arc::clone(back_end) })))
            })
            .collect();
        Self { tools }
    }

    fn lists_the_same_as(&self, other: &Self) -> bool {
        self.tools.len() == other.tools.len()
            && self.tools.values().zip(other.tools.values()).all(|(ours, theirs)| ours.listing == theirs.listing)
    }
}

impl ServedTool {
    /// The name on the wire.
    pub fn name(&self) -> &str {
        &self.listing.name
    }

    /// The back end's own name for it.
    pub fn own_name(&self) -> &str {
        &self.checked.listing.name
    }

    /// The identity of its back end, as it was published.
    pub fn back_end(&self) -> &str {
        &self.mounted.id
    }

    /// The title for people, when it has one.
    pub fn title(&self) -> Option<&str> {
        self.listing.title.as_deref()
    }

    /// What it does.
    pub fn description(&self) -> &str {
        self.listing.description.as_deref().unwrap_or_default()
    }

    /// The tool as `tools/list` shows it.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(&self.listing).unwrap_or_default()
    }

    pub(crate) fn listing(&self) -> &Tool {
        &self.listing
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("limits", &self.limits)
            .field("tools", &self.tool_count())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ServedTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServedTool")
            .field("name", &self.name())
            .field("back_end", &self.back_end())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
