//! Parquet: the table of [`crate::files::table`], lists as lists, absent values as nulls. A row group has
//! a few megabytes at most. The [`Header`] is the value of the key `searchlens` in the file's metadata.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnDescriptor, Type, TypePtr};

use crate::files::fault::FileFault;
use crate::files::header::Header;
use crate::files::pages::{self, MAX_PAGE_VALUES, Pages};
use crate::files::raw::{Body, RawEntry};
use crate::files::sink::{Sink, two_tables, wrong_format};
use crate::files::table::{Cell, Column, Kind, LONGEST, Row, Table};

/// The key of the header.
const KEY: &str = "searchlens";

/// Maximum number of list values in a row group, which is held in memory until it is full.
const GROUP_VALUES: usize = 1 << 21;

/// Maximum number of problems in a row group.
const GROUP_ROWS: usize = 1 << 16;

/// Problems read at a time.
const BATCH: usize = 256;

/// Maximum size of the footer in bytes.
const MAX_FOOTER: u64 = 64 << 20;

/// A Parquet file that is being written.
pub(crate) struct ParquetSink {
    /// Absent until the first problem determines the table, and while the writer is being closed.
    writer: Option<SerializedFileWriter<BufWriter<File>>>,
    file: Option<File>,
    table: Table,
    rows: Vec<Vec<Cell>>,
    n_values: usize,
}

impl ParquetSink {
    pub(crate) fn new(file: File) -> ParquetSink {
        ParquetSink { writer: None, file: Some(file), table: Table::Mazes, rows: Vec::new(), n_values: 0 }
    }

