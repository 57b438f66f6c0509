"""Files between Searchlens and the programs they are for: run by `cargo xtask interop BINARY WORK GOLDEN`.

Every maze is compared in full: passages, ends, path. A row of the table that is printed is a file, who wrote it, who
read it, and how many problems were equal.
"""

import json
import shutil
import subprocess
import sys
import warnings
import zipfile
from importlib.metadata import version
from pathlib import Path

warnings.simplefilter("ignore")

import datasets
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
from maze_dataset import MazeDataset, MazeDatasetConfig, set_serialize_minimal_threshold
from maze_dataset.generation import LatticeMazeGenerators
from zanj import ZANJ

BINARY, WORK, GOLDEN = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
datasets.disable_progress_bars()
ROWS = []


def searchlens(*arguments):
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"searchlens {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def lines(path):
    """The problems of a file as Searchlens' own JSON lines."""
    return [json.loads(line) for line in searchlens("convert", path, "-").splitlines()]


def told(file, written_by, read_by, equal, of):
    ROWS.append((file, written_by, read_by, equal, of))
    if equal != of:
        print_table()
        sys.exit(f"{file}: of {of} problems {equal} are equal")


def print_table():
    print(f"{'file':<31}{'written by':<14}{'read by':<14}{'equal':>7}{'of':>7}")
    for file, written_by, read_by, equal, of in ROWS:
        print(f"{file:<31}{written_by:<14}{read_by:<14}{equal:>7}{of:>7}")


def same_maze(line, connection_list, start, end, solution):
    shape = line["grid_shape"]
    return (
        np.array_equal(np.array(line["connection_list"]), np.asarray(connection_list).reshape(2, *shape))
        and list(map(int, start)) == line["start"]
        and list(map(int, end)) == line["end"]
        and np.array_equal(np.array(line["solution"]), np.asarray(solution).reshape(-1, 2))
    )


def same_row(line, row):
    """A row of columns: cells are row * cols + col, lists are flat."""
    rows, cols = row["rows"], row["cols"]
    cell = lambda v: divmod(int(v), int(cols))
    shape = [rows, cols] == line["grid_shape"] and bool(row["torus"]) == line.get("torus", False)
    return shape and int(line["class"], 16) == int(row["class"]) and same_maze(
        line, row["connection_list"], cell(row["start"]), cell(row["end"]), [cell(v) for v in row["solution"]]
    )


def same_graph(line, row):
    given = lambda value: value is not None and not (isinstance(value, float) and np.isnan(value))
    weights = row["weights"] if given(row["weights"]) else None
    labels = row["labels"] if given(row["labels"]) else None
    return (
        row["n"] == line["n"]
        and row["directed"] == line["directed"]
        and np.array_equal(np.asarray(row["edges"]).reshape(-1, 2), np.array(line["edges"]).reshape(-1, 2))
        and (weights is None) == ("weights" not in line)
        and (weights is None or list(weights) == line["weights"])
        and (labels is None) == ("labels" not in line)
        and (labels is None or np.array_equal(np.asarray(labels).reshape(line["n"], -1), np.array(line["labels"])))
        and row["origin"] == line["origin"]
        and json.loads(row["goal"]) == line["goal"]
        and list(row["solution"]) == line["solution"]
    )


def npz_rows(path):
    """NPZ as rows, the way docs/files.md says."""
    arrays = np.load(path)
    names = [name for name in arrays.files if not name.endswith("_offsets") and name != "searchlens"]
    columns = {name: arrays[name] for name in names}
    offsets = {name: arrays[f"{name}_offsets"] for name in names if f"{name}_offsets" in arrays.files}
    n = next(len(values) for name, values in columns.items() if name not in offsets)
    rows = []
    for i in range(n):
        row = {}
        for name, values in columns.items():
            if name in offsets:
                values = values[offsets[name][i] : offsets[name][i + 1]]
                if name in ("goal", "shown"):
                    values = values.tobytes().decode()
                row[name] = values if len(values) else None
            else:
                row[name] = values[i]
        rows.append(row)
    header = json.loads(arrays["searchlens"].tobytes())
    assert header["n"] == n and header["source"]["seed"] == 7, header
    return rows


