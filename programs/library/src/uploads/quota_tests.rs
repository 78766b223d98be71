//! What a plan stores is never exceeded: whatever a user does, the bytes on the disk are at most
//! those that the quota counts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tombolo_serve::Client;
use tombolo_storage::Query;

use super::append::{Append, append};
use super::create::{New, create};
use super::join::join;
use super::row::{Kind, Upload};
use super::terminate::terminate;
use super::{look, sweep};
use crate::content::{self, Boxed, ByteStream, Content, ContentError, Kept, Place, Writer};
use crate::ids::{ContentId, UploadId, UserId};
use crate::problem::Problem;
use crate::testing::{Someone, World};

/// What a user, or time, does.
#[derive(Clone, Debug)]
enum Act {
    /// Sends so many bytes, as a piece or not, and says the length first or not.
    Send {
        bytes: usize,
        is_piece: bool,
        is_said: bool,
    },
    /// Sends the first half of so many.
    Begin {
        bytes: usize,
    },
    /// Joins pieces, one perhaps many times.
    Join(Vec<prop::sample::Index>),
    GiveUp(prop::sample::Index),
    Delete(prop::sample::Index),
    /// Time passes: what was to go goes.
    Sweep,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let send = (0..5000_usize, any::<bool>(), any::<bool>());
    let act = prop_oneof![
        4 => send.prop_map(|(bytes, is_piece, is_said)| Act::Send { bytes, is_piece, is_said }),
        1 => (1..5000_usize).prop_map(|bytes| Act::Begin { bytes }),
        3 => prop::collection::vec(any::<prop::sample::Index>(), 1..4).prop_map(Act::Join),
        1 => any::<prop::sample::Index>().prop_map(Act::GiveUp),
        2 => any::<prop::sample::Index>().prop_map(Act::Delete),
        2 => Just(Act::Sweep),
    ];
    prop::collection::vec(act, 1..14)
}

fn new(owner: UserId, kind: Kind, length: Option<u64>) -> New {
    New {
        owner,
        kind,
        length,
        metadata: None,
        name: "a".into(),
        media_type: None,
        expected: None,
        repeat: None,
        pieces: Vec::new(),
        holds: false,
    }
}

fn body(bytes: usize, offset: u64, ends: bool) -> Append {
    let client = Client::at([127, 0, 0, 1].into());
    let body = Body::from(vec![7; bytes]);
    Append { offset, length: None, checksum: None, ends, body, client }
}

async fn act(world: &World, ana: &Someone, uploads: &mut Vec<Upload>, act: Act) {
    let (library, owner) = (&world.library, ana.id);
    match act {
        Act::Send { bytes, is_piece, is_said } => {
            let kind = if is_piece { Kind::Piece } else { Kind::Whole };
            let length = is_said.then_some(bytes as u64);
            let (made, _) = create(&library.uploads, new(owner, kind, length)).await.unwrap();
            let sent = append(library, owner, made.id, body(bytes, 0, true)).await.unwrap();
            uploads.push(sent.complete.unwrap());
        }
        Act::Begin { bytes } => {
            let whole = new(owner, Kind::Whole, Some(bytes as u64));
            let (made, _) = create(&library.uploads, whole).await.unwrap();
            append(library, owner, made.id, body(bytes / 2, 0, false)).await.unwrap();
            uploads.push(look::find(library, owner, made.id).await.unwrap());
        }
        Act::Join(chosen) => {
            let pieces: Vec<UploadId> = uploads
                .iter()
                .filter(|upload| upload.kind == Kind::Piece)
                .map(|upload| upload.id)
                .collect();
            if pieces.is_empty() {
                return;
            }
            let pieces = chosen.iter().map(|one| *one.get(&pieces)).collect();
            let joined = New { pieces, ..new(owner, Kind::Joined, None) };
            // Pieces that were given up cannot be joined.
            uploads.extend(join(library, joined).await);
        }
        Act::GiveUp(which) if !uploads.is_empty() => {
            let _: Result<(), Problem> =
                terminate(&library.uploads, owner, which.get(uploads).id).await;
        }
        Act::Delete(which) => {
            let items: Vec<_> = uploads.iter().filter_map(|upload| upload.item).collect();
            if !items.is_empty() {
                let path = format!("/library/api/items/{}", which.get(&items));
                world.send(Some(ana), "DELETE", &path, &[], "").await;
            }
        }
        Act::Sweep => {
            for due in [
                "UPDATE library_upload SET expires = 0 WHERE kind = 'piece' OR state = 'receiving'",
                "UPDATE library_tombstone SET due = 0",
            ] {
                library.call(Query::new(due)).await.unwrap();
            }
            all_is_swept(world).await;
        }
        Act::GiveUp(_) => {}
    }
}

async fn all_is_swept(world: &World) {
    let library = &world.library;
    for swept in sweep::once(library).await {
        swept.unwrap();
    }
    crate::catalogue::sweep_deleted(&library.database, &*library.content).await.unwrap();
}

fn on_disk(folder: &Path) -> u64 {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        bytes += if path.is_dir() { on_disk(&path) } else { path.metadata().unwrap().len() };
    }
    bytes
}

