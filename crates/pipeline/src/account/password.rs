//! Which passwords are taken.
//!
//! Two rules that contradict each other are a switch: 等保 (GB/T 22239 8.1.4.1)
//! asks for complexity and regular change, ASVS 6.2 and NIST 800-63B for length
//! and neither. Both refuse what everybody uses.

/// Common passwords of 8 characters and more, the most common first: the first
/// 3,000 such of the frequency list in zxcvbn 4.5.0 (MIT).
const COMMON: &str = include_str!("common-passwords.txt");

/// Words that are no password with digits and signs around them either.
const WORDS: [&str; 22] = [
    "abc",
    "abcd",
    "admin",
    "administrator",
    "asdf",
    "hearth",
    "huanying",
    "mima",
    "minzheng",
    "minzhengju",
    "mz",
    "mzj",
    "nuanxin",
    "pass",
    "passw",
    "password",
    "passwd",
    "qwer",
    "qwerty",
    "root",
    "test",
    "welcome",
];

/// Longest password: longer ones are refused, never cut.
pub const LENGTH_MAX: usize = 256;

/// Which rule is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// 等保: 10 characters of 3 classes, changed every 90 days.
    Dengbao,
    /// ASVS: 15 characters, or 8 where a second factor is demanded.
    Asvs,
}

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weak {
    /// Shorter than this.
    Short(usize),
    /// Longer than [`LENGTH_MAX`].
    Long,
    /// Holds control characters.
    Control,
    /// Among the common ones, or a common word with digits around it.
    Common,
    /// The login name is in it.
    Login,
    /// Fewer than three of small, capital, digit, other.
    Classes,
    /// The one it should replace.
    Same,
}

impl Weak {
    /// For people.
    pub fn zh(self) -> String {
        match self {
            Weak::Short(min) => format!("口令至少 {min} 个字符"),
            Weak::Long => format!("口令最长 {LENGTH_MAX} 个字符"),
            Weak::Control => "口令不能含控制字符".to_owned(),
            Weak::Common => "这是常见口令，请换一个".to_owned(),
            Weak::Login => "口令不能包含登录名".to_owned(),
            Weak::Classes => "口令须含大写、小写、数字、符号中的三类".to_owned(),
            Weak::Same => "新口令不能与原口令相同".to_owned(),
        }
    }

    /// In English.
    pub fn en(self) -> String {
        match self {
            Weak::Short(min) => format!("at least {min} characters"),
            Weak::Long => format!("at most {LENGTH_MAX} characters"),
            Weak::Control => "no control characters".to_owned(),
            Weak::Common => "it is a common password".to_owned(),
            Weak::Login => "it holds the login name".to_owned(),
            Weak::Classes => "three of small, capital, digit, other".to_owned(),
            Weak::Same => "it is the one before".to_owned(),
        }
    }
}

/// The shortest password of a rule.
pub fn length_min(profile: Profile, second_factor_required: bool) -> usize {
    match (profile, second_factor_required) {
        (Profile::Dengbao, _) => 10,
        (Profile::Asvs, true) => 8,
        (Profile::Asvs, false) => 15,
    }
}

/// What speaks against a password; nothing when it is taken.
pub fn weaknesses(
    profile: Profile,
    second_factor_required: bool,
    login: &str,
    password: &str,
) -> Vec<Weak> {
    let mut weak = Vec::new();
    let length = password.chars().count();
    let min = length_min(profile, second_factor_required);
    if length < min {
        weak.push(Weak::Short(min));
    }
    if length > LENGTH_MAX {
        return vec![Weak::Long];
    }
    if password.chars().any(char::is_control) {
        weak.push(Weak::Control);
    }
    let lower = password.to_lowercase();
    if COMMON.lines().any(|common| common == lower) || is_a_word(&lower) || is_monotonous(&lower) {
        weak.push(Weak::Common);
    }
    if lower.contains(&login.to_lowercase()) {
        weak.push(Weak::Login);
    }
    if profile == Profile::Dengbao && classes(password) < 3 {
        weak.push(Weak::Classes);
    }
    weak
}

