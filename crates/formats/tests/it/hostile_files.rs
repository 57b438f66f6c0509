//! Files that are damaged, or made to do harm: refused with a message, without a panic, in little memory.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int32Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use searchlens_base::stream::{Purpose, below, stream};
use searchlens_formats::files::Entry;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use crate::files::{read, write};
use crate::samples::task_of;

#[track_caller]
fn check_refused(path: &Path, want: &str) {
    let message = read(path).expect_err("this file must be refused");
    assert!(message.contains(want), "{message}");
}

/// A folder and a path in it.
fn place(name: &str) -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

/// A zip file of these members.
fn archive(path: &Path, members: &[(&str, Vec<u8>)]) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

/// An array file: kind and shape as NumPy writes them, and the values' bytes.
fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.bytes());
    bytes.extend(values);
    bytes
}

fn ints(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn longs(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The members of an NPZ file with one maze, a corridor of three cells.
fn corridor() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("rows.npy", npy("<i4", "1,", &ints(&[1]))),
        ("cols.npy", npy("<i4", "1,", &ints(&[3]))),
        ("connection_list.npy", npy("|b1", "6,", &[0, 0, 0, 1, 1, 0])),
        ("connection_list_offsets.npy", npy("<i8", "2,", &longs(&[0, 6]))),
        ("start.npy", npy("<i4", "1,", &ints(&[0]))),
        ("end.npy", npy("<i4", "1,", &ints(&[2]))),
        ("solution.npy", npy("<i4", "3,", &ints(&[0, 1, 2]))),
        ("solution_offsets.npy", npy("<i8", "2,", &longs(&[0, 3]))),
    ]
}

/// The corridor with one member another one; left out if there are no bytes.
#[track_caller]
fn check_npz(member: &'static str, bytes: Vec<u8>, want: &str) {
    let (_folder, path) = place("a.npz");
    let mut members = corridor();
    members.retain(|(name, _)| *name != member);
    if !bytes.is_empty() {
        members.push((member, bytes));
    }
    archive(&path, &members);
    check_refused(&path, want);
}

#[test]
fn the_corridor_itself_is_read() {
    let (_folder, path) = place("a.npz");
    archive(&path, &corridor());
    assert_eq!(read(&path).unwrap().len(), 1);
}

#[test]
fn invalid_npz_files_are_refused() {
    check_npz("start.npy", npy("|O", "1,", b"\x80\x04."), "`start.npy` is an array of Python objects");
    check_npz("start.npy", npy("<f8", "1,", &[0; 8]), "`start.npy` holds float64, not integers");
    check_npz("start.npy", npy("<i4", "1,", &ints(&[-7])), "problem 1: `start` is -7");
    check_npz("start.npy", npy("<i8", "1,", &longs(&[i64::MAX])), "problem 1: `start` is 9223372036854775807");
    check_npz("start.npy", npy("<i4", "1,", &[]), "`start.npy` ends before its values do");
    check_npz("start.npy", npy("<i4", "2,", &ints(&[0, 1])), "`start.npy` is for 2 problems, other columns are for 1");
    check_npz("start.npy", npy("<i4", "1, 1", &ints(&[0])), "has 2 dimensions, not 1");
    check_npz("start.npy", npy("<i4", "1,", &ints(&[-1])), "`solution` is given without `start`");
    check_npz("rows.npy", npy("<i4", "1,", &ints(&[0])), "`rows, cols` is 0, 3");
    check_npz("rows.npy", npy("<i8", "1,", &longs(&[i64::MAX])), "at most 1000000 cells");
    check_npz("rows.npy", npy("<i4", "1,", &ints(&[2])), "`connection_list` is a list of 6; it must be a list of 12");
    check_npz("rows.npy", Vec::new(), "`rows.npy` is missing");
    check_npz("connection_list.npy", npy("|b1", "6,", &[0, 0, 0, 1, 9, 0]), "but a boolean is 0 or 1");
    check_npz("connection_list.npy", npy("|b1", "6,", &[1, 0, 0, 1, 1, 0]), "this passage would leave the grid");
    check_npz("connection_list.npy", npy("|b1", "6,", &[0; 6]), "where there is no open passage");
    check_npz("connection_list_offsets.npy", npy("<i8", "2,", &longs(&[3, 6])), "does not begin with 0");
    check_npz("connection_list_offsets.npy", npy("<i8", "2,", &longs(&[0, -6])), "decreases from 0 to -6");
    check_npz("connection_list_offsets.npy", npy("<i8", "0,", &[]), "is empty");
    check_npz("connection_list_offsets.npy", npy("<i8", "2,", &longs(&[0, 1 << 60])), "more than the maximum");
    check_npz("solution.npy", npy("<i4", "3,", &ints(&[0, 2, 2])), "steps from (0, 0) to (0, 2)");
    check_npz("importance.npy", npy("<f8", "1,", &f64::NAN.to_le_bytes()), "`importance` is NaN");
    check_npz(
        "torus.npy",
        npy("|b1", "1,", &[1]),
        "`rows, cols` is 1, 3; it must be both at least 3, since the maze is a torus",
    );
    check_npz("torus.npy", npy("<i4", "1,", &ints(&[1])), "`torus.npy` holds int32, not booleans");
    check_npz("weights.npy", npy("<i4", "1,", &ints(&[5])), "`weights_offsets.npy` is missing");
    check_npz("searchlens.npy", npy("|u1", "9999999999,", b"{"), "`searchlens.npy` has 9999999999 values");
    check_npz("searchlens.npy", npy("|u1", "16,", b"{\"searchlens\":9} "), "is of format version 9");
}

