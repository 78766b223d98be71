//! `tombolo purge`: takes responses out of a running gateway's cache.

use clap::{ArgGroup, Args};
use serde_json::{Value, json};
use tombolo_daemon::exit::ExitCode;

use crate::admin::{self, Access};
use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo purge http://example.org/page            one page, with all its variants
  tombolo purge --prefix http://example.org/img/   everything below a path
  tombolo purge --tag product-17                   everything with a tag
  tombolo purge --all --soft                       everything: stale, answered with while validated

OUTPUT
  What was purged, in the spelling of the cache. The purge is in force when the command ends.

EXIT STATUS
  0  purged
  1  not purged: no gateway there, or it has no cache; or purged, but not yet written to disk
  2  what was to be purged is not understood";

/// Take responses out of a running gateway's cache
#[derive(Args)]
#[command(after_help = EXAMPLES)]
#[command(group(ArgGroup::new("what").required(true).args(["url", "prefix", "tag", "all"])))]
pub(crate) struct Arguments {
    /// A page, as a whole URL
    #[arg(value_name = "URL")]
    url: Option<String>,

    /// All pages whose URL begins so
    #[arg(long, value_name = "URL")]
    prefix: Option<String>,

    /// All pages with this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,

    /// All pages
    #[arg(long)]
    all: bool,

    /// Make them stale instead: they are still answered with while they are validated
    #[arg(long)]
    soft: bool,

    #[command(flatten)]
    access: Access,

    /// Print the gateway's answer as JSON in place of words
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let answer = match arguments.access.post("/api/v1/purge", &order(arguments)) {
        Ok(answer) => answer,
        Err(refused) => return refused.tell(),
    };
    let told = match arguments.json {
        true => console::json(&answer),
        false => console::result(words(&answer).as_bytes()),
    };
    if member(&answer, "durable") == &Value::Bool(true) {
        return told;
    }
    let note = member(&answer, "note").as_str().unwrap_or("the purge is not yet on disk");
    console::say(&admin::plain(note));
    ExitCode::Failure
}

fn order(arguments: &Arguments) -> Value {
    let Arguments { url, prefix, tag, all, soft, .. } = arguments;
    let mut order = json!({ "soft": soft });
    let texts = [("url", url), ("prefix", prefix), ("tag", tag)];
    let named = texts.into_iter().filter_map(|(name, text)| Some((name, json!(text.as_ref()?))));
    if let Some(members) = order.as_object_mut() {
        members.extend(named.map(|(name, text)| (name.to_owned(), text)));
        if *all {
            members.insert("all".to_owned(), json!(true));
        }
    }
    order
}

fn words(answer: &Value) -> String {
    let what = member(answer, "purged").as_object().and_then(|purged| purged.iter().next());
    let what = match what {
        Some((kind, Value::String(text))) if kind == "url" => admin::plain(text),
        Some((kind, Value::String(text))) => format!("{kind} {}", admin::plain(text)),
        _ => "everything".to_owned(),
    };
    let how = if member(answer, "soft") == &Value::Bool(true) { "made stale" } else { "purged" };
    format!("{how}: {what}\n")
}

fn member<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer.get(name).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_in_words() {
        for (purged, soft, said) in [
            (json!({"url": "http://a/"}), false, "purged: http://a/\n"),
            (json!({"tag": "t"}), true, "made stale: tag t\n"),
            (json!({"all": true}), false, "purged: everything\n"),
        ] {
            assert_eq!(words(&json!({ "purged": purged, "soft": soft })), said);
        }
    }
}
