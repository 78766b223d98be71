//! A request that is not sent: what would become of it, and why.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::super::{Facts, status};
use super::asked::Asked;
use crate::control_plane::Snapshot;
use crate::exchange::{Pick, Plan, Refused, rehearse};
use crate::recent::{Rule, explain};

pub(super) async fn told(facts: &Facts, asked: &Asked) -> Value {
    let snapshot = &facts.snapshot();
    let client = SocketAddr::new(asked.client, 0);
    let told = rehearse(snapshot, asked.head.as_bytes(), client).await;
    let names = &snapshot.names;
    let mut before = None;
    let routes: Vec<Value> = told
        .routes
        .iter()
        .map(|(route, why)| {
            let name = names.route(route.index);
            let taken = why.is_none() && before.is_none();
            let why = why.map(str::to_owned).or_else(|| {
                let winner: &str = before?;
                Some(format!("{winner} fits too and comes first, being more particular"))
            });
            if taken {
                before = name;
            }
            json!({ "route": name, "matches": taken, "why": why })
        })
        .collect();
    json!({
        "request": { "method": asked.method, "url": asked.url, "client": asked.client.to_string() },
        "route": before,
        "routes": routes,
        "guard": of_guard(told.refused.as_ref()),
        "cache": told.cache.as_ref().map(of_plan),
        "pick": told.pick.as_ref().map(|pick| of_pick(snapshot, pick)),
    })
}

fn of_guard(refused: Option<&Refused>) -> Value {
    match refused {
        None => json!({ "passes": true }),
        Some(Refused { status, detail, cause }) => json!({
            "passes": false,
            "status": status,
            "why": if cause.is_empty() { detail } else { cause },
            "detail": detail,
        }),
    }
}

fn of_plan(plan: &Plan) -> Value {
    let (why, clause) = explain(&plan.status, plan.reason);
    let rule = Rule::of(&plan.status, plan.reason);
    let stored = plan.stored.as_ref().map(|stored| {
        json!({
            "status": stored.status,
            "age": stored.age,
            "lifetime": stored.lifetime,
            "body_bytes": stored.body_length,
        })
    });
    json!({
        "result": plan.status.word(),
        "answers": plan.answers(),
        "why": why,
        "clause": rule.clause(clause),
        "rule": rule.maker.word(),
        "rule_key": rule.key,
        "ttl": plan.status.ttl,
        "varies_by": plan.varies_by.as_deref().map(|names| names.split(',').collect::<Vec<_>>()),
        "key": plan.key,
        "stored": stored,
    })
}

/// Why no server is chosen.
const WAITS: &str =
    "every server has as many requests as it may, or others wait: it would wait for its turn";

fn of_pick(snapshot: &Snapshot, pick: &Pick) -> Value {
    let Some(upstream) = snapshot.upstreams.get(pick.upstream) else { return Value::Null };
    let candidates = upstream.servers.iter().enumerate().map(|(index, server)| {
        let told = status::of_backend(upstream, index, server);
        json!({
            "server": server.name,
            "chosen": pick.server == Some(index),
            "state": told.get("state"),
            "why": told.get("why"),
            "weight": upstream.balancer.weight(index),
            "in_flight": told.get("in_flight"),
            "limit": told.get("limit"),
            "score": upstream.balancer.score(index),
        })
    });
    let because = match (pick.sticky, pick.hashed) {
        (true, _) => "the client's cookie names it",
        (false, true) => "the hash of the request's key falls to it",
        (false, false) => match upstream.balancer.policy() {
            tombolo_balance::Policy::RoundRobin | tombolo_balance::Policy::Hash => "it is its turn",
            tombolo_balance::Policy::LeastRequests => {
                "it has the fewest requests in flight for its weight"
            }
            tombolo_balance::Policy::PowerOfTwo => {
                "of two drawn at random it has fewer requests in flight for its weight"
            }
            tombolo_balance::Policy::PeakEwma => {
                "of two drawn at random it would answer sooner, by its times and requests in flight"
            }
            tombolo_balance::Policy::Random => "it was drawn at random; the next may be another",
        },
    };
    json!({
        "upstream": upstream.name,
        "policy": upstream.balancer.policy().name(),
        "why": if pick.waits { Some(WAITS) } else { pick.server.map(|_| because) },
        "waits": pick.waits,
        "candidates": candidates.collect::<Vec<_>>(),
    })
}