#[test]
fn labels_that_are_no_numbers_and_cycles_in_time_are_refused() {
    let graph = |labels: &[f64]| {
        let (folder, path) = place("a.npz");
        let labels: Vec<u8> = labels.iter().flat_map(|label| label.to_le_bytes()).collect();
        let goal = br#"{"node":1}"#;
        archive(
            &path,
            &[
                ("n.npy", npy("<i4", "1,", &ints(&[2]))),
                ("directed.npy", npy("|b1", "1,", &[0])),
                ("edges.npy", npy("<i4", "2,", &ints(&[0, 1]))),
                ("edges_offsets.npy", npy("<i8", "2,", &longs(&[0, 2]))),
                ("labels.npy", npy("<f8", &format!("{},", labels.len() / 8), &labels)),
                ("labels_offsets.npy", npy("<i8", "2,", &longs(&[0, labels.len() as i64 / 8]))),
                ("origin.npy", npy("<i4", "1,", &ints(&[0]))),
                ("goal.npy", npy("|u1", "10,", goal)),
                ("goal_offsets.npy", npy("<i8", "2,", &longs(&[0, 10]))),
            ],
        );
        (folder, path)
    };
    assert_eq!(read(&graph(&[0.5, 1.5]).1).unwrap().len(), 1);
    check_refused(&graph(&[0.5, f64::NAN]).1, "problem 1: `labels[1]` is [null]");
    check_refused(&graph(&[0.5, f64::INFINITY]).1, "problem 1: `labels[1]`");
    check_refused(&graph(&[0.5, 1.0, 2.0]).1, "a multiple of n = 2");
}

#[test]
fn a_zip_bomb_is_a_file_like_any_other() {
    // 64 MB of zeros in some 64 KB: a single list of 64 million passages.
    let zeros = npy("|b1", "64000000,", &vec![0; 64_000_000]);
    check_npz("connection_list.npy", zeros.clone(), "has 64000000 values, and the last list ends at 6");
    check_npz("solution.npy", npy("<i4", "4,", &ints(&[0, 1, 2, 2])), "has 4 values, and the last list ends at 3");
    let (_folder, path) = place("a.npz");
    let mut members = corridor();
    members.retain(|(name, _)| !name.starts_with("connection"));
    members.push(("connection_list.npy", zeros));
    members.push(("connection_list_offsets.npy", npy("<i8", "2,", &longs(&[0, 64_000_000]))));
    archive(&path, &members);
    assert!(std::fs::metadata(&path).unwrap().len() < 100_000);
    check_refused(
        &path,
        "`a list of connection_list.npy` has 64000000 values or bytes, more than the maximum of 8388608",
    );
    let (_folder, path) = place("a.zanj");
    archive(&path, &[("__zanj__.json", vec![b' '; 70 << 20])]);
    check_refused(&path, "`__zanj__.json` has more than 67108864");
}