def tables(name, same):
    """Reads a Parquet and an NPZ file with everything that may want to."""
    path = WORK / f"{name}.parquet"
    want = lines(path)
    readers = {
        "pandas": pd.read_parquet(path).to_dict("records"),
        "polars": pl.read_parquet(path).to_dicts(),
        "pyarrow": pq.read_table(path).to_pylist(),
        "duckdb": duckdb.sql(f"SELECT * FROM '{path}'").to_arrow_table().to_pylist(),
        "datasets": list(datasets.Dataset.from_parquet(str(path), cache_dir=str(WORK / "cache"))),
        "numpy": npz_rows(WORK / f"{name}.npz"),
    }
    for reader, rows in readers.items():
        file = f"{name}.npz" if reader == "numpy" else path.name
        told(file, "searchlens", reader, sum(map(same, want, rows)), len(want))
    key_value = json.loads(pq.read_schema(path).metadata[b"searchlens"])
    assert key_value["n"] == len(want) and key_value["source"]["seed"] == 7, key_value
    # And back: what others write of it, as they do if nobody tells them otherwise, Searchlens reads. pyarrow is told to:
    # its defaults are pandas'.
    table = pq.read_table(path)
    pd.read_parquet(path).to_parquet(WORK / "pandas.parquet")
    pl.read_parquet(path).write_parquet(WORK / "polars.parquet")
    duckdb.sql(f"COPY (SELECT * FROM '{path}') TO '{WORK / 'duckdb.parquet'}'")
    for codec, version in (("none", "2.0"), ("gzip", "1.0"), ("zstd", "2.0")):
        pq.write_table(table, WORK / f"pyarrow-{codec}.parquet", compression=codec, data_page_version=version)
    for file in ("pandas", "polars", "duckdb", "pyarrow-none", "pyarrow-gzip", "pyarrow-zstd"):
        got = lines(WORK / f"{file}.parquet")
        codec = pq.ParquetFile(WORK / f"{file}.parquet").metadata.row_group(0).column(0).compression.lower()
        writer = file.split("-")[0]
        told(f"{path.name}, {codec}", writer, "searchlens", sum(a == b for a, b in zip(want, got)), len(want))


def folder():
    """A data set folder, as Hugging Face loads one."""
    path = WORK / "folder"
    shutil.rmtree(path, ignore_errors=True)
    searchlens("generate", *DFS, "--count", 1000, "--out", f"{path}/")
    loaded = datasets.load_dataset(str(path), cache_dir=str(WORK / "cache"))
    want = lines(path)
    rows = [row for split in ("train", "validation", "test") for row in loaded[split]]
    told("folder/", "searchlens", "datasets", sum(map(same_row, want, rows)), len(want))


def zanj_written_here():
    for ending in ("zanj", "cat.zanj"):
        for count in (3, 1000):
            path = WORK / f"ours-{count}.{ending}"
            searchlens("generate", *DFS, "--count", count, "--out", path)
            want, got = lines(path), MazeDataset.read(str(path))
            equal = [
                same_maze(line, maze.connection_list, maze.start_pos, maze.end_pos, maze.solution)
                for line, maze in zip(want, got.mazes)
            ]
            assert got.cfg.grid_n == 7 and got.cfg.n_mazes == len(got.mazes) == count
            assert got.cfg.seed == 7 and got.cfg.maze_ctor is LatticeMazeGenerators.gen_dfs
            told(path.name, "searchlens", "maze-dataset", sum(equal), count)


def zanj_written_there():
    """maze-dataset's own files, in all forms, below and above the sizes at which its layout changes."""
    generators = {"dfs": {}, "percolation": {"p": 0.5}, "wilson": {}}
    for name, options in generators.items():
        for count, grid in ((5, 4), (100, 3), (300, 6)):
            ctor = getattr(LatticeMazeGenerators, f"gen_{name}")
            config = MazeDatasetConfig(name="interop", grid_n=grid, n_mazes=count, maze_ctor=ctor, maze_ctor_kwargs=options)
            config.endpoint_kwargs = {"except_on_no_valid_endpoint": False}
            data = MazeDataset.generate(config, gen_parallel=False)
            set_serialize_minimal_threshold(None)
            forms = {"full": data.serialize()}
            forms["minimal"] = data._serialize_minimal()
            forms["soln_cat"] = data._serialize_minimal_soln_cat()
            for form, serialized in forms.items():
                path = WORK / f"{name}-{count}-{form}.zanj"
                path.unlink(missing_ok=True)
                ZANJ().save(serialized, str(path))
                got = lines(path)
                equal = [
                    same_maze(line, maze.connection_list, maze.start_pos, maze.end_pos, maze.solution)
                    for line, maze in zip(got, data.mazes)
                ]
                told(path.name, "maze-dataset", "searchlens", sum(equal), len(data.mazes))


