//! Words of pictures: those of the page, so that both say the same.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use tombolo_daemon::problem::Language;

type Dictionary = BTreeMap<String, String>;

static ENGLISH: LazyLock<Dictionary> = LazyLock::new(|| read(include_str!("../../web/en.json")));
static SPANISH: LazyLock<Dictionary> = LazyLock::new(|| read(include_str!("../../web/es.json")));

fn read(text: &str) -> Dictionary {
    serde_json::from_str(text).unwrap_or_default()
}

/// The words of a language, and how it writes numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    words: &'static Dictionary,
    point: char,
}

impl Words {
    pub(super) fn of(language: Language) -> Self {
        match language {
            Language::English => Self { words: &ENGLISH, point: '.' },
            Language::Spanish => Self { words: &SPANISH, point: ',' },
        }
    }

    /// The word of that name.
    pub(super) fn say(self, name: &str) -> &'static str {
        self.words.get(name).map_or("", String::as_str)
    }

    /// So many items.
    pub(super) fn items(self, count: u64) -> String {
        let name = if count == 1 { "chart_item" } else { "chart_items" };
        self.say(name).replace("{count}", &count.to_string())
    }

    /// Bytes as people read them, in powers of a thousand.
    pub(super) fn bytes(self, bytes: u64) -> String {
        let mut unit = 1_u64;
        for name in ["B", "kB", "MB", "GB", "TB", "PB"] {
            let next = unit.saturating_mul(1000);
            if bytes < next || name == "PB" {
                let whole = bytes.checked_div(unit).unwrap_or_default();
                let tenth = bytes.checked_rem(unit).unwrap_or_default().saturating_mul(10);
                let tenth = tenth.checked_div(unit).unwrap_or_default();
                return match whole < 10 && tenth > 0 {
                    true => format!("{whole}{}{tenth} {name}", self.point),
                    false => format!("{whole} {name}"),
                };
            }
            unit = next;
        }
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        let (english, spanish) = (Words::of(Language::English), Words::of(Language::Spanish));
        for (bytes, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (1500, "1.5 kB"),
            (2_000_000, "2 MB"),
            (12_345_678_901, "12 GB"),
            (u64::MAX, "18446 PB"),
        ] {
            assert_eq!(english.bytes(bytes), shown);
        }
        assert_eq!(spanish.bytes(1500), "1,5 kB");
        assert_eq!((english.items(1), english.items(2)), ("1 item".into(), "2 items".into()));
        assert_eq!(spanish.say("chart_traffic"), "Bytes por día");
    }
}