#[test]
fn names_that_lead_elsewhere_lead_nowhere() {
    let (folder, path) = place("a.npz");
    let mut members = corridor();
    members.push(("../../escaped.npy", npy("<i4", "1,", &ints(&[1]))));
    members.push(("/escaped.npy", npy("<i4", "1,", &ints(&[1]))));
    archive(&path, &members);
    assert_eq!(read(&path).unwrap().len(), 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let (_folder, path) = place("a.zanj");
    let main = r#"{"__muutils_format__":"MazeDataset:minimal","maze_connection_lists":{"$ref":"../../etc/passwd"}}"#;
    archive(&path, &[("__zanj__.json", main.into())]);
    check_refused(&path, "`../../etc/passwd` is missing");
}

#[test]
fn invalid_zanj_files_are_refused() {
    let check = |form: &str, lengths: &str, solutions: &str, want: &str| {
        let (_folder, path) = place("a.zanj");
        let array = |shape: &str, data: &str| format!(r#"{{"shape":{shape},"data":{data}}}"#);
        let main = format!(
            r#"{{"__muutils_format__":"{form}","maze_connection_lists":{},"maze_solution_lengths":{},"maze_solutions":{}}}"#,
            array("[1,2,2,2]", "[[[[1,0],[0,0]],[[true,false],[true,false]]]]"),
            array("[1]", lengths),
            array("[1,2,2]", solutions),
        );
        archive(&path, &[("__zanj__.json", main.into_bytes())]);
        match want {
            "" => drop(read(&path).unwrap()),
            want => check_refused(&path, want),
        }
    };
    let minimal = "MazeDataset:minimal";
    check(minimal, "[2]", "[[[0,0],[0,1]]]", "");
    check(minimal, "[1]", "[[[0,0],[99,99]]]", "");
    check(minimal, "[2]", "[[[0,0],[99,99]]]", "has cell [99, 99], outside 2 rows and 2 columns");
    check(minimal, "[2]", "[[[0,0],[0,-1]]]", "has cell [0, -1]");
    check(minimal, "[3]", "[[[0,0],[0,1]]]", "has 3, but a path has 1 to 2 cells");
    check(minimal, "[-1]", "[[[0,0],[0,1]]]", "has -1");
    check(minimal, "[2]", "[[[0,0],[1.5,1]]]", "`maze_solutions` is not an array of integers");
    check(minimal, "[2]", "[[[0,0],[1,1]]]", "problem 1: `solution[1]` steps from (0, 0) to (1, 1)");
    check("MazeDataset:other", "[2]", "[[[0,0],[0,1]]]", "has the unknown form \"MazeDataset:other\"");
}

/// A Parquet file with one problem, a corridor of three cells, of this schema.
fn parquet_corridor(path: &Path, cols: i32, connection_list: &str, end: &str) {
    let schema = format!(
        "message m {{ required int32 rows; required int32 cols; optional group connection_list (LIST) {{ repeated group list \
         {{ {connection_list} element; }} }} optional {end}; }}"
    );
    let properties = Arc::new(WriterProperties::builder().build());
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let mut writer = SerializedFileWriter::new(std::fs::File::create(path).unwrap(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for value in [1, cols] {
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(&[value], None, None).unwrap();
        column.close().unwrap();
    }
    let mut column = group.next_column().unwrap().unwrap();
    match connection_list {
        "required boolean" => {
            let values = [false, false, false, true, true, false];
            column.typed::<BoolType>().write_batch(&values, Some(&[2; 6]), Some(&[0, 1, 1, 1, 1, 1])).unwrap();
        }
        "optional boolean" => {
            let values = [false, false, false, true, true];
            let definitions = [3, 3, 3, 3, 3, 2];
            column.typed::<BoolType>().write_batch(&values, Some(&definitions), Some(&[0, 1, 1, 1, 1, 1])).unwrap();
        }
        _ => drop(column.typed::<DoubleType>().write_batch(&[0.0], Some(&[2]), Some(&[0])).unwrap()),
    }
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    match end.split(' ').next().unwrap() {
        "int32" => drop(column.typed::<Int32Type>().write_batch(&[2], Some(&[1]), None).unwrap()),
        "double" => drop(column.typed::<DoubleType>().write_batch(&[f64::NAN], Some(&[1]), None).unwrap()),
        _ => {
            let text = ByteArray::from("2");
            column.typed::<ByteArrayType>().write_batch(&[text], Some(&[1]), None).unwrap();
        }
    }
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

#[track_caller]
fn check_parquet(cols: i32, connection_list: &str, end: &str, want: &str) {
    let (_folder, path) = place("a.parquet");
    parquet_corridor(&path, cols, connection_list, end);
    check_refused(&path, want);
}

#[test]
fn invalid_parquet_files_are_refused() {
    let (_folder, path) = place("a.parquet");
    parquet_corridor(&path, 3, "required boolean", "int32 end");
    assert_eq!(read(&path).unwrap().len(), 1);
    check_parquet(-3, "required boolean", "int32 end", "problem 1: `rows, cols` is 1, -3");
    check_parquet(i32::MAX, "required boolean", "int32 end", "at most 1000000 cells");
    check_parquet(2, "required boolean", "int32 end", "`connection_list` is a list of 6; it must be a list of 4");
    check_parquet(3, "optional boolean", "int32 end", "a list has nulls in it");
    check_parquet(
        3,
        "required double",
        "int32 end",
        "`column connection_list` holds values of type DOUBLE, not BOOLEAN",
    );
    check_parquet(3, "required boolean", "double end", "`column end` holds values of type DOUBLE, not INT32 or INT64");
    check_parquet(3, "required boolean", "binary end (STRING)", "`column end` holds values of type BYTE_ARRAY");
    let (_folder, path) = place("b.parquet");
    std::fs::write(&path, b"PAR1\xff\xff\xff\xffPAR1").unwrap();
    check_refused(&path, "`footer` has 4294967295 values or bytes");
    std::fs::write(&path, b"PAR1\x10\x00\x00\x00PAR1").unwrap();
    check_refused(&path, "`footer` is damaged");
    std::fs::write(&path, b"[not parquet]").unwrap();
    check_refused(&path, "`footer` does not belong to a Parquet file");
}

#[test]
fn a_page_that_would_unpack_to_gigabytes_is_refused() {
    let (_folder, path) = place("a.parquet");
    let goal = format!("{{\"node\":1}}{}", " ".repeat(3 << 20));
    let line = r#"{"n":2,"directed":false,"edges":[[0,1]],"origin":0,"goal":{"node":1}}"#;
    let entry = searchlens_formats::files::RawEntry::line(1, line.to_owned()).decode().unwrap();
    write(&path, &[entry], None).unwrap();
    // One text of three megabytes needs a page whose length takes four bytes in the header, which leaves room for more.
    let schema = "message m { required int32 n; required boolean directed; required group edges (LIST) { repeated group list { required \
                  int32 element; } } required int32 origin; required binary goal (STRING); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_dictionary_enabled(false).build();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for i in 0..5 {
        let mut column = group.next_column().unwrap().unwrap();
        match i {
            0 => drop(column.typed::<Int32Type>().write_batch(&[2], None, None).unwrap()),
            1 => drop(column.typed::<BoolType>().write_batch(&[false], None, None).unwrap()),
            2 => drop(column.typed::<Int32Type>().write_batch(&[0, 1], Some(&[1, 1]), Some(&[0, 1])).unwrap()),
            3 => drop(column.typed::<Int32Type>().write_batch(&[0], None, None).unwrap()),
            _ => {
                let goal = ByteArray::from(goal.as_str());
                column.typed::<ByteArrayType>().write_batch(&[goal], None, None).unwrap();
            }
        }
        column.close().unwrap();
    }
    let place_of_goal = group.close().unwrap().column(4).data_page_offset() as usize;
    writer.close().unwrap();
    assert_eq!(read(&path).unwrap().len(), 1);
    let mut bytes = std::fs::read(&path).unwrap();
    // Field 1, the kind of page; field 2, the length unpacked, a varint of four bytes.
    assert_eq!((bytes[place_of_goal], bytes[place_of_goal + 2]), (0x15, 0x15));
    bytes[place_of_goal + 3..place_of_goal + 7].copy_from_slice(&[0xfe, 0xff, 0xff, 0x7f]);
    std::fs::write(&path, bytes).unwrap();
    check_refused(&path, "a page has 134217727 bytes, more than the maximum of 67108864");
}

#[test]
fn shards_that_are_damaged_are_refused() {
    let (_folder, path) = place("a.shard");
    write(&path, &mazes(300), None).unwrap();
    let good = std::fs::read(&path).unwrap();
    let check = |change: &dyn Fn(&mut Vec<u8>), want: &str| {
        let mut bytes = good.clone();
        change(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        check_refused(&path, want);
    };
    let n = good.len();
    check(&|bytes| bytes.truncate(20), "`head` is missing");
    check(&|bytes| bytes[0] = b'?', "`head` does not belong to a shard");
    check(&|bytes| bytes[8] = 3, "`head` is of format version 3, and this program reads up to 2");
    check(&|bytes| bytes[12] ^= 1, "`head` is damaged");
    check(&|bytes| bytes[24] = 1, "`head` is damaged");
    check(&|bytes| bytes.truncate(n - 1), "`tail` is damaged or cut off");
    check(&|bytes| bytes[n - 36] ^= 1, "`index` is damaged: its checksum is wrong");
    check(&|bytes| bytes[n - 30] = 0xff, "`tail` is damaged or cut off");
    check(&|bytes| bytes[40] ^= 4, "`block 0` is damaged: its checksum is wrong");
}

fn mazes(count: u64) -> Vec<Entry> {
    let task = task_of("[task.maze]\ngenerator = 'dfs_percolation'\np = 0.3\nrows = 4\ncols = 4");
    (0..count).map(|i| Entry::of(&task.natural_instance(7, i).0, 1.0)).collect()
}

/// Whole files with bytes changed, cut off or put in: whatever is read must be read without a panic.
fn check_mutants(ending: &str, n_mutants: u64) {
    let (_folder, path) = place(&format!("a.{ending}"));
    let graphs = task_of(&crate::samples::configs().pop().unwrap());
    let graphs: Vec<Entry> = (0..3).map(|i| Entry::of(&graphs.natural_instance(7, i).0, 1.0)).collect();
    for entries in [mazes(20), graphs] {
        if write(&path, &entries, None).is_err() {
            continue;
        }
        let good = std::fs::read(&path).unwrap();
        for i in 0..n_mutants {
            let mut rng = stream(i, Purpose::Probe, 0);
            let mut bytes = good.clone();
            for _ in 0..=below(&mut rng, 3) {
                let at = below(&mut rng, bytes.len());
                match below(&mut rng, 8) {
                    0 => bytes.truncate(at + 1),
                    1 => bytes.insert(at, below(&mut rng, 256) as u8),
                    2 => bytes[at] = 0xff,
                    _ => bytes[at] ^= 1 << below(&mut rng, 8),
                }
            }
            std::fs::write(&path, &bytes).unwrap();
            let _read = read(&path);
        }
    }
}

const ENDINGS: [&str; 5] = ["parquet", "npz", "zanj", "cat.zanj", "shard"];

#[test]
fn mutants_do_not_panic() {
    ENDINGS.iter().for_each(|ending| check_mutants(ending, 300));
}

#[test]
#[ignore = "a long walk: two minutes"]
fn many_mutants_do_not_panic() {
    ENDINGS.iter().for_each(|ending| check_mutants(ending, 20_000));
}
