"""One peer drawing problems or writing tokens for a while: prints items a second as JSON. An item is a solved problem, or a token.

Usage: python draw.py ARM [--seconds 1] [--saparov FOLDER]
Arms: maze-dataset:GENERATOR:SIDE (GENERATOR as in its registry, less `gen_`), tokens:legacy, tokens:modular, saparov, saparov-first.
Needs a Python with maze-dataset (made with 1.4.2, muutils 0.8.12, zanj 0.5.2). FOLDER holds the Python module `generator`, built by
the command in github.com/asaparov/learning_to_search (made with 2c3f32b and core 1f3b022, -Ofast -march=native).
"""
import argparse, json, sys, time

def problems(generator, side):
    """Mazes with their solutions in one process, as `MazeDataset.from_config` makes them, less the file."""
    from maze_dataset import MazeDataset, MazeDatasetConfig
    from maze_dataset.generation import LatticeMazeGenerators
    ctor = getattr(LatticeMazeGenerators, f"gen_{generator}")
    def draw(n, seed):
        MazeDataset.generate(MazeDatasetConfig(name="bench", grid_n=side, n_mazes=n, maze_ctor=ctor, seed=seed), gen_parallel=False, verbose=False)
        return n
    return draw

def tokens(kind):
    """Depth-first 7x7 mazes with their paths, as strings and then ids."""
    import numpy as np
    from maze_dataset import MazeDataset, MazeDatasetConfig
    from maze_dataset.generation import LatticeMazeGenerators
    from maze_dataset.tokenization import MazeTokenizer, MazeTokenizerModular, TokenizationMode
    config = MazeDatasetConfig(name="bench", grid_n=7, n_mazes=512, maze_ctor=LatticeMazeGenerators.gen_dfs, seed=1)
    mazes = list(MazeDataset.generate(config, gen_parallel=False, verbose=False))
    legacy = lambda: MazeTokenizer(tokenization_mode=TokenizationMode.AOTP_UT_uniform, max_grid_size=7)
    tokenizer = legacy() if kind == "legacy" else MazeTokenizerModular()
    def write(n, seed):
        np.random.seed(seed % 2**32)
        return sum(len(tokenizer.encode(maze.as_tokens(tokenizer))) for maze in mazes[:n])
    return write

def saparov(folder, from_start):
    """Rows of the balanced training set of 41 vertices: a graph with the path so far, ids, and every useful step."""
    sys.path.insert(0, folder)
    import generator
    def draw(n, seed):
        generator.set_seed(seed)
        inputs, *_ = generator.generate_training_set(128, n, 20, 41, set(), from_start, -1, True)
        assert len(inputs) == n
        return n
    return draw

def arm_of(name, folder):
    kind, _, rest = name.partition(":")
    if kind == "maze-dataset": return problems(rest.split(":")[0], int(rest.split(":")[1]))
    if kind == "tokens": return tokens(rest)
    if kind in ("saparov", "saparov-first"): return saparov(folder, 1 if kind == "saparov-first" else -1)
    sys.exit(f"unknown arm {name}; known: maze-dataset:GENERATOR:SIDE, tokens:legacy, tokens:modular, saparov, saparov-first")

def main():
    a = argparse.ArgumentParser(); a.add_argument("arm"); a.add_argument("--seconds", type=float, default=1); a.add_argument("--saparov"); args = a.parse_args()
    arm = arm_of(args.arm, args.saparov)
    # As many at once as take a quarter of the time: whatever a call costs beside them is spread over them.
    n, seed = 1, 1
    while True:
        begun = time.perf_counter(); arm(n, seed); seed += 1
        if time.perf_counter() - begun > args.seconds / 4 or n >= 512 and args.arm.startswith("tokens"): break
        n *= 2
    begun, items = time.perf_counter(), 0
    while (passed := time.perf_counter() - begun) < args.seconds:
        items += arm(n, seed); seed += 1
    print(json.dumps({"items_per_s": items / passed}))

if __name__ == "__main__": main()
