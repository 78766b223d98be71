//! A reader that does not keep up costs the others nothing, and is sent away.

use std::io::Read;

use crate::on_both;
use crate::replicas::Store;

on_both!(who_does_not_read_is_cut_and_resumes);

/// The one who does not read gets far more than its socket and the room's ring hold.
fn who_does_not_read_is_cut_and_resumes(store: Store) {
    let replica = store.replica();
    let asleep = replica.events("lobby", "after=0", None);
    let mut awake = replica.events("lobby", "after=0", None);
    let text = "€".repeat(4000);
    let total = 1200;
    std::thread::scope(|scope| {
        for writer in 0..12 {
            let (replica, text) = (&replica, &text);
            scope.spawn(move || {
                replica.say(
                    "lobby",
                    (0..total / 12).map(|n| format!("{writer}/{n} {}", &text[..3 * 3900])),
                )
            });
        }
        assert_eq!(awake.numbers(total), (1..=total as u64).collect::<Vec<_>>());
    });
    // It wakes: what was on its way still comes, and then the stream ends.
    let mut rest = Vec::new();
    asleep.into_socket().read_to_end(&mut rest).unwrap();
    let rest = String::from_utf8(rest).unwrap();
    let ids: Vec<u64> = rest
        .lines()
        .filter_map(|line| line.strip_prefix("id: ")?.split_once('-')?.1.parse().ok())
        .collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
    assert!(ids.len() < total, "nothing was cut");
    assert!(rest.trim_end().lines().last().unwrap().starts_with("retry: "), "no word of return");
    let mut back = replica.events("lobby", &format!("after={}", ids.len()), None);
    let missing = total - ids.len();
    assert_eq!(back.numbers(missing), (ids.len() as u64 + 1..=total as u64).collect::<Vec<_>>());
}
