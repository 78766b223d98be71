//! How long anything in a test may take before it counts as never happening.

use std::time::{Duration, Instant};

/// The one deadline of all waits. Generous, because the machine may be busy with other tests;
/// nothing that works takes a tenth of it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again until `found` answers, and fails the test with `what` when [`PATIENCE`] is over.
/// Only for facts that nobody announces, such as figures under `/proc`.
pub fn eventually<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = found() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_until_the_answer_is_there() {
        let mut asked = 0;
        let answer = eventually("the third time", || {
            asked += 1;
            (asked == 3).then_some(asked)
        });
        assert_eq!(answer, 3);
    }
}
