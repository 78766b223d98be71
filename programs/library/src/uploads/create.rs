//! A new upload: a file with room for its bytes, then a row that reserves the owner's quota.

use tombolo_storage::{Error, Query, Work};

use super::Uploads;
use super::limits;
use super::refusal;
use super::row::{self, Kind, State, Upload, columns, signed};
use crate::content::Place;
use crate::ids::{ContentId, UploadId, UserId};
use crate::plans::quota::{self, QuotaExceeded};
use crate::problem::Problem;
use crate::state::reading;
use crate::time::Time;

/// What is to be created.
#[derive(Clone, Debug)]
pub(crate) struct New {
    pub(crate) owner: UserId,
    pub(crate) kind: Kind,
    pub(crate) length: Option<u64>,
    pub(crate) metadata: Option<String>,
    pub(crate) name: String,
    pub(crate) media_type: Option<String>,
    pub(crate) expected: Option<[u8; 32]>,
    /// By what a repetition is known, and what it has to be the same in.
    pub(crate) repeat: Option<(String, [u8; 32])>,
    /// The pieces of a joined upload.
    pub(crate) pieces: Vec<UploadId>,
    /// Whether this request goes on with it.
    pub(crate) holds: bool,
}

/// What became of it.
#[derive(Clone, Debug)]
pub(super) enum Created {
    /// It is there.
    New(Box<Upload>),
    /// It was there already.
    Again(Box<Upload>),
    /// The same key came with something else.
    Other,
    TooMany,
    Exceeded(QuotaExceeded),
    /// A piece is not there, or not complete.
    Pieces,
}

/// Creates an upload. True if it was there already.
pub(super) async fn create(uploads: &Uploads, new: New) -> Result<(Upload, bool), Problem> {
    let place = Place { upload: UploadId::new(), content: ContentId::new() };
    if new.length.is_some_and(|length| length > limits::UPLOAD_BYTES) {
        return Err(refusal::too_large());
    }
    let wanted = new.length.unwrap_or(limits::RESERVE_STEP);
    if new.length.is_some_and(|length| length >= limits::COMMIT_BYTES) {
        let asked = new.clone();
        let first = uploads.database.read(reading(), move |work| {
            let asked = asked.clone();
            Box::pin(async move { refused(work, &asked).await })
        });
        if let Some(refused) = first.await? {
            return refuse(refused, wanted);
        }
    }
    uploads.content.create(&place, new.length).await?;
    let replica = uploads.replica.to_string();
    let (owner, at) = (new.owner, place.clone());
    let noted = uploads.group.write(owner, move |work| {
        let (new, place, replica) = (new.clone(), at.clone(), replica.clone());
        Box::pin(async move { try_create(work, new, &place, replica).await })
    });
    let noted = noted.await;
    let refused = match noted {
        Ok(Created::New(upload)) => return Ok((*upload, false)),
        // Whether there is a row is not known: if there is none, the file is swept away.
        Err(error) => return Err(error.into()),
        Ok(refused) => refused,
    };
    if let Err(error) = uploads.content.discard(&place, Default::default()).await {
        tracing::warn!(%error, "what was made for an upload is left over");
    }
    refuse(refused, wanted)
}

fn refuse(refused: Created, wanted: u64) -> Result<(Upload, bool), Problem> {
    match refused {
        Created::New(upload) | Created::Again(upload) => Ok((*upload, true)),
        Created::Other => Err(refusal::key_reused()),
        Created::TooMany => Err(refusal::too_many()),
        Created::Exceeded(exceeded) => Err(refusal::quota(&exceeded, wanted)),
        Created::Pieces => Err(refusal::no_pieces()),
    }
}

/// What speaks against a large upload. It is looked at before room on the disk is taken, which others
/// lack meanwhile; the transaction that notes the upload looks again.
async fn refused(work: &mut Work<'_>, new: &New) -> Result<Option<Created>, Error> {
    if let Some(refused) = repeated(work, new).await? {
        return Ok(Some(refused));
    }
    if has_too_many(work, new.owner).await? {
        return Ok(Some(Created::TooMany));
    }
    let fits = quota::fits(work, new.owner, new.length.unwrap_or_default()).await?;
    Ok(fits.err().map(Created::Exceeded))
}

