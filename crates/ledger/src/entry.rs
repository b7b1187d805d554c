//! One encoding of entries, so that both stores write the same leaf bytes.

/// What one entry of the log says. Values are bytes of the caller's making;
/// what must not be read by everyone who reads the log is sealed beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What sort of event, such as `commit` or `access`.
    pub kind: String,
    /// When, in microseconds since the Unix epoch, UTC.
    pub at_micros: i64,
    /// Who, as an account id; empty for the system itself.
    pub actor: String,
    /// Names and values, in the order the writer gave them.
    pub fields: Vec<(String, Vec<u8>)>,
}

/// Why bytes are not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Written by another version.
    #[error("the entry has version {0}, which this program does not read")]
    Version(u8),
    /// It ends inside a value.
    #[error("the entry ends before its last value")]
    Truncated,
    /// Bytes follow its last value.
    #[error("bytes follow the entry's last value")]
    Trailing,
    /// A name is not UTF-8.
    #[error("a name in the entry is not UTF-8")]
    Text,
}

const VERSION: u8 = 1;

impl Entry {
    /// The canonical bytes: version; kind; time (8 bytes); actor; number of
    /// fields; each name and value. Lengths and numbers are big-endian, lengths
    /// and the number of fields 4 bytes. Different entries have different bytes.
    pub fn encode(kind: &str, at_micros: i64, actor: &str, fields: &[(&str, &[u8])]) -> Vec<u8> {
        let content: usize = fields.iter().map(|(n, v)| 8 + n.len() + v.len()).sum();
        let mut bytes = Vec::with_capacity(21 + kind.len() + actor.len() + content);
        bytes.push(VERSION);
        push(&mut bytes, kind.as_bytes());
        bytes.extend_from_slice(&at_micros.to_be_bytes());
        push(&mut bytes, actor.as_bytes());
        bytes.extend_from_slice(&length(fields.len()));
        for (name, value) in fields {
            push(&mut bytes, name.as_bytes());
            push(&mut bytes, value);
        }
        bytes
    }

    /// [`Entry::encode`] of an entry in hand.
    pub fn to_bytes(&self) -> Vec<u8> {
        let fields: Vec<_> = self
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        Entry::encode(&self.kind, self.at_micros, &self.actor, &fields)
    }

    /// Inverse of [`Entry::to_bytes`]. Bytes it accepts are canonical: they
    /// encode again to themselves.
    pub fn from_bytes(bytes: &[u8]) -> Result<Entry, EntryError> {
        let mut rest = bytes;
        let [version] = *take_array::<1>(&mut rest)?;
        if version != VERSION {
            return Err(EntryError::Version(version));
        }
        let kind = take_text(&mut rest)?;
        let at_micros = i64::from_be_bytes(*take_array(&mut rest)?);
        let actor = take_text(&mut rest)?;
        let count = u32::from_be_bytes(*take_array(&mut rest)?);
        // The count is not trusted with memory: a lie ends as `Truncated`.
        let mut fields = Vec::new();
        for _ in 0..count {
            fields.push((take_text(&mut rest)?, take(&mut rest)?.to_vec()));
        }
        if !rest.is_empty() {
            return Err(EntryError::Trailing);
        }
        Ok(Entry {
            kind,
            at_micros,
            actor,
            fields,
        })
    }

    /// The value of the first field with this name.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        let named = self.fields.iter().find(|(n, _)| n == name);
        named.map(|(_, value)| value.as_slice())
    }
}

fn length(len: usize) -> [u8; 4] {
    u32::try_from(len)
        .expect("entries are kilobytes, far below 4 GiB")
        .to_be_bytes()
}

fn push(bytes: &mut Vec<u8>, value: &[u8]) {
    bytes.extend_from_slice(&length(value.len()));
    bytes.extend_from_slice(value);
}

fn take_array<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], EntryError> {
    let (head, tail) = rest.split_first_chunk().ok_or(EntryError::Truncated)?;
    *rest = tail;
    Ok(head)
}

fn take<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], EntryError> {
    let len = u32::from_be_bytes(*take_array(rest)?);
    let len = usize::try_from(len).map_err(|_| EntryError::Truncated)?;
    let (head, tail) = rest.split_at_checked(len).ok_or(EntryError::Truncated)?;
    *rest = tail;
    Ok(head)
}

fn take_text(rest: &mut &[u8]) -> Result<String, EntryError> {
    String::from_utf8(take(rest)?.to_vec()).map_err(|_| EntryError::Text)
}
