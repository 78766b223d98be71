//! The child process: reads jobs, evaluates them, writes outcomes, and ends with its parent.
//!
//! It bounds its own memory before it reads anything, so that whatever an expression asks for, the
//! kernel refuses it and this process dies instead of the machine. What it dies of is not its
//! concern: the parent sees the end of its output. Then it gives up what it may ask of the kernel
//! ([`confine`]).

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use fend_core::{Context, Interrupt};
use rustix::time::{ClockId, clock_gettime};
use tombolo_confinement::{Resources, confine, limit_resources};
use tombolo_daemon::process_name;

use super::frame::{self, HEADING_BYTES, Job, Outcome};
use crate::limits::{
    EVALUATION_TIME, EVALUATOR_FILES, EVALUATOR_MEMORY_BYTES, EVALUATOR_STACK_BYTES, RESULT_BYTES,
    VALUES_BYTES,
};
use crate::protocol::Code;

/// The exit code of an evaluator whose arithmetic panicked.
pub(super) const PANICKED: i32 = 3;

/// Works until its standard input ends.
///
/// # Errors
/// When its limits cannot be set, or its streams fail.
pub(crate) fn run() -> io::Result<()> {
    // Expressions can break promises of the library they are evaluated by; that is no news.
    std::panic::set_hook(Box::new(|_| {}));
    limit_resources(Resources {
        memory_bytes: EVALUATOR_MEMORY_BYTES,
        files: EVALUATOR_FILES,
        processor_seconds: None,
    })?;
    process_name::set("eval");
    let (jobs, inbox) = mpsc::sync_channel(1);
    let (started, start) = mpsc::sync_channel(1);
    let work = move || {
        let _ = started.send(());
        for (job, time) in inbox {
            let sent = evaluate(&job, time).encode().map(|frame| write(&frame));
            if !matches!(sent, Some(Ok(()))) {
                std::process::abort();
            }
        }
    };
    // A panic of the evaluation ends the process, as everything else does that is beyond it.
    let work = move || {
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err() {
            std::process::exit(PANICKED);
        }
    };
    std::thread::Builder::new().stack_size(EVALUATOR_STACK_BYTES).spawn(work)?;
    // Starting a thread takes more than evaluating does.
    let _ = start.recv();
    // The parent tells the log where that is not to be had.
    let _ = confine()?;
    let mut input = io::stdin().lock();
    while let Some(job) = read(&mut input)? {
        if jobs.send(job).is_err() {
            break;
        }
    }
    // Also in the midst of an evaluation: nobody waits for it any more.
    Ok(())
}

fn read(input: &mut impl Read) -> io::Result<Option<(Job, Duration)>> {
    let mut heading = [0; HEADING_BYTES];
    match input.read_exact(&mut heading) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = frame::length(heading).ok_or(io::ErrorKind::InvalidData)?;
    let mut fields = vec![0; length];
    input.read_exact(&mut fields)?;
    Ok(Some(Job::decode(&fields).ok_or(io::ErrorKind::InvalidData)?))
}

fn write(frame: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(frame)?;
    output.flush()
}

/// Has fend stop by itself where it asks, which is cheaper than a new process. Counts the time that
/// this thread had the processor: others may keep it busy.
struct Deadline {
    /// By the clock, and of the processor's time.
    began: (Instant, Duration),
    time: Duration,
    /// So many nanoseconds after the beginning the time can be over at the earliest.
    look: AtomicU64,
}

