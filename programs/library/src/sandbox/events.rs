//! Events to the library, with the manners that were asked for. One that is not taken is sent again.

use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::SandboxSettings;
use crate::payments::signature;
use crate::time::Time;
use crate::{Error, limits};

/// Where events go.
#[derive(Clone, Debug)]
pub(super) struct Events(mpsc::Sender<Value>);

impl Events {
    /// The way for events, and what sends them.
    pub(super) fn start(
        settings: &SandboxSettings,
    ) -> Result<(Self, tokio::task::JoinHandle<()>), Error> {
        let (sender, receiver) = mpsc::channel(limits::SANDBOX_EVENTS);
        if let Some(url) = &settings.webhook {
            let is_url = url.parse::<http::Uri>().is_ok_and(|url| url.scheme_str() == Some("http"));
            if !is_url {
                return Err(Error::Webhook(url.clone()));
            }
        }
        Ok((Self(sender), tokio::spawn(send(settings.clone(), receiver))))
    }

    /// Tells of an object.
    pub(super) fn tell(&self, kind: &str, object: Value) {
        let id = format!("evt_sandbox{}", uuid::Uuid::now_v7().simple());
        let created = Time::now().millis().div_euclid(1000);
        let event = json!({"id": id, "object": "event", "type": kind, "created": created,
            "data": {"object": object}});
        // A full queue loses events, as providers do: the library asks by itself.
        let _ = self.0.try_send(event);
    }
}

async fn send(settings: SandboxSettings, mut events: mpsc::Receiver<Value>) {
    let mut count: u32 = 0;
    while let Some(event) = events.recv().await {
        sleep(settings.manners.delay).await;
        let mut batch = vec![event];
        if settings.manners.disorder {
            let next = timeout(limits::SANDBOX_PAIR, events.recv()).await;
            batch.extend(next.ok().flatten());
            batch.reverse();
        }
        for event in batch {
            count = count.wrapping_add(1);
            let lose_every = settings.manners.lose_every;
            if lose_every > 0 && count.is_multiple_of(lose_every) {
                tracing::info!(kind = ?event.get("type"), "not sent, as asked for");
                continue;
            }
            deliver(&settings, &event).await;
            if settings.manners.duplicate {
                deliver(&settings, &event).await;
            }
        }
    }
}

async fn deliver(settings: &SandboxSettings, event: &Value) {
    let Some(url) = &settings.webhook else { return };
    let body = Bytes::from(event.to_string());
    for pause in limits::SANDBOX_PAUSES {
        let now = Time::now().millis().div_euclid(1000);
        let signed = signature::sign(settings.webhook_secret.as_bytes(), &body, now);
        let request = Request::post(url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(signature::FIELD, signed)
            .body(Full::new(body.clone()));
        let Ok(request) = request else { return };
        let client = Client::builder(TokioExecutor::new()).build_http();
        match timeout(limits::PROVIDER_TIME, client.request(request)).await {
            Ok(Ok(response)) if response.status().is_success() => return,
            Ok(Ok(response)) => {
                tracing::warn!(status = %response.status(), url, "an event was refused")
            }
            Ok(Err(error)) => tracing::warn!(%error, url, "an event did not arrive"),
            Err(_) => tracing::warn!(url, "an event was not answered"),
        }
        sleep(pause).await;
    }
}