    fn begin(&mut self, table: Table) -> Result<(), FileFault> {
        let Some(file) = self.file.take() else { return Ok(()) };
        self.table = table;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("searchlens ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = SerializedFileWriter::new(BufWriter::new(file), schema(table), Arc::new(properties));
        self.writer = Some(writer.map_err(write_fault)?);
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), FileFault> {
        let rows = std::mem::take(&mut self.rows);
        self.n_values = 0;
        let Some(writer) = self.writer.as_mut().filter(|_| !rows.is_empty()) else { return Ok(()) };
        let mut group = writer.next_row_group().map_err(write_fault)?;
        for (i, column) in self.table.columns().iter().enumerate() {
            let cells = rows.iter().map(|row| &row[i]);
            write_column(&mut group, column, cells).map_err(write_fault)?;
        }
        group.close().map_err(write_fault)?;
        Ok(())
    }
}

impl Sink for ParquetSink {
    fn write(&mut self, raw: RawEntry) -> Result<(), FileFault> {
        let Body::Row(row) = raw.body else { return Err(wrong_format()) };
        self.begin(row.table)?;
        if row.table != self.table {
            return Err(two_tables(raw.number, ".parquet"));
        }
        self.n_values += row.cells.iter().map(Cell::len).sum::<usize>();
        self.rows.push(row.cells);
        if self.n_values >= GROUP_VALUES || self.rows.len() == GROUP_ROWS { self.end_group() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>, header: &Header) -> Result<(), FileFault> {
        self.begin(self.table)?;
        self.end_group()?;
        let Some(mut writer) = self.writer.take() else { return Ok(()) };
        writer.append_key_value_metadata(KeyValue::new(KEY.to_owned(), header.to_json()));
        let mut file = writer.into_inner().map_err(write_fault)?;
        std::io::Write::flush(&mut file).map_err(FileFault::Write)
    }
}

fn write_fault(error: ParquetError) -> FileFault {
    FileFault::Write(std::io::Error::other(error))
}

fn schema(table: Table) -> TypePtr {
    let columns = table.columns().iter().map(|column| Arc::new(field(column))).collect();
    Arc::new(Type::group_type_builder("schema").with_fields(columns).build().expect("names differ"))
}

/// A column's type; lists have Parquet's three levels.
fn field(column: &Column) -> Type {
    let repetition = if column.optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let leaf = |name, repetition, physical, logical| {
        let leaf = Type::primitive_type_builder(name, physical).with_repetition(repetition).with_logical_type(logical);
        leaf.build().expect("logical types fit")
    };
    let list = |physical| {
        let element = Arc::new(leaf("element", Repetition::REQUIRED, physical, None));
        let repeated =
            Type::group_type_builder("list").with_repetition(Repetition::REPEATED).with_fields(vec![element]).build();
        let outer = Type::group_type_builder(column.name)
            .with_repetition(repetition)
            .with_logical_type(Some(LogicalType::List))
            .with_fields(vec![Arc::new(repeated.expect("a group of one"))]);
        outer.build().expect("a group of one")
    };
    match column.kind {
        Kind::Flag => leaf(column.name, repetition, Physical::BOOLEAN, None),
        Kind::Int => leaf(column.name, repetition, Physical::INT32, None),
        Kind::Id => leaf(column.name, repetition, Physical::INT64, Some(LogicalType::integer(64, false))),
        Kind::Real => leaf(column.name, repetition, Physical::DOUBLE, None),
        Kind::Text => leaf(column.name, repetition, Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Flags => list(Physical::BOOLEAN),
        Kind::Ints => list(Physical::INT32),
        Kind::Reals => list(Physical::DOUBLE),
    }
}

/// Writes a column of a row group: definition and repetition levels, and the values that are there.
fn write_column<'a>(
    group: &mut SerializedRowGroupWriter<'_, BufWriter<File>>,
    column: &Column,
    cells: impl Iterator<Item = &'a Cell>,
) -> Result<(), ParquetError> {
    let is_list = matches!(column.kind, Kind::Flags | Kind::Ints | Kind::Reals);
    // A value that is there is defined at as many levels as may be absent: the column, and the list's elements.
    let present = i16::from(column.optional);
    let (mut flags, mut ints, mut ids, mut reals, mut texts) = (vec![], vec![], vec![], vec![], vec![]);
    let (mut definitions, mut repetitions) = (Vec::new(), Vec::new());
    for cell in cells {
        let len = match cell {
            Cell::Absent => None,
            Cell::Flag(flag) => Some(extend(&mut flags, [*flag])),
            Cell::Int(int) => Some(extend(&mut ints, [*int as i32])),
            Cell::Id(id) => Some(extend(&mut ids, [*id as i64])),
            Cell::Real(real) => Some(extend(&mut reals, [*real])),
            Cell::Text(text) => Some(extend(&mut texts, [ByteArray::from(text.as_str())])),
            Cell::Flags(values) => Some(extend(&mut flags, values.iter().copied())),
            Cell::Ints(values) => Some(extend(&mut ints, values.iter().map(|&value| value as i32))),
            Cell::Reals(values) => Some(extend(&mut reals, values.iter().copied())),
        };
        let levels = match len {
            None => 1,
            Some(0) => 1,
            Some(len) => len,
        };
        let definition = match len {
            None => 0,
            Some(0) => present,
            Some(_) => present + i16::from(is_list),
        };
        definitions.extend(std::iter::repeat_n(definition, levels));
        repetitions.extend((0..levels).map(|i| i16::from(i > 0)));
    }
    let definitions = (column.optional || is_list).then_some(&definitions[..]);
    let repetitions = is_list.then_some(&repetitions[..]);
    let Some(mut writer) = group.next_column()? else { return Ok(()) };
    match column.kind {
        Kind::Flag | Kind::Flags => writer.typed::<BoolType>().write_batch(&flags, definitions, repetitions)?,
        Kind::Int | Kind::Ints => writer.typed::<Int32Type>().write_batch(&ints, definitions, repetitions)?,
        Kind::Id => writer.typed::<Int64Type>().write_batch(&ids, definitions, repetitions)?,
        Kind::Real | Kind::Reals => writer.typed::<DoubleType>().write_batch(&reals, definitions, repetitions)?,
        Kind::Text => writer.typed::<ByteArrayType>().write_batch(&texts, definitions, repetitions)?,
    };
    writer.close()
}

/// Appends values, and returns their number.
fn extend<T>(to: &mut Vec<T>, values: impl IntoIterator<Item = T>) -> usize {
    let before = to.len();
    to.extend(values);
    to.len() - before
}

/// The raw entries of a Parquet file.
pub(crate) struct RawEntries {
    file: File,
    reader: SerializedFileReader<File>,
    table: Table,
    /// Index of the next row group.
    next_group: usize,
    /// The columns of the current row group; `None` for those that the file lacks.
    columns: Vec<Option<ColumnBatch>>,
    /// Number of unread problems of the current row group.
    left: u64,
    n_read: u64,
}

/// Opens a Parquet file.
pub(crate) fn open(path: &Path) -> Result<(Option<Header>, RawEntries), FileFault> {
    let mut file = File::open(path).map_err(FileFault::Read)?;
    check_footer(&mut file)?;
    let handle = file.try_clone().map_err(FileFault::Read)?;
    let reader = pages::decoding(|| SerializedFileReader::new(handle));
    let reader = reader.map_err(|error| FileFault::part("footer", format!("is damaged: {error}")))?;
    let metadata = reader.metadata().file_metadata();
    let pairs = metadata.key_value_metadata().into_iter().flatten();
    let header = pairs.filter(|pair| pair.key == KEY).find_map(|pair| pair.value.as_deref());
    let header = header.map(|json| Header::from_json(KEY, json.as_bytes())).transpose()?;
    let has = |name: &str| find(metadata.schema_descr().columns(), name).is_some();
    let table = Table::with(has)
        .ok_or_else(|| FileFault::part("column connection_list", "and the column `edges` are missing"))?;
    if let Some(column) = table.columns().iter().find(|column| !column.optional && !has(column.name)) {
        return Err(FileFault::part(format!("column {}", column.name), "is missing"));
    }
    let columns = Vec::new();
    Ok((header, RawEntries { file, reader, table, next_group: 0, columns, left: 0, n_read: 0 }))
}

/// Checks the size of the footer before it is read.
fn check_footer(file: &mut File) -> Result<(), FileFault> {
    let len = file.seek(SeekFrom::End(0)).map_err(FileFault::Read)?;
    let mut tail = [0; 8];
    if len < 12 {
        return Err(FileFault::part("footer", format!("is missing: the file has {len} bytes")));
    }
    file.seek(SeekFrom::End(-8)).and_then(|_| file.read_exact(&mut tail)).map_err(FileFault::Read)?;
    if &tail[4..] != b"PAR1" {
        return Err(FileFault::part("footer", "does not belong to a Parquet file, or the file is truncated"));
    }
    match u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]])) {
        footer if footer > MAX_FOOTER => Err(FileFault::too_long("footer", footer, MAX_FOOTER)),
        _ => Ok(()),
    }
}

