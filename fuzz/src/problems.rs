//! Readers of tasks and problems.

use searchlens_formats::draw::{RasterOptions, ascii, raster_pair, svg, unicode};
use searchlens_formats::graph_draw;
use searchlens_formats::record::GraphRecord;
use searchlens_formats::record::{MazeRecord, Record};
use searchlens_tasks::band::Band;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::difficulty::judge::judge;
use searchlens_tasks::families::labels::{Binning, Distribution};
use searchlens_tasks::instance::Instance;
use searchlens_tasks::problem::region::Region;
use searchlens_tasks::sets::filter::{Filter, Weighted, apply};
use searchlens_tasks::sets::statistics::{Facts, Tally};
use searchlens_tasks::splits::{Split, SymmetryClass};
use searchlens_tasks::task::Task;
use serde::{Deserialize, Serialize};

use crate::text;

/// A config file with a task.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskFile {
    task: TaskConfig,
}

/// A table `[task.KIND]`: it reads the same after being written; a valid task draws problems with shortest paths.
pub fn task_toml(data: &[u8]) {
    let Some(file) = text(data).and_then(|text| toml::from_str::<TaskFile>(text).ok()) else { return };
    let written = toml::to_string(&file).expect("a config that was read can be written");
    assert_eq!(toml::from_str::<TaskFile>(&written).expect("it can be read again"), file, "{written}");
    let Ok(task) = Task::new(file.task) else { return };
    for split in Split::ALL.into_iter().filter(|&split| task.check_split(split).is_ok()) {
        let instance = task.instance(1, split, 0);
        let verdict = judge(&instance.problem, &instance.path);
        assert!(verdict.optimal, "the path drawn is not a shortest one");
        assert_eq!(Split::of(instance.class), split);
        drop(Record::line_of(&instance));
    }
}

/// A JSON line of a maze: it reads the same after being written, and can be drawn and counted.
pub fn maze_line(data: &[u8]) {
    let Some(record) = text(data).and_then(|line| MazeRecord::parse(1, line).ok()) else { return };
    let line = record.to_line(record.class());
    assert_eq!(MazeRecord::parse(1, &line).expect("it can be read again"), record, "{line}");
    let drawing = record.drawing();
    drop((ascii(&drawing), unicode(&drawing), svg(&drawing), raster_pair(&drawing, RasterOptions::default())));
    if let (Some(problem), Some(path)) = (record.problem(), &record.solution) {
        count(&Facts::of(&problem, path, Some(record.class())));
    }
}

/// Checks that facts can be counted.
fn count(facts: &Facts) {
    let mut tally = Tally::default();
    tally.add(facts);
    assert!(tally.statistics().is_some());
}

/// A JSON line of a graph: it reads the same after being written, and can be drawn and counted.
pub fn graph_line(data: &[u8]) {
    let Some(record) = text(data).and_then(|line| GraphRecord::parse(1, line).ok()) else { return };
    let line = record.to_line(SymmetryClass(0));
    assert_eq!(GraphRecord::parse(1, &line).expect("it can be read again"), record, "{line}");
    // Pictures and facts of large graphs are slow and test no reader.
    if record.problem.graph.n_nodes() <= 100 {
        drop((graph_draw::text(&record, true), graph_draw::svg(&record, true)));
        count(&Facts::of(&record.problem, &record.solution, None));
    }
}

/// Descriptions of sets of problems and of labels.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sets {
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    bands: Vec<Band>,
    region: Option<Region>,
    labels: Option<Distribution>,
    binning: Option<Binning>,
}

/// Filters, ranges, regions, distributions of labels and their bins, as JSON.
pub fn sets(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(band) = text.parse::<Band>() {
        assert_eq!(band.to_string().parse(), Ok(band));
    }
    let Ok(sets) = serde_json::from_str::<Sets>(text) else { return };
    let written = serde_json::to_string(&sets).expect("what was read can be written");
    assert_eq!(serde_json::from_str::<Sets>(&written).expect("it can be read again"), sets, "{written}");
    drop(apply(&sets.filters, problems()));
    let Some(binning) = sets.binning.filter(|binning| binning.check().is_ok()) else { return };
    let point = vec![binning.value(0); binning.dim];
    if let Some(region) = sets.region.filter(|region| region.check(binning.dim).is_ok()) {
        assert!(region.contains(&point) != Region::Complement(Box::new(region.clone())).contains(&point));
    }
    if let Some(labels) = sets.labels.filter(|labels| labels.check(&binning).is_ok()) {
        let weights = labels.weights(&binning);
        assert_eq!(weights.len(), binning.n_cells());
        assert!(weights.iter().all(|w| *w >= 0.0), "a negative or NaN weight");
    }
}

/// A few problems to filter.
fn problems() -> Vec<Weighted> {
    let task: TaskFile = toml::from_str("[task.maze]\ngenerator = 'dfs'\nrows = 3\ncols = 3").expect("a good config");
    let task = Task::new(task.task).expect("a good config");
    let draw = |index| task.natural_instance(1, index).0;
    (0..12).map(draw).map(|instance: Instance| instance.into()).collect()
}
