//! What a commit does with the posts of one room: a function of what the log holds. No database.

use std::collections::HashMap;

use super::{Outcome, Post};
use crate::limits;
use crate::message::Message;

/// A room as the log has it, locked until the commit.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoomState {
    pub(super) id: i64,
    pub(super) first: u64,
    pub(super) last: u64,
}

/// What to do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What becomes of each post, in their order.
    pub(super) outcomes: Vec<Outcome>,
    /// The posts to insert: which one, and its log key. Their messages have the numbers after
    /// the room's last, in this order.
    pub(super) inserts: Vec<(Message, String)>,
}

/// Gives each new post the next number; finds those that are there, in the log or further ahead
/// among the posts themselves.
pub(super) fn plan(
    room: RoomState,
    replica: &str,
    posts: &[&Post],
    held: &HashMap<String, Message>,
) -> Plan {
    let mut plan = Plan::default();
    let mut known: HashMap<String, Message> = HashMap::new();
    let mut last = room.last;
    for post in posts {
        let key = post.log_key();
        let Some(same) = held.get(&key).or_else(|| known.get(&key)) else {
            last = last.saturating_add(1);
            let message = Message {
                id: post.id.clone(),
                seq: last,
                room: post.room.as_str().to_owned(),
                author: post.author.clone().into_string(),
                text: post.text.clone().into_string(),
                time: post.time,
                replica: replica.to_owned(),
            };
            known.insert(key.clone(), message.clone());
            plan.inserts.push((message.clone(), key));
            plan.outcomes.push(Outcome::Stored(message));
            continue;
        };
        plan.outcomes.push(judge(post, same));
    }
    plan
}

/// What becomes of a post whose key the log knows already.
pub(super) fn judge(post: &Post, same: &Message) -> Outcome {
    let says_the_same =
        same.author == post.author.as_str() && same.text == post.text.clone().into_string();
    match says_the_same {
        true => Outcome::Again(same.clone()),
        false => Outcome::KeyTaken,
    }
}

/// The first number that a room keeps when its last is `last`. A tenth more than `history` may
/// gather, so that not every commit removes something; and no commit removes much.
pub(super) fn first_kept(room: RoomState, last: u64, history: u64) -> u64 {
    let kept = (last + 1).saturating_sub(room.first);
    if history == 0 || kept <= history + history / 10 {
        return room.first;
    }
    (last + 1 - history).min(room.first + limits::TRIM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::said::{Author, Key, RoomName, Text};
    use proptest::prelude::*;

    const ROOM: RoomState = RoomState { id: 1, first: 1, last: 10 };

    fn post(id: usize, key: Option<&str>, text: &str) -> Post {
        Post {
            room: RoomName::new("lobby").unwrap(),
            author: Author::new("Ana").unwrap(),
            text: Text::new(text).unwrap(),
            key: key.map(|key| Key::new(key.as_bytes()).unwrap()),
            id: format!("id-{id}"),
            time: 0,
        }
    }

    #[test]
    fn the_same_key_is_the_same_post_if_it_says_the_same() {
        let posts = [post(1, Some("a"), "x"), post(2, Some("a"), "x"), post(3, Some("a"), "y")];
        let plan = plan(ROOM, "r", &posts.iter().collect::<Vec<_>>(), &HashMap::new());
        assert_eq!(plan.inserts.len(), 1);
        let Outcome::Stored(message) = &plan.outcomes[0] else { panic!("{plan:?}") };
        assert_eq!(message.seq, 11);
        assert_eq!(plan.outcomes[1], Outcome::Again(message.clone()));
        assert_eq!(plan.outcomes[2], Outcome::KeyTaken);
    }

    #[test]
    fn a_post_without_a_key_is_known_by_its_id_alone() {
        let posts = [post(1, None, "x"), post(2, None, "x")];
        let plan = plan(ROOM, "r", &posts.iter().collect::<Vec<_>>(), &HashMap::new());
        assert_eq!(plan.inserts.len(), 2);
        // The commit may have been done although its answer was lost.
        let held = plan.inserts.iter().map(|(message, key)| (key.clone(), message.clone()));
        let again = super::plan(ROOM, "r", &posts.iter().collect::<Vec<_>>(), &held.collect());
        assert!(again.inserts.is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let room = |first, last| RoomState { id: 1, first, last };
        assert_eq!(first_kept(room(1, 0), 110, 100), 1);
        assert_eq!(first_kept(room(1, 0), 111, 100), 12);
        assert_eq!(first_kept(room(1, 0), 50_000, 100), 1 + limits::TRIM);
        assert_eq!(first_kept(room(1, 0), 50_000, 0), 1);
        assert_eq!(first_kept(room(1, 0), 2, 1), 2);
    }

    proptest! {
        #[test]
        fn numbers_have_no_gap(keys in proptest::collection::vec(proptest::option::of(0..5u8), 0..40)) {
            let posts: Vec<Post> = keys.iter().enumerate()
                .map(|(id, key)| post(id, key.map(|key| key.to_string()).as_deref(), "x"))
                .collect();
            let plan = plan(ROOM, "r", &posts.iter().collect::<Vec<_>>(), &HashMap::new());
            let numbers: Vec<u64> = plan.inserts.iter().map(|(message, _)| message.seq).collect();
            let expected: Vec<u64> = (11..).take(numbers.len()).collect();
            prop_assert_eq!(numbers, expected);
            prop_assert_eq!(plan.outcomes.len(), posts.len());
        }
    }
}