/// Whether its letters alone, `@` read as `a` and `0` as `o`, are a word
/// everybody thinks of.
fn is_a_word(lower: &str) -> bool {
    let letters: String = lower.chars().filter(char::is_ascii_alphabetic).collect();
    let read = |c: char| match c {
        '@' => 'a',
        '0' => 'o',
        '$' => 's',
        '1' => 'i',
        c => c,
    };
    let core = lower.trim_matches(|c: char| !c.is_ascii_alphabetic());
    let read: String = core.chars().map(read).collect();
    let ascii = lower.is_ascii();
    ascii && WORDS.iter().any(|word| *word == letters || *word == read)
}

/// Three different characters or fewer.
fn is_monotonous(lower: &str) -> bool {
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    different.len() <= 3
}

fn classes(password: &str) -> usize {
    let kinds: [fn(char) -> bool; 4] = [
        |c| c.is_lowercase(),
        |c| c.is_uppercase(),
        char::is_numeric,
        |c| !c.is_lowercase() && !c.is_uppercase() && !c.is_numeric(),
    ];
    kinds.iter().filter(|is| password.chars().any(**is)).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dengbao(password: &str) -> Vec<Weak> {
        weaknesses(Profile::Dengbao, true, "wang.li", password)
    }

    #[test]
    fn what_everybody_uses_is_refused_under_both_rules() {
        assert_eq!(COMMON.lines().count(), 3_000);
        assert!(
            COMMON
                .lines()
                .all(|line| line.len() >= 8 && line == line.to_lowercase())
        );
        for profile in [Profile::Dengbao, Profile::Asvs] {
            for common in [
                "password",
                "Password",
                "1234567890",
                "1qaz2wsx",
                "iloveyou",
                "Mz@2026",
                "Mz@2026!!2026",
                "P@ssw0rd123",
                "Admin@123456",
                "Minzheng#2026",
                "aaaaaaaaaaaaaaaaB",
                "Nuanxin-2026-11",
            ] {
                let weak = weaknesses(profile, true, "wang.li", common);
                assert!(
                    weak.contains(&Weak::Common),
                    "{profile:?} {common}: {weak:?}"
                );
            }
            for named in ["Wang.Li2026!x", "xx-wang.li-Z9z"] {
                assert!(weaknesses(profile, true, "wang.li", named).contains(&Weak::Login));
            }
        }
    }

    #[test]
    fn each_rule_asks_for_its_own() {
        assert_eq!(dengbao("Kx7-mq2"), [Weak::Short(10)]);
        assert_eq!(dengbao("correct horse battery"), [Weak::Classes]);
        assert_eq!(dengbao("Correct7horse"), []);
        let asvs = |second, password| weaknesses(Profile::Asvs, second, "wang.li", password);
        assert_eq!(asvs(true, "kxqmvzrt"), []);
        assert_eq!(asvs(false, "kxqmvzrt"), [Weak::Short(15)]);
        assert_eq!(asvs(false, "correct horse battery"), []);
        assert_eq!(asvs(false, "春眠不觉晓处处闻啼鸟夜来风雨声"), []);
        assert_eq!(dengbao(&"Kx7-".repeat(65)), [Weak::Long]);
        assert_eq!(dengbao(&"Kx7-".repeat(64)), []);
        assert_eq!(dengbao("Correct7\u{0}horse"), [Weak::Control]);
    }

    proptest! {
        #[test]
        fn length_counts_characters_and_nothing_is_cut(password in "\\PC{0,300}") {
            let length = password.chars().count();
            let weak = dengbao(&password);
            prop_assert_eq!(weak.contains(&Weak::Long), length > LENGTH_MAX);
            prop_assert_eq!(weak.contains(&Weak::Short(10)), length < 10);
        }
    }
}
