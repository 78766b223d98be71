//! Messages as lines: for people, for programs, as JSON.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tombolo_daemon::terminal;

use super::wire::Message;

/// How messages are written.
#[derive(Clone)]
pub(super) struct Form {
    json: bool,
    colour: bool,
    /// People are told when another day begins; programs get the whole date.
    days: Option<Option<Date>>,
}

impl Form {
    /// For programs.
    pub(super) fn of_lines(json: bool) -> Self {
        Self { json, colour: false, days: None }
    }

    /// For a person at a terminal.
    pub(super) fn of_terminal(colour: bool) -> Self {
        Self { json: false, colour, days: Some(None) }
    }

    /// One message, with its line end, and the day before it if it is another.
    pub(super) fn write(&mut self, message: &Message) -> String {
        if self.json {
            let json = serde_json::to_string(message).unwrap_or_default();
            return format!("{}\n", terminal::json(&json));
        }
        let Message { author, text, time, .. } = message;
        let (author, text) = (terminal::line(author), shown(text));
        let Some(day) = &mut self.days else {
            let time = terminal::line(time);
            return format!("{time} {author}: {}\n", text.replace('\n', "\n  "));
        };
        let zoned = time.parse::<Timestamp>().unwrap_or_default().to_zoned(TimeZone::system());
        let clock = zoned.strftime("%H:%M");
        let heading = if *day == Some(zoned.date()) {
            String::new()
        } else {
            *day = Some(zoned.date());
            self.dim(&format!("-- {} --", zoned.strftime("%A, %Y-%m-%d"))) + "\n"
        };
        let text = text.replace('\n', "\n      ");
        let (clock, author) = (self.dim(&clock.to_string()), self.bold(&author));
        format!("{heading}{clock} {author}: {text}\n")
    }

    fn dim(&self, text: &str) -> String {
        if self.colour { format!("\x1b[2m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        if self.colour { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Text that cannot steer a terminal, whoever sent it.
pub(super) fn shown(text: &str) -> String {
    terminal::lines(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str, time: &str) -> Message {
        Message {
            id: "id".into(),
            seq: 1,
            room: "lobby".into(),
            author: "Ana".into(),
            text: text.into(),
            time: time.into(),
            replica: "chat-1".into(),
        }
    }

    #[test]
    fn programs_get_a_line_and_json_is_the_apis() {
        let message = message("a\nb", "2026-11-21T15:04:05.678Z");
        let text = Form::of_lines(false).write(&message);
        assert_eq!(text, "2026-11-21T15:04:05.678Z Ana: a\n  b\n");
        let json = Form::of_lines(true).write(&message);
        assert!(json.starts_with(r#"{"id":"id","seq":1,"room":"lobby","author":"Ana","#), "{json}");
    }

    #[test]
    fn people_are_told_the_day_once() {
        let mut form = Form::of_terminal(false);
        let first = form.write(&message("x", "2026-11-21T15:04:05.678Z"));
        assert!(first.starts_with("-- ") && first.contains(" --\n"), "{first}");
        assert_eq!(form.write(&message("y", "2026-11-21T15:04:06Z")).lines().count(), 1);
        assert_eq!(form.write(&message("z", "2026-11-24T15:04:06Z")).lines().count(), 2);
    }

    #[test]
    fn nothing_that_is_shown_steers_the_terminal() {
        let text = "a\x1b[2Jb\u{9b}c\u{202e}\r\n\td";
        assert_eq!(shown(text), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}\u{fffd}\n\td");
        let json = Form::of_lines(true).write(&message("\u{9b}2J\u{202e}", "2026-11-21T15:04:06Z"));
        assert!(json.contains(r"\u009b2J\u202e"), "{json}");
    }
}
