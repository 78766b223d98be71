//! Stripe's objects, as far as they are read here. What else they have is not looked at.

use serde::Deserialize;
use serde_json::Value;

use crate::ledger::{Currency, Money};
use crate::limits;
use crate::payments::provider::{Forged, Hint, ProviderError, RemoteRefund};

/// A page on which a user pays.
#[derive(Debug, Deserialize)]
pub(super) struct Session {
    pub(super) id: String,
    #[serde(default)]
    pub(super) status: String,
    pub(super) payment_intent: Option<String>,
    pub(super) url: Option<String>,
}

/// One try to take money, and what came of it.
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) amount_received: i64,
    pub(super) currency: String,
    pub(super) customer: Option<String>,
    pub(super) payment_method: Option<String>,
    pub(super) last_payment_error: Option<Failure>,
}

/// Why something was not done.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Failure {
    #[serde(default)]
    pub(super) message: String,
    /// The try that was declined.
    pub(super) payment_intent: Option<Named>,
}

/// An object of which only the id is looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
}

/// What an error's body says.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    pub(super) error: Failure,
}

/// A page of refunds.
#[derive(Debug, Deserialize)]
pub(super) struct Refunds {
    pub(super) data: Vec<Refund>,
    #[serde(default)]
    pub(super) has_more: bool,
}

/// Money that was given back.
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) status: Option<String>,
}

impl Refund {
    pub(super) fn read(self) -> Result<RemoteRefund, ProviderError> {
        let is_done = self.status.as_deref() == Some("succeeded");
        Ok(RemoteRefund { id: self.id, money: money(self.amount, &self.currency)?, is_done })
    }
}

/// An amount as Stripe counts it: ISK and UGX in hundredths, though they have none.
pub(super) fn money(amount: i64, code: &str) -> Result<Money, ProviderError> {
    let bad = |_| ProviderError::Unreachable("it names a currency that is none".to_owned());
    let currency: Currency = code.to_ascii_uppercase().parse().map_err(bad)?;
    let amount = if has_no_hundredths(currency) { amount / 100 } else { amount };
    Ok(Money::new(amount, currency))
}

/// The same the other way.
pub(super) fn amount(money: Money) -> Result<i64, ProviderError> {
    let factor = if has_no_hundredths(money.currency) { 100 } else { 1 };
    let too_much = || ProviderError::Refused("the amount is too large".to_owned());
    money.amount.checked_mul(factor).ok_or_else(too_much)
}

fn has_no_hundredths(currency: Currency) -> bool {
    ["ISK", "UGX"].contains(&currency.as_str())
}

/// Whether a text can be the name of an object: it becomes a part of a path.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=limits::PROVIDER_OBJECT_BYTES).contains(&text.len()) && text.bytes().all(plain)
}

/// What an event is about. Kinds of events that we know nothing of name objects that we know
/// nothing of.
pub(super) fn hint(body: &[u8]) -> Result<Hint, Forged> {
    let event: Value = serde_json::from_slice(body).map_err(|_| Forged::Malformed)?;
    let text = |value: &Value| value.as_str().filter(|text| is_name(text)).map(str::to_owned);
    let id = event.get("id").and_then(text).ok_or(Forged::Malformed)?;
    let object = event.pointer("/data/object").unwrap_or(&Value::Null);
    let payment = object.pointer("/metadata/payment").and_then(Value::as_str);
    let payment = payment.and_then(|text| text.parse().ok());
    let names = ["id", "payment_intent"].iter().filter_map(|name| text(object.get(*name)?));
    Ok(Hint { event: id, payment, objects: names.collect() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_names_what_to_look_at() {
        let payment = crate::ids::PaymentId::new();
        let event = json!({"id": "evt_1", "type": "charge.refunded", "data": {"object": {
            "id": "ch_1", "payment_intent": "pi_1", "metadata": {"payment": payment.to_string()}}}});
        let hint = hint(event.to_string().as_bytes()).unwrap();
        assert_eq!((hint.event.as_str(), hint.payment), ("evt_1", Some(payment)));
        assert_eq!(hint.objects, ["ch_1", "pi_1"]);
    }

    #[test]
    fn an_unknown_event_names_nothing_and_is_none_the_less_taken() {
        for body in [json!({"id": "evt_1"}), json!({"id": "evt_1", "data": {"object": [1]}})] {
            let hint = hint(body.to_string().as_bytes()).unwrap();
            assert_eq!((hint.payment, hint.objects.len()), (None, 0), "{body}");
        }
        for body in ["", "[]", "{}", r#"{"id": 1}"#, r#"{"id": "../x"}"#] {
            assert_eq!(hint(body.as_bytes()), Err(Forged::Malformed), "{body}");
        }
    }

    #[test]
    fn amounts_are_counted_as_stripe_does() {
        for (amount_there, code, here) in
            [(500, "eur", 500), (500, "jpy", 500), (50_000, "isk", 500)]
        {
            let read = money(amount_there, code).unwrap();
            assert_eq!((read.amount, amount(read)), (here, Ok(amount_there)), "{code}");
        }
    }

    proptest! {
        #[test]
        fn any_body_gives_an_answer(body: Vec<u8>, text in "\\PC{0,60}") {
            let _ = hint(&body);
            let _ = hint(format!(r#"{{"id": "a", "data": {{"object": {{"id": {text:?}}}}}}}"#).as_bytes());
        }
    }
}
