//! What chat clients say, as any bytes: names, texts, keys and places in a room. What is taken
//! keeps its promises and means the same when it is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_chat::said::{Author, Key, Position, RoomName, Text};

fuzz_target!(|data: &[u8]| {
    let _ = Key::new(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(room) = RoomName::new(text) {
        let length = room.as_str().chars().count();
        assert!((1..=64).contains(&length) && !room.as_str().contains(['/', '\n', ' ']));
        assert_eq!(RoomName::new(room.as_str()), Ok(room));
    }
    if let Ok(author) = Author::new(text) {
        assert!(!author.as_str().contains(char::is_control));
        assert_eq!(Author::new(author.as_str()), Ok(author));
    }
    let _ = Text::new(text);
    if let Ok(Position { epoch: Some(epoch), seq }) = text.parse() {
        let again = format!("{epoch}-{seq}").parse();
        assert_eq!(again, Ok(Position { epoch: Some(epoch), seq }));
    }
});
