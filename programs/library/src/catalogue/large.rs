//! A page of a catalogue of 100,000 items, on both engines. Takes a minute, so it is run by hand:
//! `cargo nextest run --release -p tombolo-library --run-ignored only -E 'test(hundred_thousand)'
//! --no-capture`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::time::{Duration, Instant};

use tombolo_storage::{Deadline, Query};

use super::sort::Column;
use crate::testing::World;

const ITEMS: i64 = 100_000;

/// Items of a thousand users; every tenth is public, every hundredth a video, every word has its own
/// number of items.
async fn fill(world: &World) {
    for from in (0..ITEMS).step_by(5000) {
        let rows: Vec<_> = (from..from + 5000)
            .map(|n| {
                let kind = if n % 100 == 0 { "video" } else { "image" };
                let seen = if n % 10 == 0 { "public" } else { "private" };
                let owner = format!("0198c0de-0000-7000-8000-{:012}", n % 1000);
                let id = format!("0198c0de-0000-7000-9000-{n:012}");
                let title = format!("photo {} of {}", (n * 7919) % ITEMS, n % 77);
                let words =
                    ["photo".to_owned(), format!("n{}", n % 77), format!("rare{}", n % 20_000)];
                let facets = [
                    format!(":kind:{kind}"),
                    format!(":visibility:{seen}"),
                    format!(":owner:{owner}"),
                ];
                let terms: Vec<_> = words.into_iter().chain(facets).collect();
                serde_json::json!([
                    n + 1,
                    id,
                    owner,
                    title,
                    kind,
                    (n * 31) % 1_000_003,
                    seen,
                    n,
                    terms
                ])
            })
            .collect();
        let rows = serde_json::Value::from(rows).to_string();
        let items = Query::of_each(
            "INSERT INTO library_item (seq, id, owner, owner_name, owner_key, title, title_key, name,
                description, classification, classification_key, tags, kind, media_type, size,
                length, sha256, content, visibility, created, updated, scrubbed, inspected)
            SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 2, value ->> 2, value ->> 3,
                value ->> 3, value ->> 3, 'Some words that describe it', '', '', '[]', value ->> 4,
                'image/jpeg', value ->> 5, -1, zeroblob(32), value ->> 1, value ->> 6, value ->> 7,
                value ->> 7, 0, -1 FROM json_each($1)",
            "INSERT INTO library_item (seq, id, owner, owner_name, owner_key, title, title_key, name,
                description, classification, classification_key, tags, kind, media_type, size,
                length, sha256, content, visibility, created, updated, scrubbed, inspected)
            OVERRIDING SYSTEM VALUE
            SELECT (value ->> 0)::bigint, value ->> 1, value ->> 2, value ->> 2, value ->> 2,
                value ->> 3, value ->> 3, value ->> 3, 'Some words that describe it', '', '', '[]',
                value ->> 4, 'image/jpeg', (value ->> 5)::bigint, -1,
                decode(repeat('00', 32), 'hex'), value ->> 1, value ->> 6, (value ->> 7)::bigint,
                (value ->> 7)::bigint, 0, -1 FROM json_array_elements($1::json)",
        );
        let terms = Query::of_each(
            "INSERT INTO library_term (term, item) SELECT t.value, v.value ->> 0
            FROM json_each($1) AS v, json_each(v.value, '$[8]') AS t",
            "INSERT INTO library_term (term, item) SELECT t, (v ->> 0)::bigint
            FROM json_array_elements($1::json) AS v, json_array_elements_text(v -> 8) AS t",
        );
        let (items, terms) = (items.bind(rows.as_str()), terms.bind(rows));
        let deadline = Deadline::after(Duration::from_secs(120));
        let work = world.library.database.write(deadline, move |work| {
            Box::pin(async move {
                work.run(items).await?;
                work.run(terms).await.map(drop)
            })
        });
        work.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes 100,000 items on each engine, a minute"]
async fn a_page_of_a_hundred_thousand_items_takes_less_than_100_ms() {
    for world in World::each().await {
        let (root, ana) = (world.admin("root").await, world.user("ana").await);
        fill(&world).await;
        let engine = world.library.database.engine();
        if engine == tombolo_storage::Engine::Postgres {
            // As autovacuum does a minute later.
            for table in ["ANALYZE library_item", "ANALYZE library_term"] {
                world.library.call(Query::new(table)).await.unwrap();
            }
        }
        let mut worst = (Duration::ZERO, String::new());
        let filters = [
            "",
            "&query=photo",
            "&query=rare7",
            "&query=rare777",
            "&query=photo%20n5",
            "&query=n5%20rare1",
            "&kind=video",
            "&kind=image",
            "&kind=video&query=photo%20n7",
            "&visibility=public",
            "&owner=0198c0de-0000-7000-8000-000000000042",
            "&query=nothing",
            "&kind=audio",
        ];
        for who in [Some(&root), Some(&ana), None] {
            for filter in filters {
                for column in Column::ALL {
                    for direction in ["", "-"] {
                        let sort = format!("{direction}{}", column.name());
                        let target = format!("/library/api/items?sort={sort}{filter}");
                        let mut best = Duration::MAX;
                        for _ in 0..2 {
                            let start = Instant::now();
                            let answer = world.get(who, &target).await;
                            best = best.min(start.elapsed());
                            assert_eq!(answer.status, 200, "{target}");
                        }
                        if best > worst.0 {
                            worst = (best, format!("{target} by {who:?}"));
                        }
                    }
                }
            }
        }
        println!("{engine:?}: the slowest page took {:?}: {}", worst.0, worst.1);
        assert!(worst.0 < Duration::from_millis(100), "{engine:?}: {worst:?}");
    }
}
