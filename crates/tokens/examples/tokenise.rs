//! One maze in the words of each tokenizer: `cargo run -p searchlens-tokens --example tokenise`.
//!
//! Each line is a token: `*` if the loss on the path counts it, its id, its name, and its role.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use searchlens_base::stream::{Purpose, stream};
use searchlens_tasks::problem::maze::{Lattice, Maze};
use searchlens_tokens::sequence::encoded::LossOn;
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::tokenizer::{Tokenizer, TokenizerName};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // #######
    // #S  #E#     cells 0 1 2
    // ### # #
    // #     #     cells 3 4 5
    // #######
    let lattice = Lattice::new(2, 3);
    let maze = Maze::new(lattice, &[(0, 1), (1, 4), (3, 4), (4, 5), (2, 5)]);
    let path = [0, 1, 4, 5, 2];
    let example = Example { origin: Some(0), target: Some(2), path: Some(&path), ..Example::of_maze(&maze) };

    for name in TokenizerName::plain() {
        let tokenizer = Tokenizer::new(&name.into(), lattice)?;
        let mut rng = stream(1, Purpose::Tokenize, 0);
        let encoded = tokenizer.encode(&example, EdgeOrder::Shuffled(&mut rng), LossOn::Path)?;
        println!("{name}: {} tokens from a vocabulary of {}", encoded.len(), tokenizer.vocab().len());
        for ((&id, role), &counts) in encoded.ids.iter().zip(&encoded.roles).zip(&encoded.loss_mask) {
            let token = tokenizer.vocab().name(id).unwrap_or_default();
            println!("  {} {id:>3}  {token:<16} {role}", if counts { '*' } else { ' ' });
        }
        // Nothing is lost.
        let decoded = tokenizer.decode(&encoded.ids)?;
        assert_eq!((&decoded.graph, decoded.path.as_deref()), (&maze.graph, example.path));
    }
    Ok(())
}