/// Returns the index of a column's leaf.
fn find(columns: &[Arc<ColumnDescriptor>], name: &str) -> Option<usize> {
    columns.iter().position(|leaf| leaf.path().parts().first().is_some_and(|root| root == name))
}

impl RawEntries {
    fn next_item(&mut self) -> Result<Option<RawEntry>, FileFault> {
        while self.left == 0 {
            if self.next_group == self.reader.num_row_groups() {
                return Ok(None);
            }
            self.open_group()?;
            self.next_group += 1;
        }
        self.left -= 1;
        self.n_read += 1;
        let number = self.n_read;
        let cells = self.columns.iter_mut().map(|column| column.as_mut().map_or(Ok(Cell::Absent), |c| c.next(number)));
        let cells = cells.collect::<Result<Vec<Cell>, FileFault>>()?;
        Ok(Some(RawEntry { number, body: Body::Row(Row { table: self.table, cells }) }))
    }

    fn open_group(&mut self) -> Result<(), FileFault> {
        let broken = |error: ParquetError| FileFault::part("row group", format!("cannot be read: {error}"));
        let group = self.reader.get_row_group(self.next_group).map_err(broken)?;
        let n_rows = group.metadata().num_rows();
        self.left =
            u64::try_from(n_rows).map_err(|_negative| FileFault::part("row group", format!("has {n_rows} rows")))?;
        let mut columns = Vec::new();
        for column in self.table.columns() {
            let leaves = group.metadata().schema_descr().columns();
            // pandas writes a column without values without a type.
            let is_void = |place: &usize| leaves[*place].logical_type_ref() == Some(&LogicalType::Unknown);
            let Some(place) = find(leaves, column.name).filter(|place| !(column.optional && is_void(place))) else {
                columns.push(None);
                continue;
            };
            let budget = Arc::new(AtomicU64::new(0));
            let chunk = group.metadata().column(place);
            let pages = Pages::open(&self.file, column.name, chunk, Arc::clone(&budget))?;
            let leaf = Arc::clone(&leaves[place]);
            let root_is_optional = group.metadata().schema_descr().get_column_root(place).is_optional();
            let reader = get_column_reader(Arc::clone(&leaf), Box::new(pages));
            columns.push(Some(ColumnBatch::open(column, &leaf, root_is_optional, reader, budget)?));
        }
        self.columns = columns;
        Ok(())
    }
}

