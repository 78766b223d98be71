//! Every status that the gateway answers by itself is in the table of docs/operating.md, and back.

use super::{Names, compare, rows, section, text};

/// Numbers of three digits that stand alone.
fn numbers(text: &str) -> Names {
    let parts = text.split(|one: char| !one.is_ascii_alphanumeric());
    let is_status = |part: &&str| {
        part.len() == 3
            && part.starts_with(['2', '4', '5'])
            && part.bytes().all(|b| b.is_ascii_digit())
    };
    parts.filter(is_status).map(str::to_owned).collect()
}

#[test]
fn statuses_of_refusals_are_those_of_the_table() {
    let mut answered = Names::new();
    let refusals = text("programs/gateway/src/exchange/refusal.rs");
    for refusal in refusals.split("Self::new(").skip(1) {
        answered.extend(numbers(refusal.split(',').next().unwrap_or_default()));
    }
    // Chosen by what is wrong, not written next to it.
    answered.extend(numbers("414 431 417 505 504 502"));
    // An OPTIONS that ends here is no failure.
    answered.remove("204");
    let table = section(&text("docs/operating.md"), "## When a request fails");
    let documented: Names = rows(&table).iter().flat_map(|row| numbers(&row[0])).collect();
    compare("statuses", &documented, &answered);
}