async fn has_too_many(work: &mut Work<'_>, owner: UserId) -> Result<bool, Error> {
    let count = "SELECT count(*) FROM library_upload
        WHERE owner = $1 AND state IN ('receiving', 'joining')";
    let count = work.row(Query::new(count).bind(owner)).await?;
    let count: i64 = count.map(|row| row.get(0)).transpose()?.unwrap_or_default();
    Ok(count >= limits::UNFINISHED_EACH)
}

async fn try_create(
    work: &mut Work<'_>,
    mut new: New,
    place: &Place,
    replica: String,
) -> Result<Created, Error> {
    if let Some(upload) = row::find(work, place.upload).await? {
        // An earlier try whose commit was not answered.
        return Ok(Created::New(Box::new(upload)));
    }
    if let Some(refused) = repeated(work, &new).await? {
        return Ok(refused);
    }
    if has_too_many(work, new.owner).await? {
        return Ok(Created::TooMany);
    }
    if new.kind == Kind::Joined {
        let Some(length) = pieces(work, &new).await? else { return Ok(Created::Pieces) };
        new.length = Some(length);
    }
    // What is joined takes room of its own: the pieces keep theirs until they are removed.
    let wanted = new.length.unwrap_or(limits::RESERVE_STEP);
    if let Err(exceeded) = quota::reserve(work, new.owner, wanted).await? {
        return Ok(Created::Exceeded(exceeded));
    }
    insert(work, new, place, replica, wanted).await
}

async fn insert(
    work: &mut Work<'_>,
    new: New,
    place: &Place,
    replica: String,
    reserved: u64,
) -> Result<Created, Error> {
    let insert = concat!(
        "INSERT INTO library_upload (id, owner, content, kind, state, length, received, epoch,
            holder, metadata, name, media_type, digest, expected, pieces, repeat_key, repeat_print,
            reserved, created, touched, expires)
         VALUES ($1, $2, $3, $4, $5, $6, 0, 1, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
            $17, $18)
         RETURNING ",
        columns!()
    );
    let state = if new.kind == Kind::Joined { State::Joining } else { State::Receiving };
    let pieces =
        (new.kind == Kind::Joined).then(|| serde_json::to_string(&new.pieces).unwrap_or_default());
    let (key, print) = new.repeat.unzip();
    let now = Time::now();
    let insert = Query::new(insert)
        .bind(place.upload)
        .bind(new.owner)
        .bind(place.content)
        .bind(new.kind.name())
        .bind(state.name())
        .bind(new.length.map(signed))
        .bind(new.holds.then_some(replica))
        .bind(new.metadata)
        .bind(new.name)
        .bind(new.media_type)
        .bind(super::digest::Running::new().state())
        .bind(new.expected.map(Vec::from))
        .bind(pieces)
        .bind(key)
        .bind(print.map(Vec::from))
        .bind(signed(reserved))
        .bind(now)
        .bind(now.plus(limits::EXPIRY_TIME));
    let row = work.row(insert).await?;
    let row = row.ok_or(Error::Program { words: "an upload was not inserted" })?;
    Ok(Created::New(Box::new(Upload::of_row(&row)?)))
}

/// Whether the same was created before.
async fn repeated(work: &mut Work<'_>, new: &New) -> Result<Option<Created>, Error> {
    let Some((key, print)) = &new.repeat else { return Ok(None) };
    let find = concat!(
        "SELECT ",
        columns!(),
        ", repeat_print FROM library_upload WHERE owner = $1 AND repeat_key = $2"
    );
    let Some(row) = work.row(Query::new(find).bind(new.owner).bind(key.as_str())).await? else {
        return Ok(None);
    };
    let before: Vec<u8> = row.get(COLUMNS)?;
    if before != print {
        return Ok(Some(Created::Other));
    }
    Ok(Some(Created::Again(Box::new(Upload::of_row(&row)?))))
}

/// How many [`columns`] there are.
const COLUMNS: usize = 22;

/// The length of what pieces make; None if one cannot be used.
async fn pieces(work: &mut Work<'_>, new: &New) -> Result<Option<u64>, Error> {
    let mut length = 0_u64;
    for piece in &new.pieces {
        let row = work.row(row::of_owner(*piece, new.owner).for_update()).await?;
        let piece = row.as_ref().map(Upload::of_row).transpose()?;
        let usable = |piece: &Upload| piece.kind == Kind::Piece && piece.state == State::Complete;
        let Some(piece) = piece.filter(usable) else { return Ok(None) };
        length = length.saturating_add(piece.offset);
    }
    Ok((length <= limits::UPLOAD_BYTES).then_some(length))
}
