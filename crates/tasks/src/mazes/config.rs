//! The config of mazes, the table `[task.maze]`, validated when it is read.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::keys::unknown_key;
use crate::mazes::endpoints::EndpointRules;
use crate::mazes::error::{MAX_CELLS, MAX_WALK_SIDE, MAX_WEIGHT, MazeError};
use crate::mazes::generators::options::{OptionTable, OptionValue};
use crate::mazes::generators::{Dfs, Generator, Prim, Probability, Start};
use crate::mazes::option_name::OptionName;
use crate::problem::maze::{Lattice, MIN_TORUS_SIDE};

/// A validated config of mazes: one generator on a rectangle or torus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawMazeConfig", into = "RawMazeConfig")]
pub struct MazeConfig {
    generator: Generator,
    lattice: Lattice,
    braid: Option<Probability>,
    max_weight: u32,
    endpoints: EndpointRules,
}

impl MazeConfig {
    /// Makes the config of a generator and size: unbraided, unweighted, any two different cells as endpoints.
    ///
    /// # Errors
    /// If the size is impossible, or impossible for this generator.
    pub fn new(generator: Generator, rows: usize, cols: usize) -> Result<MazeConfig, MazeError> {
        MazeConfig::on(generator, Lattice::new(rows, cols))
    }

    /// Makes [`MazeConfig::new`] on any lattice.
    ///
    /// # Errors
    /// If the size is impossible, or impossible for this generator, or the generator does not support a torus.
    pub fn on(generator: Generator, lattice: Lattice) -> Result<MazeConfig, MazeError> {
        MazeConfig::unruled(generator, lattice)?.with_endpoints(EndpointRules::default())
    }

    /// Makes [`MazeConfig::on`], except for the check that needs the endpoint rules.
    fn unruled(generator: Generator, lattice: Lattice) -> Result<MazeConfig, MazeError> {
        let Lattice { rows, cols, wraps } = lattice;
        for (field, side) in [("rows", rows), ("cols", cols)] {
            if side == 0 {
                return Err(MazeError::ZeroSide { field });
            }
        }
        if rows.checked_mul(cols).is_none_or(|cells| cells > MAX_CELLS) {
            return Err(MazeError::TooManyCells { rows, cols });
        }
        if wraps && rows.min(cols) < MIN_TORUS_SIDE {
            return Err(MazeError::NarrowTorus { rows, cols });
        }
        if wraps && !generator.wraps() {
            return Err(MazeError::NoTorus { generator: generator.name() });
        }
        check_generator(generator, lattice)?;
        Ok(MazeConfig { generator, lattice, braid: None, max_weight: 1, endpoints: EndpointRules::default() })
    }

    /// Returns the config with each dead end opened with a given probability: see [`crate::mazes::generators::braid`].
    pub fn with_braid(self, chance: Probability) -> MazeConfig {
        MazeConfig { braid: Some(chance), ..self }
    }

    /// Returns the config with weighted passages, each weight uniform on `1..=max_weight`.
    ///
    /// # Errors
    /// If `max_weight` is 0 or exceeds [`MAX_WEIGHT`].
    pub fn with_weights(self, max_weight: u32) -> Result<MazeConfig, MazeError> {
        if !(1..=MAX_WEIGHT).contains(&max_weight) {
            let form = "a whole number from 1 to 1000";
            return Err(MazeError::Value { option: "max_weight", value: max_weight.to_string(), form });
        }
        Ok(MazeConfig { max_weight, ..self })
    }

    /// Returns the config with endpoint rules.
    ///
    /// # Errors
    /// If no maze of the lattice can meet a rule. (`Task::new` finds out whether the generator's mazes do.)
    pub fn with_endpoints(self, endpoints: EndpointRules) -> Result<MazeConfig, MazeError> {
        if endpoints.endpoints_not_equal {
            check_two_cells(self.generator, self.lattice)?;
        }
        endpoints.check(self.lattice)?;
        Ok(MazeConfig { endpoints, ..self })
    }

    /// Returns the generator and its options.
    pub fn generator(&self) -> Generator {
        self.generator
    }

    /// Returns the lattice.
    pub fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// Returns the probability of opening a dead end; `None` if mazes are not braided.
    pub fn braid(&self) -> Option<Probability> {
        self.braid
    }