impl Iterator for RawEntries {
    type Item = Result<RawEntry, FileFault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_item().transpose()
    }
}

/// A column of a row group: buffered cells, and the reader of the rest.
struct ColumnBatch {
    column: &'static Column,
    /// The definition level of a present value.
    defined: i16,
    is_list: bool,
    /// The definition level of an empty list.
    list_defined: i16,
    source: Source,
    budget: Arc<AtomicU64>,
    cells: VecDeque<Cell>,
}

/// A column's reader, by the type of the file's values.
enum Source {
    Flags(ColumnReaderImpl<BoolType>),
    Ints(ColumnReaderImpl<Int32Type>),
    Longs(ColumnReaderImpl<Int64Type>),
    Reals(ColumnReaderImpl<DoubleType>),
    Texts(ColumnReaderImpl<ByteArrayType>),
}

impl ColumnBatch {
    fn open(
        column: &'static Column,
        leaf: &ColumnDescriptor,
        root_is_optional: bool,
        reader: ColumnReader,
        budget: Arc<AtomicU64>,
    ) -> Result<ColumnBatch, FileFault> {
        let name = format!("column {}", column.name);
        let is_list = matches!(column.kind, Kind::Flags | Kind::Ints | Kind::Reals);
        match (leaf.max_rep_level(), is_list) {
            (0, false) | (1, true) => {}
            (0, true) => return Err(FileFault::kind(name, "single values", "lists")),
            (_, false) => return Err(FileFault::kind(name, "lists", "single values")),
            (levels, true) => {
                return Err(FileFault::kind(name, &format!("lists in lists ({levels} deep)"), "flat lists"));
            }
        }
        let physical = leaf.physical_type();
        let source = match (column.kind, reader) {
            (Kind::Flag | Kind::Flags, ColumnReader::BoolColumnReader(reader)) => Source::Flags(reader),
            (Kind::Int | Kind::Ints, ColumnReader::Int32ColumnReader(reader)) => Source::Ints(reader),
            (Kind::Int | Kind::Ints | Kind::Id, ColumnReader::Int64ColumnReader(reader)) => Source::Longs(reader),
            (Kind::Real | Kind::Reals, ColumnReader::DoubleColumnReader(reader)) => Source::Reals(reader),
            (Kind::Text, ColumnReader::ByteArrayColumnReader(reader)) => Source::Texts(reader),
            (kind, _) => return Err(FileFault::kind(name, &format!("values of type {physical}"), wanted(kind))),
        };
        let defined = leaf.max_def_level();
        let list_defined = i16::from(root_is_optional);
        Ok(ColumnBatch { column, defined, is_list, list_defined, source, budget, cells: VecDeque::new() })
    }

    fn next(&mut self, number: u64) -> Result<Cell, FileFault> {
        if self.cells.is_empty() {
            self.budget.store(2 * MAX_PAGE_VALUES, Ordering::Relaxed);
            pages::decoding(|| self.fill()).map_err(|error| {
                let what = format!("cannot be read from problem {number} on: {error}");
                FileFault::part(format!("column {}", self.column.name), what)
            })?;
        }
        let ends = || FileFault::part(format!("column {}", self.column.name), format!("ends before problem {number}"));
        self.cells.pop_front().ok_or_else(ends)
    }

