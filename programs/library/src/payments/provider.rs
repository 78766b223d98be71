//! What the library needs of a payment provider.
//!
//! A provider's events are hints: [`Provider::verify_webhook`] only tells which payment to look at,
//! and what is believed is what [`Provider::fetch`] answers. Every call that moves money carries a
//! key, so that the same call again does nothing more.

use std::pin::Pin;

use http::HeaderMap;

use crate::ids::PaymentId;
use crate::ledger::Money;
use crate::time::Time;

/// What a call to a provider returns.
pub(crate) type Calling<'a, T> =
    Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// A payment provider.
pub(crate) trait Provider: std::fmt::Debug + Send + Sync {
    /// Its name in the API, in rows and in the ledger.
    fn name(&self) -> &str;

    /// Makes a page on which a user pays.
    fn create_checkout<'a>(&'a self, checkout: &'a Checkout) -> Calling<'a, Opened>;

    /// Takes money by what a user left at an earlier checkout.
    fn charge<'a>(&'a self, charge: &'a Charge) -> Calling<'a, Opened>;

    /// What has become of a checkout or a charge.
    fn fetch<'a>(&'a self, object: &'a str) -> Calling<'a, Remote>;

    /// Gives money back.
    fn refund<'a>(&'a self, refund: &'a RefundCall) -> Calling<'a, RemoteRefund>;

    /// Whether an event comes from the provider and is new enough, and what it is about.
    fn verify_webhook(&self, headers: &HeaderMap, body: &[u8], now: Time) -> Result<Hint, Forged>;
}

/// A page on which a user pays, to be made.
#[derive(Clone, Debug)]
pub(crate) struct Checkout {
    /// The same again makes no second page.
    pub(crate) key: String,
    pub(crate) payment: PaymentId,
    pub(crate) title: String,
    pub(crate) money: Money,
    /// Where the page sends the user afterwards.
    pub(crate) return_url: String,
}

/// Money to be taken without the user being there.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    /// The same again takes nothing more.
    pub(crate) key: String,
    pub(crate) payment: PaymentId,
    pub(crate) title: String,
    pub(crate) money: Money,
    pub(crate) customer: String,
    pub(crate) method: String,
}

/// Money to be given back.
#[derive(Clone, Debug)]
pub(crate) struct RefundCall {
    /// The same again gives nothing more.
    pub(crate) key: String,
    /// What took the money.
    pub(crate) intent: String,
    pub(crate) money: Money,
}

/// What was made at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    /// The provider's name for it.
    pub(crate) object: String,
    /// Where the user pays.
    pub(crate) url: Option<String>,
}

/// How far a payment is, at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RemoteState {
    /// It may still be paid.
    Open,
    /// The money was taken.
    Captured,
    /// It was declined, or its page has expired; nothing will come of it.
    Failed,
}

/// What the provider says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) state: RemoteState,
    /// What took the money, and what a refund names.
    pub(crate) intent: Option<String>,
    /// How much was taken.
    pub(crate) captured: Money,
    /// What later charges name.
    pub(crate) customer: Option<String>,
    pub(crate) method: Option<String>,
    /// What was given back, all of it.
    pub(crate) refunds: Vec<RemoteRefund>,
    /// Why it failed, in the provider's words.
    pub(crate) detail: String,
}

/// Money that was given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteRefund {
    pub(crate) id: String,
    pub(crate) money: Money,
    /// Whether the provider has done it, and not only taken note.
    pub(crate) is_done: bool,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// The event's own id.
    pub(crate) event: String,
    /// Our payment, if the event names it.
    pub(crate) payment: Option<PaymentId>,
    /// The provider's objects that the event names.
    pub(crate) objects: Vec<String>,
}

/// An event that is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Forged {
    /// It is not signed with the secret.
    #[error("the signature is missing or wrong")]
    Signature,
    /// It was signed too long ago: somebody may be sending it again.
    #[error("the signature is older than 300 seconds")]
    Old,
    /// It is signed but cannot be read.
    #[error("the event cannot be read")]
    Malformed,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProviderError {
    /// Nobody answered, or the answer makes no sense; the same call may succeed later.
    #[error("the payment provider cannot be reached: {0}")]
    Unreachable(String),
    /// It tried to take the money and could not; the object tells why.
    #[error("the payment was declined ({object})")]
    Declined {
        /// The try.
        object: String,
    },
    /// It will not be done.
    #[error("the payment provider refused: {0}")]
    Refused(String),
}
