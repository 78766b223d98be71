//! Text as it is compared and sorted: without marks, without case, the same on every engine.
//!
//! Databases fold differently (SQLite's FTS5 leaves `ł` and `ß` as they are, PostgreSQL's `unaccent`
//! does not), so nothing is folded there: keys and terms are made here and compared byte by byte.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::limits;

/// Folds a text: compatibility forms decomposed (NFKD), marks removed, lower case, and letters that
/// have no decomposition replaced by what people type for them.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let bare = text.nfkd().filter(|letter| !is_combining_mark(*letter));
    for letter in bare.flat_map(char::to_lowercase) {
        match plain(letter) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(letter),
        }
    }
    folded
}

/// What people type for a letter that NFKD leaves whole.
fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ł' | 'ƚ' => "l",
        'ø' => "o",
        'đ' | 'ð' | 'ɖ' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'ı' => "i",
        'ɨ' => "i",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ŋ' => "ng",
        'ĸ' => "k",
        'ƒ' => "f",
        'ς' => "σ",
        // A mark that lower case left behind: İ becomes i and a dot.
        letter if is_combining_mark(letter) => "",
        _ => return None,
    })
}

/// The key by which a text is sorted: folded, spaces at its ends removed, cut to a length that
/// every index holds.
pub(crate) fn sort_key(text: &str) -> String {
    fold(text.trim()).chars().take(limits::SORT_KEY_CHARS).collect()
}

/// The words of a text, folded, in their order, repetitions included. A word is a run of letters and
/// digits; scripts that are written without spaces give a word for each character.
pub(crate) fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut words = Vec::new();
    for run in folded.split(|letter: char| !letter.is_alphanumeric()) {
        let mut word = String::new();
        for letter in run.chars() {
            if stands_alone(letter) {
                push(&mut words, std::mem::take(&mut word));
                push(&mut words, letter.to_string());
            } else {
                word.push(letter);
            }
        }
        push(&mut words, word);
    }
    words
}

fn push(words: &mut Vec<String>, word: String) {
    if !word.is_empty() {
        words.push(word.chars().take(limits::WORD_CHARS).collect());
    }
}

/// Whether the letter belongs to a script without spaces: Han, Hiragana, Katakana, Thai, Lao, Khmer,
/// Burmese.
fn stands_alone(letter: char) -> bool {
    matches!(letter,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accents_and_case_make_no_difference() {
        for (written, typed) in [
            ("Łódź", "lodz"),
            ("Straße", "strasse"),
            ("STRASSE", "strasse"),
            ("Søren", "soren"),
            ("Æsir", "aesir"),
            ("Œuvre", "oeuvre"),
            ("ÑANDÚ", "nandu"),
            ("İstanbul", "istanbul"),
            ("ılık", "ilik"),
            ("Þór", "thor"),
            ("ΟΔΟΣ", "οδοσ"),
            ("Ёлка", "елка"),
            ("ﬁle", "file"),
            ("Ｆｕｌｌ", "full"),
        ] {
            assert_eq!(fold(written), typed, "{written}");
        }
    }

    #[test]
    fn names_of_files_fall_into_words() {
        for (text, expected) in [
            ("Foto-2024_01.JPG", vec!["foto", "2024", "01", "jpg"]),
            ("c++ AND \"a", vec!["c", "and", "a"]),
            ("東京 tower", vec!["東", "京", "tower"]),
            ("  ", vec![]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text: String) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn words_are_short_and_never_empty(text: String) {
            for word in words(&text) {
                prop_assert!(!word.is_empty() && word.chars().count() <= limits::WORD_CHARS);
                prop_assert!(word.chars().all(char::is_alphanumeric));
            }
        }
    }
}
