//! The items of one kind of a chunk's owners.

use std::ops::Range;

use domain::dictionary::Kind;

use super::cells::Cells;
use super::graph::ItemColumn;
use super::lists::longest;
use super::spaces::narrow;

/// Items of one kind, in lane order of whose they are.
#[derive(Clone, Debug)]
pub(crate) struct Items {
    pub(crate) kind: Kind,
    /// First item of each owner, and the end; nothing where there are more owners
    /// than items, and searching costs less than a number for each.
    pub(crate) from: Vec<u32>,
    /// The lane each item hangs from.
    pub(crate) owner: Vec<u32>,
    /// Items of the owner who has most.
    pub(crate) longest: u32,
    pub(crate) columns: Vec<(ItemColumn, Cells)>,
}

impl Items {
    /// Items of owners in lane order. `from` has a place for each owner, and the
    /// end.
    pub(crate) fn of(
        kind: Kind,
        from: Vec<u32>,
        owner: Vec<u32>,
        columns: Vec<(ItemColumn, Cells)>,
    ) -> Items {
        let (longest, is_sparse) = (longest(&from), owner.len() + 1 < from.len());
        Items {
            kind,
            longest,
            from: if is_sparse { Vec::new() } else { from },
            owner,
            columns,
        }
    }

    /// The items of some owners that follow each other.
    pub(crate) fn range(&self, owners: Range<usize>) -> Range<usize> {
        let begin = |owner: usize| match self.from.get(owner) {
            Some(begin) => *begin as usize,
            None => self.owner.partition_point(|known| *known < narrow(owner)),
        };
        begin(owners.start)..begin(owners.end)
    }

    /// Bytes of the columns and of whose they are.
    pub(crate) fn bytes(&self) -> usize {
        let columns = self.columns.iter().map(|(_, cells)| cells.bytes());
        let numbers = self.from.len() + self.owner.len();
        columns.sum::<usize>() + numbers * size_of::<u32>()
    }
}
