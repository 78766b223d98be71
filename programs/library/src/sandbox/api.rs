//! The part of Stripe's API that the library uses.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::Sandbox;
use super::books::Inside;

/// Why something is not done, as Stripe says it.
type Refused = (u16, Value);

fn refused(status: u16, message: &str) -> Refused {
    (status, json!({"error": {"type": "invalid_request_error", "message": message}}))
}

fn answer((status, body): (u16, Value)) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(body)).into_response()
}

impl Sandbox {
    fn knows(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        match sent.and_then(|sent| sent.strip_prefix("Bearer ")) {
            Some(key) if key == self.key => Ok(()),
            _ => Err(refused(401, "Invalid API Key provided")),
        }
    }

    fn find(&self, headers: &HeaderMap, id: &str) -> Response {
        let found = self.knows(headers).and_then(|()| {
            let object = self.books.open().objects.get(id).cloned();
            object.ok_or_else(|| refused(404, "No such object"))
        });
        answer(found.map_or_else(|refused| refused, |object| (200, object)))
    }

    /// Does a call once for each key.
    fn once(
        &self,
        headers: &HeaderMap,
        body: &str,
        call: impl FnOnce(&mut Inside, &Form) -> Result<Value, Refused>,
    ) -> Response {
        if let Err(refused) = self.knows(headers) {
            return answer(refused);
        }
        let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
        let mut books = self.books.open();
        if let Some((asked, status, given)) = key.and_then(|key| books.answers.get(key)) {
            return answer(match asked == body {
                true => (*status, given.clone()),
                false => refused(400, "Keys for idempotent requests can only be used once"),
            });
        }
        let form = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let (status, given) =
            call(&mut books, &form).map_or_else(|error| error, |made| (200, made));
        if let Some(key) = key {
            let kept = (body.to_owned(), status, given.clone());
            books.answers.insert(key.to_owned(), kept);
        }
        answer((status, given))
    }
}

type Form = BTreeMap<String, String>;

fn text<'f>(form: &'f Form, name: &str) -> Result<&'f str, Refused> {
    form.get(name).map(String::as_str).ok_or_else(|| refused(400, &format!("Missing {name}")))
}

fn number(form: &Form, name: &str) -> Result<i64, Refused> {
    let number = text(form, name)?.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| refused(400, &format!("Invalid {name}")))
}

fn metadata(form: &Form, prefix: &str) -> Value {
    let member = |(name, value): (&String, &String)| {
        let name = name.strip_prefix(prefix)?.strip_suffix(']')?;
        Some((name.to_owned(), json!(value)))
    };
    Value::Object(form.iter().filter_map(member).collect())
}

pub(super) async fn create_session(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    sandbox.once(&headers, &body, |books, form| {
        let id = books.name("cs");
        let session = json!({
            "id": id, "object": "checkout.session", "status": "open", "payment_status": "unpaid",
            "mode": text(form, "mode")?, "payment_intent": null,
            "url": format!("http://{}/checkout/{id}", sandbox.address),
            "amount_total": number(form, "line_items[0][price_data][unit_amount]")?,
            "currency": text(form, "line_items[0][price_data][currency]")?,
            "success_url": text(form, "success_url")?,
            "cancel_url": form.get("cancel_url"),
            "title": text(form, "line_items[0][price_data][product_data][name]")?,
            "metadata": metadata(form, "metadata["),
        });
        books.objects.insert(id, session.clone());
        Ok(session)
    })
}

pub(super) async fn session(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    sandbox.find(&headers, &id)
}

/// A method that ends with `declined` is declined, as a card would be.
pub(super) async fn create_intent(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    sandbox.once(&headers, &body, |books, form| {
        let (amount, currency) = (number(form, "amount")?, text(form, "currency")?);
        let (customer, method) = (text(form, "customer")?, text(form, "payment_method")?);
        let mut intent = books.capture(amount, currency, metadata(form, "metadata["));
        let id = intent.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let by = json!({"customer": customer, "payment_method": method});
        intent = books.set(&id, by).unwrap_or(intent);
        if method.ends_with("declined") {
            let words = "Your card was declined.";
            let declined = json!({"status": "requires_payment_method", "amount_received": 0,
                "last_payment_error": {"message": words}});
            let intent = books.set(&id, declined).unwrap_or_default();
            sandbox.events.tell("payment_intent.payment_failed", intent.clone());
            let error = json!({"type": "card_error", "message": words, "payment_intent": intent});
            return Err((402, json!({"error": error})));
        }
        sandbox.events.tell("payment_intent.succeeded", intent.clone());
        Ok(intent)
    })
}

pub(super) async fn intent(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    sandbox.find(&headers, &id)
}

pub(super) async fn create_refund(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    sandbox.once(&headers, &body, |books, form| {
        let (intent, amount) = (text(form, "payment_intent")?, number(form, "amount")?);
        let Some(taken) = books.objects.get(intent).cloned() else {
            return Err(refused(404, "No such payment_intent"));
        };
        let amount_of = |object: &Value, name: &str| object.get(name).and_then(Value::as_i64);
        let back: i64 =
            books.refunds(intent).iter().filter_map(|one| amount_of(one, "amount")).sum();
        let taken_amount = amount_of(&taken, "amount_received").unwrap_or_default();
        if amount > taken_amount.saturating_sub(back) {
            return Err(refused(400, "Refund amount is greater than unrefunded amount"));
        }
        let id = books.name("re");
        let refund = json!({
            "id": id, "object": "refund", "amount": amount, "currency": taken.get("currency"),
            "payment_intent": intent, "status": "succeeded", "metadata": taken.get("metadata"),
        });
        books.objects.insert(id, refund.clone());
        sandbox.events.tell("refund.created", refund.clone());
        Ok(refund)
    })
}

pub(super) async fn refunds(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    Query(form): Query<Form>,
) -> Response {
    let found = sandbox.knows(&headers).and_then(|()| {
        let intent = text(&form, "payment_intent")?;
        Ok(json!({"object": "list", "has_more": false, "data": sandbox.books.open().refunds(intent)}))
    });
    answer(found.map_or_else(|refused| refused, |list| (200, list)))
}
