//! Endpoints of maze problems: the rules, and the draw of two cells that meet them.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::band::Band;
use crate::difficulty::measure::first_fork_lookahead;
use crate::keys::KnownKeys;
use crate::mazes::error::MazeError;
use crate::problem::graph::Graph;
use crate::problem::maze::Lattice;
use crate::problem::passages::PassageSet;
use crate::problem::solve::DistanceField;
use searchlens_base::stream::{Stream, below};

/// Rules for the endpoints of problems. Names are maze-dataset's, where it has the rule.
///
/// A start is drawn uniformly from the allowed cells, then an end uniformly from the cells allowed given that start; if there
/// is none, another maze is drawn. Both lie in one component of the maze. Without rules, any two different cells may be
/// drawn.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, remote = "Self")]
pub struct EndpointRules {
    /// Cells `[row, col]` allowed as start. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_start: Option<Vec<[usize; 2]>>,
    /// Cells `[row, col]` allowed as end. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_end: Option<Vec<[usize; 2]>>,
    /// Whether the start must be a dead end: a cell with one open passage.
    pub deadend_start: bool,
    /// Whether the end must be a dead end.
    pub deadend_end: bool,
    /// Whether start and end must differ. Default: true. (In maze-dataset they may coincide if one of the rules above is
    /// given.)
    pub endpoints_not_equal: bool,
    /// Length of the path in cells, both ends included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_length: Option<Band>,
    /// Manhattan distance between the ends, in steps (on a torus, the shorter way round).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance: Option<Band>,
    /// Steps of [lookahead](crate::difficulty::measure::lookahead) needed at the path's first fork; 0 without a fork.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookahead: Option<Band>,
    /// Whether to draw every lookahead in the range `lookahead` equally often: for each problem, one value is drawn first,
    /// then mazes until one meets it.
    pub balance_lookahead: bool,
    /// Which component problems lie in, if the maze is disconnected.
    pub component: Component,
}

/// Names of all rules.
const RULES: [&str; 10] = [
    "allowed_start",
    "allowed_end",
    "deadend_start",
    "deadend_end",
    "endpoints_not_equal",
    "path_length",
    "distance",
    "lookahead",
    "balance_lookahead",
    "component",
];

impl Serialize for EndpointRules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        EndpointRules::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for EndpointRules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EndpointRules, D::Error> {
        struct Rules;
        impl<'de> Visitor<'de> for Rules {
            type Value = EndpointRules;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of rules for endpoints")
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<EndpointRules, A::Error> {
                EndpointRules::deserialize(MapAccessDeserializer::new(KnownKeys { table, keys: &RULES }))
            }
        }
        deserializer.deserialize_map(Rules)
    }
}

/// A connected component of a maze.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// The component in which the generator started.
    #[default]
    Start,
    /// The component with the most cells; among ties, the one with the first cell.
    Largest,
}

impl Default for EndpointRules {
    fn default() -> EndpointRules {
        EndpointRules {
            allowed_start: None,
            allowed_end: None,
            deadend_start: false,
            deadend_end: false,
            endpoints_not_equal: true,
            path_length: None,
            distance: None,
            lookahead: None,
            balance_lookahead: false,
            component: Component::Start,
        }
    }
}

impl EndpointRules {
    /// Returns whether any two different cells may be drawn.
    pub fn is_default(&self) -> bool {
        *self == EndpointRules::default()
    }

