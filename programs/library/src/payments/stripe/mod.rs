//! A provider that speaks Stripe's API: Stripe itself, and the sandbox, which speaks the same. Seven
//! calls, form-encoded, with an idempotency key each that moves money.

mod objects;
pub(crate) mod signature;
mod transport;

use http::HeaderMap;
use http::Method;
use serde::de::DeserializeOwned;

use self::objects::{Intent, Refund, Refunds, Session};
pub(crate) use self::transport::Transport;
pub use self::transport::TransportError;
use super::provider::{
    Calling, Charge, Checkout, Forged, Hint, Opened, Provider, ProviderError, RefundCall, Remote,
    RemoteRefund, RemoteState,
};
use crate::ledger::Money;
use crate::limits;
use crate::time::Time;

/// Whether an event's signature is that of `secret`, and new enough at `now` (seconds since 1970):
/// for fuzzing.
#[must_use]
pub fn event_is_believed(secret: &[u8], signature: &str, body: &[u8], now: i64) -> bool {
    signature::verify(secret, signature, body, now).is_ok()
}

/// Whether a signed event can be read: for fuzzing.
pub fn signed_event_is_read(body: &[u8]) -> bool {
    objects::hint(body).is_ok()
}

type Form = Vec<(&'static str, String)>;

/// A provider that speaks Stripe's API.
#[derive(Debug)]
pub(crate) struct Stripe {
    name: String,
    transport: Transport,
    webhook_secret: Vec<u8>,
}

impl Stripe {
    /// One that is called `name` here, reached by `transport`, which signs its events with
    /// `webhook_secret`.
    pub(crate) fn new(name: String, transport: Transport, webhook_secret: Vec<u8>) -> Self {
        Self { name, transport, webhook_secret }
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        form: &Form,
    ) -> Result<T, ProviderError> {
        self.transport.call(Method::POST, path, Some(key), form).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ProviderError> {
        self.transport.call(Method::GET, path, None, &Form::new()).await
    }

    async fn open_checkout(&self, checkout: &Checkout) -> Result<Opened, ProviderError> {
        let Checkout { key, payment, title, money, return_url } = checkout;
        let separator = if return_url.contains('?') { '&' } else { '?' };
        let form: Form = vec![
            ("mode", "payment".into()),
            ("customer_creation", "always".into()),
            ("client_reference_id", payment.to_string()),
            ("metadata[payment]", payment.to_string()),
            ("payment_intent_data[metadata][payment]", payment.to_string()),
            ("payment_intent_data[setup_future_usage]", "off_session".into()),
            ("line_items[0][quantity]", "1".into()),
            ("line_items[0][price_data][currency]", money.currency.as_str().to_ascii_lowercase()),
            ("line_items[0][price_data][unit_amount]", objects::amount(*money)?.to_string()),
            ("line_items[0][price_data][product_data][name]", title.clone()),
            ("success_url", format!("{return_url}{separator}payment={payment}")),
            ("cancel_url", format!("{return_url}{separator}cancelled={payment}")),
        ];
        let session: Session = self.post("/v1/checkout/sessions", key, &form).await?;
        Ok(Opened { object: named(session.id)?, url: session.url })
    }

    async fn take(&self, charge: &Charge) -> Result<Opened, ProviderError> {
        let Charge { key, payment, title, money, customer, method } = charge;
        let form: Form = vec![
            ("amount", objects::amount(*money)?.to_string()),
            ("currency", money.currency.as_str().to_ascii_lowercase()),
            ("customer", customer.clone()),
            ("payment_method", method.clone()),
            ("description", title.clone()),
            ("metadata[payment]", payment.to_string()),
            ("off_session", "true".into()),
            ("confirm", "true".into()),
        ];
        let intent = self.post("/v1/payment_intents", key, &form).await;
        let object = match intent {
            Ok(Intent { id, .. }) => id,
            Err(ProviderError::Declined { object }) => object,
            Err(error) => return Err(error),
        };
        Ok(Opened { object: named(object)?, url: None })
    }

    async fn look(&self, object: &str) -> Result<Remote, ProviderError> {
        let mut remote = Remote {
            state: RemoteState::Open,
            intent: None,
            captured: Money::new(0, objects::money(0, "eur")?.currency),
            customer: None,
            method: None,
            refunds: Vec::new(),
            detail: String::new(),
        };
        let object = named(object.to_owned())?;
        let is_page = !object.starts_with("pi_");
        let intent = if is_page {
            let session: Session = self.get(&format!("/v1/checkout/sessions/{object}")).await?;
            if session.status == "expired" {
                remote.state = RemoteState::Failed;
            }
            session.payment_intent
        } else {
            Some(object)
        };
        let Some(intent) = intent else { return Ok(remote) };
        let intent: Intent = self.get(&format!("/v1/payment_intents/{}", named(intent)?)).await?;
        remote.captured = objects::money(intent.amount_received, &intent.currency)?;
        remote.detail =
            intent.last_payment_error.map(|failure| failure.message).unwrap_or_default();
        remote.state = match intent.status.as_str() {
            "succeeded" => RemoteState::Captured,
            "canceled" => RemoteState::Failed,
            // On a page its user can try another card.
            "requires_payment_method" if !is_page => RemoteState::Failed,
            _ => remote.state,
        };
        (remote.customer, remote.method) = (intent.customer, intent.payment_method);
        if intent.amount_received > 0 {
            remote.refunds = self.refunds(&intent.id).await?;
        }
        remote.intent = Some(intent.id);
        Ok(remote)
    }

    async fn refunds(&self, intent: &str) -> Result<Vec<RemoteRefund>, ProviderError> {
        let mut all = Vec::new();
        let first = format!("/v1/refunds?payment_intent={intent}&limit=100");
        let mut path = first.clone();
        for _ in 0..limits::REFUND_PAGES {
            let page: Refunds = self.get(&path).await?;
            let has_more = page.has_more;
            for refund in page.data {
                all.push(refund.read()?);
            }
            match all.last() {
                Some(last) if has_more => {
                    path = format!("{first}&starting_after={}", named(last.id.clone())?);
                }
                _ => return Ok(all),
            }
        }
        Err(ProviderError::Unreachable("its list of refunds has no end".to_owned()))
    }

    async fn give_back(&self, call: &RefundCall) -> Result<RemoteRefund, ProviderError> {
        let RefundCall { key, intent, money } = call;
        let form: Form = vec![
            ("payment_intent", intent.clone()),
            ("amount", objects::amount(*money)?.to_string()),
        ];
        let refund: Refund = self.post("/v1/refunds", key, &form).await?;
        refund.read()
    }
}

/// A name of an object that can be a part of a path.
fn named(id: String) -> Result<String, ProviderError> {
    let bad = || ProviderError::Unreachable("it gave an object a name that cannot be one".into());
    if objects::is_name(&id) { Ok(id) } else { Err(bad()) }
}

impl Provider for Stripe {
    fn name(&self) -> &str {
        &self.name
    }

    fn create_checkout<'a>(&'a self, checkout: &'a Checkout) -> Calling<'a, Opened> {
        Box::pin(self.open_checkout(checkout))
    }

    fn charge<'a>(&'a self, charge: &'a Charge) -> Calling<'a, Opened> {
        Box::pin(self.take(charge))
    }

    fn fetch<'a>(&'a self, object: &'a str) -> Calling<'a, Remote> {
        Box::pin(self.look(object))
    }

    fn refund<'a>(&'a self, refund: &'a RefundCall) -> Calling<'a, RemoteRefund> {
        Box::pin(self.give_back(refund))
    }

    fn verify_webhook(&self, headers: &HeaderMap, body: &[u8], now: Time) -> Result<Hint, Forged> {
        let header = headers.get(signature::FIELD).and_then(|value| value.to_str().ok());
        let header = header.ok_or(Forged::Signature)?;
        signature::verify(&self.webhook_secret, header, body, now.millis().div_euclid(1000))?;
        objects::hint(body)
    }
}
