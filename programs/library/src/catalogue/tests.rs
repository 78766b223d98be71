//! The catalogue on both engines, asked as clients ask.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::sort::Column;
use crate::ids::ItemId;
use crate::testing::{Someone, World};

fn titles(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

async fn found(world: &World, who: &Someone, query: &str) -> BTreeSet<String> {
    let answer = world.get(Some(who), &format!("/library/api/items?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    titles(&answer.json()).into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn items_are_found_by_words_and_filters_alike_on_both_engines() {
    for world in World::each().await {
        let ana = world.user("ana").await;
        for (name, changes) in [
            ("Łódź.jpg", json!({"tags": ["Ciudad", "Añil"], "classification": "Viajes"})),
            ("Straße 12.png", json!({"description": "una calle en Łódź"})),
            ("informe_final-2024.pdf", json!({"tags": ["trabajo"], "visibility": "public"})),
            ("c++ notes.txt", json!({"title": "Notes on C++", "length": 61})),
        ] {
            let item = world.item(&ana, name, b"x").await;
            assert_eq!(world.patch(&ana, item, &changes).await.status, 200);
        }
        for (query, expected) in [
            ("query=lodz", vec!["Łódź.jpg", "Straße 12.png"]),
            ("query=LÓDŹ%20strasse", vec!["Straße 12.png"]),
            ("query=strass", vec!["Straße 12.png"]),
            ("query=final%202024", vec!["informe_final-2024.pdf"]),
            ("query=pdf", vec!["informe_final-2024.pdf"]),
            ("query=c%2B%2B", vec!["Straße 12.png", "Łódź.jpg", "Notes on C++"]),
            ("query=%22a%20AND%20(", vec![]),
            ("tag=anil", vec!["Łódź.jpg"]),
            ("tag=ani", vec![]),
            ("classification=viajes", vec!["Łódź.jpg"]),
            ("visibility=public", vec!["informe_final-2024.pdf"]),
            ("owner=me&query=notes", vec!["Notes on C++"]),
            ("kind=other&query=notes", vec!["Notes on C++"]),
            ("kind=video", vec![]),
        ] {
            // A word that begins "c" is in "calle" and "ciudad" too.
            let expected: BTreeSet<_> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(found(&world, &ana, query).await, expected, "{query}");
        }
        for wrong in ["kind=x", "sort=x", "limit=0", "limit=201", "cursor=x", "other=1", "owner=x"]
        {
            let answer = world.get(Some(&ana), &format!("/library/api/items?{wrong}")).await;
            assert_eq!(answer.status, 400, "{wrong}");
        }
    }
}

/// Reads a whole list by pages; `between` is done after the first page.
async fn pages(
    world: &World,
    who: &Someone,
    sort: &str,
    between: impl AsyncFnOnce(),
) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    let mut between = Some(between);
    loop {
        let target = format!("/library/api/items?sort={sort}&limit=3{cursor}");
        let answer = world.get(Some(who), &target).await;
        assert_eq!(answer.status, 200, "{sort}: {answer:?}");
        let page = answer.json();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { return all };
        cursor = format!("&cursor={next}");
        if let Some(between) = between.take() {
            between().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn items_are_found_by_folder_and_by_digest_and_others_private_ones_by_neither() {
    for world in World::each().await {
        let (ana, ben) = (world.user("ana").await, world.user("ben").await);
        for (name, folder) in [("one", "photos"), ("two", "photos/2026"), ("three", "photos2")] {
            let item = world.item(&ana, name, name.as_bytes()).await;
            let moved = world.patch(&ana, item, &json!({"folder": folder})).await;
            assert_eq!(moved.status, 200);
            assert_eq!(moved.json()["folder"], folder);
        }
        let digest = |text: &str| {
            let digest: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(text).into();
            super::hexadecimal(&digest)
        };
        for (query, expected) in [
            ("folder=photos".to_owned(), vec!["one", "two"]),
            ("folder=/photos/2026/".to_owned(), vec!["two"]),
            ("folder=Photos".to_owned(), vec![]),
            (format!("sha256={}", digest("three")), vec!["three"]),
            (format!("sha256={}", digest("three").to_uppercase()), vec!["three"]),
            (format!("sha256={}", digest("four")), vec![]),
        ] {
            let expected: BTreeSet<_> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(found(&world, &ana, &query).await, expected, "{query}");
            assert_eq!(found(&world, &ben, &query).await, BTreeSet::new(), "{query}");
        }
        for wrong in ["folder=a/../b", "sha256=abc", "sha256=%20"] {
            let answer = world.get(Some(&ana), &format!("/library/api/items?{wrong}")).await;
            assert_eq!(answer.status, 400, "{wrong}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_gives_each_item_once_while_others_come_and_go() {
    for world in World::each().await {
        let ana = world.user("ana").await;
        let mut items = Vec::new();
        for number in 0..10 {
            // Many ties: only two sizes and three titles.
            let name = ["b", "A", "ä"][number % 3];
            items.push(world.item(&ana, name, &vec![b'x'; number % 2]).await);
        }
        for column in Column::ALL {
            for direction in ["", "-"] {
                let sort = format!("{direction}{}", column.name());
                let passing: Vec<ItemId> =
                    vec![world.item(&ana, "a", b"").await, world.item(&ana, "zz", b"xxx").await];
                let mut new = Vec::new();
                let all = pages(&world, &ana, &sort, async || {
                    for item in &passing {
                        let target = format!("/library/api/items/{item}");
                        let gone = world.send(Some(&ana), "DELETE", &target, &[], "").await;
                        assert_eq!(gone.status, 204);
                    }
                    new.push(world.item(&ana, "0", b"xx").await);
                    new.push(world.item(&ana, "zzz", b"").await);
                })
                .await;
                let ids: Vec<_> = all.iter().map(|item| item["id"].as_str().unwrap()).collect();
                assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{sort}: {ids:?}");
                for item in &items {
                    assert!(ids.contains(&item.to_string().as_str()), "{sort}: {item}");
                }
                for item in new {
                    let target = format!("/library/api/items/{item}");
                    world.send(Some(&ana), "DELETE", &target, &[], "").await;
                }
                if column == Column::Size {
                    let sizes: Vec<_> = all.iter().map(|item| item["size"].as_u64()).collect();
                    let mut sorted = sizes.clone();
                    sorted.sort();
                    if direction == "-" {
                        sorted.reverse();
                    }
                    assert_eq!(sizes, sorted);
                }
            }
        }
        let asked = world.get(Some(&ana), "/library/api/items?sort=title&limit=3").await.json();
        let next = asked["next"].as_str().unwrap();
        let foreign = format!("/library/api/items?sort=size&limit=3&cursor={next}");
        assert_eq!(world.get(Some(&ana), &foreign).await.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_checked_and_kept() {
    for world in World::each().await {
        let ana = world.user("ana").await;
        let item = world.item(&ana, "a\u{202e}b\n.txt", b"x").await;
        let told = world.get(Some(&ana), &format!("/library/api/items/{item}")).await.json();
        assert_eq!(told["title"], "ab .txt");
        assert_eq!(told["visibility"], "private");
        assert_eq!(told["owner"], json!({"id": ana.id.to_string(), "name": "ana"}));
        assert_eq!(told["size"], 1);
        for wrong in [
            json!({"title": ""}),
            json!({"title": "x".repeat(201)}),
            json!({"colour": "red"}),
            json!({"tags": ["a".repeat(51)]}),
            json!({"tags": vec!["x"; 1].into_iter().chain(["\u{200b}"]).collect::<Vec<_>>()}),
            json!({"visibility": "all"}),
            json!({"description": "x".repeat(4001)}),
            json!({"length": u64::MAX}),
            json!([1]),
        ] {
            let answer = world.patch(&ana, item, &wrong).await;
            assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
            assert_eq!(answer.field("content-type"), "application/problem+json");
        }
        let changes = json!({"title": "  New  title ", "tags": ["Ä", "a", "b"], "length": 5});
        let told = world.patch(&ana, item, &changes).await.json();
        assert_eq!(told["title"], "New title");
        assert_eq!(told["tags"], json!(["Ä", "b"]));
        // Other fields stay.
        let told = world.patch(&ana, item, &json!({"description": "d"})).await.json();
        assert_eq!((&told["title"], &told["length"]), (&json!("New title"), &json!(5)));
        assert!(found(&world, &ana, "query=txt").await.contains("New title"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_what_to_an_item() {
    for world in World::each().await {
        let (ana, ben) = (world.user("ana").await, world.user("ben").await);
        let (eva, root) = (world.user("eva").await, world.admin("root").await);
        let plan = crate::plans::plan::give;
        let id = eva.id;
        let given = world.library.database.write(crate::testing::soon(), move |work| {
            Box::pin(async move { plan(work, id, "plus").await })
        });
        given.await.unwrap();
        let callers = [
            ("nobody", None),
            ("ben", Some(&ben)),
            ("eva", Some(&eva)),
            ("root", Some(&root)),
            ("ana", Some(&ana)),
        ];
        // Whether nobody, a user, a user whose plan has access, an admin and the owner see it.
        let objects = [
            ("public", [true, true, true, true, true]),
            ("plan", [false, false, true, true, true]),
            ("private", [false, false, false, true, true]),
        ];
        let changes = [false, false, false, true, true];
        for (visibility, sees) in objects {
            let item = world.item(&ana, visibility, b"bytes").await;
            let told = world.patch(&ana, item, &json!({"visibility": visibility})).await;
            assert_eq!(told.status, 200);
            for (((name, who), sees), changes) in callers.into_iter().zip(sees).zip(changes) {
                let path = format!("/library/api/items/{item}");
                let reads = if sees { 200 } else { 404 };
                let writes = match (who, sees, changes) {
                    (None, ..) => 401,
                    (_, false, _) => 404,
                    (_, _, false) => 403,
                    _ => 200,
                };
                let creates = if writes == 200 { 201 } else { writes };
                let zips = format!("/library/api/archive?items={item}");
                for (method, target, body, expected) in [
                    ("GET", path.clone(), "", reads),
                    ("GET", format!("{path}/content"), "", reads),
                    ("HEAD", format!("{path}/content"), "", reads),
                    ("GET", format!("{path}/thumbnail"), "", 404),
                    ("GET", zips, "", reads),
                    ("PATCH", path.clone(), "{\"description\":\"d\"}", writes),
                    ("GET", format!("{path}/links"), "", writes),
                    ("POST", format!("{path}/links"), "{}", creates),
                ] {
                    let answer = world.send(who, method, &target, &[], body).await;
                    assert_eq!(answer.status, expected, "{name} {method} {target} ({visibility})");
                }
                let list = world.get(who, "/library/api/items").await.json();
                let is_listed = titles(&list).contains(&visibility.to_owned());
                assert_eq!(is_listed, sees, "{name} {visibility}");
                if !changes {
                    let answer = world.send(who, "DELETE", &path, &[], "").await;
                    assert_eq!(answer.status, writes, "{name} DELETE ({visibility})");
                }
            }
            // What is not there looks like what is not theirs.
            let foreign = world.get(Some(&ben), &format!("/library/api/items/{item}")).await;
            let missing =
                world.get(Some(&ben), &format!("/library/api/items/{}", ItemId::new())).await;
            if visibility == "private" {
                assert_eq!(foreign.body, missing.body);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_item_is_gone_at_once_and_its_bytes_later() {
    for world in World::each().await {
        let ana = world.user("ana").await;
        let item = world.item(&ana, "a", b"bytes").await;
        let path = format!("/library/api/items/{item}");
        let month = r#"{"expires_in":2592000}"#;
        let link = world.send(Some(&ana), "POST", &format!("{path}/links"), &[], month).await;
        assert_eq!(link.status, 201);
        assert_eq!(world.send(Some(&ana), "DELETE", &path, &[], "").await.status, 204);
        for target in [path.clone(), format!("{path}/content")] {
            assert_eq!(world.get(Some(&ana), &target).await.status, 404);
        }
        assert_eq!(world.send(Some(&ana), "DELETE", &path, &[], "").await.status, 404);
        let library = &world.library;
        let sweep =
            async || super::remove::sweep(&library.database, &*library.content).await.unwrap();
        assert_eq!(sweep().await, 0);
        // An hour, whatever links there were: downloads under way come to their end.
        let due = tombolo_storage::Query::new("SELECT due FROM library_tombstone");
        let rows = library.query(due).await.unwrap();
        let left = rows[0].get::<i64>(0).unwrap() - crate::time::Time::now().millis();
        assert!((59 * 60_000..=60 * 60_000).contains(&left), "{left} ms");
        let query = tombolo_storage::Query::new("UPDATE library_tombstone SET due = 0");
        library.call(query).await.unwrap();
        assert_eq!(sweep().await, 1);
        assert_eq!(sweep().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_items_are_looked_into() {
    for mut world in World::each().await {
        let ana = world.user("ana").await;
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
        let item = world.item(&ana, "a.html", png).await;
        world.start();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let told = world.get(Some(&ana), &format!("/library/api/items/{item}")).await.json();
            if told["kind"] == "image" {
                assert_eq!(told["media_type"], "image/png");
                break;
            }
            assert!(std::time::Instant::now() < deadline, "{told}");
            tokio::task::yield_now().await;
        }
        assert_eq!(found(&world, &ana, "kind=image").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrub_tells_damage_and_its_mending() {
    for world in World::each().await {
        let ana = world.user("ana").await;
        let item = world.item(&ana, "a", b"precious bytes").await;
        let library = &world.library;
        let scrub = async || {
            let query = tombolo_storage::Query::new("UPDATE library_item SET scrubbed = 0");
            library.call(query).await.unwrap();
            let claimed = super::scrub::claim(library).await.unwrap().unwrap();
            // It is taken: another replica does not read it too.
            assert!(super::scrub::claim(library).await.unwrap().is_none());
            super::scrub::check(library, claimed).await.unwrap();
            world.get(Some(&ana), &format!("/library/api/items/{item}")).await.json()
        };
        assert!(scrub().await["damaged"].is_null());
        let content = world.content_file(item).await;
        let rot = |from: &[u8], to: &[u8]| {
            let bytes = std::fs::read(&content).unwrap();
            assert_eq!(bytes, from);
            std::fs::write(&content, to).unwrap();
        };
        rot(b"precious bytes", b"precious bites");
        let damaged = scrub().await["damaged"].clone();
        assert!(damaged.is_string());
        assert_eq!(scrub().await["damaged"], damaged, "the first finding stays");
        rot(b"precious bites", b"precious bytes");
        assert!(scrub().await["damaged"].is_null());
    }
}
