//! Payments: what users are to pay, and what providers say of it.
//!
//! A provider's event is a hint. It is stored under its own id, answered at once, and leads to a
//! fetch; what is fetched is noted once, whatever came before ([`settle`]). Events that are lost
//! are made up for by looks at what is open ([`worker`]). Owned here: invoices, payments, refunds,
//! providers. Not owned: plans and months ([`crate::plans`]), the ledger.

mod apply;
pub(crate) mod idempotency;
pub(crate) mod invoice;
mod invoices;
mod offer;
mod provider;
mod refunds;
pub(crate) mod row;
mod settings;
mod settle;
mod stripe;
mod webhook;
mod worker;

#[cfg(test)]
mod settle_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::Notify;

use self::provider::Provider;
pub use self::settings::{PaymentsError, PaymentsSettings};
pub(crate) use self::stripe::signature;
pub use self::stripe::{TransportError, event_is_believed, signed_event_is_read};
pub(crate) use self::worker::{hurry, work};
use crate::http::Routes;

/// The providers of a replica.
#[derive(Debug, Default)]
pub(crate) struct Payments {
    providers: Vec<Arc<dyn Provider>>,
    /// Who issues invoices.
    pub(crate) seller: String,
    wake: Notify,
}

impl Payments {
    /// The providers that settings tell of.
    pub(crate) fn open(settings: &PaymentsSettings) -> Result<Self, TransportError> {
        let mut payments = Self { seller: settings.seller.clone(), ..Self::default() };
        for one in &settings.providers {
            payments.providers.push(Arc::new(one.open()?));
        }
        Ok(payments)
    }

    #[cfg(test)]
    fn of(provider: Arc<dyn Provider>) -> Self {
        Self { providers: vec![provider], ..Self::default() }
    }

    /// The provider of a name.
    fn named(&self, name: &str) -> Option<Arc<dyn Provider>> {
        self.providers.iter().find(|one| one.name() == name).cloned()
    }

    /// Who takes new payments.
    pub(crate) fn first(&self) -> Option<&str> {
        self.providers.first().map(|one| one.name())
    }

    /// Something is to be done.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    async fn woken(&self) {
        self.wake.notified().await;
    }
}

/// What clients can ask for here.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .merge(webhook::routes())
        .merge(refunds::routes())
        .merge(invoices::routes())
        .merge(offer::routes())
}
