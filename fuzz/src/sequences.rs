//! Readers of tokenizers' names and of token ids.

use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::Lattice;
use searchlens_tokens::graphs::Nodes;
use searchlens_tokens::puzzles::game::Game;
use searchlens_tokens::sequence::encoded::LossOn;
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::sequence::query::RoleQuery;
use searchlens_tokens::tokenizer::{Tokenizer, TokenizerConfig, TokenizerName, World};

use crate::text;

/// A tokenizer name, a query by role, or a table `[tokenizer]`: each parses what it prints.
pub fn tokenizer_name(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(name) = text.parse::<TokenizerName>() {
        let printed = name.to_string();
        assert_eq!(printed.parse(), Ok(name), "{printed}");
        drop(Tokenizer::new(&name.into(), Lattice::new(2, 3)));
    }
    if let Ok(query) = text.parse::<RoleQuery>() {
        assert_eq!(query.to_string().parse(), Ok(query));
    }
    if let Ok(config) = toml::from_str::<TokenizerConfig>(text) {
        drop(Tokenizer::new(&config, Lattice::torus(3, 3)));
    }
}

/// Names of tokenizers, lossless or not.
const NAMES: [&str; 23] = [
    "AOTP_UT_uniform",
    "AOTP_CTT_indexed",
    "MazeTokenizerModular-AOTP(UT(), AdjListCoord(pre=F, post=T, shuffle_d0=T, Ungrouped(connection_token_ordinal=1), \
     ConnectionEdges(walls=F), RandomCoords()), Unlabeled(post=F), StepSequence(Singles(), step_tokenizers=(Coord(), ), \
     pre=F, intra=F, post=F))",
    "MazeTokenizerModular-AOTP(CTT(pre=T, intra=F, post=F), AdjListCardinal(pre=T, post=F, shuffle_d0=F, \
     ByLeadingCoord(intra=T, shuffle_group=F, connection_token_ordinal=0), AllLatticeEdges(), BothCoords()), \
     Unlabeled(post=T), StepSequence(Forks(), step_tokenizers=(Cardinal(), Distance(), ), pre=T, intra=T, post=T))",
    "edges",
    "edges+weights-3",
    "edges+by-distance+query-first+forks",
    "walls+directions+workspace-2",
    "walls+weights-3",
    "cells+sorted",
    "row-col+origin-first+forks",
    "saparov",
    "brinkmann",
    "brinkmann+backward",
    "bachmann",
    "bachmann+reverse",
    "bachmann+teacherless",
    "hops",
    "hops+end",
    "countdown",
    "sliding",
    "edges+directions+workspace-cells",
    "cells+by-distance",
];

/// Returns the tokenizer chosen by the first byte, and the ids in the rest: one byte each, or two for large vocabularies.
fn chosen(data: &[u8]) -> Option<(Tokenizer, Vec<u32>)> {
    let (&choice, rest) = data.split_first()?;
    let name = NAMES[choice as usize % NAMES.len()];
    let torus = usize::from(choice) >= NAMES.len() * 6;
    let nodes = Nodes::plain(6, choice.is_multiple_of(2));
    let worlds: [World; 5] = [
        Game::Countdown { numbers: 3, max_number: 12 }.into(),
        Game::Sliding { rows: 2, cols: 2 }.into(),
        Nodes { max_hops: 3, ..nodes.clone() }.into(),
        nodes.into(),
        if torus { Lattice::torus(3, 3).into() } else { Lattice::new(2, 3).into() },
    ];
    let tokenizer = worlds.into_iter().find_map(|world| Tokenizer::from_name(name, world).ok())?;
    let wide = tokenizer.vocab().len() > 256;
    let ids = rest.chunks(if wide { 2 } else { 1 }).map(|bytes| bytes.iter().fold(0, |id, &b| id << 8 | u32::from(b)));
    Some((tokenizer, ids.collect()))
}

/// Token ids to a problem: a decoded sequence encodes to the same ids.
pub fn decode(data: &[u8]) {
    let Some((tokenizer, ids)) = chosen(data) else { return };
    let Ok(decoded) = tokenizer.decode(&ids) else { return };
    let order = EdgeOrder::Given(&decoded.passages);
    let mut again =
        tokenizer.encode(&decoded.example(), order, LossOn::All).expect("a decoded sequence can be encoded").ids;
    assert!(again.len() <= ids.len());
    again.resize(ids.len(), tokenizer.pad_id());
    assert_eq!(again, ids);
}

/// Generated tokens: every token gets a role, whether valid or not.
pub fn answer(data: &[u8]) {
    let Some((tokenizer, ids)) = chosen(data) else { return };
    let graph = match tokenizer.world() {
        World::Lattice(lattice) => Graph::undirected(lattice.n_cells(), &lattice.adjacent_pairs().collect::<Vec<_>>()),
        _ => Graph::directed(6, &[(0, 1), (1, 2), (2, 0)]),
    };
    let example = Example { lattice: tokenizer.lattice(), origin: Some(0), ..Example::of_graph(&graph) };
    let answer = tokenizer.decode_answer(&example, &ids);
    assert_eq!(answer.roles.len(), ids.len());
    assert!(answer.invalid_tokens.iter().all(|&position| position < ids.len()));
}
