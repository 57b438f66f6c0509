//! All modular tokenizers: their names, what they write about a little maze, and decoding.

use searchlens_base::stream::below;
use searchlens_tasks::problem::maze::Lattice;
use searchlens_tokens::name::modular::{
    Coords, EdgeList, Elements, PROMPTS, Prompt, StepSequence, all_coords, all_edge_lists, all_step_sequences,
};
use searchlens_tokens::sequence::encoded::LossOn;
use searchlens_tokens::sequence::error::DecodeError;
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::tokenizer::{Tokenizer, TokenizerConfig, TokenizerName, Vocabulary};

use crate::mazes::{little, little_example, random_maze, random_walk, test_stream};

/// What names can be made of.
struct Choices {
    coords: Vec<Coords>,
    edges: Vec<EdgeList>,
    paths: Vec<StepSequence>,
}

impl Choices {
    /// All of them, or those that maze-dataset supports.
    fn new(tested: bool) -> Choices {
        let (mut edges, mut paths) = (all_edge_lists(), all_step_sequences());
        let default = Elements::default();
        edges.retain(|&edges| !tested || Elements { edges, ..default }.is_tested());
        paths.retain(|&path| !tested || Elements { path, ..default }.is_tested());
        Choices { coords: all_coords(), edges, paths }
    }

    fn len(&self) -> usize {
        PROMPTS.len() * self.coords.len() * self.edges.len() * self.paths.len()
    }

    /// Number `index` of them all.
    fn nth(&self, index: usize) -> Elements {
        let (index, path) = (index / self.paths.len(), self.paths[index % self.paths.len()]);
        let (index, edges) = (index / self.edges.len(), self.edges[index % self.edges.len()]);
        let (prompt, coords) = (PROMPTS[index / self.coords.len()], self.coords[index % self.coords.len()]);
        Elements { prompt, coords, edges, path }
    }
}

/// Checks that a name is read as it is printed, and that its tokenizer writes the little maze within the length
/// foretold, with roles for what stands there, so that it can be read again if nothing is left out.
#[track_caller]
fn check_one(elements: Elements) {
    let name = elements.to_string();
    assert_eq!(name.parse(), Ok(elements), "{name}");
    let maze = little();
    let example = little_example(&maze);
    let tokenizer = Tokenizer::new(&TokenizerName::Modular(elements).into(), maze.lattice).unwrap();
    let order = EdgeOrder::Shuffled(&mut test_stream(1));
    let encoded = tokenizer.encode(&example, order, LossOn::Path).unwrap();
    assert!(encoded.len() <= tokenizer.max_len(8), "{name}");
    let of_path = encoded.loss_mask.iter().filter(|&&counts| counts).count();
    assert!((2..=tokenizer.max_answer_len()).contains(&of_path), "{name}");
    match tokenizer.decode(&encoded.ids) {
        Ok(decoded) => {
            assert!(elements.is_lossless(), "{name}");
            assert_eq!((&decoded.graph, decoded.path.as_deref()), (&maze.graph, example.path), "{name}");
        }
        Err(error) => assert_eq!((error, elements.is_lossless()), (DecodeError::Lossy, false), "{name}"),
    }
}

#[test]
#[ignore = "5,878,656 names take minutes; `sampled_names` walks a thousandth, `every_choice` every part"]
fn all_supported_names() {
    let choices = Choices::new(true);
    assert_eq!(choices.len(), 5_878_656);
    (0..choices.len()).for_each(|index| check_one(choices.nth(index)));
}

#[test]
fn sampled_names() {
    for tested in [true, false] {
        let choices = Choices::new(tested);
        let mut rng = test_stream(8);
        (0..3000).for_each(|_| check_one(choices.nth(below(&mut rng, choices.len()))));
    }
}

#[test]
fn every_choice_with_the_others_left_at_their_default() {
    let choices = Choices::new(false);
    let default = Elements::default();
    PROMPTS.iter().for_each(|&prompt| check_one(Elements { prompt, ..default }));
    choices.coords.iter().for_each(|&coords| check_one(Elements { coords, ..default }));
    choices.edges.iter().for_each(|&edges| check_one(Elements { edges, ..default }));
    choices.paths.iter().for_each(|&path| check_one(Elements { path, ..default }));
    // Without the target in the prompt the path has less to hold on to.
    choices.paths.iter().for_each(|&path| check_one(Elements { prompt: Prompt::Aop, path, ..default }));
}

