//! Who made the rule by which the cache decided. An operator who reads why must be able to tell what a
//! standard asks for from what the configuration says and from what is Tombolo's own choice.

use tombolo_cache::cache_status::CacheStatus;
use tombolo_cache::freshness::{Staleness, Why};
use tombolo_cache::lookup::Bypass;
use tombolo_cache::storability::NotStored;

use super::Reason;

/// Who made a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Maker {
    /// An RFC: the clause says which.
    Rfc,
    /// The operator, in the configuration.
    Configuration,
    /// Tombolo, for as long as nothing else is configured.
    Default,
}

/// A rule, and the keys that change it; none: nothing does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rule {
    pub(crate) maker: Maker,
    pub(crate) key: Option<&'static str>,
}

const RFC: Rule = Rule { maker: Maker::Rfc, key: None };

fn configured(key: &'static str) -> Rule {
    Rule { maker: Maker::Configuration, key: Some(key) }
}

fn default(key: &'static str) -> Rule {
    Rule { maker: Maker::Default, key: Some(key) }
}

/// What is Tombolo's, and cannot be changed.
const FIXED: Rule = Rule { maker: Maker::Default, key: None };

/// Keys by which requests with credentials are told, and let in.
const CREDENTIALS: &str = "credential_headers, cookies_without_freshness";

impl Maker {
    /// As JSON tells it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Rfc => "rfc",
            Self::Configuration => "configuration",
            Self::Default => "default",
        }
    }
}

impl Rule {
    /// By which the cache did what its status tells.
    pub(crate) fn of(status: &CacheStatus<'_>, reason: Option<Reason>) -> Self {
        match reason {
            Some(reason) if status.hit || status.fwd.is_some() => Self::of_reason(reason),
            _ => RFC,
        }
    }

    pub(crate) fn of_reason(reason: Reason) -> Self {
        match reason {
            Reason::ByRule => configured("bypass_cookies, bypass_headers, bypass_paths"),
            Reason::Stale(Staleness::SoftPurge) => configured("soft_purge_window"),
            Reason::NoTarget => default("trusted"),
            Reason::Respelled => default("forward_path"),
            Reason::Bypassed(Bypass::MethodOverride) => FIXED,
            Reason::Unfit(Why::Credentials) => default(CREDENTIALS),
            Reason::Bypassed(_) | Reason::Unfit(_) | Reason::Stale(_) => RFC,
        }
    }

    /// By which an answer was not stored.
    pub(crate) fn of_not_stored(reason: NotStored) -> Self {
        match reason {
            NotStored::SetCookie => default("set_cookie"),
            NotStored::SetCookieNever => configured("set_cookie"),
            NotStored::Credentials => default(CREDENTIALS),
            // RFC 9111 allows these to be stored; it would be of no use, or of none to others.
            NotStored::Endless | NotStored::Useless => FIXED,
            _ => RFC,
        }
    }

    /// The clause where it is the rule, rather than what one of our own rules rests on.
    pub(crate) fn clause(self, clause: Option<&'static str>) -> Option<&'static str> {
        clause.filter(|_| self.maker == Maker::Rfc)
    }
}

#[cfg(test)]
mod tests {
    use super::super::reason::{all_not_stored, all_reasons};
    use super::*;

    /// Words of Tombolo's own rules must not read as if a standard or the application had said so.
    #[test]
    fn every_reason_says_who_made_its_rule() {
        let of_reasons = all_reasons()
            .map(|one| (format!("{one:?}"), one.words(), one.clause(), Rule::of_reason(one)));
        let of_answers = all_not_stored().map(|one| {
            (format!("{one:?}"), one.words(), Some(one.clause().0), Rule::of_not_stored(one))
        });
        let mut makers = [0, 0, 0];
        for (name, words, clause, rule) in of_reasons.chain(of_answers) {
            makers[rule.maker as usize] += 1;
            match rule.maker {
                Maker::Rfc => {
                    let clause = rule.clause(clause).unwrap_or_default();
                    assert!(clause.starts_with("RFC "), "{name}: which clause?");
                    assert!(rule.key.is_none(), "{name}: no key changes an RFC");
                }
                Maker::Configuration => assert!(rule.key.is_some(), "{name}: which key?"),
                Maker::Default => {
                    assert!(rule.clause(clause).is_none(), "{name}: no RFC says so");
                    assert!(!words.contains("must"), "{name}: {words}");
                }
            }
        }
        assert!(makers[0] > 15 && makers[1] >= 3 && makers[2] >= 6, "{makers:?}");
    }
}