    fn fill(&mut self) -> Result<(), ParquetError> {
        match &mut self.source {
            Source::Flags(reader) => {
                let (levels, values) = batch(reader)?;
                match self.is_list {
                    true => self.fold(&levels, values, Cell::Flags),
                    false => self.fold(&levels, values, |one| Cell::Flag(one[0])),
                }
            }
            Source::Ints(reader) => {
                let (levels, values) = batch(reader)?;
                self.fold_ints(&levels, values.into_iter().map(i64::from).collect())
            }
            Source::Longs(reader) => {
                let (levels, values) = batch(reader)?;
                match self.column.kind {
                    Kind::Id => self.fold(&levels, values, |one| Cell::Id(one[0] as u64)),
                    _ => self.fold_ints(&levels, values),
                }
            }
            Source::Reals(reader) => {
                let (levels, values) = batch(reader)?;
                match self.is_list {
                    true => self.fold(&levels, values, Cell::Reals),
                    false => self.fold(&levels, values, |one| Cell::Real(one[0])),
                }
            }
            Source::Texts(reader) => {
                let (levels, values) = batch(reader)?;
                let total: usize = values.iter().map(ByteArray::len).sum();
                if total > 8 * LONGEST {
                    return Err(ParquetError::General(format!("{total} bytes of text in {BATCH} problems")));
                }
                if values.iter().any(|text| text.as_utf8().is_err()) {
                    return Err(ParquetError::General("a text is not UTF-8".into()));
                }
                let text = |one: Vec<ByteArray>| Cell::Text(one[0].as_utf8().unwrap_or_default().to_owned());
                self.fold(&levels, values, text)
            }
        }
    }

    fn fold_ints(&mut self, levels: &Levels, values: Vec<i64>) -> Result<(), ParquetError> {
        match self.is_list {
            true => self.fold(levels, values, Cell::Ints),
            false => self.fold(levels, values, |one| Cell::Int(one[0])),
        }
    }

    /// Splits values into cells, one per problem: a list or one value.
    fn fold<T>(&mut self, levels: &Levels, values: Vec<T>, cell: impl Fn(Vec<T>) -> Cell) -> Result<(), ParquetError> {
        let mut values = values.into_iter();
        if self.defined == 0 {
            // Nothing may be absent, so there are no levels.
            self.cells.extend(values.map(|value| cell(vec![value])));
            return Ok(());
        }
        let mut at = 0;
        while at < levels.definitions.len() {
            let more =
                levels.repetitions[at.min(levels.repetitions.len())..].iter().skip(1).take_while(|&&level| level > 0);
            let len = if self.is_list { 1 + more.count() } else { 1 };
            let definitions = &levels.definitions[at..at + len];
            at += len;
            let n_defined = definitions.iter().filter(|&&level| level == self.defined).count();
            self.cells.push_back(match definitions {
                _ if n_defined == len && len <= LONGEST => {
                    let list: Vec<T> = values.by_ref().take(len).collect();
                    if list.len() < len {
                        return Err(ParquetError::General("fewer values than its levels announce".into()));
                    }
                    cell(list)
                }
                [level] if *level <= self.list_defined => match self.is_list && !self.column.optional {
                    true if *level == self.list_defined => cell(Vec::new()),
                    _ => Cell::Absent,
                },
                _ if self.is_list => {
                    return Err(ParquetError::General("a list has nulls in it, or is too long".into()));
                }
                _ => Cell::Absent,
            });
        }
        Ok(())
    }
}

/// The levels of a batch; empty if nothing can be absent, or nothing is a list.
struct Levels {
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

fn batch<T: DataType>(reader: &mut ColumnReaderImpl<T>) -> Result<(Levels, Vec<T::T>), ParquetError> {
    let mut levels = Levels { definitions: Vec::new(), repetitions: Vec::new() };
    let mut values = Vec::new();
    reader.read_records(BATCH, Some(&mut levels.definitions), Some(&mut levels.repetitions), &mut values)?;
    Ok((levels, values))
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Flag | Kind::Flags => "BOOLEAN",
        Kind::Int | Kind::Ints => "INT32 or INT64",
        Kind::Id => "INT64 (unsigned)",
        Kind::Real | Kind::Reals => "DOUBLE",
        Kind::Text => "BYTE_ARRAY (UTF-8)",
    }
}
