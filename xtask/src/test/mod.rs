//! `cargo xtask test`: installs what is needed, runs every step, goes on after a failure, and ends
//! with a table and a count.

mod binary;
mod flaky;
mod fuzz;
mod long;
mod measured;
mod report;
mod steps;
mod tools;

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};

use self::{
    long::LONG_FORMS,
    steps::{STEPS, Step},
};
use crate::{
    console::{Tone, heading, toned},
    packages::{self, Need},
    run,
    workspace::Workspace,
};

/// All steps together; what is not done by then fails.
const WHOLE_LIMIT: Duration = Duration::from_secs(85 * 60);

/// Command line of `test`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run only these steps
    #[arg(long, value_name = "STEP", num_args = 1.., value_delimiter = ',')]
    only: Vec<String>,
    /// Run these long forms instead of the steps: minutes to hours each
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', conflicts_with = "only")]
    long: Vec<String>,
    /// List the steps and the long forms, and end
    #[arg(long)]
    list: bool,
}

/// What a step works with.
pub(crate) struct Context<'a> {
    pub(crate) workspace: &'a Workspace,
    ends: Instant,
}

impl Context<'_> {
    /// Runs a command within `limit` and within what is left of the whole.
    pub(crate) fn run(&self, command: &mut Command, limit: Duration) -> Result<()> {
        let left = self.ends.saturating_duration_since(Instant::now());
        run::run(command, limit.min(left))
    }
}

/// Runs the steps. True when all passed.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<bool> {
    if arguments.list {
        for (way, steps) in [("--only", STEPS), ("--long", LONG_FORMS)] {
            steps.iter().for_each(|step| println!("{way} {:14}{}", step.name, step.title));
        }
        return Ok(true);
    }
    let steps = match arguments.long.as_slice() {
        [] => chosen(STEPS, &arguments.only)?,
        names => chosen(LONG_FORMS, names)?,
    };
    let context = Context { workspace, ends: Instant::now() + WHOLE_LIMIT };
    heading("install: what the steps need");
    let needs: Vec<Need> = steps.iter().flat_map(|step| step.needs.iter().copied()).collect();
    if let Err(error) = packages::install(&needs) {
        // Each step that misses something says so; the others can go on.
        println!("{}: {error:#}", toned(Tone::Bad, "installing failed"));
    }
    let outcomes: Vec<Outcome> = steps.into_iter().map(|step| perform(step, &context)).collect();
    Ok(summarize(&outcomes))
}

/// Those of `steps` with these names; all of them without names.
fn chosen(steps: &'static [Step], names: &[String]) -> Result<Vec<&'static Step>> {
    for name in names {
        let known: Vec<&str> = steps.iter().map(|step| step.name).collect();
        if !known.contains(&name.as_str()) {
            bail!("there is no step `{name}`; there are: {}", known.join(", "));
        }
    }
    let is_chosen = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    Ok(steps.iter().filter(is_chosen).collect())
}

/// How a step went.
struct Outcome {
    step: &'static Step,
    took: Duration,
    failure: Option<String>,
}

fn perform(step: &'static Step, context: &Context<'_>) -> Outcome {
    heading(&format!("{}: {}", step.name, step.title));
    let begun = Instant::now();
    let result = needs_met(step).and_then(|()| (step.work)(context));
    let took = begun.elapsed();
    let failure = result.err().map(|error| format!("{error:#}"));
    match &failure {
        None => println!("{} {} in {}", step.name, toned(Tone::Good, "ok"), seconds(took)),
        Some(failure) => {
            println!("{} {}: {failure}", step.name, toned(Tone::Bad, "FAILED"));
        }
    }
    Outcome { step, took, failure }
}

fn needs_met(step: &Step) -> Result<()> {
    let missing = packages::missing(step.needs);
    ensure!(missing.is_empty(), "{}", packages::advice(&missing));
    Ok(())
}

/// Prints the table and the count. True when all passed.
fn summarize(outcomes: &[Outcome]) -> bool {
    heading("summary");
    for Outcome { step, took, failure } in outcomes {
        let word = match failure {
            None => toned(Tone::Good, "ok    "),
            Some(_) => toned(Tone::Bad, "FAILED"),
        };
        println!("{:14}{word} {:>8}  {}", step.name, seconds(*took), step.title);
    }
    for Outcome { step, failure, .. } in outcomes {
        if let Some(failure) = failure {
            println!("\n{}: {failure}", step.name);
        }
    }
    let whole: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    let failed = outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
    println!("\nsteps, {} in all:", seconds(whole));
    println!("{} passed, {failed} failed", outcomes.len() - failed);
    failed == 0
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_steps_are_named_with_the_known_ones() {
        let error = chosen(STEPS, &["clipy".to_owned()]).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("`clipy`") && error.contains("clippy"), "{error}");
    }

    #[test]
    fn chosen_steps_keep_their_order() {
        let names: Vec<&str> = chosen(STEPS, &["tidy".to_owned(), "fmt".to_owned()])
            .unwrap()
            .iter()
            .map(|step| step.name)
            .collect();
        assert_eq!(names, ["fmt", "tidy"]);
    }
}
