//! The supervisor under a clock held by hand: three replicas in the lower tier, a gateway above.

use std::time::Duration;

use proptest::prelude::*;

use super::{Action, Event, Exit, Id, Limits, Notice, Outcome, Process, Standing, Supervisor};

const GATEWAY: Id = 3;
const KILLED: Exit = Exit::Signal(9);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn limits() -> Limits {
    Limits {
        start_attempts: 3,
        declined_starts: 2,
        give_up_after: 12,
        start: millis(10_000),
        drain: millis(30_000),
        grace: millis(1_000),
        steady: millis(10_000),
    }
}

/// Supervisor, clock and the run number of each process.
struct Rig {
    supervisor: Supervisor,
    now: Duration,
    runs: [u32; 5],
}

impl Rig {
    fn new() -> Self {
        let replica = Process { tier: 0, expendable: true };
        let gateway = Process { tier: 1, expendable: false };
        let plan = vec![replica.clone(), replica.clone(), replica, gateway];
        let random = fastrand::Rng::with_seed(7);
        Rig { supervisor: Supervisor::new(plan, limits(), random), now: millis(0), runs: [0; 5] }
    }

    /// Everything started and ready.
    fn running() -> Self {
        let mut rig = Rig::new();
        rig.tick();
        for id in 0..3 {
            rig.ready(id);
        }
        assert_eq!(rig.ready(GATEWAY), [Action::Tell(Notice::AllReady)]);
        rig
    }

    fn send(&mut self, event: Event) -> Vec<Action> {
        let actions = self.supervisor.handle(self.now, event);
        for action in &actions {
            if let Action::Start(id, run) = action {
                self.runs[*id] = *run;
            }
        }
        actions
    }

    fn tick(&mut self) -> Vec<Action> {
        self.send(Event::Tick)
    }

    fn ready(&mut self, id: Id) -> Vec<Action> {
        self.send(Event::Ready(id, self.runs[id]))
    }

    fn exits(&mut self, id: Id, exit: Exit) -> Vec<Action> {
        self.send(Event::Exited(id, self.runs[id], exit))
    }

    /// Moves the clock to the next time the supervisor wants to be woken.
    fn wake(&mut self) -> Vec<Action> {
        self.now = self.supervisor.next_wake().expect("nothing to wait for").max(self.now);
        self.tick()
    }
}

fn restart_wait(actions: &[Action]) -> Duration {
    match actions {
        [Action::Tell(Notice::Restarting { wait, .. })] => *wait,
        other => panic!("not a restart: {other:?}"),
    }
}

#[test]
fn gateway_starts_when_every_replica_serves() {
    let mut rig = Rig::new();
    assert_eq!(rig.tick(), [Action::Start(0, 1), Action::Start(1, 1), Action::Start(2, 1)]);
    assert_eq!(rig.ready(2), []);
    assert_eq!(rig.ready(0), []);
    assert_eq!(rig.ready(1), [Action::Start(GATEWAY, 1)]);
    assert_eq!(rig.ready(GATEWAY), [Action::Tell(Notice::AllReady)]);
    assert_eq!(rig.supervisor.next_wake(), None);
}

#[test]
fn killed_replica_is_back_at_once_and_said_to_be() {
    let mut rig = Rig::running();
    let wait = restart_wait(&rig.exits(1, KILLED));
    assert!(wait <= millis(100), "{wait:?}");
    assert_eq!(rig.wake(), [Action::Start(1, 2)]);
    rig.now += millis(40);
    assert_eq!(rig.ready(1), [Action::Tell(Notice::Back(1, wait + millis(40)))]);
}

#[test]
fn waits_grow_while_it_keeps_dying_and_shrink_after_steady_service() {
    let mut rig = Rig::running();
    let mut before = millis(0);
    for death in 0..9 {
        let wait = restart_wait(&rig.exits(0, Exit::Code(1)));
        assert!(wait <= millis(10_000));
        assert!(death > 6 || wait > before, "death {death}: {wait:?} after {before:?}");
        before = wait;
        assert_eq!(rig.wake().len(), 1);
        rig.ready(0);
        rig.now += millis(9_000);
    }
    rig.now += millis(1_000);
    assert!(restart_wait(&rig.exits(0, KILLED)) <= millis(100));
}

