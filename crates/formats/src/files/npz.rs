//! NPZ: the table of [`crate::files::table`] as NumPy arrays in a zip file.
//!
//! A column is a member `NAME.npy`, with one value per problem. A list (or text, in bytes of UTF-8) is two: `NAME.npy` with
//! the values of all problems, one list after the other, and `NAME_offsets.npy` (int64, one more than there are problems)
//! of where each begins. Absent values are −1 (in `class`, 2⁶⁴ − 1), and in lists the empty list. `searchlens.npy` is the
//! [`Header`], bytes of JSON.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::files::archive::{ArchiveReader, ArchiveWriter, Spool};
use crate::files::fault::FileFault;
use crate::files::header::{self, Header};
use crate::files::npy::{Array, Dtype};
use crate::files::raw::{Body, RawEntry};
use crate::files::sink::{Sink, two_tables, wrong_format};
use crate::files::table::{Cell, Column, Kind, LONGEST, Row, Table};

/// Name of the header's member.
const HEADER: &str = "searchlens.npy";

fn dtype(kind: Kind) -> Dtype {
    match kind {
        Kind::Flag | Kind::Flags => Dtype::Bool,
        Kind::Int | Kind::Ints => Dtype::Int(4),
        Kind::Id => Dtype::Uint(8),
        Kind::Real | Kind::Reals => Dtype::Double,
        Kind::Text => Dtype::Uint(1),
    }
}

fn is_list(kind: Kind) -> bool {
    matches!(kind, Kind::Flags | Kind::Ints | Kind::Reals | Kind::Text)
}

/// An NPZ file that is being written.
pub(crate) struct NpzSink {
    archive: ArchiveWriter,
    folder: PathBuf,
    table: Table,
    columns: Vec<ColumnSpool>,
    n: u64,
}

struct ColumnSpool {
    values: Spool,
    offsets: Option<Spool>,
}

impl NpzSink {
    /// `folder` is for temporary files.
    pub(crate) fn new(file: File, folder: &Path) -> NpzSink {
        let archive = ArchiveWriter::new(file);
        NpzSink { archive, folder: folder.to_owned(), table: Table::Mazes, columns: Vec::new(), n: 0 }
    }

    fn begin(&mut self, table: Table) -> Result<(), FileFault> {
        let spools = |column: &Column| {
            let mut offsets = is_list(column.kind).then(|| Spool::new(&self.folder, Dtype::Int(8))).transpose()?;
            offsets.as_mut().map_or(Ok(()), |offsets| offsets.push_ints([0]))?;
            Ok(ColumnSpool { values: Spool::new(&self.folder, dtype(column.kind))?, offsets })
        };
        self.table = table;
        self.columns = table.columns().iter().map(spools).collect::<Result<_, FileFault>>()?;
        Ok(())
    }
}

