//! What is stored for a request: by its key, and among variants by what it says in the fields they
//! differ by.

use tombolo_cache::cache_status::Forward;
use tombolo_cache::key::KeyHash;
use tombolo_cache::message::Request;
use tombolo_cache::store::{Found, Varying};
use tombolo_cache::vary::{Vary, is_preferred};

use super::question::Question;
use super::stored::Stored;
use super::{Stage, request};
use crate::data_plane::Workspace;

/// What a look-up came to.
pub(super) enum Looked {
    /// A response that matches the request.
    Stored(Stored),
    /// None, and in what way.
    Nothing(Forward),
}

/// Looks for a stored response. From memory it is there at once.
pub(super) async fn look(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    question: &Question,
) -> Looked {
    let found = stage.store.lookup(question.key(&workspace.key)).found().await;
    let nothing = Looked::Nothing(Forward::UriMiss);
    match found {
        Found::Hit(entry) => Stored::of(entry).map_or(nothing, Looked::Stored),
        Found::Miss => nothing,
        Found::Varies(varying) => match variant(stage, workspace, question, &varying).await {
            Some(stored) => Looked::Stored(stored),
            None => {
                write_names(&varying, &mut workspace.varies_by);
                Looked::Nothing(Forward::VaryMiss)
            }
        },
    }
}

/// Writes the names of the fields that the answers of a key differ by, with commas between them; several
/// answers may have nominated others.
pub(super) fn write_names(varying: &Varying, out: &mut Vec<u8>) {
    out.clear();
    for vary in lists(varying) {
        for name in vary.names() {
            let is_there = out.split(|byte| *byte == b',').any(|there| there == name);
            if !is_there {
                if !out.is_empty() {
                    out.push(b',');
                }
                out.extend_from_slice(name);
            }
        }
    }
}

/// The names of a record of how a key varies, read once.
pub(super) fn lists(varying: &Varying) -> &[Vary] {
    let lists = varying
        .object()
        .annex(|_| varying.lists().filter_map(Vary::from_bytes).collect::<Vec<Vary>>());
    lists.map(Vec::as_slice).unwrap_or_default()
}

/// The variant for a request; of several the newest (RFC 9111 section 4.1).
async fn variant(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    question: &Question,
    varying: &Varying,
) -> Option<Stored> {
    let mut best: Option<Stored> = None;
    for vary in lists(varying) {
        let Workspace { inbound, request, key, variant, .. } = &mut *workspace;
        let request = Request { head: request, buf: inbound.whole() };
        let wanted = vary.variant(&request, &stage.sent(), variant);
        let found = stage.store.lookup_variant(question.key(key), varying, wanted);
        if let Found::Hit(entry) = found.found().await
            && let Some(stored) = Stored::of(entry)
            && best.as_ref().is_none_or(|best| is_preferred(stored.meta(), best.meta()))
        {
            best = Some(stored);
        }
    }
    best
}

/// What the request says in the fields that the answers of its key differ by, as far as is known:
/// written into the workspace. None: they are not known to differ.
pub(super) async fn known_variant(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    question: &Question,
) -> Option<KeyHash> {
    let found = stage.store.lookup(question.key(&workspace.key)).found().await;
    let Found::Varies(varying) = found else { return None };
    let vary = lists(&varying).first()?;
    let Workspace { inbound, request, variant, .. } = workspace;
    let request = Request { head: request, buf: inbound.whole() };
    Some(vary.variant(&request, &stage.sent(), variant).hash)
}

/// Whether a request says the same as the one that a response is the answer to, in the fields
/// `names` that the response varies by.
pub(super) fn is_same_variant(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    names: Option<Box<[u8]>>,
    theirs: &[u8],
) -> bool {
    let Some(names) = names else { return true };
    let Some(vary) = Vary::from_bytes(&names) else { return false };
    let mut ours = std::mem::take(&mut workspace.variant);
    let same = vary.variant(&request(workspace), &stage.sent(), &mut ours).text == theirs;
    workspace.variant = ours;
    same
}
