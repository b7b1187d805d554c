//! A QR code as the path of an SVG drawing.

use fast_qr::QRBuilder;

/// A code: its side in modules and the outline of its dark ones.
pub(super) struct Qr {
    pub(super) side: usize,
    pub(super) path: String,
}

/// Modules of empty border that scanners need.
const QUIET: usize = 4;

/// Draws a text; `None` when it is too long for any code.
pub(super) fn draw(text: &str) -> Option<Qr> {
    let code = QRBuilder::new(text).build().ok()?;
    let mut path = String::new();
    for y in 0..code.size {
        for x in 0..code.size {
            if code[y][x].value() {
                path.push('M');
                path.push_str(&(x + QUIET).to_string());
                path.push(' ');
                path.push_str(&(y + QUIET).to_string());
                path.push_str("h1v1h-1z");
            }
        }
    }
    Some(Qr {
        side: code.size + 2 * QUIET,
        path,
    })
}