impl Sink for NpzSink {
    fn write(&mut self, raw: RawEntry) -> Result<(), FileFault> {
        let Body::Row(row) = raw.body else { return Err(wrong_format()) };
        if self.n == 0 {
            self.begin(row.table)?;
        }
        if row.table != self.table {
            return Err(two_tables(raw.number, ".npz"));
        }
        self.n += 1;
        for (column, cell) in self.columns.iter_mut().zip(row.cells) {
            let ColumnSpool { values, offsets } = column;
            match cell {
                Cell::Absent if offsets.is_none() => values.push_ints([-1])?,
                Cell::Absent => {}
                Cell::Flag(flag) => values.push(&[u8::from(flag)])?,
                Cell::Int(int) => values.push_ints([int])?,
                Cell::Id(id) => values.push(&id.to_le_bytes())?,
                Cell::Real(real) => values.push(&real.to_le_bytes())?,
                Cell::Text(text) => values.push(text.as_bytes())?,
                Cell::Flags(flags) => values.push(&flags.into_iter().map(u8::from).collect::<Vec<_>>())?,
                Cell::Ints(ints) => values.push_ints(ints)?,
                Cell::Reals(reals) => reals.into_iter().try_for_each(|real| values.push(&real.to_le_bytes()))?,
            }
            let end = values.len as i64;
            offsets.as_mut().map_or(Ok(()), |offsets| offsets.push_ints([end]))?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, header: &Header) -> Result<(), FileFault> {
        if self.n == 0 {
            self.begin(self.table)?;
        }
        for (column, spools) in self.table.columns().iter().zip(&mut self.columns) {
            let ColumnSpool { values, offsets } = spools;
            let shape = [values.len];
            values.put(&mut self.archive, &format!("{}.npy", column.name), &shape)?;
            if let Some(offsets) = offsets {
                offsets.put(&mut self.archive, &format!("{}_offsets.npy", column.name), &[self.n + 1])?;
            }
        }
        let json = header.to_json();
        self.archive.array(HEADER, Dtype::Uint(1), &[json.len() as u64], |out| out.write_all(json.as_bytes()))?;
        self.archive.finish()
    }
}

/// The raw entries of an NPZ file.
pub(crate) struct RawEntries {
    table: Table,
    columns: Vec<Option<ColumnArray>>,
    n: u64,
    next: u64,
}

struct ColumnArray {
    column: &'static Column,
    values: Array,
    /// Offsets of lists, and the start of the current one.
    offsets: Option<(Array, i64)>,
}

/// Opens an NPZ file.
pub(crate) fn open(path: &Path) -> Result<(Option<Header>, RawEntries), FileFault> {
    let archive = ArchiveReader::open(path)?;
    let has = |name: &str| archive.has(&format!("{name}.npy"));
    let table =
        Table::with(has).ok_or_else(|| FileFault::part("connection_list.npy", "and `edges.npy` are missing"))?;
    let header = match archive.has(HEADER) {
        false => None,
        true => {
            let mut array = archive.array(HEADER)?;
            let len = array.shape.iter().product::<u64>();
            if len > header::MAX_BYTES as u64 {
                return Err(FileFault::too_long(HEADER, len, header::MAX_BYTES));
            }
            Some(Header::from_json(HEADER, &array.bytes(len as usize)?)?)
        }
    };
    let mut columns = Vec::new();
    let mut n = None;
    for column in table.columns() {
        let name = format!("{}.npy", column.name);
        if column.optional && !archive.has(&name) {
            columns.push(None);
            continue;
        }
        let values = archive.array(&name)?;
        let begin_end = is_list(column.kind).then(|| archive.array(&format!("{}_offsets.npy", column.name)));
        let mut offsets = begin_end.transpose()?;
        if let Some(array) = offsets.iter().chain([&values]).find(|array| array.shape.len() != 1) {
            return Err(FileFault::part(&array.name, format!("has {} dimensions, not 1", array.shape.len())));
        }
        let n_here = match &offsets {
            Some(offsets) => offsets.shape[0].checked_sub(1),
            None => Some(values.shape[0]),
        };
        let of = offsets.as_ref().unwrap_or(&values);
        let n_here = n_here
            .ok_or_else(|| FileFault::part(&of.name, "is empty; it needs one value more than there are problems"))?;
        let n_before = *n.get_or_insert(n_here);
        if n_before != n_here {
            return Err(FileFault::part(
                &of.name,
                format!("is for {n_here} problems, other columns are for {n_before}"),
            ));
        }
        if let Some(offsets) = &mut offsets
            && offsets.ints(1)? != [0]
        {
            return Err(FileFault::part(&offsets.name, "does not begin with 0"));
        }
        columns.push(Some(ColumnArray { column, values, offsets: offsets.map(|offsets| (offsets, 0)) }));
    }
    Ok((header, RawEntries { table, columns, n: n.unwrap_or(0), next: 0 }))
}

impl Iterator for RawEntries {
    type Item = Result<RawEntry, FileFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.n {
            return None;
        }
        self.next += 1;
        let cells = self.columns.iter_mut().map(|column| column.as_mut().map_or(Ok(Cell::Absent), ColumnArray::next));
        let mut cells: Result<Vec<Cell>, FileFault> = cells.collect();
        if let Some(fault) = self.columns.iter().flatten().filter(|_| self.next == self.n).find_map(ColumnArray::excess)
        {
            cells = cells.and(Err(fault));
        }
        Some(cells.map(|cells| RawEntry { number: self.next, body: Body::Row(Row { table: self.table, cells }) }))
    }
}

impl ColumnArray {
    /// Returns an error if values remain after the last problem.
    fn excess(&self) -> Option<FileFault> {
        let (_, end) = self.offsets.as_ref()?;
        let n_values = self.values.shape[0];
        let what = || format!("has {n_values} values, and the last list ends at {end}");
        (n_values != *end as u64).then(|| FileFault::part(&self.values.name, what()))
    }

    fn next(&mut self) -> Result<Cell, FileFault> {
        let ColumnArray { column, values, offsets } = self;
        let len = match offsets {
            None => 1,
            Some((offsets, begin)) => {
                let end = offsets.ints(1)?[0];
                let len = end.checked_sub(*begin).and_then(|len| usize::try_from(len).ok());
                let len =
                    len.ok_or_else(|| FileFault::part(&offsets.name, format!("decreases from {begin} to {end}")))?;
                if len > LONGEST {
                    return Err(FileFault::too_long(format!("a list of {}", values.name), len, LONGEST));
                }
                *begin = end;
                len
            }
        };
        if len == 0 && column.optional {
            return Ok(Cell::Absent);
        }
        Ok(match column.kind {
            Kind::Flag => Cell::Flag(values.flags(1)?[0]),
            Kind::Int => match values.ints(1)?[0] {
                -1 if column.optional => Cell::Absent,
                int => Cell::Int(int),
            },
            Kind::Id => match values.ints(1)?[0] as u64 {
                u64::MAX if column.optional => Cell::Absent,
                id => Cell::Id(id),
            },
            Kind::Real => Cell::Real(values.reals(1)?[0]),
            Kind::Flags => Cell::Flags(values.flags(len)?),
            Kind::Ints => Cell::Ints(values.ints(len)?),
            Kind::Reals => Cell::Reals(values.reals(len)?),
            Kind::Text => {
                let text = String::from_utf8(values.bytes(len)?);
                Cell::Text(text.map_err(|_not_text| FileFault::part(&values.name, "is not UTF-8 text"))?)
            }
        })
    }
}
