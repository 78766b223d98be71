//! An answer goes into the store while the client is served by what comes.

use bytes::Bytes;
use tombolo_cache::storability::is_endless;
use tombolo_cache::store::{Filling, Lesson};
use tombolo_http1::{BodyDecoder, BodyLimits, Framing};

use super::{set_stored, start};
use crate::control_plane::Bounds;
use crate::data_plane::{Next, Workspace};
use crate::exchange::cache::fill::{Fill, Piece};
use crate::exchange::cache::follow::{self, Passage};
use crate::exchange::cache::keeping::Keeping;
use crate::exchange::cache::{Stage, pass_on, response};
use crate::exchange::forward::Held;
use crate::exchange::journal::Journal;
use crate::exchange::{Failure, answer};

/// Stores what comes and serves the client by it.
pub(super) async fn store(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    keeping: Keeping,
    held: Held,
    mut filling: Filling,
    journal: &mut Journal,
) -> Result<Next, Failure> {
    if !start(stage, workspace, &keeping, &mut filling) {
        filling.not_storable(Lesson::Response);
        return pass_on::relay(stage, workspace, held, journal).await;
    }
    set_stored(journal);
    let joined = keeping.before.is_some() || keeping.after.is_some();
    if !joined && let Some(body) = whole_body(workspace) {
        // All of it is here already: nothing is left that could fail.
        filling.append(body);
        drop(filling.commit());
        return pass_on::relay(stage, workspace, held, journal).await;
    }
    if stage.scene.client.is_none() {
        fill(stage, workspace, keeping, held, filling).run(true).await;
        return Ok(Next::Close);
    }
    let Some(mut reader) = filling.reader() else {
        return pass_on::relay(stage, workspace, held, journal).await;
    };
    let cookie = held.cookie.clone();
    let server = held.server.name.clone();
    let framing = workspace.response.framing();
    let Workspace { outbound, response, answer, .. } = &mut *workspace;
    let plan = answer::compose(
        &answer::Parts {
            scene: stage.scene,
            asked: stage.asked,
            journal,
            response,
            head: outbound.whole(),
            server: &server,
            cookie: cookie.as_ref().map(|(name, value)| (name.as_str(), value.as_str())),
            sent: true,
        },
        answer,
    );
    journal.status = response.status();
    let skip = keeping.before.as_ref().map_or(0, Piece::length);
    let take = match framing {
        Framing::Length(length) => Some(length),
        _ => None,
    };
    let bounds = &stage.asked.bounds;
    let bounds = match is_endless(&super::response(workspace)) {
        true => Bounds { body_gap: bounds.tunnel_idle, client_bytes: 0, ..*bounds },
        false => *bounds,
    };
    begin_fill(stage, workspace, keeping, held, filling);
    let framing = match framing {
        Framing::Length(length) => Framing::Length(length),
        _ if plan.chunked => Framing::Chunked,
        _ => Framing::UntilClose,
    };
    let passage = Passage { skip, take, framing, bounds };
    let answer = std::mem::take(&mut workspace.answer);
    let ended = follow::stream(stage.scene, &mut reader, passage, &answer, journal).await;
    workspace.answer = answer;
    ended.map(|()| if plan.keep_alive { Next::KeepAlive } else { Next::Close })
}

/// The body, if all of it has come with the head.
fn whole_body(workspace: &Workspace) -> Option<Bytes> {
    let mut decoder = BodyDecoder::new(workspace.response.framing(), BodyLimits::default());
    let mut rest = workspace.outbound.unread();
    let mut body = Vec::new();
    while !decoder.is_done() {
        let piece = decoder.next(rest).ok()?;
        body.extend_from_slice(piece.data);
        rest = rest.get(piece.consumed..).unwrap_or_default();
        if piece.consumed == 0 && !piece.done {
            return None;
        }
    }
    Some(Bytes::from(body))
}

/// What is left to be done for a response in the workspace: takes its bytes over.
fn fill(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    keeping: Keeping,
    held: Held,
    filling: Filling,
) -> Fill {
    let core = &stage.scene.connection.core;
    let framing = workspace.response.framing();
    let (endless, bounds) = (is_endless(&response(workspace)), &stage.asked.bounds);
    let mut ours = core.workspaces.take();
    std::mem::swap(&mut ours.outbound, &mut workspace.outbound);
    Fill {
        core: std::rc::Rc::clone(core),
        endless,
        gap: if endless { bounds.tunnel_idle } else { bounds.body_gap },
        reusable: workspace.response.keep_alive() && framing != Framing::UntilClose,
        held,
        workspace: ours,
        decoder: BodyDecoder::new(framing, BodyLimits::default()),
        filling,
        before: keeping.before,
        after: keeping.after,
    }
}

pub(super) fn begin_fill(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    keeping: Keeping,
    held: Held,
    filling: Filling,
) {
    let fill = fill(stage, workspace, keeping, held, filling);
    tokio::task::spawn_local(fill.run(false));
}
