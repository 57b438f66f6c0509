//! Words for edge weights, in tokenizers with the choice `weights-N`.

use std::collections::BTreeMap;

use searchlens_tasks::problem::graph::Graph;

use crate::name::TokenizerName;
use crate::sequence::error::{DecodeError, EncodeError};
use crate::sequence::io::{Reader, Writer};
use crate::sequence::role::Role;

/// One word for each weight from 1 on: `w1`, `w2`, ..
#[derive(Clone, Copy, Debug)]
pub(crate) struct WeightWords {
    /// Id of the word for 1.
    first: u32,
    /// The largest weight that has a word; 0 without such words.
    most: u32,
}

impl WeightWords {
    /// Appends words for 1 to `most` to a vocabulary.
    pub(crate) fn behind(words: &mut Vec<String>, most: u32) -> WeightWords {
        let first = words.len() as u32;
        words.extend((1..=most).map(|weight| format!("w{weight}")));
        WeightWords { first, most }
    }

    /// No words, as in maze-dataset's tokenizers.
    pub(crate) const NONE: WeightWords = WeightWords { first: 0, most: 0 };

    /// Whether there are words for weights.
    pub(crate) fn are_some(self) -> bool {
        self.most > 0
    }

    /// Checks that the tokenizer `name` has a word for every weight of a graph.
    ///
    /// # Errors
    /// [`EncodeError::Weights`].
    pub(crate) fn check(self, graph: &Graph, name: TokenizerName) -> Result<(), EncodeError> {
        if !graph.is_weighted() {
            return Ok(());
        }
        let weights = (0..graph.n_nodes()).flat_map(|v| graph.weighted_neighbours(v)).map(|(_, weight)| weight);
        match weights.max() {
            Some(needed) if needed > self.most => {
                Err(EncodeError::Weights { needed, most: self.most, remedy: name.with_weights(needed) })
            }
            _ => Ok(()),
        }
    }

    /// Returns the word for the weight of an edge of a checked graph, if there are words.
    pub(crate) fn word(self, graph: &Graph, from: usize, to: usize) -> Option<u32> {
        self.are_some().then(|| self.first + graph.weight(from, to).unwrap_or(1) - 1)
    }

    /// Writes [`WeightWords::word`].
    pub(crate) fn write(self, graph: &Graph, from: usize, to: usize, out: &mut Writer<'_>) {
        self.word(graph, from, to).into_iter().for_each(|id| out.push(id, Role::Weight { from, to }));
    }

    /// Returns the weight of a word.
    pub(crate) fn cost(self, id: u32) -> Option<u32> {
        id.checked_sub(self.first).map(|beyond| beyond + 1).filter(|&weight| weight <= self.most)
    }

    /// Reads the weight of an edge, if there are words for weights.
    ///
    /// # Errors
    /// If the next token is no such word.
    pub(crate) fn read(self, reader: &mut Reader<'_>, weights: &mut Vec<u32>) -> Result<(), DecodeError> {
        if self.are_some() {
            weights.push(reader.take("a weight", |id| self.cost(id))?);
        }
        Ok(())
    }

    /// Adds the weights that were read to a graph; `edges` and `weights` are in reading order.
    pub(crate) fn put_on(self, graph: Graph, edges: &[(usize, usize)], weights: &[u32]) -> Graph {
        if !self.are_some() {
            return graph;
        }
        let directed = graph.is_directed();
        let key = |(a, b): (usize, usize)| if directed { (a, b) } else { (a.min(b), a.max(b)) };
        let costs: BTreeMap<_, _> = edges.iter().map(|&edge| key(edge)).zip(weights).collect();
        graph.with_weights(|a, b| costs.get(&(a, b)).map_or(1, |&&weight| weight))
    }
}
