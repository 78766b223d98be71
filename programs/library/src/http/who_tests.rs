//! Who may call what: every operation of the API's description, by nobody, a stranger, the owner of
//! the object and an admin. What belongs to somebody else looks like what does not exist.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use tombolo_storage::Query;

use crate::ids::UploadId;
use crate::testing::{Someone, World};

/// Method, path, fields and body as they are sent, and what nobody, a stranger, the owner and an
/// admin are answered.
struct Row(
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    [u16; 4],
);

const ALL: [u16; 4] = [200; 4];
const SIGNED: [u16; 4] = [401, 200, 200, 200];
const ADMINS: [u16; 4] = [401, 403, 403, 200];
/// Of an item: who may not see it and asks without an account is told the same as a stranger.
const SEEN: [u16; 4] = [404, 404, 200, 200];
const OWN: [u16; 4] = [401, 404, 200, 200];
const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
const BYTES: (&str, &str) = ("content-type", "application/offset+octet-stream");
const KEY: (&str, &str) = ("idempotency-key", "one");

const ROWS: &[Row] = &[
    // Users and sessions.
    Row(
        "POST",
        "users",
        &[],
        r#"{"email":"{new}","name":"New","password":"correct horse"}"#,
        [201; 4],
    ),
    Row("GET", "users", &[], "", ADMINS),
    Row("GET", "users/me", &[], "", SIGNED),
    Row(
        "PATCH",
        "users/me",
        &[],
        r#"{"old_password":"wrong","password":"correct horse"}"#,
        [401, 403, 403, 403],
    ),
    Row("DELETE", "users/me", &[], "", [401, 204, 204, 204]),
    Row("GET", "users/{user}", &[], "", ADMINS),
    Row("DELETE", "users/{user}", &[], "", [401, 403, 403, 204]),
    Row("POST", "sessions", &[], r#"{"email":"{new}","password":"wrong"}"#, [401; 4]),
    Row("DELETE", "sessions", &[], "", [401, 204, 204, 204]),
    // Items and their bytes.
    Row("GET", "items", &[], "", ALL),
    Row("GET", "items/{item}", &[], "", SEEN),
    Row("PATCH", "items/{item}", &[], r#"{"title":"new"}"#, OWN),
    Row("DELETE", "items/{item}", &[], "", [401, 404, 204, 204]),
    Row("GET", "items/{item}/thumbnail", &[], "", [404; 4]),
    Row("GET", "items/{item}/content", &[], "", SEEN),
    Row("HEAD", "items/{item}/content", &[], "", SEEN),
    Row("GET", "archive?items={item}", &[], "", SEEN),
    Row("POST", "archive", &[], r#"{"items":["{item}"]}"#, SEEN),
    // Links.
    Row("GET", "items/{item}/links", &[], "", OWN),
    Row("POST", "items/{item}/links", &[], "{}", [401, 404, 201, 201]),
    Row("DELETE", "items/{item}/links/{link}", &[], "", [401, 404, 204, 204]),
    Row("GET", "links/{token}/content", &[], "", ALL),
    Row("HEAD", "links/{token}/content", &[], "", ALL),
    // Uploads: an admin is a stranger to them.
    Row("OPTIONS", "uploads", &[], "", [204; 4]),
    Row("GET", "uploads", &[], "", SIGNED),
    Row("POST", "uploads", &[TUS, ("upload-length", "5")], "", [401, 201, 201, 201]),
    Row("OPTIONS", "uploads/{upload}", &[], "", [204; 4]),
    Row("GET", "uploads/{upload}", &[], "", [401, 404, 200, 404]),
    Row("HEAD", "uploads/{upload}", &[TUS], "", [401, 404, 200, 404]),
    Row(
        "PATCH",
        "uploads/{upload}",
        &[TUS, BYTES, ("upload-offset", "0")],
        "",
        [401, 404, 204, 404],
    ),
    Row(
        "POST",
        "uploads/{upload}",
        &[TUS, ("x-http-method-override", "DELETE")],
        "",
        [401, 404, 204, 404],
    ),
    Row("DELETE", "uploads/{upload}", &[TUS], "", [401, 404, 204, 404]),
    // Transfers and statistics.
    Row("GET", "transfers", &[], "", SIGNED),
    Row("GET", "transfers/users", &[], "", ADMINS),
    Row("GET", "transfers/events", &[], "", SIGNED),
    Row("GET", "stats", &[], "", SIGNED),
    // Of the caller's own transfers; of everybody's for an admin.
    Row("GET", "stats/charts/traffic", &[], "", SIGNED),
    // Plans and subscriptions.
    Row("GET", "plans", &[], "", ALL),
    Row("PATCH", "plans/pro", &[], r#"{"title":"Pro"}"#, ADMINS),
    Row("GET", "usage", &[], "", SIGNED),
    Row("GET", "subscriptions", &[], "", SIGNED),
    // Nobody can pay in this library.
    Row("POST", "subscriptions", &[KEY], r#"{"plan":"plus"}"#, [401, 409, 409, 409]),
    Row("DELETE", "subscriptions", &[], "", [401, 404, 200, 404]),
    // Invoices and payments.
    Row("GET", "payments/provider", &[], "", ALL),
    Row("GET", "invoices", &[], "", SIGNED),
    Row("GET", "invoices/{invoice}", &[], "", OWN),
    Row(
        "POST",
        "payments/{payment}/refunds",
        &[KEY],
        r#"{"amount":1,"reason":"r"}"#,
        [401, 403, 403, 201],
    ),
    Row("POST", "payments/webhooks/{provider}", &[], "{}", [404; 4]),
    // Reports.
    Row("GET", "reports/billing", &[], "", SIGNED),
    Row("GET", "reports/billing?user={user}", &[], "", [401, 403, 200, 200]),
    Row("GET", "reports/payments", &[], "", SIGNED),
    Row("GET", "reports/payments?user={user}", &[], "", [401, 403, 200, 200]),
    Row("GET", "reports/transfers", &[], "", SIGNED),
    Row("GET", "reports/transfers?user={user}", &[], "", [401, 403, 200, 200]),
];

/// What a row is about: somebody's, or nothing's.
struct Objects(Vec<(&'static str, String)>);

impl Objects {
    /// One of each, of an owner.
    async fn of(world: &World, owner: &Someone) -> Self {
        let item = world.item(owner, "a.txt", b"bytes").await;
        let links = format!("/library/api/items/{item}/links");
        let link = world.send(Some(owner), "POST", &links, &[], "{}").await.json();
        let token = link["url"].as_str().unwrap().split('/').nth_back(1).unwrap().to_owned();
        let fields = [TUS, ("upload-length", "5")];
        let made = world.send(Some(owner), "POST", "/library/api/uploads", &fields, "").await;
        let upload = made.field("location").rsplit('/').next().unwrap().to_owned();
        let books = books(world, owner).await;
        Self(vec![
            ("{user}", owner.id.to_string()),
            ("{item}", item.to_string()),
            ("{link}", link["id"].as_str().unwrap().to_owned()),
            ("{token}", token),
            ("{upload}", upload),
            ("{invoice}", books.clone()),
            ("{payment}", books),
            ("{provider}", "none".into()),
        ])
    }

    /// Names that nothing has.
    fn missing() -> Self {
        let id = || UploadId::new().to_string();
        let names = ["{user}", "{item}", "{link}", "{upload}", "{invoice}", "{payment}"];
        let mut all: Vec<_> = names.into_iter().map(|name| (name, id())).collect();
        all.extend([("{token}", "x".to_owned()), ("{provider}", "other".to_owned())]);
        Self(all)
    }

    fn fill(&self, text: &str) -> String {
        let fill = |text: String, (name, value): &(&str, String)| text.replace(name, value);
        self.0.iter().fold(text.to_owned(), fill)
    }

    /// The same backwards.
    fn take_out(&self, text: &str) -> String {
        let take = |text: String, (name, value): &(&str, String)| text.replace(value, name);
        self.0.iter().filter(|(_, value)| value.len() > 8).fold(text.to_owned(), take)
    }
}

/// A subscription, an invoice and a payment of somebody, all of one id.
async fn books(world: &World, owner: &Someone) -> String {
    let id = UploadId::new().to_string();
    for text in [
        "INSERT INTO library_subscription (id, user_id, plan, amount, currency, state, anchor, period,
            due, cancel_at_end, provider, origin, created)
        VALUES ($1, $2, 'plus', 500, 'EUR', 'active', 1790000000000, 0, 1900000000000, 0, 'none', '', 0)",
        "INSERT INTO library_invoice (id, kind, number, user_id, subscription, reason, plan, price,
            credit, total, currency, state, period_start, period_end, buyer, issued, due)
        VALUES ($1, 'invoice', $1, $2, $1, 'month 0', 'plus', 500, 0, 500, 'EUR', 'paid', 0, 1, 'a',
            0, 0)",
        "INSERT INTO library_payment (id, invoice, subscription, user_id, provider, amount, currency,
            state, is_checkout, object, intent, captured, refunded, detail, created, changed, look,
            failures)
        VALUES ($1, $1, $1, $2, 'none', 500, 'EUR', 'captured', 1, $1, $1, 500, 0, '', 0, 0,
            9000000000000, 0)",
    ] {
        let insert = Query::new(text).bind(id.as_str()).bind(owner.id);
        world.library.call(insert).await.unwrap();
    }
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_call_what() {
    let world = World::with(|_| {}).await;
    // So that none of the others is the last one.
    world.admin("root").await;
    let (mut turn, mut wrong) = (0, Vec::new());
    for Row(method, path, fields, body, expected) in ROWS {
        for (caller, expected) in ["nobody", "stranger", "owner", "admin"].into_iter().zip(expected)
        {
            turn += 1;
            // Each call has callers and objects of its own: it may be their end.
            let owner = world.user(&format!("o{turn}")).await;
            let objects = Objects::of(&world, &owner).await;
            let other = match caller {
                "admin" => Some(world.admin(&format!("c{turn}")).await),
                "stranger" => Some(world.user(&format!("c{turn}")).await),
                _ => None,
            };
            let who = if caller == "owner" { Some(&owner) } else { other.as_ref() };
            let new = format!("n{turn}@example.org");
            let ask = async |objects: &Objects| {
                let target = format!("/library/api/{}", objects.fill(path));
                let body = objects.fill(body).replace("{new}", &new);
                world.ask(who, method, &target, fields, &body).await
            };
            // A stranger cannot tell what is somebody else's from what is not there.
            if path.contains('{') && matches!(caller, "nobody" | "stranger") && *expected != 200 {
                let nothing = Objects::missing();
                let (foreign, missing) = (ask(&objects).await, ask(&nothing).await);
                let statuses = (foreign.status(), missing.status());
                // What is asked for may be repeated.
                let foreign = objects.take_out(&text(foreign).await);
                let missing = nothing.take_out(&text(missing).await);
                if statuses.0 != statuses.1 || foreign != missing {
                    wrong.push(format!("{method} {path} by {caller}: {foreign} for {missing}"));
                }
            }
            let status = ask(&objects).await.status();
            if status != *expected {
                wrong.push(format!("{method} {path} by {caller}: {status} for {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn text(response: axum::response::Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_operation_is_in_the_table() {
    let described = serde_json::to_value(super::docs::description(super::parts()).1).unwrap();
    let mut described: BTreeSet<(String, String)> = described["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(|method| {
                (method.to_uppercase(), shape(path.trim_start_matches("/library/api/")))
            })
        })
        .collect();
    for Row(method, path, ..) in ROWS {
        described.remove(&((*method).to_owned(), shape(path)));
    }
    assert!(described.is_empty(), "who may call these? {described:?}");
}

/// A path without the names of its objects.
fn shape(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let parts = path.split('/').map(|part| match part {
        part if part.starts_with('{') => "*",
        "pro" | "traffic" => "*",
        "content" if path.starts_with("links") => "*",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}
