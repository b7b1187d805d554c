//! Where an expression stands in its source: the parser marks only a token of it.

/// Start of the word that ends at or before `at`: a call's own span is its
/// opening parenthesis.
pub(crate) fn word_start(source: &str, at: usize) -> usize {
    let bytes = source.as_bytes();
    let mut start = at.min(bytes.len());
    if bytes.get(start) == Some(&b'(') {
        while start > 0 && (bytes[start - 1].is_ascii_alphanumeric() || bytes[start - 1] == b'_') {
            start -= 1;
        }
    }
    start
}

/// Widens a span until its brackets pair up: the parser's spans leave out
/// closing ones.
pub(crate) fn balanced(source: &str, (start, end): (usize, usize)) -> (usize, usize) {
    let bytes = source.as_bytes();
    let (mut open, mut lacking, mut quote) = (0usize, 0usize, None);
    for byte in &bytes[start.min(end)..end.min(bytes.len())] {
        match (quote, byte) {
            (Some(q), b) if q == *b => quote = None,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'(' | b'[') => open += 1,
            (None, b')' | b']') if open == 0 => lacking += 1,
            (None, b')' | b']') => open -= 1,
            _ => {}
        }
    }
    let (mut start, mut end) = (start, end);
    while lacking > 0 && start > 0 {
        start -= 1;
        if matches!(bytes[start], b'(' | b'[') {
            lacking -= 1;
        }
    }
    while open > 0 && end < bytes.len() {
        if matches!(bytes[end], b')' | b']') {
            open -= 1;
        }
        end += 1;
    }
    (start, end)
}
