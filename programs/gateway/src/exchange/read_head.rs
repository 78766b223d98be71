//! Stage 2: reads one request head, within its limits and its deadline.

use tombolo_http1::OtherProtocol;

use super::journal::Journal;
use super::refusal::Refusal;
use super::{Failure, Scene, hold};
use crate::data_plane::{Share, Stop, Workspace, read};
use crate::rate_limit::subscriber;

/// Reads until the head is whole. `Ok(false)`: the client closed without sending anything.
///
/// The deadline runs from the head's first byte to its end and is not moved by further bytes, so
/// a slow drip is cut like silence.
pub(super) async fn read_head<'s>(
    scene: &'s Scene<'_>,
    workspace: &mut Workspace,
    share: &mut Option<Share<'s>>,
    journal: &mut Journal,
) -> Result<bool, Failure> {
    let timer = &scene.connection.timer;
    let Workspace { inbound, request, .. } = workspace;
    let mut waited = false;
    let mut half = None;
    loop {
        if !inbound.is_empty() {
            journal.begin();
            match request.parse(inbound.unread(), &scene.snapshot.head) {
                Ok(Some(length)) => {
                    inbound.keep_head(length);
                    journal.head_read();
                    return Ok(true);
                }
                unread => {
                    // A head in another protocol may never look complete, or wrong.
                    if let Some(other) = OtherProtocol::recognise(inbound.unread()) {
                        return Err(Refusal::other_protocol(other).into());
                    }
                    if let Err(error) = unread {
                        return Err(Refusal::bad_head(error, &scene.snapshot.head).into());
                    }
                    let client = scene.connection.client.ip();
                    // A trusted hop sends those of many clients, and which is not known yet.
                    if share.is_none()
                        && !scene.snapshot.trusted.iter().any(|hop| hop.contains(&client))
                    {
                        *share = Some(hold(scene, subscriber(client))?);
                    }
                    let heads = &scene.connection.core.admission.half_heads;
                    let half = half.get_or_insert_with(|| heads.begin(client));
                    journal.waits_for_head();
                    if half.grow(inbound.unread().len()).is_err() {
                        return Err(Refusal::too_many_half_heads().into());
                    }
                }
            }
        }
        if !waited {
            waited = true;
            timer.arm(scene.snapshot.patience.head);
        }
        match read(scene.client()?, inbound.room(), timer).await {
            Ok(0) if inbound.is_empty() => return Ok(false),
            Ok(0) => return Err(Failure::Cut("the client closed inside a request head")),
            Ok(count) => inbound.filled(count),
            Err(Stop::Expired | Stop::Slow | Stop::Needed) if inbound.is_empty() => {
                return Ok(false);
            }
            Err(Stop::Expired | Stop::Slow | Stop::Needed) => {
                return Err(Refusal::slow_head(scene.snapshot.patience.head).into());
            }
            Err(Stop::Failed(_)) if inbound.is_empty() => return Ok(false),
            Err(Stop::Failed(_)) => {
                return Err(Failure::Cut("the connection failed inside a request head"));
            }
        }
    }
}
