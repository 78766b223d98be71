//! An answer from a stored response: whole, a part, several parts, or the news that the client has
//! it already.

use tombolo_cache::answer;
use tombolo_cache::cache_status::CacheStatus;
use tombolo_cache::conditional::{Precondition, precondition, write_not_modified};
use tombolo_cache::message::Request;
use tombolo_cache::metadata::Part;
use tombolo_cache::range::Selection;
use tombolo_cache::store::Body;
use tombolo_http1::{FieldId, Version, write};

use super::Stage;
use super::content::{self, Pieces};
use super::stored::Stored;
use crate::data_plane::{Next, Wait, Workspace, reply};
use crate::exchange::Failure;
use crate::exchange::journal::Journal;
use crate::exchange::relay::why_not_taken;

/// Bytes that a socket takes at once, usually: what is more may have to wait for the client.
const AT_ONCE: usize = 64 * 1024;

/// What became of an answer.
pub(super) enum Sent {
    /// It was sent.
    Done(Next),
    /// The stored body cannot be read; nothing was sent.
    Unreadable,
}

/// What of a stored response is sent behind the head.
enum Content {
    Nothing,
    All,
    Part(Part),
    Parts(Pieces),
}

/// Sends `selection` of a stored response. `age` in seconds.
pub(super) async fn send(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    stored: &Stored,
    selection: Selection,
    age: u32,
    status: CacheStatus<'static>,
    journal: &mut Journal,
) -> Result<Sent, Failure> {
    let client = stage.scene.client()?;
    let (code, content) = write_head(stage, workspace, stored, selection, age);
    journal.cache = Some(status);
    let next = finish_head(stage, &mut workspace.answer, journal);
    let answer = &mut workspace.answer;
    let timer = &stage.scene.connection.timer;
    let is_needed = || stage.scene.is_short();
    let pace = stage.asked.bounds.reading(&is_needed);
    let bytes: &[u8] = match (&content, stored.entry.body()) {
        (Content::Nothing, _) => &[],
        (Content::All, Body::Memory(body)) => body,
        (Content::Part(part), Body::Memory(body)) => {
            content::slice(body, content::within(part, stored.meta())).unwrap_or_default()
        }
        (Content::Parts(pieces), _) => {
            journal.downloads();
            let sent = content::send_pieces(stage, &stored.entry, answer, pieces, journal);
            return Ok(report(Box::pin(sent).await?, code, next, journal));
        }
        (Content::All | Content::Part(_), Body::File(file)) => {
            let range = match &content {
                Content::Part(part) => content::within(part, stored.meta()),
                _ => 0..file.length(),
            };
            journal.downloads();
            let sent = content::send_file_part(stage, file, answer, range, journal);
            return Ok(report(Box::pin(sent).await?, code, next, journal));
        }
    };
    journal.status = code;
    if bytes.len() > AT_ONCE {
        journal.downloads();
    }
    reply(client, answer, bytes, timer, Wait::Client(&pace))
        .await
        .map_err(|stop| Failure::Cut(why_not_taken(&stop)))?;
    journal.bytes_out = bytes.len() as u64;
    Ok(Sent::Done(next))
}

fn report(sent: bool, code: u16, next: Next, journal: &mut Journal) -> Sent {
    if !sent {
        return Sent::Unreadable;
    }
    journal.status = code;
    Sent::Done(next)
}

/// Writes status line and fields as far as they come from the cache; tells the status and what
/// follows.
fn write_head(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    stored: &Stored,
    selection: Selection,
    age: u32,
) -> (u16, Content) {
    let Workspace { inbound, request, answer, .. } = workspace;
    let request = Request { head: request, buf: inbound.whole() };
    let (entry, meta) = (&stored.entry, stored.meta());
    let head = entry.head();
    answer.clear();
    if precondition(&request, meta, head) == Precondition::NotModified {
        write_not_modified(meta, head, answer);
        answer::write_age(age, answer);
        return (304, Content::Nothing);
    }
    match selection {
        Selection::Whole | Selection::NotHeld => {
            answer::write_whole(meta, head, entry.body_length(), age, answer);
            let bodiless = request.method() == tombolo_http1::Method::Head;
            (meta.status, if bodiless { Content::Nothing } else { Content::All })
        }
        Selection::Single(part) => {
            answer::write_part(head, &part, age, answer);
            (206, Content::Part(part))
        }
        Selection::Several(parts) => {
            let random = stage.scene.connection.core.random.borrow_mut().u128(..);
            let pieces = Pieces::new(&parts, head, random);
            pieces.write_head(head, &parts, age, answer);
            (206, Content::Parts(pieces))
        }
        Selection::Unsatisfiable { complete } => {
            answer::write_unsatisfiable(complete, answer);
            let date = tombolo_cache::stored_head::StoredHead::new(head).first(FieldId::Date);
            if let Some(date) = date {
                write::field(answer, b"Date", date);
            }
            (416, Content::Nothing)
        }
    }
}

/// Adds what every answer of the gateway has, and ends the head. Tells what becomes of the
/// connection.
pub(super) fn finish_head(stage: &Stage<'_>, answer: &mut Vec<u8>, journal: &Journal) -> Next {
    let asked = stage.asked;
    answer.extend_from_slice(b"Via: 1.1 tombolo\r\n");
    write::field(answer, b"X-Request-Id", journal.request_id.as_bytes());
    if let Some(status) = &journal.cache {
        status.write_field(answer);
    }
    if let Some(allowance) = &journal.allowance {
        allowance.write_fields(answer);
    }
    let keep_alive = asked.keep_alive && !stage.scene.connection.is_leaving();
    if !keep_alive {
        write::field(answer, b"Connection", b"close");
    } else if asked.version == Version::Http10 {
        write::field(answer, b"Connection", b"keep-alive");
    }
    write::end(answer);
    if keep_alive { Next::KeepAlive } else { Next::Close }
}
