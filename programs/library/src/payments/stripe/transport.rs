//! Calls over HTTP: TLS with the system's roots, or plain HTTP to this machine; a limit of time and
//! of bytes each.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::objects::Refusal;
use crate::limits;
use crate::payments::provider::ProviderError;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The way to a provider.
pub(crate) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    authorization: HeaderValue,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Transport").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Why there is no way to a provider.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The key cannot stand in a header.
    #[error("the key of the payment provider has characters that no key has")]
    Key,
    /// The system's roots cannot be read.
    #[error("the certificates that this system trusts cannot be read: {0}")]
    Roots(#[source] std::io::Error),
}

impl Transport {
    /// A way to the API at `base`, such as `https://api.stripe.com`.
    pub(crate) fn new(base: &str, key: &str) -> Result<Self, TransportError> {
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| TransportError::Key)?;
        authorization.set_sensitive(true);
        let roots =
            HttpsConnectorBuilder::new().with_native_roots().map_err(TransportError::Roots)?;
        let connector = roots.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, base: base.trim_end_matches('/').to_owned(), authorization })
    }

    /// Calls, and reads the answer's JSON.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        form: &super::Form,
    ) -> Result<T, ProviderError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(AUTHORIZATION, self.authorization.clone());
        if let Some(key) = key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        let body = encoded(form);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let request = request.body(Full::new(body)).map_err(unreachable)?;
        let answer = timeout(limits::PROVIDER_TIME, self.answer(request)).await;
        let late = |_| ProviderError::Unreachable("it did not answer in time".to_owned());
        let (status, body) = answer.map_err(late)??;
        read(status, &body)
    }

    async fn answer(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), ProviderError> {
        let (head, body) = self.client.request(request).await.map_err(unreachable)?.into_parts();
        let body = Limited::new(body, limits::PROVIDER_BYTES).collect().await;
        let body = body.map_err(|error| ProviderError::Unreachable(error.to_string()))?;
        Ok((head.status, body.to_bytes()))
    }
}

fn encoded(form: &super::Form) -> Bytes {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    body.finish().into()
}

fn unreachable(error: impl std::error::Error) -> ProviderError {
    ProviderError::Unreachable(match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    })
}

/// What an answer means.
fn read<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, ProviderError> {
    if status.is_success() {
        return serde_json::from_slice(body).map_err(unreachable);
    }
    let failure = serde_json::from_slice::<Refusal>(body).ok().map(|refusal| refusal.error);
    let failure = failure.unwrap_or_default();
    if status == StatusCode::PAYMENT_REQUIRED
        && let Some(declined) = failure.payment_intent
    {
        return Err(ProviderError::Declined { object: declined.id });
    }
    let words: String = failure.message.chars().filter(|c| !c.is_control()).take(200).collect();
    let words = format!("{} {words}", status.as_u16());
    let passes = status.is_server_error()
        || matches!(
            status,
            StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::CONFLICT
                | StatusCode::TOO_MANY_REQUESTS
        );
    Err(if passes { ProviderError::Unreachable(words) } else { ProviderError::Refused(words) })
}
