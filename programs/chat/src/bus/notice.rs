//! What replicas tell each other. All of it may be lost: messages are found by looking at the log,
//! the rest is told again or does not matter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tombolo_daemon::json;

use crate::limits;

/// A notice from one replica to the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "n", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Notice {
    /// These rooms have messages up to these numbers.
    Posted {
        /// The last number of each room.
        rooms: BTreeMap<String, u64>,
    },
    /// Who is in a room with this replica.
    Present {
        /// The replica.
        from: String,
        /// The room.
        room: String,
        /// How many.
        count: u32,
        /// The first of their names.
        names: Vec<String>,
    },
    /// Whoever has somebody in that room, say so.
    Who {
        /// The room.
        room: String,
    },
    /// Somebody is typing.
    Typing {
        /// The room.
        room: String,
        /// Who.
        author: String,
    },
}

impl Notice {
    /// Reads a notice; None for what is none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > limits::NOTICE_BYTES {
            return None;
        }
        json::object(bytes).ok()
    }

    /// The notice as text, at most [`limits::NOTICE_BYTES`] long: names are left out until it
    /// fits. None when it cannot be made to.
    pub(crate) fn write(mut self) -> Option<String> {
        loop {
            let text = serde_json::to_string(&self).ok()?;
            if text.len() <= limits::NOTICE_BYTES {
                return Some(text);
            }
            match &mut self {
                Self::Present { names, .. } if !names.is_empty() => names.truncate(names.len() / 2),
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_list_of_names_is_cut_to_fit() {
        let names = (0..64).map(|_| "👩‍🔬".repeat(16)).collect();
        let notice = Notice::Present { from: "r".into(), room: "x".into(), count: 64, names };
        let text = notice.write().unwrap();
        assert!(text.len() <= limits::NOTICE_BYTES);
        match Notice::read(text.as_bytes()) {
            Some(Notice::Present { count: 64, names, .. }) => assert!(!names.is_empty()),
            other => panic!("{other:?}"),
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Notice::read(&bytes);
        }
    }
}
