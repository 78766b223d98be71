//! Charts as SVG: pure functions of what they show. Colours follow the reader's scheme, and each bar
//! says its value to those who point at it and to screen readers that enter the picture.

use std::fmt::Write as _;

use super::words::Words;

const WIDTH: u64 = 640;
const HEIGHT: u64 = 260;
const LEFT: u64 = 70;
const TOP: u64 = 44;
const BOTTOM: u64 = 226;

/// Light, and dark where the reader likes that.
const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#3a3f44}.title{font-weight:600;font-size:14px}\
    .line{stroke:#d3d0c8}.first{fill:#b8431f}.second{fill:#2f6f8f}\
    @media(prefers-color-scheme:dark){text{fill:#d6d3cc}.line{stroke:#45494e}.first{fill:#ff9a73}\
    .second{fill:#7fc4e6}}";

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    Bytes,
    Count,
}

impl Scale {
    fn write(self, value: u64, words: Words) -> String {
        match self {
            Self::Bytes => words.bytes(value),
            Self::Count => value.to_string(),
        }
    }
}

/// Two values for each of some days, side by side.
pub(super) struct Columns {
    pub(super) title: String,
    pub(super) names: [String; 2],
    pub(super) columns: Vec<(String, [u64; 2])>,
    pub(super) scale: Scale,
}

impl Columns {
    pub(super) fn draw(&self, words: Words) -> String {
        let most = self.columns.iter().flat_map(|(_, values)| *values).max().unwrap_or_default();
        let (step, top) = steps(most);
        let mut out = begin(&self.title, HEIGHT);
        let height = BOTTOM.saturating_sub(TOP);
        let scaled = |value: u64| share(value, top, height);
        for tick in 0..=4_u64 {
            let value = step.saturating_mul(tick);
            if value > top {
                break;
            }
            let y = BOTTOM.saturating_sub(scaled(value));
            let _ = write!(
                out,
                "<line class=\"line\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y}\" y2=\"{y}\"/>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                LEFT.saturating_sub(8),
                y.saturating_add(4),
                escaped(&self.scale.write(value, words))
            );
        }
        for (place, (class, name)) in ["first", "second"].iter().zip(&self.names).enumerate() {
            let x = 340_u64.saturating_add(150_u64.saturating_mul(place as u64));
            let (text, name) = (x.saturating_add(16), escaped(name));
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{x}\" y=\"12\" width=\"10\" height=\"10\"/>\
                 <text x=\"{text}\" y=\"22\">{name}</text>"
            );
        }
        self.bars(&mut out, words, scaled);
        out + "</svg>"
    }

    fn bars(&self, out: &mut String, words: Words, scaled: impl Fn(u64) -> u64) {
        let count = (self.columns.len() as u64).max(1);
        let room = WIDTH.saturating_sub(LEFT);
        let every = count.div_ceil(8).max(1);
        for (place, (label, values)) in self.columns.iter().enumerate() {
            let at = |part: u64| {
                let parts = (place as u64).saturating_mul(8).saturating_add(part);
                LEFT.saturating_add(share(parts, count.saturating_mul(8), room))
            };
            for ((class, name), (value, part)) in
                ["first", "second"].iter().zip(&self.names).zip(values.iter().zip([1_u64, 4]))
            {
                let (x, end) = (at(part), at(part.saturating_add(3)));
                // A little is not nothing.
                let tall = scaled(*value).max(u64::from(*value > 0));
                let _ = write!(
                    out,
                    "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"{}\" height=\"{tall}\">\
                     <title>{}: {} {}</title></rect>",
                    BOTTOM.saturating_sub(tall),
                    end.saturating_sub(x).max(1),
                    escaped(label),
                    escaped(&self.scale.write(*value, words)),
                    escaped(name)
                );
            }
            if (place as u64).checked_rem(every) == Some(0) {
                let _ = write!(
                    out,
                    "<text x=\"{}\" y=\"{}\">{}</text>",
                    at(1),
                    BOTTOM.saturating_add(20),
                    escaped(label)
                );
            }
        }
    }
}

/// A value with words for each of some things, below each other.
pub(super) struct Rows {
    pub(super) title: String,
    pub(super) rows: Vec<(String, u64, String)>,
}

impl Rows {
    pub(super) fn draw(&self, words: Words) -> String {
        let height = (self.rows.len() as u64).max(1).saturating_mul(30).saturating_add(TOP);
        let mut out = begin(&self.title, height);
        let most = self.rows.iter().map(|(_, value, _)| *value).max().unwrap_or_default();
        if self.rows.is_empty() {
            let _ = write!(out, "<text x=\"0\" y=\"60\">{}</text>", escaped(words.say("none")));
        }
        for (place, (name, value, told)) in self.rows.iter().enumerate() {
            let y = (place as u64).saturating_mul(30).saturating_add(TOP);
            let wide = share(*value, most.max(1), 330).max(2);
            let _ = write!(
                out,
                "<text x=\"0\" y=\"{base}\">{}</text>\
                 <rect class=\"first\" x=\"120\" y=\"{y}\" width=\"{wide}\" height=\"18\"/>\
                 <text x=\"{}\" y=\"{base}\">{}</text>",
                escaped(name),
                wide.saturating_add(130),
                escaped(told),
                base = y.saturating_add(14)
            );
        }
        out + "</svg>"
    }
}

fn begin(title: &str, height: u64) -> String {
    let title = escaped(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\"><title>{title}</title>\
         <style>{STYLE}</style><text class=\"title\" x=\"0\" y=\"22\">{title}</text>"
    )
}

/// The share of `room` that `value` has of `whole`.
fn share(value: u64, whole: u64, room: u64) -> u64 {
    let product = u128::from(value).saturating_mul(u128::from(room));
    let share = product.checked_div(u128::from(whole)).unwrap_or_default();
    u64::try_from(share).unwrap_or(room).min(room)
}

/// A round step between lines, and a top that at most four of them reach.
fn steps(most: u64) -> (u64, u64) {
    let mut unit = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let step = unit.saturating_mul(factor);
            let top = step.saturating_mul(4);
            if top >= most {
                return (step, top);
            }
        }
        unit = unit.saturating_mul(10);
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tombolo_daemon::problem::Language;

    use super::*;

    fn words() -> Words {
        Words::of(Language::English)
    }

    #[test]
    fn lines_stand_at_round_values() {
        assert_eq!(steps(0), (1, 4));
        assert_eq!(steps(4), (1, 4));
        assert_eq!(steps(5), (2, 8));
        assert_eq!(steps(700), (200, 800));
        assert!(steps(u64::MAX).1 == u64::MAX);
    }

    #[test]
    fn what_is_shown_is_told_and_no_markup_gets_in() {
        let columns = vec![("11-30".to_owned(), [1500, 0]), ("12-01".to_owned(), [0, 3000])];
        let names = ["in <b>".to_owned(), "out".to_owned()];
        let drawn =
            Columns { title: "A & B".into(), names, columns, scale: Scale::Bytes }.draw(words());
        assert!(drawn.contains("<title>A &amp; B</title>") && !drawn.contains("<b>"), "{drawn}");
        assert!(drawn.contains("<title>12-01: 3 kB out</title>"), "{drawn}");
        assert!(drawn.contains("height=\"136\""), "3000 of 4000: {drawn}");
    }

    proptest! {
        #[test]
        fn any_values_can_be_drawn(values in prop::collection::vec(any::<[u64; 2]>(), 0..90)) {
            let columns = values.iter().map(|values| (String::new(), *values)).collect();
            let drawing =
                Columns { title: String::new(), names: Default::default(), columns, scale: Scale::Count };
            prop_assert!(drawing.draw(words()).ends_with("</svg>"));
            let rows = values.iter().map(|[a, b]| (a.to_string(), *a, b.to_string())).collect();
            let drawn = Rows { title: String::new(), rows }.draw(words());
            prop_assert!(drawn.ends_with("</svg>"));
        }
    }
}
