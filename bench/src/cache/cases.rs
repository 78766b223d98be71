//! The kinds of load on a cache, and what is noted of each run.

use std::num::NonZeroU32;

use serde::Serialize;

use super::servers::Server;
use crate::{figures::Figures, origin};

/// A kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Case {
    /// One response of 1 KiB, asked for again and again
    Hot,
    /// One response of 10 MiB
    Large,
    /// 1 KiB with Vary: Accept-Encoding, asked for in three spellings
    Variants,
    /// 1 KiB, keys by Zipf's law, one request in a hundred a miss
    Mixed,
    /// 1 KiB, each of --keys keys as likely as any other
    Many,
    /// A start on --objects stored responses: time to the first hit, memory for each
    Million,
}

/// Keys of the case `mixed`.
const MIXED_KEYS: u32 = 10_000;
/// Share of misses in the case `mixed`.
const MISSES: f64 = 0.01;
/// What the load says in Accept-Encoding in the case `variants`: `variants.lua` has the same.
pub(crate) const ENCODINGS: [&str; 3] = ["gzip", "br, gzip", "identity"];

/// One thing that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) path: String,
    /// Further fields of the request, each ended by CRLF.
    pub(crate) fields: String,
}

impl Case {
    /// The cases of a run that names none.
    pub(crate) const USUAL: [Case; 5] =
        [Case::Hot, Case::Large, Case::Variants, Case::Mixed, Case::Many];

    /// The heading in the report.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Case::Hot => "A hit of 1 KiB",
            Case::Large => "A hit of 10 MiB",
            Case::Variants => "A hit of 1 KiB that varies by Accept-Encoding",
            Case::Many => "Hits of 1 KiB, spread evenly over many keys",
            Case::Mixed => "1 KiB, keys by Zipf's law, 1 % misses",
            Case::Million => "A start on a full directory",
        }
    }

    /// What all its paths begin with.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Case::Large => "/cache/10m",
            Case::Variants => origin::VARYING,
            Case::Hot | Case::Many | Case::Mixed | Case::Million => "/cache/1k",
        }
    }

    /// The size of the body there.
    pub(crate) fn body_bytes(self) -> usize {
        let path = self.path();
        origin::CACHED_SIZES.iter().find(|(of, _)| *of == path).map_or(0, |(_, size)| *size)
    }

    /// Everything that must be stored before the load begins. `keys` is for the case `many`.
    pub(crate) fn stored(self, keys: NonZeroU32) -> Vec<Wanted> {
        let plain = |path: String| Wanted { path, fields: String::new() };
        let numbered = |count| (1..=count).map(|n| plain(path_of(n))).collect();
        match self {
            Case::Hot | Case::Large | Case::Million => vec![plain(self.path().to_owned())],
            Case::Many => numbered(keys.get()),
            Case::Mixed => numbered(MIXED_KEYS),
            Case::Variants => ENCODINGS
                .iter()
                .map(|encoding| Wanted {
                    path: self.path().to_owned(),
                    fields: format!("Accept-Encoding: {encoding}\r\n"),
                })
                .collect(),
        }
    }

    /// The Lua that chooses requests. `seed` makes the misses of this load its own.
    pub(crate) fn script(self, keys: NonZeroU32, seed: u64) -> String {
        match self {
            Case::Hot | Case::Large | Case::Million => String::new(),
            Case::Variants => include_str!("variants.lua").to_owned(),
            Case::Many => format!("local KEYS = {keys}\n{}", include_str!("many.lua")),
            Case::Mixed => format!(
                "local KEYS = {MIXED_KEYS}\nlocal MISSES = {MISSES}\nlocal SEED = {seed}\n{}",
                include_str!("mixed.lua")
            ),
        }
    }

    /// Whether `asked` requests to the origin are what `requests` of the load should have led to.
    pub(crate) fn explains(self, asked: u64, requests: u64) -> bool {
        if self != Case::Mixed {
            return asked == 0;
        }
        // Half as many and half as many again, and those on their way when the load ended.
        let expected = requests as f64 * MISSES;
        let asked = asked as f64;
        asked >= expected * 0.5 - 64.0 && asked <= expected * 1.5 + 64.0
    }

    /// The ceiling has one answer for everybody.
    pub(crate) fn takes(self, server: Server) -> bool {
        match self {
            Case::Hot | Case::Large => true,
            Case::Variants | Case::Many | Case::Mixed => server != Server::Constant,
            Case::Million => server == Server::Tombolo,
        }
    }
}

/// The path of a numbered response of 1 KiB; the Lua scripts have the same.
pub(crate) fn path_of(number: u32) -> String {
    format!("/cache/1k/{number}")
}

/// One server in one round of one case.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measurement {
    pub(crate) case: Case,
    pub(crate) server: Server,
    pub(crate) round: u32,
    #[serde(flatten)]
    pub(crate) figures: Figures,
    /// Requests that reached the origin, those of the warm-up included.
    pub(crate) origin_requests: u64,
}

/// A start on a full directory.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Million {
    pub(crate) round: u32,
    pub(crate) objects: u32,
    /// From the start of the program to the first hit answered, in milliseconds.
    pub(crate) first_hit_ms: f64,
    /// The same on an empty directory, to the first response from the origin.
    pub(crate) first_answer_empty_ms: f64,
    /// Bytes, at rest on an empty directory.
    pub(crate) resident_empty: u64,
    /// Bytes, at rest on the full one.
    pub(crate) resident_full: u64,
}

impl Million {
    /// Bytes of resident memory that each stored response adds.
    pub(crate) fn bytes_per_object(&self) -> f64 {
        (self.resident_full as f64 - self.resident_empty as f64) / f64::from(self.objects)
    }
}

/// Everything that was measured, and on what.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    /// The command that was run.
    pub(crate) command: String,
    /// Lines about the machine.
    pub(crate) machine: Vec<String>,
    pub(crate) measurements: Vec<Measurement>,
    pub(crate) million: Vec<Million>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_priming_agree() {
        let keys = NonZeroU32::new(7).unwrap();
        assert_eq!(Case::Many.stored(keys).len(), 7);
        assert!(Case::Many.script(keys, 1).contains("\"/cache/1k/\" .."));
        assert!(Case::Mixed.script(keys, 1).contains("\"/cache/1k/\" .."));
        let script = Case::Variants.script(keys, 1);
        for encoding in ENCODINGS {
            assert!(script.contains(&format!("\"{encoding}\"")), "{encoding}");
        }
    }

    #[test]
    fn only_the_mixed_case_may_reach_the_origin() {
        assert!(Case::Hot.explains(0, 1_000_000));
        assert!(!Case::Hot.explains(1, 1_000_000));
        assert!(Case::Mixed.explains(10_300, 1_000_000));
        assert!(!Case::Mixed.explains(1_000_000, 1_000_000));
        assert!(!Case::Mixed.explains(0, 1_000_000));
    }
}