#[test]
fn not_ready_in_time_is_killed_and_counts_as_dead() {
    let mut rig = Rig::running();
    rig.exits(0, KILLED);
    rig.wake();
    assert_eq!(rig.wake(), [Action::Kill(0)]);
    assert_eq!(rig.now, rig.now.max(millis(10_000)));
    match rig.exits(0, KILLED).as_slice() {
        [Action::Tell(Notice::Restarting { exit: Exit::NotReady(_), .. })] => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn gateway_that_cannot_start_ends_all_and_gives_its_reason() {
    let mut rig = Rig::new();
    rig.tick();
    for id in 0..3 {
        rig.ready(id);
    }
    rig.exits(GATEWAY, Exit::Code(1));
    rig.wake();
    assert_eq!(
        rig.exits(GATEWAY, Exit::Code(1)),
        [Action::Stop(0), Action::Stop(1), Action::Stop(2)]
    );
    rig.exits(0, Exit::Code(0));
    rig.exits(1, Exit::Code(0));
    let failed = Outcome::StartFailed(GATEWAY, Exit::Code(1));
    assert_eq!(rig.exits(2, Exit::Code(0)), [Action::End(failed)]);
}

#[test]
fn replica_may_lose_its_port_twice_before_its_first_service() {
    let mut rig = Rig::new();
    rig.tick();
    rig.exits(0, Exit::Beaten);
    rig.wake();
    rig.exits(0, Exit::Beaten);
    rig.wake();
    let actions = rig.exits(0, Exit::Beaten);
    assert_eq!(actions, [Action::Stop(1), Action::Stop(2)]);
}

#[test]
fn replica_that_ends_by_itself_at_its_start_is_tried_once_more() {
    let mut rig = Rig::new();
    rig.tick();
    restart_wait(&rig.exits(0, Exit::Code(1)));
    rig.wake();
    assert_eq!(rig.exits(0, Exit::Code(1)), [Action::Stop(1), Action::Stop(2)]);
    // Once it has served, the same end is an accident.
    let mut rig = Rig::running();
    restart_wait(&rig.exits(0, Exit::Code(1)));
}

#[test]
fn drain_ends_the_gateway_before_the_replicas() {
    let mut rig = Rig::running();
    assert_eq!(rig.send(Event::Stop), [Action::Tell(Notice::Draining), Action::Stop(GATEWAY)]);
    assert_eq!(
        rig.exits(GATEWAY, Exit::Code(0)),
        [Action::Stop(0), Action::Stop(1), Action::Stop(2)]
    );
    assert_eq!(rig.exits(1, Exit::Code(0)), []);
    assert_eq!(rig.exits(0, Exit::Code(0)), []);
    assert_eq!(rig.exits(2, Exit::Code(0)), [Action::End(Outcome::Drained)]);
}

#[test]
fn nothing_is_restarted_while_draining() {
    let mut rig = Rig::running();
    rig.exits(2, KILLED);
    rig.send(Event::Stop);
    assert_eq!(rig.exits(1, KILLED), []);
    assert_eq!(rig.exits(GATEWAY, Exit::Code(0)), [Action::Stop(0)]);
    assert_eq!(rig.exits(0, Exit::Code(0)), [Action::End(Outcome::Drained)]);
}

#[test]
fn replica_that_was_starting_is_let_alone_until_its_turn_to_end() {
    let mut rig = Rig::running();
    rig.exits(2, KILLED);
    rig.wake();
    rig.send(Event::Stop);
    rig.now += millis(20_000);
    assert_eq!(rig.tick(), []);
    assert_eq!(rig.supervisor.next_wake(), Some(rig.now + millis(11_000)));
}

#[test]
fn overdue_gateway_is_killed_and_the_replicas_still_end_in_order() {
    let mut rig = Rig::running();
    rig.send(Event::Stop);
    let killed = rig.wake();
    assert_eq!(rig.now, millis(31_000));
    assert_eq!(killed, [Action::Kill(GATEWAY), Action::Tell(Notice::Overdue(vec![GATEWAY]))]);
    assert_eq!(rig.exits(GATEWAY, KILLED).len(), 3);
    for id in 0..2 {
        rig.exits(id, Exit::Code(0));
    }
    assert_eq!(rig.exits(2, Exit::Code(0)), [Action::End(Outcome::Overdue(1))]);
}

#[test]
fn second_signal_kills_all_at_once() {
    let mut rig = Rig::running();
    rig.send(Event::Stop);
    let kills: Vec<_> = (0..4).map(Action::Kill).collect();
    assert_eq!(rig.send(Event::StopNow), kills);
    for id in 0..3 {
        assert_eq!(rig.exits(id, KILLED), []);
    }
    assert_eq!(rig.exits(GATEWAY, KILLED), [Action::End(Outcome::Forced(4))]);
}

#[test]
fn process_that_cannot_even_be_killed_does_not_hold_up_the_end() {
    let mut rig = Rig::running();
    rig.send(Event::StopNow);
    assert_eq!(rig.wake(), [Action::End(Outcome::Forced(4))]);
}

#[test]
fn stop_during_the_start_stops_what_runs() {
    let mut rig = Rig::new();
    rig.tick();
    rig.ready(0);
    assert_eq!(
        rig.send(Event::Stop),
        [Action::Tell(Notice::Draining), Action::Stop(0), Action::Stop(1), Action::Stop(2)]
    );
}

#[test]
fn news_of_an_earlier_run_is_ignored() {
    let mut rig = Rig::running();
    rig.exits(0, KILLED);
    rig.wake();
    assert_eq!(rig.send(Event::Ready(0, 1)), []);
    assert_eq!(rig.send(Event::Exited(0, 1, KILLED)), []);
    assert_eq!(rig.ready(0).len(), 1);
}

#[test]
fn replica_that_keeps_dying_is_left_alone_and_can_be_begun_again() {
    let mut rig = Rig::running();
    let mut last = Vec::new();
    for _ in 0..12 {
        last = rig.exits(0, Exit::Code(1));
        if rig.supervisor.standing(0) == Standing::Resting {
            rig.wake();
            rig.ready(0);
        }
    }
    let told = Notice::GaveUp { id: 0, exit: Exit::Code(1), deaths: 12 };
    assert_eq!(last, [Action::Tell(told)]);
    assert_eq!(rig.supervisor.standing(0), Standing::Failed);
    rig.now += millis(1_000_000);
    assert_eq!(rig.tick(), []);
    // The others are kept as before.
    restart_wait(&rig.exits(1, KILLED));
    assert_eq!(rig.wake(), [Action::Start(1, 2)]);
    let run = rig.runs[0] + 1;
    assert_eq!(rig.send(Event::Begin(0)), [Action::Start(0, run)]);
    rig.ready(0);
    assert_eq!(rig.supervisor.standing(0), Standing::Up);
}

#[test]
fn what_is_taken_over_is_not_started_and_counts_as_ready() {
    let mut rig = Rig::new();
    for id in [0, 1, GATEWAY] {
        assert_eq!(rig.supervisor.adopt(rig.now, id), Some(1));
        rig.runs[id] = 1;
    }
    assert_eq!(rig.tick(), [Action::Start(2, 1)]);
    assert_eq!(rig.ready(GATEWAY), []);
    assert_eq!(rig.ready(0), []);
    assert_eq!(rig.ready(1), []);
    assert_eq!(rig.ready(2), [Action::Tell(Notice::AllReady)]);
    restart_wait(&rig.exits(1, Exit::Untold));
}

#[test]
fn gateway_is_never_left_alone() {
    let mut rig = Rig::running();
    for _ in 0..40 {
        restart_wait(&rig.exits(GATEWAY, KILLED));
        rig.wake();
        rig.ready(GATEWAY);
    }
}

#[test]
fn retired_replica_ends_alone_and_stays_away() {
    let mut rig = Rig::running();
    assert_eq!(rig.send(Event::Retire(1)), [Action::Stop(1)]);
    assert_eq!(rig.supervisor.standing(1), Standing::Stopping);
    assert_eq!(rig.exits(1, Exit::Code(0)), []);
    assert_eq!(rig.supervisor.standing(1), Standing::Retired);
    assert_eq!(rig.supervisor.next_wake(), None);
    // The end of all goes without it.
    rig.send(Event::Stop);
    let stops = rig.exits(GATEWAY, Exit::Code(0));
    assert_eq!(stops, [Action::Stop(0), Action::Stop(2)]);
}

#[test]
fn retired_replica_that_does_not_end_is_killed_at_the_deadline() {
    let mut rig = Rig::running();
    rig.send(Event::Retire(1));
    assert_eq!(rig.wake(), [Action::Kill(1), Action::Tell(Notice::Late(1))]);
    assert_eq!(rig.now, millis(31_000));
    assert_eq!(rig.supervisor.next_wake(), None);
    rig.exits(1, KILLED);
    assert_eq!(rig.supervisor.standing(1), Standing::Retired);
}

#[test]
fn replica_on_its_way_out_is_not_asked_twice_at_the_end() {
    let mut rig = Rig::running();
    rig.send(Event::Retire(1));
    rig.send(Event::Stop);
    let stops = rig.exits(GATEWAY, Exit::Code(0));
    assert_eq!(stops, [Action::Stop(0), Action::Stop(2)]);
    for id in [0, 2] {
        assert_eq!(rig.exits(id, Exit::Code(0)), []);
    }
    assert_eq!(rig.exits(1, Exit::Code(0)), [Action::End(Outcome::Drained)]);
}

#[test]
fn replica_that_is_added_and_cannot_start_costs_nobody_anything() {
    let mut rig = Rig::running();
    let id = rig.supervisor.add(Process { tier: 0, expendable: true });
    assert_eq!(rig.supervisor.standing(id), Standing::Retired);
    assert_eq!(rig.send(Event::Begin(id)), [Action::Start(id, 1)]);
    restart_wait(&rig.send(Event::Exited(id, 1, Exit::Code(1))));
    rig.wake();
    let told = Notice::GaveUp { id, exit: Exit::Code(1), deaths: 2 };
    assert_eq!(rig.send(Event::Exited(id, 2, Exit::Code(1))), [Action::Tell(told)]);
    assert!(rig.supervisor.is_running());
}

proptest! {
    /// Whatever happens in whatever order: never two runs of one process, no wake-up that comes
    /// again and again, and an end is reached.
    #[test]
    fn any_history_keeps_one_run_each_and_comes_to_an_end(
        history in proptest::collection::vec((0..8u8, 0..4usize, 0..12_000u64), 0..200)
    ) {
        let mut rig = Rig::new();
        let mut alive = [false; 4];
        let mut ended = false;
        let stops = (0..40).map(|step| (if step == 0 { 4 } else { 2 }, step % 4, 40_000));
        for (kind, id, pass) in history.into_iter().chain(stops).chain([(5, 0, 0), (0, 0, 99_000)]) {
            rig.now += millis(pass);
            let actions = match kind {
                0 | 1 => rig.tick(),
                2 if alive[id] => { alive[id] = false; rig.exits(id, KILLED) }
                3 if alive[id] => rig.ready(id),
                4 if pass > 11_000 => rig.send(Event::Stop),
                5 if pass > 11_000 || pass == 0 => rig.send(Event::StopNow),
                6 => rig.send(Event::Begin(id)),
                7 => rig.send(Event::Retire(id)),
                _ => continue,
            };
            let wake = rig.supervisor.next_wake();
            prop_assert!(wake.is_none_or(|wake| wake > rig.now), "{wake:?} at {:?}", rig.now);
            for action in actions {
                prop_assert!(!ended, "{action:?} after the end");
                match action {
                    Action::Start(id, _) => {
                        prop_assert!(!alive[id], "{id} started twice");
                        alive[id] = true;
                    }
                    Action::Stop(id) => prop_assert!(alive[id], "{id} stopped while dead"),
                    Action::Kill(_) | Action::Tell(_) => {}
                    Action::End(_) => ended = true,
                }
            }
        }
        prop_assert!(ended);
    }
}
