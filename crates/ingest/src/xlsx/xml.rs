//! XML of one part, step by step: no entities but the five of XML itself, no
//! document types, no depth and no piece of text without bounds.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesEnd, BytesStart, Event};

use super::archive::PartReader;
use super::{Stopped, fault, odd};
use crate::error::FileError;

/// Deepest nesting.
const DEPTH_MAX: usize = 32;
/// Longest tag, comment or run of text.
const EVENT_BYTES_MAX: usize = 256 * 1024;

/// Bytes with a bound on how many one event may take.
struct Metered<R> {
    bytes: BufReader<PartReader<R>>,
    taken: usize,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buffer)
    }
}

impl<R: Read> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken > EVENT_BYTES_MAX {
            return Err(Stopped::Xml.into());
        }
        self.bytes.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount;
        self.bytes.consume(amount);
    }
}

/// What comes next.
pub(super) enum Step<'a> {
    /// An element begins.
    Open(Tag<'a>),
    /// An element ends.
    Close(Ending<'a>),
    /// Text between tags, a piece of it.
    Text(Cow<'a, str>),
    /// Nothing any more.
    End,
}

/// The end of an element.
pub(super) struct Ending<'a>(BytesEnd<'a>);

impl Ending<'_> {
    /// Its name without a prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }
}

/// The beginning of an element.
pub(super) struct Tag<'a>(BytesStart<'a>);

impl Tag<'_> {
    /// Its name without a prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// An attribute by its local name.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let found = attributes
            .with_checks(false)
            .filter_map(Result::ok)
            .find(|attribute| attribute.key.local_name().into_inner() == name)?;
        quick_xml::escape::unescape(&found.value)
            .ok()
            .map(Cow::into_owned)
    }
}

/// A part being read.
pub(super) struct Xml<R> {
    reader: Reader<Metered<R>>,
    buffer: Vec<u8>,
    depth: usize,
}

impl<R: Read> Xml<R> {
    pub(super) fn new(part: PartReader<R>) -> Xml<R> {
        let bytes = BufReader::with_capacity(32 * 1024, part);
        let mut reader = Reader::from_reader(Metered { bytes, taken: 0 });
        reader.config_mut().expand_empty_elements = true;
        Xml {
            reader,
            buffer: Vec::new(),
            depth: 0,
        }
    }

    /// The next step. What means nothing is an empty text.
    pub(super) fn step(&mut self) -> Result<Step<'_>, FileError> {
        self.buffer.clear();
        self.reader.get_mut().taken = 0;
        let event = self.reader.read_event_into(&mut self.buffer);
        match event.map_err(fault)? {
            Event::Start(tag) | Event::Empty(tag) => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(odd());
                }
                Ok(Step::Open(Tag(tag)))
            }
            Event::End(tag) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(Step::Close(Ending(tag)))
            }
            Event::Text(text) => Ok(Step::Text(text.into_inner())),
            Event::CData(text) => Ok(Step::Text(text.into_inner())),
            Event::GeneralRef(named) => {
                let character = named.resolve_char_ref().map_err(fault)?;
                let text = match character {
                    Some(character) => Cow::Owned(character.to_string()),
                    None => Cow::Borrowed(resolve_xml_entity(&named).ok_or_else(odd)?),
                };
                Ok(Step::Text(text))
            }
            // Nothing an office program writes; entities are declared there.
            Event::DocType(_) => Err(odd()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => Ok(Step::Text(Cow::Borrowed(""))),
            Event::Eof => Ok(Step::End),
        }
    }
}