async fn counted(world: &World) -> u64 {
    let sum = "SELECT CAST(coalesce(sum(used + reserved), 0) AS BIGINT) FROM library_quota";
    let rows = world.library.query(Query::new(sum)).await.unwrap();
    u64::try_from(rows[0].get::<i64>(0).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_on_the_disk_than_is_counted() {
    let world = World::with(|_| {}).await;
    let ana = world.user("ana").await;
    let objects = world.folder().join("objects");
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let checked = TestRunner::new(config).run(&acts(), |acts| {
        let case = async {
            let mut uploads = Vec::new();
            for one in acts {
                let said = format!("{one:?}");
                act(&world, &ana, &mut uploads, one).await;
                let (disk, counted) = (on_disk(&objects), counted(&world).await);
                prop_assert!(disk <= counted, "{disk} > {counted} after {said}");
            }
            // Once all is given up and swept, nothing is left on either side.
            for upload in &uploads {
                let _: Result<(), Problem> =
                    terminate(&world.library.uploads, ana.id, upload.id).await;
            }
            for item in uploads.iter().filter_map(|upload| upload.item) {
                let path = format!("/library/api/items/{item}");
                world.send(Some(&ana), "DELETE", &path, &[], "").await;
            }
            act(&world, &ana, &mut uploads, Act::Sweep).await;
            let left = (on_disk(&objects), counted(&world).await);
            prop_assert_eq!(left, (0, 0));
            Ok(())
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(case))
    });
    checked.unwrap();
}

/// Content that counts the uploads it makes room for.
#[derive(Debug)]
struct Counting {
    inner: Arc<dyn Content>,
    made: AtomicUsize,
}

impl Content for Counting {
    fn create<'a>(
        &'a self,
        place: &'a Place,
        length: Option<u64>,
    ) -> Boxed<'a, Result<(), ContentError>> {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.inner.create(place, length)
    }
    fn open<'a>(
        &'a self,
        place: &'a Place,
        kept: Kept,
    ) -> Boxed<'a, Result<Box<dyn Writer>, ContentError>> {
        self.inner.open(place, kept)
    }
    fn discard<'a>(&'a self, place: &'a Place, kept: Kept) -> Boxed<'a, Result<(), ContentError>> {
        self.inner.discard(place, kept)
    }
    fn tidy<'a>(&'a self, place: &'a Place) -> Boxed<'a, Result<(), ContentError>> {
        self.inner.tidy(place)
    }
    fn read(&self, content: &ContentId, range: std::ops::Range<u64>) -> ByteStream {
        self.inner.read(content, range)
    }
    fn delete<'a>(&'a self, content: &'a ContentId) -> Boxed<'a, Result<(), ContentError>> {
        self.inner.delete(content)
    }
    fn leftovers(&self) -> Boxed<'_, Result<Vec<UploadId>, ContentError>> {
        self.inner.leftovers()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quota_is_asked_before_room_is_taken() {
    let counting = Arc::new(Counting { inner: content::in_memory(), made: AtomicUsize::new(0) });
    let world = World::with_content(Arc::clone(&counting) as Arc<dyn Content>).await;
    let ana = world.user("ana").await;
    let create = |length: u64| {
        let uploads = Arc::clone(&world.library.uploads);
        async move { create(&uploads, new(ana.id, Kind::Whole, Some(length))).await }
    };
    // The plan has 20 GiB: the second does not fit, and takes no room to find that out.
    create(15 << 30).await.unwrap();
    for _ in 0..3 {
        let refused = create(10 << 30).await.unwrap_err();
        assert_eq!(refused.status(), 413);
    }
    assert_eq!(counting.made.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_was_fenced_off_cannot_touch_the_finished_object() {
    let world = World::with_content(content::in_memory()).await;
    let ana = world.user("ana").await;
    let (library, owner) = (&world.library, ana.id);
    let (made, _) = create(&library.uploads, new(owner, Kind::Whole, Some(5))).await.unwrap();
    let take = async || match super::lease::take(&library.uploads, made.id, owner, Some(0), true)
        .await
        .unwrap()
    {
        super::lease::Taken::Yes(upload, parts) => (*upload, parts),
        super::lease::Taken::No(_) => panic!("not taken"),
    };
    // One has all bytes and is held up before it writes the object.
    let (first, parts) = take().await;
    let mut late = super::append::open(library, &first, parts).await.unwrap();
    late.write(vec!["stale".into()]).await.unwrap();
    // Another one takes over, sends other bytes and completes.
    let done =
        append(library, owner, made.id, Append { body: Body::from("right"), ..body(0, 0, false) });
    let item = done.await.unwrap().complete.unwrap().item.unwrap();
    let target = format!("/library/api/items/{item}/content");
    assert_eq!(world.get(Some(&ana), &target).await.body, "right");
    // The first one goes on.
    drop(late.complete().await);
    assert_eq!(world.get(Some(&ana), &target).await.body, "right");
    // And what it has left is swept away: one object stays, the item's.
    library.call(Query::new("UPDATE library_tombstone SET due = 0")).await.unwrap();
    crate::catalogue::sweep_deleted(&library.database, &*library.content).await.unwrap();
    let left = library.content.read(&first.content, 0..5);
    let left: Result<Vec<_>, _> = futures_util::TryStreamExt::try_collect(left).await;
    assert!(matches!(left, Err(ContentError::Missing(_))), "{left:?}");
    assert_eq!(world.get(Some(&ana), &target).await.body, "right");
}
