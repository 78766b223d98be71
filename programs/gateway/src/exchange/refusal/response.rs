//! A refusal as it goes over the wire: a problem document or a page, and whether the connection
//! lives on.

use std::io::IoSlice;
use std::time::{SystemTime, UNIX_EPOCH};

use tombolo_daemon::problem::{CONTENT_SECURITY_POLICY, Problem, VARY, page, reason};
use tombolo_http1::{FieldId, Framing, Method, Version, write};

use super::Refusal;
use crate::data_plane::{Next, Wait, Workspace, write_all};
use crate::exchange::Scene;
use crate::exchange::journal::Journal;
use crate::exchange::linger::linger;

/// Methods a route can be asked with, for `Allow`.
const ALLOWED: &[u8] = b"GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS";

/// Answers in the gateway's own name and says whether the connection can go on.
pub(in crate::exchange) async fn answer(
    scene: &Scene<'_>,
    refusal: Refusal,
    workspace: &mut Workspace,
    journal: &mut Journal,
) -> Next {
    if journal.request_id.as_bytes().is_empty() {
        journal.identify(&mut scene.connection.core.random.borrow_mut());
    }
    let bodiless = matches!(workspace.request.framing(), Framing::None | Framing::Length(0));
    let keep_alive = !refusal.close
        && bodiless
        && workspace.request.keep_alive()
        && !scene.connection.is_leaving();
    let mut body = compose(scene, &refusal, keep_alive, workspace, journal);
    if let Some(raw) = refusal.raw {
        workspace.answer.clear();
        body = raw.to_vec();
    }
    journal.status = refusal.status;
    journal.error_reason = refusal.reason;
    if !refusal.cause.is_empty() {
        journal.error = Some(refusal.cause);
    }
    let timer = &scene.connection.timer;
    let wait = Wait::Gap(scene.snapshot.patience.body_gap);
    let mut slices = [IoSlice::new(&workspace.answer), IoSlice::new(&body)];
    let Some(client) = scene.client else { return Next::Close };
    if write_all(client, &mut slices, timer, wait).await.is_err() {
        return Next::Close;
    }
    journal.bytes_out = body.len() as u64;
    if keep_alive {
        return Next::KeepAlive;
    }
    if !refusal.at_once {
        linger(scene, workspace).await;
    }
    Next::Close
}

/// Writes the head of the answer and returns its body.
fn compose(
    scene: &Scene<'_>,
    refusal: &Refusal,
    keep_alive: bool,
    workspace: &mut Workspace,
    journal: &Journal,
) -> Vec<u8> {
    let Workspace { inbound, request, answer, .. } = workspace;
    let head = inbound.whole();
    let field = |id| request.field(id).map(|value| value.of(head));
    let page = page(&Problem {
        status: refusal.status,
        detail: &refusal.detail,
        request_id: journal.request_id.as_str(),
        accept: field(FieldId::Accept),
        accept_language: field(FieldId::AcceptLanguage),
    });
    let body = if refusal.status == 204 { Vec::new() } else { page.body };
    answer.clear();
    write::status_line(answer, refusal.status, reason(refusal.status).as_bytes());
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0));
    scene.connection.core.date.with(seconds, |date| write::field(answer, b"Date", date));
    if refusal.status != 204 {
        write::field(answer, b"Content-Type", page.content_type.as_bytes());
        write::field(answer, b"Content-Language", page.content_language.as_bytes());
        write::field(answer, b"Cache-Control", b"no-store");
        write::field(answer, b"Vary", VARY.as_bytes());
        write::field(answer, b"Content-Security-Policy", CONTENT_SECURITY_POLICY.as_bytes());
        write::field(answer, b"X-Content-Type-Options", b"nosniff");
        write::framing(answer, Framing::Length(body.len() as u64));
    }
    if matches!(refusal.status, 204 | 405) {
        write::field(answer, b"Allow", ALLOWED);
    }
    let soon = (refusal.status == 503).then_some(1);
    if let Some(seconds) = refusal.retry_after.or(soon) {
        write::field(answer, b"Retry-After", seconds.to_string().as_bytes());
    }
    if let Some(allowance) = &journal.allowance {
        allowance.write_fields(answer);
    }
    write::field(answer, b"X-Request-Id", journal.request_id.as_bytes());
    if let Some(cache) = &journal.cache {
        cache.write_field(answer);
    }
    if !keep_alive {
        write::field(answer, b"Connection", b"close");
    } else if request.version() == Version::Http10 {
        write::field(answer, b"Connection", b"keep-alive");
    }
    write::end(answer);
    if request.method() == Method::Head { Vec::new() } else { body }
}
