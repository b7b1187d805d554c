//! A department's file or message to rows to incoming records, each reject with its reason.
//!
//! A file is read twice over the same bytes by the same code. [`survey`] counts
//! its rows, finds keys that stand in it twice and says what it is a complete
//! list of; [`decode_after`] then yields the rows one by one. [`returned_file`]
//! gives held and rejected rows back in the shape they came in.
//!
//! What columns mean is data: the layouts in `layouts/`. Rows are compared with
//! themselves and with their own file only; what other lists say is not known
//! here. Memory is bounded whatever the bytes are.

mod cell;
mod charset;
mod check;
mod emit;
mod error;
mod header;
mod interpret;
mod json;
mod layout;
mod note;
mod place;
mod records;
mod returned;
mod row;
mod rows;
mod survey;
mod texts;
mod unread;
mod xlsx;

pub use charset::Charset;
pub use error::{FileError, Refusal};
pub use layout::{Layout, LayoutError, layout_for};
pub use records::Format;
pub use returned::{KeptRow, returned_file};
pub use row::{Inherited, Row, Shape};
pub use rows::{Context, Rows, decode, decode_after};
pub use survey::{Survey, survey};
