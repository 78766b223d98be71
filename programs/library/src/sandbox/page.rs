//! The page on which one pays.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::StatusCode;
use http::header::CONTENT_SECURITY_POLICY;
use serde_json::{Value, json};

use super::Sandbox;
use crate::ledger::Money;

pub(super) async fn show(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>) -> Response {
    let session = sandbox.books.open().objects.get(&id).cloned();
    let Some(session) = session.filter(|one| one.get("amount_total").is_some()) else {
        return (StatusCode::NOT_FOUND, "There is no such page.").into_response();
    };
    let text = |name: &str| session.get(name).and_then(Value::as_str).unwrap_or_default();
    let amount = session.get("amount_total").and_then(Value::as_i64).unwrap_or_default();
    let form = match text("status") {
        "open" => {
            "<form method=\"post\"><button name=\"act\" value=\"pay\">Pay</button> \
             <button name=\"act\" value=\"decline\">Be declined</button> \
             <button name=\"act\" value=\"expire\">Let it expire</button> \
             <button name=\"act\" value=\"leave\">Go back</button></form>"
        }
        _ => "<p>This page is done with.</p>",
    };
    let problem = match session.get("problem") {
        Some(_) => "<p role=\"alert\">Your card was declined. Try again.</p>",
        None => "",
    };
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Payment sandbox</title>\
         <style>{STYLE}</style>\
         <main><h1>Payment sandbox</h1><p>This is a trial: no money moves here, whatever you \
         press.</p><p>{}<br><strong>{}</strong></p>{problem}{form}</main></html>",
        escaped(text("title")),
        escaped(&price(amount, text("currency"))),
    );
    // A form may lead back to the library, wherever that is.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                  frame-ancestors 'none'";
    ([(CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}

pub(super) async fn act(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    body: String,
) -> Response {
    let form: BTreeMap<String, String> =
        form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let mut books = sandbox.books.open();
    let Some(session) = books.objects.get(&id).cloned() else {
        return (StatusCode::NOT_FOUND, "There is no such page.").into_response();
    };
    let text = |name: &str| session.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_open = books.text(&id, "status").as_deref() == Some("open");
    let to = match form.get("act").map(String::as_str) {
        Some("pay") if is_open => {
            let amount = session.get("amount_total").and_then(Value::as_i64).unwrap_or_default();
            let metadata = session.get("metadata").cloned().unwrap_or_default();
            let intent = books.capture(amount, text("currency"), metadata);
            let done = json!({"status": "complete", "payment_status": "paid",
                "payment_intent": intent.get("id"), "customer": intent.get("customer")});
            let session = books.set(&id, done).unwrap_or_default();
            sandbox.events.tell("payment_intent.succeeded", intent);
            sandbox.events.tell("checkout.session.completed", session);
            text("success_url").to_owned()
        }
        Some("expire") if is_open => {
            let session = books.set(&id, json!({"status": "expired"})).unwrap_or_default();
            sandbox.events.tell("checkout.session.expired", session);
            text("cancel_url").to_owned()
        }
        Some("decline") if is_open => {
            books.set(&id, json!({"problem": "declined"}));
            format!("/checkout/{id}")
        }
        Some("leave") => text("cancel_url").to_owned(),
        _ => format!("/checkout/{id}"),
    };
    drop(books);
    Redirect::to(if to.is_empty() { "/" } else { &to }).into_response()
}

const STYLE: &str = "body{font:100%/1.5 system-ui,sans-serif;max-width:30rem;margin:3rem auto;\
    padding:0 1rem}strong{font-size:1.5rem}button{font:inherit;padding:.6rem 1rem;margin:.25rem 0}";

/// An amount in minor units as people write it.
fn price(amount: i64, currency: &str) -> String {
    let currency = currency.to_ascii_uppercase();
    match currency.parse() {
        Ok(known) => Money::new(amount, known).to_string(),
        Err(_) => format!("{amount} {currency}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
