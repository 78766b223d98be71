//! Who is refused, and whose requests end, without a process that is bounded.

use super::*;

fn client(number: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, number])
}

#[test]
fn the_bound_says_how_many_requests_there_may_be() {
    let mib = |mib: u64, threads| most(mib << 20, REQUEST, threads);
    assert_eq!([mib(64, 1), mib(96, 1), mib(512, 1)], [85, 234, 1621]);
    assert_eq!([mib(512, 2), mib(96, 64), mib(1, 1)], [810, 16, 16]);
    let taken = |mib: u64| most(mib << 20, REQUEST_TAKEN, 1);
    assert_eq!([taken(64), taken(96), taken(512)], [27, 75, 521]);
}

#[test]
fn who_holds_an_equal_share_waits_while_others_begin() {
    let mut held = Held::default();
    for slot in 0..100 {
        held.begin(client(1), slot, 0);
    }
    assert_eq!(held.admit(client(1), 100), Err(Full));
    for number in 2..6 {
        for turn in 0..100 / usize::from(number) {
            assert_eq!(held.admit(client(number), 100), Ok(()), "{number} {turn}");
            held.begin(client(number), 0, 0);
        }
        assert_eq!(held.admit(client(number), 100), Err(Full), "{number}");
    }
}

#[test]
fn however_many_clients_there_are_each_may_have_some() {
    let mut held = Held::default();
    for number in 0..=255 {
        let share = (16 / (usize::from(number) + 1)).max(EACH);
        for _ in 0..share {
            assert_eq!(held.admit(client(number), 16), Ok(()));
            held.begin(client(number), 0, 0);
        }
        assert_eq!(held.admit(client(number), 16), Err(Full));
    }
}

#[test]
fn room_is_made_after_a_refusal_and_where_memory_is_short() {
    let mut held = Held::default();
    (0..100).for_each(|slot| {
        held.begin(client(1), slot, 0);
    });
    assert_eq!([held.beyond(100, false), held.beyond(90, false)], [0, 10]);
    held.refused = true;
    assert_eq!([held.beyond(100, false), held.beyond(100, false)], [12, 12], "until it is there");
    (0..12).for_each(|key| held.end(key));
    assert_eq!((held.beyond(100, false), held.refused), (0, false));
    assert_eq!([held.beyond(100, true), held.beyond(1000, true)], [22, 0]);
}

#[test]
fn nothing_is_left_of_requests_that_ended() {
    let mut held = Held::default();
    let keys: Vec<_> = (0..9).map(|slot| held.begin(client(slot as u8 % 2), slot, 0)).collect();
    keys.into_iter().for_each(|key| held.end(key));
    assert!(held.requests.is_empty() && held.clients.is_empty());
}

#[test]
fn the_client_with_most_gives_back_what_stands_still_and_is_oldest() {
    let timers = Timers::new();
    let slots: Vec<_> = (0..30).map(|_| timers.register()).collect();
    let mut held = Held::default();
    // Twenty of one, of which every other one moves; ten of another.
    for (number, timer) in slots.iter().enumerate() {
        timer.arm(1000);
        timers.advance(timers.now() + 1);
        held.begin(client(u8::from(number >= 20)), timer.slot(), timers.now());
    }
    timers.advance(timers.now() + YOUNG);
    let begun = |number: usize| number.is_multiple_of(2) && number < 20;
    slots.iter().enumerate().filter(|(n, _)| begun(*n)).for_each(|(_, timer)| timer.arm(1000));
    held.shed(12, &timers);
    let ended: Vec<usize> =
        slots.iter().enumerate().filter(|(_, timer)| timer.is_shed()).map(|(n, _)| n).collect();
    // Down to nine of each: eleven of the one, and one of the other.
    assert_eq!(ended, [0, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 20]);
    held.shed(1, &timers);
    assert_eq!(slots.iter().filter(|timer| timer.is_shed()).count(), 13, "each once");
}

#[test]
fn what_has_just_begun_and_the_few_of_a_client_stay() {
    let timers = Timers::new();
    let slots: Vec<_> = (0..20).map(|_| timers.register()).collect();
    let mut held = Held::default();
    for timer in &slots {
        held.begin(client(1), timer.slot(), timers.now());
    }
    timers.advance(YOUNG - 1);
    held.shed(20, &timers);
    assert!(!slots.iter().any(Timer::is_shed));
    timers.advance(YOUNG);
    held.shed(20, &timers);
    assert_eq!(slots.iter().filter(|timer| timer.is_shed()).count(), 20 - EACH);
}