    /// Returns the name of the first rule that is not at its default.
    pub fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("allowed_start", self.allowed_start.is_some()),
            ("allowed_end", self.allowed_end.is_some()),
            ("deadend_start", self.deadend_start),
            ("deadend_end", self.deadend_end),
            ("endpoints_not_equal", !self.endpoints_not_equal),
            ("path_length", self.path_length.is_some()),
            ("distance", self.distance.is_some()),
            ("lookahead", self.lookahead.is_some()),
            ("component", self.component != Component::Start),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }

    /// Checks, from the numbers alone, that some maze of a lattice could meet the rules.
    ///
    /// # Errors
    /// The first rule that no maze can meet.
    pub fn check(&self, lattice: Lattice) -> Result<(), MazeError> {
        let Lattice { rows, cols, .. } = lattice;
        for (field, cells) in [("allowed_start", &self.allowed_start), ("allowed_end", &self.allowed_end)] {
            let Some(cells) = cells else { continue };
            if cells.is_empty() {
                let reason = "no cell is allowed; name one, or leave the rule out";
                return Err(MazeError::Rule { field, value: "[]".into(), reason });
            }
            if let Some(&[row, col]) = cells.iter().find(|[row, col]| *row >= rows || *col >= cols) {
                return Err(MazeError::CellOutside { field, row, col, rows, cols });
            }
        }
        let rule = |field, band: Band, reason| Err(MazeError::Rule { field, value: band.to_string(), reason });
        match self.path_length {
            Some(band) if band.min > lattice.n_cells() => {
                return rule("path_length", band, "the maze has fewer cells; ask for a shorter path");
            }
            Some(band) if band.max.is_some_and(|max| max < 1 + usize::from(self.endpoints_not_equal)) => {
                return rule("path_length", band, "a path between two different cells has at least two cells");
            }
            _ => {}
        }
        match self.distance {
            Some(band) if band.min > lattice.max_manhattan() => {
                return rule("distance", band, "no two cells are so far apart; ask for a smaller distance");
            }
            Some(band) if self.endpoints_not_equal && band.max == Some(0) => {
                return rule("distance", band, "two different cells are at least one step apart");
            }
            _ => {}
        }
        match self.lookahead {
            None | Some(Band { max: None, .. }) if self.balance_lookahead => {
                Err(MazeError::Rule { field: "balance_lookahead", value: "true".into(), reason: BALANCE_NEEDS_BAND })
            }
            Some(band) if band.min > lattice.n_cells() => {
                rule("lookahead", band, "the maze has fewer cells; ask for less")
            }
            Some(band) if self.balance_lookahead && band.max.is_some_and(|max| max > lattice.n_cells()) => {
                rule("lookahead", band, "the maze has fewer cells; end the range earlier")
            }
            _ => Ok(()),
        }
    }

    /// Draws the lookahead range of one problem: if balanced, a single number of the range.
    pub(crate) fn wanted_lookahead(&self, rng: &mut Stream) -> Option<Band> {
        match self.lookahead {
            Some(Band { min, max: Some(max) }) if self.balance_lookahead => {
                Some(Band::exactly(min + below(rng, max - min + 1)))
            }
            band => band,
        }
    }

    /// Draws start and end; `None` if the maze, or the drawn start, allows none.
    ///
    /// `root` is a cell of [`Component::Start`]; `spans` says that all cells are connected. Path lengths are checked here in
    /// unweighted mazes; [`EndpointRules::allow_path`] decides.
    pub(crate) fn draw(
        &self,
        open: &PassageSet,
        graph: &Graph,
        root: usize,
        spans: bool,
        rng: &mut Stream,
    ) -> Option<(usize, usize)> {
        let lattice = open.lattice();
        if spans && self.is_default() {
            let origin = below(rng, lattice.n_cells());
            let other = below(rng, lattice.n_cells() - 1);
            return Some((origin, other + usize::from(other >= origin)));
        }
        let cells = if spans { (0..lattice.n_cells()).collect() } else { self.component.cells(open, root) };
        let may_be = |cell: usize, allowed: &Option<Vec<[usize; 2]>>, deadend: bool| {
            let (row, col) = lattice.coord(cell);
            (!deadend || graph.degree(cell) == 1) && allowed.as_ref().is_none_or(|cells| cells.contains(&[row, col]))
        };
        let starts = cells.iter().copied().filter(|&v| may_be(v, &self.allowed_start, self.deadend_start));
        let origin = pick(starts.collect(), rng)?;
        let from_origin =
            self.path_length.filter(|_| !graph.is_weighted()).map(|band| (band, DistanceField::to(graph, origin)));
        let ends = cells.iter().copied().filter(|&v| {
            (v != origin || !self.endpoints_not_equal)
                && may_be(v, &self.allowed_end, self.deadend_end)
                && self.distance.is_none_or(|band| band.contains(lattice.manhattan(origin, v)))
                && from_origin
                    .as_ref()
                    .is_none_or(|(band, field)| field.distance(v).is_some_and(|steps| band.contains(steps + 1)))
        });
        Some((origin, pick(ends.collect(), rng)?))
    }

    /// Returns whether a path has the required length and lookahead.
    pub(crate) fn allow_path(&self, graph: &Graph, path: &[usize], wanted_lookahead: Option<Band>) -> bool {
        self.path_length.is_none_or(|band| band.contains(path.len()))
            && wanted_lookahead.is_none_or(|band| band.contains(first_fork_lookahead(graph, path)))
    }
}

const BALANCE_NEEDS_BAND: &str = "it needs a range to balance; give `lookahead` one with two ends, such as \"1..8\"";

impl Component {
    /// Lists the cells of this component, ascending.
    fn cells(self, open: &PassageSet, root: usize) -> Vec<usize> {
        let parts = open.components();
        let part = match self {
            Component::Start => parts[root],
            Component::Largest => {
                let mut sizes = vec![0usize; parts.len()];
                parts.iter().for_each(|&part| sizes[part as usize] += 1);
                let largest = (0..sizes.len()).rev().max_by_key(|&part| sizes[part]);
                largest.map_or(0, |part| part as u32)
            }
        };
        (0..parts.len()).filter(|&cell| parts[cell] == part).collect()
    }
}

/// Draws one of some cells uniformly.
fn pick(cells: Vec<usize>, rng: &mut Stream) -> Option<usize> {
    if cells.is_empty() { None } else { Some(cells[below(rng, cells.len())]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_all_rules() {
        let band = Some(Band::exactly(3));
        let cells = Some(vec![[0, 0]]);
        let rules = EndpointRules {
            allowed_start: cells.clone(),
            allowed_end: cells,
            path_length: band,
            distance: band,
            lookahead: band,
            ..EndpointRules::default()
        };
        let written = serde_json::to_value(&rules).unwrap();
        assert!(written.as_object().unwrap().keys().all(|key| RULES.contains(&key.as_str())));
        assert_eq!(written.as_object().unwrap().len(), RULES.len());
    }
}