    /// Returns the maximum weight of a passage; 1 if passages are unweighted.
    pub fn max_weight(&self) -> u32 {
        self.max_weight
    }

    /// Returns the endpoint rules.
    pub fn endpoints(&self) -> &EndpointRules {
        &self.endpoints
    }

    /// Returns the maximum number of open passages.
    pub fn max_passages(&self) -> usize {
        if self.generator.is_loopless() && self.braid.is_none() {
            return self.lattice.n_cells() - 1;
        }
        self.lattice.n_links()
    }

    /// Returns whether every maze has [`MazeConfig::max_passages`] open.
    pub fn has_fixed_passages(&self) -> bool {
        self.generator.is_loopless() && self.braid.is_none() && self.generator.spans(self.lattice)
    }
}

/// Checks that a generator works on a lattice.
fn check_generator(generator: Generator, lattice: Lattice) -> Result<(), MazeError> {
    let Lattice { rows, cols, .. } = lattice;
    match generator.start() {
        Some(Start::MazeDataset) if rows.min(cols) == 1 => return Err(MazeError::NoStartCell { rows, cols }),
        Some(Start::Cell { row, col }) if row >= rows || col >= cols => {
            return Err(MazeError::CellOutside { field: "start", row, col, rows, cols });
        }
        _ => {}
    }
    let walks = matches!(generator, Generator::Wilson | Generator::AldousBroder);
    if walks && rows.min(cols) > 1 && rows.max(cols) > MAX_WALK_SIDE {
        return Err(MazeError::WalkTooLong { generator: generator.name(), rows, cols });
    }
    Ok(())
}

/// Checks that a generator makes mazes of more than one cell.
fn check_two_cells(generator: Generator, lattice: Lattice) -> Result<(), MazeError> {
    let Lattice { rows, cols, .. } = lattice;
    if lattice.n_cells() == 1 {
        return Err(MazeError::OneCell);
    }
    let limits = match generator {
        Generator::Dfs(Dfs { accessible_cells, max_tree_depth, .. }) => [accessible_cells, max_tree_depth],
        // Prim's depth limit of 1 still reaches a second cell, and percolation may carve where the search does not.
        Generator::Prim(Prim { accessible_cells, .. }) => [accessible_cells, None],
        _ => [None, None],
    };
    let totals = [(OptionName::AccessibleCells, lattice.n_cells()), (OptionName::MaxTreeDepth, rows + cols)];
    for (limit, (option, total)) in limits.into_iter().zip(totals) {
        let value = limit.map_or(usize::MAX, |amount| amount.of(total));
        if value < 2 {
            return Err(MazeError::NothingCarved { option, value });
        }
    }
    Ok(())
}

/// An unvalidated [`MazeConfig`], as written in a file or on a command line.
///
/// `MazeConfig::try_from` validates it. In a table, the generator's options stand beside `generator`, `rows` and `cols`.
#[derive(Clone, Debug, PartialEq)]
pub struct RawMazeConfig {
    /// A name in [`crate::mazes::generators::GENERATORS`].
    pub generator: String,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Whether opposite sides are glued together.
    pub torus: bool,
    /// The generator's options.
    pub options: OptionTable,
    /// The probability of opening a dead end.
    pub braid: Option<Probability>,
    /// The maximum weight of a passage.
    pub max_weight: Option<u32>,
    /// Endpoint rules.
    pub endpoints: EndpointRules,
}

impl RawMazeConfig {
    /// Makes the config of a size and a generator without options.
    pub fn new(generator: impl Into<String>, rows: usize, cols: usize) -> RawMazeConfig {
        RawMazeConfig {
            generator: generator.into(),
            rows,
            cols,
            torus: false,
            options: OptionTable::default(),
            braid: None,
            max_weight: None,
            endpoints: EndpointRules::default(),
        }
    }
}

impl TryFrom<RawMazeConfig> for MazeConfig {
    type Error = MazeError;