def golden():
    """Small files to commit: each beside its problems as lines."""
    for path in filter(Path.is_file, GOLDEN.iterdir()):
        path.unlink()
    for form in ("full", "minimal", "soln_cat"):
        source, copy = WORK / f"dfs-100-{form}.zanj", GOLDEN / f"maze_dataset_{form}.zanj"
        with zipfile.ZipFile(source) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
            for name in sorted(old.namelist()):
                content = old.read(name)
                if name == "__zanj_meta__.json":
                    # When and on what machine it was made is nobody's business, and would change with every run.
                    meta = json.loads(content)
                    content = json.dumps({key: meta[key] for key in ("zanj_cfg", "externals_info")}).encode()
                new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        assert lines(copy) == lines(source)
        (GOLDEN / "maze_dataset.jsonl").write_text(searchlens("convert", copy, "-"))
    (GOLDEN / "twenty.jsonl").write_text(
        searchlens("generate", *DFS, "--count", 10) + searchlens("generate", *TORI, "--count", 10)
    )
    twenty = WORK / "twenty.parquet"
    searchlens("convert", GOLDEN / "twenty.jsonl", twenty)
    pd.read_parquet(twenty).to_parquet(GOLDEN / "pandas.parquet")
    pl.read_parquet(twenty).write_parquet(GOLDEN / "polars.parquet")
    duckdb.sql(f"COPY (SELECT * FROM '{twenty}') TO '{GOLDEN / 'duckdb.parquet'}'")
    for file in sorted(filter(Path.is_file, GOLDEN.iterdir())):
        print(f"{file.stat().st_size:>8} bytes  {file.name}")


DFS = ("--maze", "dfs", "--rows", 7, "--cols", 7, "--seed", 7)
MAZES = ("--maze", "percolation", "--p", "0.6", "--rows", 5, "--cols", 8, "--seed", 7)
TORI = ("--maze", "percolation", "--p", "0.6", "--rows", 4, "--cols", 6, "--torus", "--seed", 7)
GRAPHS = {
    "dag": "[task.dag]\nkind = 'balanced'\nvertices = 41",
    "hops": "[task.hops]\nnodes = 12\nmin_hops = 2\nmax_hops = 6",
    "labelled": """[task.labelled]
        binning = { dim = 2, bins = 8, low = -1.0, high = 1.0 }
        structure = { erdos_renyi = { nodes = 12, edge_probability = 0.25 } }
        labels = { normal = { mean = [0.0, 0.0], sd = [0.5, 0.5] } }
        target = { ball = { centre = [0.5, 0.5], radius = 0.4 } }
        avoid = { half_space = { normal = [-1.0, 0.0], offset = 0.3 } }""",
    "prompted": """[task.prompted]
        examples = 3
        [task.prompted.graph]
        binning = { bins = 20 }
        structure = { tree = { nodes = 10 } }
        labels = { uniform = { low = [0.0], high = [1.0] } }
        target = { interval = { low = 0.3, high = 0.5 } }""",
}

print(", ".join(f"{name} {version(name)}" for name in
      ("maze-dataset", "muutils", "zanj", "numpy", "pandas", "polars", "pyarrow", "duckdb",
       "datasets")))
for name, options in (("mazes", MAZES), ("tori", TORI)):
    for ending in ("parquet", "npz"):
        searchlens("generate", *options, "--count", 2000, "--out", WORK / f"{name}.{ending}")
    tables(name, same_row)
for name, table in GRAPHS.items():
    (WORK / f"{name}.toml").write_text(table)
    for ending in ("parquet", "npz"):
        searchlens("generate", "--task", WORK / f"{name}.toml", "--seed", 7, "--count", 500, "--out", WORK / f"{name}.{ending}")
    tables(name, same_graph)
folder()
zanj_written_here()
zanj_written_there()
print_table()
golden()
