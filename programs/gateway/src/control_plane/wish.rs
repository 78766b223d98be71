//! What the admin API wants of the control plane. One at a time is fulfilled: a reload sees no drain
//! half done.

use tokio::sync::{mpsc, oneshot};

use super::difference::Difference;
use super::drain::{Drained, How, Target, Unknown};
use super::names::Answers;
use super::reload::Refused;

/// Wishes that may wait; who has a further one waits to tell it.
pub(super) const WISHES: usize = 16;

/// How wishes are told.
pub(crate) type Wishes = mpsc::Sender<Wish>;

/// A wish, and where what came of it is told.
pub(crate) enum Wish {
    /// Read the configuration again. Of a gateway that runs alone.
    Reload(oneshot::Sender<Result<Difference, Refused>>),
    /// Read what the `tombolo up` that runs this gateway has generated.
    TakeOver(oneshot::Sender<Result<Difference, Refused>>),
    /// Names stand for other addresses than before.
    Readdress(Answers),
    /// Take no new work, or take it again.
    Drain(Target, How, oneshot::Sender<Result<Drained, Unknown>>),
}