    fn try_from(raw: RawMazeConfig) -> Result<MazeConfig, MazeError> {
        let generator = Generator::read(&raw.generator, &raw.options)?;
        let lattice = Lattice { wraps: raw.torus, ..Lattice::new(raw.rows, raw.cols) };
        let config = MazeConfig::unruled(generator, lattice)?
            .with_weights(raw.max_weight.unwrap_or(1))?
            .with_endpoints(raw.endpoints)?;
        Ok(MazeConfig { braid: raw.braid, ..config })
    }
}

impl From<MazeConfig> for RawMazeConfig {
    fn from(config: MazeConfig) -> RawMazeConfig {
        let MazeConfig { generator, lattice: Lattice { rows, cols, wraps: torus }, braid, max_weight, endpoints } =
            config;
        RawMazeConfig {
            torus,
            options: generator.options(),
            braid,
            max_weight: Some(max_weight),
            endpoints,
            ..RawMazeConfig::new(generator.name(), rows, cols)
        }
    }
}

/// Keys of the table other than generator options.
const KEYS: [&str; 7] = ["generator", "rows", "cols", "torus", "braid", "max_weight", "endpoints"];

impl Serialize for RawMazeConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("generator", &self.generator)?;
        map.serialize_entry("rows", &self.rows)?;
        map.serialize_entry("cols", &self.cols)?;
        map.serialize_entry("torus", &self.torus)?;
        for (option, value) in self.options.iter() {
            map.serialize_entry(option.name(), value)?;
        }
        if let Some(braid) = self.braid {
            map.serialize_entry("braid", &braid)?;
        }
        if let Some(max_weight) = self.max_weight {
            map.serialize_entry("max_weight", &max_weight)?;
        }
        map.serialize_entry("endpoints", &self.endpoints)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for RawMazeConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawMazeConfig, D::Error> {
        deserializer.deserialize_map(TableReader)
    }
}

/// Reads the table key by key, so that an error points to its line.
struct TableReader;

impl<'de> Visitor<'de> for TableReader {
    type Value = RawMazeConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of mazes with generator, rows and cols")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<RawMazeConfig, A::Error> {
        let (mut generator, mut rows, mut cols, mut torus) = (None, None, None, None);
        let (mut braid, mut max_weight, mut endpoints) = (None, None, None);
        let mut options = OptionTable::default();
        while let Some(Key(key)) = table.next_key()? {
            // JSON parsers accept a repeated key.
            let is_repeated = match key.as_str() {
                "generator" => generator.replace(table.next_value::<String>()?).is_some(),
                "rows" => rows.replace(table.next_value::<usize>()?).is_some(),
                "cols" => cols.replace(table.next_value::<usize>()?).is_some(),
                "torus" => torus.replace(table.next_value::<bool>()?).is_some(),
                "braid" => braid.replace(table.next_value::<Probability>()?).is_some(),
                "max_weight" => max_weight.replace(table.next_value::<u32>()?).is_some(),
                "endpoints" => endpoints.replace(table.next_value::<EndpointRules>()?).is_some(),
                _ => {
                    let option = OptionName::parse(&key).ok_or_else(|| A::Error::custom(unknown(&key)))?;
                    options.set(option, table.next_value::<OptionValue>()?).is_some()
                }
            };
            if is_repeated {
                return Err(A::Error::custom(format_args!("`{key}` is given twice; remove one")));
            }
        }
        Ok(RawMazeConfig {
            generator: generator.ok_or_else(|| A::Error::missing_field("generator"))?,
            rows: rows.ok_or_else(|| A::Error::missing_field("rows"))?,
            cols: cols.ok_or_else(|| A::Error::missing_field("cols"))?,
            torus: torus.unwrap_or(false),
            options,
            braid,
            max_weight,
            endpoints: endpoints.unwrap_or_default(),
        })
    }
}

/// A key of the table, checked as it is read, so that the error of an unknown key points to its line.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        let key = String::deserialize(deserializer)?;
        let is_known = KEYS.contains(&key.as_str()) || OptionName::parse(&key).is_some();
        if is_known { Ok(Key(key)) } else { Err(D::Error::custom(unknown(&key))) }
    }
}

fn unknown(key: &str) -> String {
    let known: Vec<&str> = KEYS.into_iter().chain(OptionName::ALL.map(OptionName::name)).collect();
    unknown_key(key, &known)
}
