//! Every field of the JSON access log has a row in docs/operating.md, and back.

use tombolo_e2e::{Origin, Setup, scripts};

use super::{Names, compare, quoted, rows, section, text};

#[test]
fn fields_of_a_line_are_those_of_the_document() {
    let origin = Origin::start(scripts::answer(scripts::ok("page")));
    let gateway = Setup::to(&origin).start();
    gateway.connect().get("/page");
    let line = gateway.stdout().wait_for_text("\"target\":\"/page\"");
    let line = line.lines().find(|line| line.contains("/page")).unwrap();
    let record: serde_json::Value = serde_json::from_str(line).unwrap();
    let there: Names = record.as_object().unwrap().keys().cloned().collect();
    let table = section(&text("docs/operating.md"), "## Access log");
    let documented: Names = rows(&table).iter().flat_map(|row| quoted(&row[0])).collect();
    compare("fields of the access log", &documented, &there);
}
