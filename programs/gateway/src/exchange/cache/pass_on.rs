//! An answer that is held and not stored, to the client; and its connection back to the pool.

use tombolo_http1::Framing;

use super::Stage;
use crate::data_plane::{Next, Watch, Workspace};
use crate::exchange::Failure;
use crate::exchange::attempt::Facing;
use crate::exchange::downward::{DownError, Ending};
use crate::exchange::forward::Held;
use crate::exchange::journal::Journal;
use crate::exchange::relay::Relay;

/// Passes the answer in the workspace on, and keeps the connection it came by.
pub(super) async fn relay(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    held: Held,
    journal: &mut Journal,
) -> Result<Next, Failure> {
    let scene = stage.scene;
    let watch = Watch::new(scene.client);
    watch.begin();
    let cookie = held.cookie.as_ref().map(|(name, value)| (name.as_str(), value.as_str()));
    // Its first byte is there.
    let facing = Facing {
        link: &held.link,
        server: &held.server.name,
        cookie,
        first_byte: 0,
        passed_below: u16::MAX,
        elsewhere: &|_, _| None,
        leave: &|| false,
    };
    let Workspace { outbound, response, answer, framing_down, .. } = workspace;
    let relay = Relay {
        scene,
        asked: stage.asked,
        journal,
        facing: &facing,
        watch: &watch,
        sent: true,
        outbound,
        response,
        answer,
        scratch: framing_down,
    };
    match relay.run().await {
        Ok(Ending::Answered { reusable, keep_alive }) => {
            if reusable {
                give_back(stage, held);
            }
            Ok(if keep_alive { Next::KeepAlive } else { Next::Close })
        }
        Ok(_) => Ok(Next::Close),
        Err(DownError::Failed(failure)) => Err(failure),
        Err(DownError::Unanswered(unanswered)) => Err(unanswered.refusal.into()),
    }
}

/// Keeps the connection of an answer that has no body.
pub(super) fn release(stage: &Stage<'_>, workspace: &Workspace, held: Held) {
    let bodiless = workspace.response.framing() == Framing::None;
    if bodiless && workspace.response.keep_alive() && workspace.outbound.is_empty() {
        give_back(stage, held);
    }
}

fn give_back(stage: &Stage<'_>, held: Held) {
    let core = &stage.scene.connection.core;
    core.pool.give(&held.server, held.link, core.timers.now());
}
