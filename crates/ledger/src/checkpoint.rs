//! What the root was at a size, as text (C2SP tlog-checkpoint, unsigned body).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::frontier::Frontier;
use crate::hash::Hash;

/// The root of a log at a size. `Display` and `FromStr` are the C2SP body:
/// origin, decimal size and base64 root, each on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: a name that no other log has. One line, not empty.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why a text is not a checkpoint body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not three lines, each ended by a newline.
    #[error("a checkpoint has three lines, each ended by a newline")]
    Lines,
    /// The first line is empty.
    #[error("the checkpoint names no origin")]
    Origin,
    /// The second line is not a decimal number without leading zeros.
    #[error("the checkpoint's size is not a plain decimal number")]
    Size,
    /// The third line is not 32 bytes in base64.
    #[error("the checkpoint's root is not 32 bytes in base64")]
    Root,
}

impl Checkpoint {
    /// The checkpoint of a log as it stands.
    pub fn of(origin: &str, frontier: &Frontier) -> Checkpoint {
        Checkpoint {
            origin: origin.to_owned(),
            size: frontier.size(),
            root: frontier.root(),
        }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = STANDARD.encode(self.root.as_bytes());
        write!(f, "{}\n{}\n{root}\n", self.origin, self.size)
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Checkpoint, CheckpointError> {
        let text = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?;
        let lines: Vec<&str> = text.split('\n').collect();
        let [origin, size, root] = lines[..] else {
            return Err(CheckpointError::Lines);
        };
        if origin.trim().is_empty() {
            return Err(CheckpointError::Origin);
        }
        let number: u64 = size.parse().map_err(|_| CheckpointError::Size)?;
        // `+7` and `007` parse too, but one checkpoint must have one text.
        if number.to_string() != size {
            return Err(CheckpointError::Size);
        }
        let root = STANDARD.decode(root).map_err(|_| CheckpointError::Root)?;
        let root = <[u8; 32]>::try_from(root).map_err(|_| CheckpointError::Root)?;
        Ok(Checkpoint {
            origin: origin.to_owned(),
            size: number,
            root: Hash(root),
        })
    }
}
