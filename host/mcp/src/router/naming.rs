//! The names of tools on the wire: a function of *which* tools there are, never of the order in which they came.
//!
//! Clients put a prefix before a tool's name (`mcp__nexus__`) and allow 64 characters altogether, so ours have at most 48. A tool
//! keeps its own name while no other claims it. On a clash *every* claimant takes a longer name, so that a shard which
//! arrives later (or one that is hostile and copies a name) cannot take over a name that clients already use.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// The longest name on the wire, in bytes.
pub(crate) const MAX_WIRE_NAME: usize = 48;

/// What one tool asks to be called.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Claim<'a> {
    /// The back end's identity, such as `nexus:logistics`.
    pub(crate) back_end: &'a str,
    /// What stands before the tool's name on a clash, such as `logistics`.
    pub(crate) prefix: &'a str,
    /// The back end's own name for the tool; legal on the wire but for its length.
    pub(crate) tool: &'a str,
}

/// How far a claim has been moved out of the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    /// `track`
    Own,
    /// `logistics_track`
    Prefixed,
    /// `nexus_logistics_track`
    Qualified,
    /// `nexus_logistics_track_` and a hash of back end and tool
    Hashed,
}

/// Names every claim. `None` for claims that clash even by hash, which takes an attacker: none of them is served.
pub(crate) fn assign(claims: &[Claim<'_>]) -> Vec<Option<String>> {
    let mut forms = vec![Form::Own; claims.len()];
    loop {
        let names: Vec<String> = claims.iter().zip(&forms).map(|(claim, form)| claim.name(*form)).collect();
        let mut claimants = BTreeMap::<&str, usize>::new();
        for name in &names {
            *claimants.entry(name).or_default() += 1;
        }
        let clashes: Vec<bool> =
            names.iter().map(|name| claimants.get(name.as_str()).is_some_and(|count| *count > 1)).collect();
        let mut moved = false;
        for (form, clash) in forms.iter_mut().zip(&clashes) {
            if *clash && *form != Form::Hashed {
                *form = form.next();
                moved = true;
            }
        }
        if !moved {
            return names.into_iter().zip(clashes).map(|(name, clash)| (!clash).then_some(name)).collect();
        }
    }
}

/// True when `name` is 1 to 128 of `A-Z a-z 0-9 _ -`, which every client accepts.
pub(crate) fn is_legal(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

impl Form {
    fn next(self) -> Self {
        match self {
            Self::Own => Self::Prefixed,
            Self::Prefixed => Self::Qualified,
            Self::Qualified | Self::Hashed => Self::Hashed,
        }
    }
}

impl Claim<'_> {
    fn name(&self, form: Form) -> String {
        match form {
            Form::Own => fit(self.tool),
            Form::Prefixed => fit(&format!("{}_{}", legal(self.prefix), self.tool)),
            Form::Qualified => fit(&format!("{}_{}", legal(self.back_end), self.tool)),
            // The hash is of the parts with a separator that neither can hold, so `a:b` + `c` is not `a` + `b_c`.
            Form::Hashed => shorten(
                &format!("{}_{}", legal(self.back_end), self.tool),
                &format!("{}\0{}", self.back_end, self.tool),
            ),
        }
    }
}

/// `text` with everything that a wire name cannot hold as `_`.
fn legal(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_ascii_alphanumeric() || character == '-' { character } else { '_' })
        .collect()
}

/// `name`, cut in the middle when it is too long.
fn fit(name: &str) -> String {
    if name.len() <= MAX_WIRE_NAME { name.to_owned() } else { shorten(name, name) }
}

