//! What every kind of content promises, on all of them: local files, and objects in a store that
//! keeps to the rules of S3's parts.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::memory::InMemory;

use super::{Content, ContentError, Durable, Kept, Local, ObjectsUrl, Place, S3, Writer};
use crate::ids::{ContentId, UploadId};
use crate::limits::{PART_BYTES, READ_BYTES};

fn place() -> Place {
    Place { upload: UploadId::new(), content: ContentId::new() }
}

/// Bytes that differ from one position to the next.
fn bytes(length: usize) -> Bytes {
    (0..length).map(|index| (index % 251) as u8 ^ (index / 65_536) as u8).collect()
}

/// As the database keeps what it is told.
fn note(kept: &mut Kept, durable: Durable) {
    kept.offset = durable.offset;
    kept.session = durable.session;
    kept.tail = durable.tail;
    for (number, part) in durable.new_parts {
        assert_eq!(number as usize, kept.parts.len(), "parts come in order");
        kept.parts.push(part);
    }
}

async fn all(content: &dyn Content, id: &ContentId, range: std::ops::Range<u64>) -> Vec<u8> {
    let pieces: Vec<Bytes> = content.read(id, range).try_collect().await.unwrap();
    assert!(pieces.iter().all(|piece| !piece.is_empty()));
    pieces.concat()
}

async fn open(content: &dyn Content, place: &Place, kept: &Kept) -> Box<dyn Writer> {
    let mut writer = content.open(place, kept.clone()).await.unwrap();
    writer.begin().await.unwrap();
    writer
}

/// Sends `all` from what is kept, in pieces; ends the request after each `cut` bytes.
async fn send(content: &dyn Content, place: &Place, all: &Bytes, cut: usize) {
    content.create(place, Some(all.len() as u64)).await.unwrap();
    let mut kept = Kept::default();
    loop {
        let mut writer = open(content, place, &kept).await;
        let start = kept.offset as usize;
        let end = (start + cut).min(all.len());
        for from in (start..end).step_by(READ_BYTES) {
            let piece = all.slice(from..(from + READ_BYTES).min(end));
            writer.write(vec![piece]).await.unwrap();
            let durable = writer.sync(false).await.unwrap();
            assert!(durable.offset >= kept.offset, "an offset never goes back");
            note(&mut kept, durable);
        }
        if end < all.len() {
            let durable = writer.sync(true).await.unwrap();
            note(&mut kept, durable);
            assert_eq!(kept.offset as usize, end, "a request that ends leaves nothing out");
            continue;
        }
        if let Some(durable) = writer.seal().await.unwrap() {
            note(&mut kept, durable);
            assert_eq!(kept.offset as usize, all.len());
        }
        let held = writer.complete().await.unwrap();
        drop(held);
        content.tidy(place).await.unwrap();
        return;
    }
}

async fn complete_content_is_what_was_sent(content: &dyn Content) {
    let part = PART_BYTES;
    let cases = [
        (0, 1),
        (1, 1),
        (1000, 300),
        (part - 1, part),
        (part, part),
        (part + 1, part / 2),
        (2 * part + 17, 3_000_001),
    ];
    for (length, cut) in cases {
        let (place, sent) = (place(), bytes(length));
        send(content, &place, &sent, cut).await;
        let id = &place.content;
        assert!(all(content, id, 0..length as u64).await == sent, "{length} by {cut}");
        let middle = length as u64 / 3..length as u64 / 2;
        let expected = &sent[middle.start as usize..middle.end as usize];
        assert!(all(content, id, middle).await == expected, "{length} by {cut}");
        content.delete(id).await.unwrap();
        content.delete(id).await.unwrap();
        let gone: Result<Vec<Bytes>, _> = content.read(id, 0..1).try_collect().await;
        assert!(matches!(gone, Err(ContentError::Missing(_))));
    }
}

async fn what_was_not_synced_is_overwritten(content: &dyn Content) {
    let (place, sent) = (place(), bytes(PART_BYTES + 100));
    content.create(&place, None).await.unwrap();
    let mut kept = Kept::default();
    let mut writer = open(content, &place, &kept).await;
    writer.write(vec![sent.slice(..10)]).await.unwrap();
    note(&mut kept, writer.sync(true).await.unwrap());
    // More than a part, so that one went to the service; the process dies before it is noted.
    writer.write(vec![Bytes::from(vec![7; PART_BYTES])]).await.unwrap();
    drop(writer);
    let mut writer = open(content, &place, &kept).await;
    writer.write(vec![sent.slice(10..)]).await.unwrap();
    if let Some(durable) = writer.seal().await.unwrap() {
        note(&mut kept, durable);
    }
    drop(writer.complete().await.unwrap());
    assert!(all(content, &place.content, 0..sent.len() as u64).await == sent);
}

async fn a_completion_is_repeated_without_harm(content: &dyn Content) {
    for length in [5, PART_BYTES + 5] {
        let (place, sent) = (place(), bytes(length));
        content.create(&place, None).await.unwrap();
        let mut kept = Kept::default();
        let mut writer = open(content, &place, &kept).await;
        writer.write(vec![sent.clone()]).await.unwrap();
        note(&mut kept, writer.sync(true).await.unwrap());
        if let Some(durable) = writer.seal().await.unwrap() {
            note(&mut kept, durable);
        }
        drop(writer.complete().await.unwrap());
        // The row was not written: another replica finds all bytes there and completes again.
        let mut writer = open(content, &place, &kept).await;
        assert!(writer.seal().await.unwrap().is_none_or(|durable| durable.offset == kept.offset));
        drop(writer.complete().await.unwrap());
        assert!(all(content, &place.content, 0..length as u64).await == sent, "{length}");
    }
}

async fn discarded_uploads_leave_nothing(content: &dyn Content) {
    let place = place();
    content.create(&place, Some(10)).await.unwrap();
    let mut kept = Kept::default();
    let mut writer = open(content, &place, &kept).await;
    writer.write(vec![bytes(PART_BYTES + 5)]).await.unwrap();
    note(&mut kept, writer.sync(true).await.unwrap());
    drop(writer);
    content.discard(&place, kept.clone()).await.unwrap();
    // The store in memory answers a second end of one session otherwise than S3 does.
    content.discard(&place, Kept { session: None, ..kept.clone() }).await.unwrap();
    assert!(content.open(&place, kept).await.is_err());
}

async fn whole_contract(content: &dyn Content) {
    complete_content_is_what_was_sent(content).await;
    what_was_not_synced_is_overwritten(content).await;
    a_completion_is_repeated_without_harm(content).await;
    discarded_uploads_leave_nothing(content).await;
}

#[tokio::test]
async fn local_files_keep_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let content = Local::new(&folder.path().join("objects")).unwrap();
    whole_contract(&content).await;
    assert!(content.leftovers().await.unwrap().is_empty(), "what is there is young");
}

#[tokio::test]
async fn objects_keep_the_contract() {
    let store = Arc::new(InMemory::new());
    whole_contract(&S3::of(store, "library")).await;
}

/// In the environment: the store's address and its keys.
#[tokio::test]
#[ignore = "needs an object store: cargo xtask test --long library-garage"]
async fn a_real_object_store_keeps_the_contract() {
    let address = std::env::var(ObjectsUrl::VARIABLE).unwrap();
    let ObjectsUrl::Bucket(bucket) = address.parse().unwrap() else { panic!("{address}") };
    whole_contract(&S3::new(&bucket).unwrap()).await;
}
