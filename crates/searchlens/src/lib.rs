//! Searchlens draws search problems (mazes and graphs), trains small transformers to solve them, looks inside the trained
//! networks, and reports what it finds.
//!
//! This library re-exports the crates of the workspace. A crate may use those above it in the table, never those below.
//!
//! | crate | purpose | start with |
//! |---|---|---|
//! | [`base`] | random streams, durable file writes, error classes | [`base::stream::stream`] |
//! | [`stats`] | estimates with bootstrap intervals over clusters | [`stats::estimate::Estimate`] |
//! | [`tasks`] | search problems, their solutions, splits and difficulty | [`tasks::task::Task`] |
//! | [`formats`] | problem files, text and SVG drawings | [`formats::files::Reader`], [`formats::draw`] |
//! | [`tokens`] | tokenizers, with a role for every token | [`tokens::tokenizer::Tokenizer`] |
//! | [`model`] | the transformer: forward, backward, training, generation, checkpoints | [`model::Model`] |
//! | [`results`] | the data that runs store and reports read | [`results::EvalResult`] |
//! | [`runs`] | training runs: config, run folder, evaluation | [`runs::run::train`] |
//! | [`lens`] | activations, interventions and probes | [`lens::activations`] |
//! | [`studies`] | experiments on trained networks | [`studies::probing::probe`] |
//! | [`report`] | a run folder as one HTML page | [`report::write_report`] |
//!
//! # Example
//!
//! Draw a maze, tokenize it, and look at an attention pattern of an untrained network:
//!
//! ```
//! use searchlens::base::stream::{Purpose, stream};
//! use searchlens::formats::draw::{Drawing, unicode};
//! use searchlens::model::Model;
//! use searchlens::model::config::ModelConfig;
//! use searchlens::model::acts::Acts;
//! use searchlens::model::net::Sequences;
//! use searchlens::model::record::Recorder;
//! use searchlens::model::sites::{At, Site};
//! use searchlens::model::tap::NoTap;
//! use searchlens::tasks::config::TaskConfig;
//! use searchlens::tasks::mazes::config::MazeConfig;
//! use searchlens::tasks::mazes::generators::Generator;
//! use searchlens::tasks::splits::Split;
//! use searchlens::tasks::task::Task;
//! use searchlens::tokens::sequence::encoded::LossOn;
//! use searchlens::tokens::sequence::example::{EdgeOrder, Example};
//! use searchlens::tokens::tokenizer::Tokenizer;
//!
//! // A maze of the test split, whose symmetry class no training run sees.
//! let maze = MazeConfig::new(Generator::Wilson, 4, 4)?;
//! let tokenizer = Tokenizer::from_name("edges", maze.lattice())?;
//! let instance = Task::new(TaskConfig::Maze(maze))?.instance(0, Split::Test, 0);
//! println!("{}", unicode(&Drawing::of(&instance).expect("it is a maze")));
//!
//! // Its token sequence: the edges, the query and the path.
//! let encoded = tokenizer.encode(&Example::of_instance(&instance), EdgeOrder::Fixed, LossOn::Path)?;
//! let seq = encoded.ids.len();
//!
//! // A network with two layers, d_model 32 and four heads.
//! let config = ModelConfig::new(2, 32, 4, tokenizer.vocab().len(), 128).validated()?;
//! let model = Model::init(config, &mut stream(0, Purpose::Init, 0));
//!
//! // The attention pattern of layer 1: [n_heads, query position, key position].
//! let pattern = At::new(Site::Pattern, 1);
//! let mut no_edits = NoTap;
//! let mut recorder = Recorder::new([pattern], &mut no_edits);
//! model.forward(Sequences { tokens: &encoded.ids, seq }, &mut Acts::default(), &mut recorder);
//! assert_eq!(recorder.recording.values[&pattern].len(), 4 * seq * seq);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `cargo run --release --example every_room` goes on from here: it trains a network, scores it and writes a report.

pub use searchlens_base as base;
pub use searchlens_formats as formats;
pub use searchlens_lens as lens;
pub use searchlens_model as model;
pub use searchlens_report as report;
pub use searchlens_results as results;
pub use searchlens_runs as runs;
pub use searchlens_stats as stats;
pub use searchlens_studies as studies;
pub use searchlens_tasks as tasks;
pub use searchlens_tokens as tokens;