impl Deadline {
    fn after(time: Duration) -> Self {
        let began = (Instant::now(), processor_time());
        Self { began, time, look: AtomicU64::new(nanoseconds(time)) }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Interrupt for Deadline {
    fn should_interrupt(&self) -> bool {
        let (clock, processor) = self.began;
        let now = nanoseconds(clock.elapsed());
        if now < self.look.load(Ordering::Relaxed) {
            return false;
        }
        let spent = processor_time().saturating_sub(processor);
        let left = self.time.saturating_sub(spent);
        self.look.store(now.saturating_add(nanoseconds(left)), Ordering::Relaxed);
        left.is_zero()
    }
}

/// How long this thread has had the processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Evaluates one job. Everything it knows comes with the job, so the same job has the same outcome.
pub(crate) fn evaluate(job: &Job, time: Duration) -> Outcome {
    let deadline = Deadline::after(time);
    let mut context = Context::new();
    if !job.values.is_empty()
        && let Err(words) = context.deserialize_variables(&mut job.values.as_slice())
    {
        return Outcome::Refused(Code::Domain, format!("the variables cannot be read: {words}"));
    }
    for (name, above, below) in &job.fractions {
        let definition = format!("{name} = ({above}/{below})");
        if let Err(words) = fend_core::evaluate(&definition, &mut context) {
            return refused(&words);
        }
    }
    let text = match fend_core::evaluate_with_interrupt(&job.expression, &mut context, &deadline) {
        Ok(result) => result.get_main_result().to_owned(),
        Err(words) => return refused(&words),
    };
    if text.len() > RESULT_BYTES {
        let words = format!(
            "the result has {} characters and at most {RESULT_BYTES} are sent: ask for less, as in 'to 20 sf'",
            text.chars().count()
        );
        return Outcome::Refused(Code::TooLarge, words);
    }
    let values =
        if job.name.is_empty() { Ok(Vec::new()) } else { define(&mut context, job, &deadline) };
    match values {
        Ok(values) => Outcome::Value { text, values },
        Err(refused) => refused,
    }
}

/// Gives the result its name, if it is a number; then all values.
fn define(context: &mut Context, job: &Job, deadline: &Deadline) -> Result<Vec<u8>, Outcome> {
    // fend keeps the last result in `ans`; what cannot be multiplied is no number, and a
    // function multiplied is a function, which is written with a backslash.
    let named = format!("{} = ans", job.name);
    let kept = fend_core::evaluate_with_interrupt(&named, context, deadline);
    let product = fend_core::evaluate_with_interrupt("1 * ans", context, deadline);
    for words in [kept.as_ref().err(), product.as_ref().err()].into_iter().flatten() {
        if was_interrupted(words) {
            return Err(refused(words));
        }
    }
    let is_number = matches!(&product, Ok(text) if !text.get_main_result().starts_with('\\'));
    if kept.is_err() || !is_number {
        let words = "only numbers can be given a name, with or without a unit";
        return Err(Outcome::Refused(Code::Domain, words.to_owned()));
    }
    let mut values = Vec::new();
    let written = context.serialize_variables(&mut values);
    if written.is_err() || values.len() > VALUES_BYTES {
        let words = format!(
            "the values of the variables take more than {VALUES_BYTES} bytes: CLEAR forgets them"
        );
        return Err(Outcome::Refused(Code::TooLarge, words));
    }
    Ok(values)
}

/// Sorts what fend says into the protocol's codes.
fn refused(words: &str) -> Outcome {
    const READING: [&str; 14] = [
        "expected a token",
        "found '",
        "found an invalid token",
        "expected a value",
        "expected an identifier",
        "unexpected",
        "missing '.'",
        "invalid mixed fraction",
        "unterminated",
        "unknown escape",
        "digit separators",
        "expected a digit",
        "expected a character",
        "expected '",
    ];
    let code = if was_interrupted(words) {
        return Outcome::Refused(Code::Timeout, overdue());
    } else if words.starts_with("unknown identifier") {
        Code::UnknownName
    } else if READING.iter().any(|beginning| words.starts_with(beginning))
        || words.contains("is not valid at the beginning")
    {
        Code::Syntax
    } else if words.contains("too large") {
        Code::TooLarge
    } else {
        Code::Domain
    };
    Outcome::Refused(code, words.to_owned())
}

/// Whether fend stopped because it was told to: it says nothing about the expression.
fn was_interrupted(words: &str) -> bool {
    words.starts_with("interrupted")
}

/// The words for an evaluation without an end.
pub(crate) fn overdue() -> String {
    format!("the evaluation took longer than {} s", EVALUATION_TIME.as_secs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arithmetic::{self, Fraction};

    fn job(expression: &str) -> Job {
        Job { expression: expression.to_owned(), ..Job::default() }
    }

    fn within_a_second(job: &Job) -> Outcome {
        evaluate(job, EVALUATION_TIME)
    }

    fn refusal(expression: &str) -> Code {
        match within_a_second(&job(expression)) {
            Outcome::Refused(code, _) => code,
            value => panic!("{expression}: {value:?}"),
        }
    }

    #[test]
    fn refusals_have_the_code_that_fits() {
        for (expression, code) in [
            ("1/0", Code::Domain),
            ("5 m to s", Code::Domain),
            ("0^0", Code::Domain),
            ("nothing_like_it", Code::UnknownName),
            ("2+", Code::Syntax),
            ("5.", Code::Syntax),
            ("\"open", Code::Syntax),
            ("{1}", Code::Syntax),
            ("9^9^9", Code::Timeout),
            ("10^20000", Code::TooLarge),
        ] {
            assert_eq!(refusal(expression), code, "{expression}");
        }
    }

    #[test]
    fn values_keep_their_names_and_nothing_else_is_kept() {
        let named = |name: &str, expression: &str, values: Vec<u8>| {
            within_a_second(&Job { name: name.to_owned(), values, ..job(expression) })
        };
        let Outcome::Value { text, values } = named("d", "5 km", Vec::new()) else { panic!() };
        assert_eq!(text, "5 km");
        let Outcome::Value { values, .. } = named("t", "1/3 hours", values) else { panic!() };
        let fractions = vec![("x".to_owned(), 1, 3)];
        let asked = Job { values, fractions, ..job("d / t * x * 3 to km/hour") };
        assert!(
            matches!(within_a_second(&asked), Outcome::Value { text, .. } if text == "15 km / hour")
        );
        for expression in ["sin", "y: y^2", "\"text\"", "true", "@2020-01-01"] {
            let refused = named("f", expression, Vec::new());
            assert!(
                matches!(refused, Outcome::Refused(Code::Domain, _)),
                "{expression}: {refused:?}"
            );
        }
    }

    /// What others do with the processor does not count: here they have it all along.
    #[test]
    fn only_the_threads_own_time_counts() {
        let deadline = Deadline::after(Duration::from_millis(20));
        std::thread::sleep(Duration::from_millis(60));
        assert!(!deadline.should_interrupt());
        let end = Instant::now() + Duration::from_secs(30);
        while !deadline.should_interrupt() {
            assert!(Instant::now() < end, "busy for 30 s and not interrupted");
        }
    }

    #[test]
    fn time_that_runs_out_while_a_number_is_named_is_told_as_that() {
        let mut context = Context::new();
        fend_core::evaluate("1/3", &mut context).unwrap();
        let named = Job { name: "third".to_owned(), ..job("1/3") };
        let refused = define(&mut context, &named, &Deadline::after(Duration::ZERO));
        assert!(matches!(refused, Err(Outcome::Refused(Code::Timeout, _))), "{refused:?}");
    }

    fn expression() -> impl Strategy<Value = String> {
        let number = prop_oneof![
            "[0-9]{1,6}",
            "[0-9]{1,4}\\.[0-9]{1,4}",
            "[0-9._ x]{1,5}",
            Just("x".to_owned()),
            Just("half".to_owned())
        ];
        number.prop_recursive(5, 24, 3, |inner| {
            let operator = prop_oneof![
                Just("+"),
                Just("-"),
                Just("*"),
                Just("/"),
                Just(" - "),
                Just("^"),
                Just("*-"),
                Just(" -"),
                Just("- "),
                Just("--")
            ];
            prop_oneof![
                (inner.clone(), operator, inner.clone())
                    .prop_map(|(a, by, b)| format!("{a}{by}{b}")),
                inner.clone().prop_map(|a| format!("({a})")),
                inner.clone().prop_map(|a| format!("-{a}")),
                (inner, 0..5_u8).prop_map(|(a, n)| format!("({a})^{n}")),
            ]
        })
    }

    proptest! {
        #[test]
        fn numbers_in_groups_are_those_without(whole in 0..u64::MAX, decimals in "(\\.[0-9]{1,6})?") {
            let digits = whole.to_string();
            let mut grouped = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if place > 0 && (digits.len() - place).is_multiple_of(3) {
                    grouped.push(',');
                }
                grouped.push(digit);
            }
            let (grouped, plain) = (grouped + &decimals, digits + &decimals);
            prop_assert_eq!(crate::grouping::mistake(&grouped), None);
            let value = arithmetic::value(&plain, |_| None).and_then(|value| arithmetic::decimal(&value));
            let outcome = within_a_second(&job(&grouped));
            let same = matches!(&outcome, Outcome::Value { text, .. } if Some(text) == value.as_ref());
            prop_assert!(same, "{}: {:?} but {:?}", grouped, value, outcome);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
        #[test]
        fn plain_arithmetic_gives_the_same_result(expression in expression()) {
            let variable = |name: &str| match name {
                "x" => Some(Fraction::new(-7, 1)),
                "half" => Some(Fraction::new(5, 10)),
                _ => None,
            };
            let plain = arithmetic::value(&expression, variable).and_then(|value| arithmetic::decimal(&value));
            if let Some(plain) = plain {
                let fractions = vec![("x".to_owned(), -7, 1), ("half".to_owned(), 1, 2)];
                let outcome = within_a_second(&Job { fractions, ..job(&expression) });
                let same = matches!(&outcome, Outcome::Value { text, .. } if *text == plain);
                prop_assert!(same, "{}: {} but {:?}", expression, plain, outcome);
            }
        }
    }
}
