//! The files of the repository, and what is code in a Rust file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Folders that are not ours to judge: made by building or running.
const SKIPPED: [&str; 4] = ["target", ".git", "hearth-data", "secrets"];

/// A text file.
pub(super) struct File {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

/// The root of the repository.
pub(super) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().to_owned()
}

/// Every text file, in path order.
pub(super) fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut files = Vec::new();
        walk(&root(), "", &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    })
}

/// Whether a path has this ending.
pub(super) fn is_a(ending: &str, path: &str) -> bool {
    Path::new(path).extension().is_some_and(|is| is == ending)
}

/// The file at a path.
pub(super) fn text(path: &str) -> &'static str {
    let file = files().iter().find(|file| file.path == path);
    &file.unwrap_or_else(|| panic!("there is no {path}")).text
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                walk(&entry.path(), &format!("{path}/"), files);
            }
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            files.push(File { path, text });
        }
    }
}

/// A Rust file: comments and the contents of strings are blanked, lines stay
/// where they are.
pub(super) struct Source {
    pub(super) path: &'static str,
    /// What runs in the product.
    pub(super) product: String,
    /// What runs in tests only.
    pub(super) tests: String,
    /// Line and content of each string of the product.
    pub(super) strings: Vec<(usize, String)>,
    /// Line and text of each comment.
    pub(super) comments: Vec<(usize, String)>,
}

/// Every Rust file.
pub(super) fn rust() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let rust = files().iter().filter(|file| is_a("rs", &file.path));
        rust.map(source).collect()
    })
}

/// Whether all of a file is for tests.
fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

fn source(file: &'static File) -> Source {
    let Scanned {
        code,
        strings,
        comments,
    } = scan(&file.text);
    let (product, tests) = if is_test_file(&file.path) {
        (blank(&code), code)
    } else {
        split(&code)
    };
    let filled: Vec<bool> = product
        .lines()
        .map(|line| !line.trim().is_empty())
        .collect();
    let is_product = |line: usize| filled.get(line - 1) == Some(&true);
    Source {
        path: &file.path,
        strings: strings
            .into_iter()
            .filter(|(line, _)| is_product(*line))
            .collect(),
        product,
        tests,
        comments,
    }
}

/// As many lines of nothing.
fn blank(text: &str) -> String {
    text.chars().filter(|c| *c == '\n').collect()
}

/// Parts what stands under `#[cfg(test)]` from the rest.
fn split(code: &str) -> (String, String) {
    const MARK: &str = "#[cfg(test)]";
    let (mut product, mut tests) = (code.to_owned(), blank_but_lines(code));
    let mut from = 0;
    while let Some(found) = product[from..].find(MARK) {
        let begin = from + found;
        let end = item_end(code, begin + MARK.len());
        tests.replace_range(begin..end, &code[begin..end]);
        product.replace_range(begin..end, &blank_but_lines(&code[begin..end]));
        from = end;
    }
    (product, tests)
}

fn blank_but_lines(code: &str) -> String {
    let kept = |c: char| if c == '\n' { '\n' } else { ' ' };
    code.chars().map(kept).collect()
}

/// Where the item that begins here ends: after its block or its semicolon.
fn item_end(code: &str, begin: usize) -> usize {
    let rest = &code[begin..];
    let stop = rest.find(['{', ';']).unwrap_or(rest.len());
    if rest[stop..].starts_with('{') {
        begin + stop + block(&rest[stop..])
    } else {
        (begin + stop + 1).min(code.len())
    }
}

/// Length of the block that begins with the first character, its closing brace
/// included.
pub(super) fn block(code: &str) -> usize {
    let mut depth = 0;
    for (position, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return position + 1;
        }
    }
    code.len()
}

/// A Rust file taken apart. `code` is ASCII, one byte for each byte.
struct Scanned {
    code: String,
    strings: Vec<(usize, String)>,
    comments: Vec<(usize, String)>,
}

fn scan(text: &str) -> Scanned {
    let bytes = text.as_bytes();
    let mut scanned = Scanned {
        code: String::with_capacity(text.len()),
        strings: Vec::new(),
        comments: Vec::new(),
    };
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let word_before =
            at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        let (length, kind) = token(rest, word_before);
        let token = String::from_utf8_lossy(&rest[..length]);
        match kind {
            Token::Code => scanned.code.push_str(&token),
            Token::Comment => scanned.comments.push((line, token.clone().into_owned())),
            Token::Text => scanned.strings.push((line, token.clone().into_owned())),
        }
        if kind != Token::Code {
            let blank = |byte: &u8| if *byte == b'\n' { '\n' } else { ' ' };
            scanned.code.extend(rest[..length].iter().map(blank));
        }
        line += token.matches('\n').count();
        at += length;
    }
    scanned
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Code,
    Comment,
    Text,
}

/// Length and kind of what stands first.
fn token(rest: &[u8], word_before: bool) -> (usize, Token) {
    let until = |end: &[u8], from: usize| {
        let found = rest[from..].windows(end.len()).position(|w| w == end);
        found.map_or(rest.len(), |position| from + position + end.len())
    };
    if rest.starts_with(b"//") {
        return (
            until(b"\n", 2) - usize::from(rest.contains(&b'\n')),
            Token::Comment,
        );
    }
    if rest.starts_with(b"/*") {
        return (until(b"*/", 2), Token::Comment);
    }
    if let Some(hashes) = raw_hashes(rest).filter(|_| !word_before) {
        let end = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
        return (until(&end, hashes + 2), Token::Text);
    }
    match rest[0] {
        b'"' => (closing(rest, b'"'), Token::Text),
        b'\'' if is_character(rest) => (closing(rest, b'\''), Token::Text),
        _ => (1, Token::Code),
    }
}

/// Number of hashes when a raw string begins here.
fn raw_hashes(rest: &[u8]) -> Option<usize> {
    let after = rest.strip_prefix(b"r")?;
    let hashes = after.iter().take_while(|byte| **byte == b'#').count();
    (after.get(hashes) == Some(&b'"')).then_some(hashes)
}

/// Length up to the closing mark, escapes skipped.
fn closing(rest: &[u8], mark: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != mark {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// Whether an apostrophe begins a character and not a lifetime.
fn is_character(rest: &[u8]) -> bool {
    let Some(first) = rest.get(1) else {
        return false;
    };
    let width = match first {
        b'\\' => return true,
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    };
    rest.get(1 + width) == Some(&b'\'')
}

/// What was found, one line each, or nothing.
pub(super) fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

#[test]
fn code_is_told_from_text() {
    let code = "fn a<'x>() { let c = '\"'; let s = \"x // {\"; } // unwrap\n#[cfg(test)]\nmod t { fn b() {} }\nfn c() { r#\"}\"#; }";
    let scanned = scan(code);
    assert_eq!(scanned.code.len(), code.len());
    let (product, tests) = split(&scanned.code);
    assert!(product.contains("fn a<'x>()") && product.contains("fn c()"));
    assert!(!product.contains("fn b") && tests.contains("fn b() {}"));
    assert!(!product.contains("unwrap") && !product.contains("//"));
    let strings: Vec<&str> = scanned.strings.iter().map(|(_, s)| s.as_str()).collect();
    assert_eq!(strings, ["'\"'", "\"x // {\"", "r#\"}\"#"]);
}
