//! Figures are measured before they are published.

use super::tree::{none, text};

#[test]
fn no_figure_is_left_to_be_measured() {
    let mut left = Vec::new();
    for document in ["README.md", "docs/PERFORMANCE.md"] {
        for (line, number) in text(document).lines().zip(1..) {
            let marks = line
                .split("<<")
                .skip(1)
                .filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
            left.extend(marks.map(|rest| {
                format!(
                    "{document}:{number}: <<{}",
                    rest.split(">>").next().unwrap_or_default()
                )
            }));
        }
    }
    none("figures still to be measured", &left);
}
