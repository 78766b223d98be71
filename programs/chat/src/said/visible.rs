//! What can be seen of a text, by Unicode's own tables: names must show all they hold, texts must
//! show something, and neither turns the direction of what stands around it (UAX #9, UTS #39).

use icu_properties::props::{
    BidiControl, CanonicalCombiningClass, DefaultIgnorableCodePoint, Deprecated, Emoji,
    EmojiModifier, ExtendedPictographic, GeneralCategory, JoiningType,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::UnicodeNormalization;

/// Zero width non-joiner and joiner: some scripts and emoji are written with them.
const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';
/// BRAILLE PATTERN BLANK is a symbol by category and shows nothing.
const BRAILLE_BLANK: char = '\u{2800}';
/// Nonspacing marks in a row; more is no writing of any language (UTS #39, section 5.4).
const MARKS: usize = 4;

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It shows nothing here, or turns the direction of writing.
    Unseen(char),
    /// More marks on one letter than can be read, or a mark on none.
    Marks,
}

/// The first thing in a name that another name could hide behind, if there is one.
pub(super) fn unfit(name: &str) -> Option<Unfit> {
    unseen(name).map(Unfit::Unseen).or_else(|| has_too_many_marks(name).then_some(Unfit::Marks))
}

/// The first character that shows nothing where it is, or turns the direction of writing.
fn unseen(name: &str) -> Option<char> {
    let characters: Vec<char> = name.chars().collect();
    for (place, character) in characters.iter().copied().enumerate() {
        let (left, right) = characters.split_at(place);
        let right = right.get(1..).unwrap_or_default();
        let shown = match character {
            NON_JOINER => follows_virama(left) || joins(left, right),
            JOINER => follows_virama(left) || joins_emoji(left, right),
            '\u{fe0e}' | '\u{fe0f}' => selects_emoji(left, right),
            other => is_seen(other) || category(other) == GeneralCategory::SpaceSeparator,
        };
        if !shown {
            return Some(character);
        }
    }
    None
}

/// Whether a letter has more marks than can be read, the same one twice, or a mark has no letter.
/// Looks at the marks as they are when letters and marks are apart (normalisation form D).
fn has_too_many_marks(name: &str) -> bool {
    let mut marks = 0;
    let mut before = None;
    for character in name.nfd() {
        let is_mark = is_nonspacing(character) && !matches!(character, '\u{fe0e}' | '\u{fe0f}');
        marks = if is_mark { marks + 1 } else { 0 };
        if is_mark && (marks > MARKS || before.is_none() || before == Some(character)) {
            return true;
        }
        before = Some(character);
    }
    false
}

/// Whether a text shows nothing at all.
pub(super) fn is_blank(text: &str) -> bool {
    !text.chars().any(is_seen)
}

/// A text that leaves the direction of writing around it alone and hides no words: what embeds,
/// overrides or isolates a direction, and what is deprecated for the like, becomes U+FFFD. The
/// implicit marks (U+200E, U+200F, U+061C) stay: they act within the text alone.
pub(super) fn neutral(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_flag = false;
    for character in text.chars() {
        let is_tag = matches!(character, '\u{e0020}'..='\u{e007f}');
        in_flag = character == '\u{1f3f4}' || (in_flag && is_tag);
        out.push(match character {
            '\u{200e}' | '\u{200f}' | '\u{61c}' => character,
            '\u{2028}' | '\u{2029}' => '\n',
            '\u{fff9}'..='\u{fffb}' => char::REPLACEMENT_CHARACTER,
            _ if is_tag && !in_flag => char::REPLACEMENT_CHARACTER,
            _ if turns(character) => char::REPLACEMENT_CHARACTER,
            _ => character,
        });
    }
    out
}

fn turns(character: char) -> bool {
    !character.is_ascii()
        && (CodePointSetData::new::<BidiControl>().contains(character)
            || CodePointSetData::new::<Deprecated>().contains(character)
                && category(character) == GeneralCategory::Format)
}

/// Whether a character shows something by itself.
fn is_seen(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_graphic();
    }
    !matches!(
        category(character),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::Surrogate
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::SpaceSeparator
    ) && character != BRAILLE_BLANK
        && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

fn is_nonspacing(character: char) -> bool {
    matches!(category(character), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark)
}

/// RFC 5892, appendices A.1 and A.2: both joiners have a meaning after a virama.
fn follows_virama(left: &[char]) -> bool {
    let class = CodePointMapData::<CanonicalCombiningClass>::new();
    left.last().is_some_and(|last| class.get(*last) == CanonicalCombiningClass::Virama)
}