/// Head and tail of `name` (ASCII) around a hash of `identity`: both ends say something to a reader, the hash keeps it unique.
fn shorten(name: &str, identity: &str) -> String {
    const HASH_BYTES: usize = 5;
    const ENDS: usize = (MAX_WIRE_NAME - 2 * HASH_BYTES - 2) / 2;
    let digest = Sha256::digest(identity.as_bytes());
    let hash = hex::encode(digest.get(..HASH_BYTES).unwrap_or_default());
    let head = name.get(..ENDS.min(name.len())).unwrap_or_default();
    let tail = name.get(name.len().saturating_sub(ENDS).max(head.len())..).unwrap_or_default();
    format!("{head}_{hash}_{tail}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    use super::*;

    fn claim<'a>(back_end: &'a str, prefix: &'a str, tool: &'a str) -> Claim<'a> {
        Claim { back_end, prefix, tool }
    }

    fn names(claims: &[Claim<'_>]) -> Vec<String> {
        assign(claims).into_iter().map(Option::unwrap_or_default).collect()
    }

    #[test]
    fn a_unique_name_stays() {
        assert_eq!(
            names(&[claim("nexus:audit", "audit", "query"), claim("nexus:assets", "assets", "find")]),
            ["query", "find"]
        );
    }

    #[test]
    fn every_claimant_of_a_clash_takes_its_shards_name() {
        assert_eq!(
            names(&[claim("nexus:audit", "audit", "query"), claim("nexus:assets", "assets", "query")]),
            ["audit_query", "assets_query"]
        );
    }

    #[test]
    fn the_same_shard_name_in_two_namespaces_takes_the_namespace_too() {
        assert_eq!(
            names(&[claim("acme:audit", "audit", "query"), claim("nexus:audit", "audit", "query")]),
            ["acme_audit_query", "nexus_audit_query"]
        );
    }

    #[test]
    fn a_tool_named_like_anothers_prefixed_form_does_not_get_its_name() {
        let claims = [claim("a:x", "x", "query"), claim("b:y", "y", "query"), claim("c:z", "z", "x_query")];
        assert_eq!(names(&claims), ["a_x_query", "y_query", "z_x_query"]);
    }

    #[test]
    fn what_still_clashes_gets_a_hash() {
        let claims =
            [claim("a:b", "b", "c_d"), claim("a:b_c", "b_c", "d"), claim("q:r", "r", "c_d"), claim("s:t", "t", "d")];
        let names = names(&claims);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 4, "{names:?}");
        assert!(names.iter().all(|name| is_legal(name) && name.len() <= MAX_WIRE_NAME), "{names:?}");
    }

    #[test]
    fn a_long_name_is_cut_in_the_middle() {
        let tool = format!("start_{}_end", "x".repeat(90));
        let name = names(&[claim("a:b", "b", &tool)]).remove(0);
        assert_eq!(name.len(), MAX_WIRE_NAME);
        assert!(name.starts_with("start_") && name.ends_with("_end"), "{name}");
        assert_eq!(
            names(&[claim("z:other", "other", &tool)]),
            [name],
            "the hash is of the name alone while it is unique"
        );
    }

    fn any_claims() -> impl Strategy<Value = Vec<(String, String, String)>> {
        // Few letters, so that clashes of every kind are common.
        let part = "[ab]{1,2}";
        let tool = prop_oneof!["[ab_]{1,5}", "[ab]{50,52}"];
        proptest::collection::btree_set((part, part, tool), 0..24).prop_map(|claims| {
            claims.into_iter().map(|(space, name, tool)| (format!("{space}:{name}"), name, tool)).collect()
        })
    }

    proptest! {
        #[test]
        fn names_are_unique_legal_and_independent_of_order(
            (claims, shuffled) in any_claims().prop_flat_map(|claims| (Just(claims.clone()), Just(claims).prop_shuffle()))
        ) {
            let as_claims = |all: &'_ [(String, String, String)]| -> BTreeMap<(String, String), String> {
                let claims: Vec<Claim<'_>> = all.iter().map(|(back_end, prefix, tool)| Claim { back_end, prefix, tool }).collect();
                claims.iter().zip(assign(&claims))
                    .map(|(claim, name)| ((claim.back_end.to_owned(), claim.tool.to_owned()), name.unwrap_or_default()))
                    .collect()
            };
            let named = as_claims(&claims);
            prop_assert!(named.values().all(|name| is_legal(name) && name.len() <= MAX_WIRE_NAME), "{named:?}");
            prop_assert_eq!(named.values().collect::<BTreeSet<_>>().len(), claims.len());
            prop_assert_eq!(named, as_claims(&shuffled));
        }
    }
}
