//! What people see while files move: bars at a terminal, a line now and then without one.

use std::collections::HashMap;
use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{BinaryBytes, DecimalBytes, MultiProgress, ProgressBar, ProgressStyle};
use tombolo_daemon::terminal;
use tombolo_library::client::{Failure, Observer};

use crate::console;

/// Between two lines about a file without a terminal.
const LINE_PERIOD: Duration = Duration::from_secs(5);
/// A failure that passes sooner is not worth a word.
const SHORT_PAUSE: Duration = Duration::from_millis(500);

/// Shows how files move.
pub(crate) struct Progress {
    bars: Option<MultiProgress>,
    files: Mutex<HashMap<String, Shown>>,
}

struct Shown {
    bar: Option<ProgressBar>,
    total: u64,
    began: Instant,
    /// Bytes that were there then.
    there: u64,
    told: Instant,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bars = io::stderr().is_terminal().then(MultiProgress::new);
        Self { bars, files: Mutex::default() }
    }

    /// The file is done with.
    pub(crate) fn end(&self, name: &str) {
        if let Some(Shown { bar: Some(bar), .. }) = self.files().remove(name) {
            bar.finish_and_clear();
        }
    }

    /// All files are done with.
    pub(crate) fn end_all(&self) {
        for (_, shown) in self.files().drain() {
            if let Some(bar) = shown.bar {
                bar.finish_and_clear();
            }
        }
    }

    /// Says something without disturbing the bars.
    pub(crate) fn say(&self, words: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| console::say(words)),
            None => console::say(words),
        }
    }

    /// Each change is one step, so what is shown is whole whoever panicked.
    fn files(&self) -> MutexGuard<'_, HashMap<String, Shown>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Progress {
    fn began(&self, name: &str, total: u64, there: u64) {
        let now = Instant::now();
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new(total).with_style(style()));
            bar.set_message(terminal::line(name).into_owned());
            bar.set_position(there);
            // The rate is that of this run.
            bar.reset_eta();
            bar
        });
        let shown = Shown { bar, total, began: now, there, told: now };
        self.files().insert(name.to_owned(), shown);
        if there > 0 && there < total {
            let there = BinaryBytes(there);
            self.say(&format!("{name}: {there} of {} are there", BinaryBytes(total)));
        }
    }

    fn moved(&self, name: &str, there: u64) {
        let mut files = self.files();
        let Some(shown) = files.get_mut(name) else { return };
        match &shown.bar {
            Some(bar) => bar.set_position(there),
            None if shown.told.elapsed() >= LINE_PERIOD => {
                shown.told = Instant::now();
                console::say(&line(name, shown, there));
            }
            None => {}
        }
    }

    fn retrying(&self, name: &str, why: &Failure, after: Duration) {
        if after >= SHORT_PAUSE {
            let seconds = after.as_secs_f64();
            self.say(&format!("{name}: {why}; trying again in {seconds:.1} s"));
        }
    }
}

fn style() -> ProgressStyle {
    let form = "{msg:30!} {bar:24} {binary_bytes}/{binary_total_bytes} \
                {binary_bytes_per_sec} {eta} left";
    ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A file in a line: how much is there, how fast it moves, how long it will take.
fn line(name: &str, shown: &Shown, there: u64) -> String {
    let moved = there.saturating_sub(shown.there);
    let millis = u64::try_from(shown.began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = moved.saturating_mul(1000).checked_div(millis).unwrap_or_default();
    let left = shown.total.saturating_sub(there).checked_div(rate);
    let percent = there.saturating_mul(100).checked_div(shown.total).unwrap_or(100);
    let left = left.map_or(String::new(), |seconds| format!(", {seconds} s left"));
    let total = DecimalBytes(shown.total);
    format!("{name}: {percent} % of {total}, {}/s{left}", DecimalBytes(rate))
}