/// RFC 5892, appendix A.1: a non-joiner between letters that would join.
fn joins(left: &[char], right: &[char]) -> bool {
    let joining = CodePointMapData::<JoiningType>::new();
    let kind = |character: &char| joining.get(*character);
    let solid = |character: &&char| kind(character) != JoiningType::Transparent;
    let before = left.iter().rev().find(solid).map(kind);
    let after = right.iter().find(solid).map(kind);
    matches!(before, Some(JoiningType::LeftJoining | JoiningType::DualJoining))
        && matches!(after, Some(JoiningType::RightJoining | JoiningType::DualJoining))
}

/// UTS #51, ED-16: a joiner between two pictographs.
fn joins_emoji(left: &[char], right: &[char]) -> bool {
    let pictographic = CodePointSetData::new::<ExtendedPictographic>();
    let modifier = CodePointSetData::new::<EmojiModifier>();
    let bare = |character: &&char| **character != '\u{fe0f}' && !modifier.contains(**character);
    left.iter().rev().find(bare).is_some_and(|before| pictographic.contains(*before))
        && right.first().is_some_and(|after| pictographic.contains(*after))
}

/// UTS #51, ED-9 and ED-14c: a variation selector after an emoji, or within a keycap.
fn selects_emoji(left: &[char], right: &[char]) -> bool {
    let Some(before) = left.last() else { return false };
    CodePointSetData::new::<ExtendedPictographic>().contains(*before)
        || (CodePointSetData::new::<Emoji>().contains(*before)
            && right.first() == Some(&'\u{20e3}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_people_are_fit() {
        for name in [
            "Ana María",
            "Ана",
            "山田　太郎",
            "हिन्दी",
            "क्‍ष",
            "نامه\u{200c}ای",
            "👩‍🔬",
            "👩🏽‍🚀",
            "❤\u{fe0f}",
            "1\u{fe0f}\u{20e3}",
            "🏳\u{fe0f}‍🌈",
            "שָׁלוֹם",
            "Việt",
            "ខ្មែរ",
            "O'Neil-2",
        ] {
            assert_eq!(unfit(name), None, "{name}");
        }
    }

    #[test]
    fn what_shows_nothing_or_turns_is_unfit() {
        for name in [
            "\u{200d}",
            "\u{3164}",
            "\u{115f}",
            "\u{ffa0}",
            "Ana\u{34f}",
            "Ana\u{3164}",
            "Ana\u{200d}",
            "A\u{200d}na",
            "A\u{200c}na",
            "Ana\u{fe0f}",
            "Ana\u{2800}",
            "Ana\u{ad}",
            "Ana\u{202e}",
            "Ana\u{200f}",
            "Ana\u{e0041}",
            "Ana\u{e000}",
            "Ana\u{180b}",
            "1\u{fe0f}",
            "Ana\u{2063}",
        ] {
            assert!(matches!(unfit(name), Some(Unfit::Unseen(_))), "{name:?}");
        }
        let tower = format!("a{}", "\u{300}\u{301}".repeat(3));
        for name in ["\u{301}a", "a\u{300}\u{300}", "\u{e0}\u{300}", tower.as_str()] {
            assert_eq!(unfit(name), Some(Unfit::Marks), "{name:?}");
        }
    }

    #[test]
    fn texts_are_made_neutral_and_keep_their_words() {
        assert_eq!(neutral("a\u{202e}b\u{2066}c\u{206a}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(neutral("a\u{2028}b \u{e0041}"), "a\nb \u{fffd}");
        for text in ["שלום\u{200f}!", "🏴\u{e0067}\u{e0062}\u{e007f}", "co\u{ad}op", "👩‍🔬\n\t"]
        {
            assert_eq!(neutral(text), text);
        }
        for text in ["", " \n", "\u{200b}", "\u{3164}", "\u{2800}", "\u{ad}", "\u{200d}\u{fe0f}"] {
            assert!(is_blank(text), "{text:?}");
        }
        assert!(!is_blank("\u{200b}."));
    }

    proptest! {
        #[test]
        fn a_fit_name_has_nothing_that_turns(name in any::<String>()) {
            let bidi = CodePointSetData::new::<BidiControl>();
            if unfit(&name).is_none() {
                prop_assert!(!name.chars().any(|c| c.is_control() && !c.is_whitespace() || bidi.contains(c)));
            }
        }

        #[test]
        fn a_neutral_text_stays_as_it_is(text in any::<String>()) {
            let once = neutral(&text);
            prop_assert_eq!(neutral(&once), once.clone());
            prop_assert_eq!(once.chars().count(), text.chars().count());
            let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            prop_assert!(!once.chars().any(turns));
        }
    }
}