/// Checks that, over many mazes and walks, the compact vocabulary's words all occur, padding aside.
#[track_caller]
fn check_all_words_occur(elements: Elements) {
    let lattice = Lattice::new(3, 3);
    let tokenizer = Tokenizer::new(&TokenizerName::Modular(elements).into(), lattice).unwrap();
    let mut occurs = vec![false; tokenizer.vocab().len()];
    occurs[tokenizer.pad_id() as usize] = true;
    let mut rng = test_stream(2);
    for round in 0..4000 {
        if occurs.iter().all(|&occurs| occurs) {
            return;
        }
        let maze = random_maze(lattice, if round % 2 == 0 { 0.0 } else { 0.5 }, &mut rng);
        let path = random_walk(&maze, &mut rng);
        let ends = (Some(path[0]), path.last().copied());
        let example = Example { origin: ends.0, target: ends.1, path: Some(&path), ..Example::of_maze(&maze) };
        let ids = tokenizer.encode(&example, EdgeOrder::Shuffled(&mut rng), LossOn::Path).unwrap().ids;
        ids.iter().for_each(|&id| occurs[id as usize] = true);
    }
    let never: Vec<_> = tokenizer.vocab().names().iter().zip(occurs).filter(|(_, occurs)| !occurs).collect();
    panic!("{elements}: {never:?}");
}

#[test]
fn every_word_of_a_compact_vocabulary_occurs() {
    let choices = Choices::new(false);
    let mut rng = test_stream(3);
    (0..60).for_each(|_| check_all_words_occur(choices.nth(below(&mut rng, choices.len()))));
}

#[test]
fn compact_and_full_vocabularies_say_the_same_in_the_same_order_of_ids() {
    let maze = little();
    let choices = Choices::new(false);
    let mut rng = test_stream(4);
    for _ in 0..100 {
        let name = TokenizerName::Modular(choices.nth(below(&mut rng, choices.len())));
        let [full, compact] = [Vocabulary::Full, Vocabulary::Compact].map(|vocabulary| {
            let config = TokenizerConfig { vocabulary: Some(vocabulary), ..name.into() };
            let tokenizer = Tokenizer::new(&config, maze.lattice).unwrap();
            let ids = tokenizer.encode(&little_example(&maze), EdgeOrder::Fixed, LossOn::Path).unwrap().ids;
            let words: Vec<_> = ids.iter().map(|&id| tokenizer.vocab().name(id).unwrap().to_owned()).collect();
            (ids, words)
        });
        assert_eq!(full.1, compact.1);
        let mut pairs: Vec<_> = full.0.into_iter().zip(compact.0).collect();
        pairs.sort_unstable();
        assert!(pairs.is_sorted_by_key(|&(_, compact)| compact), "{name}");
    }
}

/// What is said of a name that is wrong somewhere.
#[track_caller]
fn check_refused(right: &str, wrong: &str, want: &str) {
    let name = Elements::default().to_string();
    assert!(name.contains(right));
    let error = name.replacen(right, wrong, 1).parse::<TokenizerName>().unwrap_err();
    assert_eq!(error.to_string(), want);
}

#[test]
fn a_wrong_part_is_told_near_names_at_its_depth() {
    check_refused(
        "AOTP(",
        "AOPT(",
        "tokenizer name: unknown prompt sequencer `AOPT` (did you mean `AOP` or `AOTP`?); known: AOTP, AOP",
    );
    check_refused(
        "UT()",
        "CT()",
        "in `AOTP`: unknown coordinate tokenizer `CT` (did you mean `CTT` or `UT`?); known: UT, CTT",
    );
    check_refused(
        "Ungrouped(",
        "Ungroupd(",
        "in `AOTP > AdjListCoord`: unknown edge grouping `Ungroupd` (did you mean `Ungrouped`?); known: Ungrouped, \
         ByLeadingCoord",
    );
    check_refused(
        "ordinal=1",
        "ordinal=3",
        "in `AOTP > AdjListCoord > Ungrouped`: unknown connection_token_ordinal `3` (did you mean `0` or `1` or `2`?); \
         known: 0, 1, 2",
    );
    check_refused(
        "step_tokenizers=(Coord(), )",
        "step_tokenizers=(Coords(), )",
        "in `AOTP > StepSequence`: unknown step tokenizer `Coords` (did you mean `Coord`?); known: Coord, Cardinal, \
         Relative, Distance",
    );
    check_refused(
        "step_tokenizers=(Coord(), )",
        "step_tokenizers=(Distance(), )",
        "in `AOTP > StepSequence`: step_tokenizers must be one to four different tokenizers, and not Distance() alone",
    );
    check_refused(
        "post=T, shuffle_d0",
        "shuffle_d0",
        "in `AOTP > AdjListCoord`: expected `post=`, found `shuffle_d0=T, Ungrouped(`",
    );
    check_refused("post=F))", "post=F)", "in `AOTP`: expected `)`, found the end of the name");
    check_refused("post=F))", "post=F)))", "tokenizer name: expected `the end of the name`, found `)`");
}

#[test]
fn a_lattice_beyond_the_words_is_refused() {
    let error = |coords, side| {
        let name = TokenizerName::Modular(Elements { coords, ..Elements::default() });
        Tokenizer::new(&name.into(), Lattice::new(2, side)).map(|_| ()).unwrap_err().to_string()
    };
    assert!(
        error(Coords::Ut, 51).starts_with("mazes of 2 x 51 cells are too large for maze-dataset's modular tokenizers")
    );
    let ctt = Coords::Ctt { pre: true, intra: true, post: true };
    assert!(error(ctt, 129).contains("whose vocabulary covers at most 128 x 128"));
}
