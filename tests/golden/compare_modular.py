"""Our modular tokenizers against maze-dataset 1.4.2 itself, on names and mazes drawn at random.

Python 3.11; the versions at the head of make_maze_golden.py, which must lie beside this file.
Usage: python compare_modular.py SEARCHLENS [NAMES] [SEED]     SEARCHLENS: the binary; NAMES: how many (default 500)

Both sides write the same mazes without their randomness: what maze-dataset would shuffle or flip stays as it is, and
`searchlens tokenize --unshuffled` does the same. Text and ids (of the 4096 words) must be equal. Left out: paths of one
cell cut at bends, of which maze-dataset makes a hop from the cell to itself, or fails.
"""
import json, random, subprocess, sys

import numpy as np
from maze_dataset import SolvedMaze
from maze_dataset.tokenization.modular import elements

from make_maze_golden import modular


class NoChance:
    """In place of maze-dataset's generators: leaves everything as it is."""
    def shuffle(self, *_, **__):
        pass

    def permuted(self, x, *_, **__):
        return x


def name(rng):
    """A name out of all 86 million, supported or not."""
    flag = lambda field: f"{field}={rng.choice('TF')}"
    flags = lambda *fields: ", ".join(map(flag, fields))
    coords = rng.choice(["UT()", f"CTT({flags('pre', 'intra', 'post')})"])
    grouping = rng.choice([f"Ungrouped(connection_token_ordinal={rng.randrange(3)})",
                           f"ByLeadingCoord({flags('intra', 'shuffle_group')}, connection_token_ordinal={rng.randrange(2)})"])
    subset = rng.choice(["AllLatticeEdges()", "ConnectionEdges(walls=F)", "ConnectionEdges(walls=T)"])
    permuter = rng.choice(["SortedCoords()", "RandomCoords()", "BothCoords()"])
    edges = f"AdjList{rng.choice(['Coord', 'Cardinal'])}({flags('pre', 'post', 'shuffle_d0')}, {grouping}, {subset}, {permuter})"
    parts = ["Distance"]
    while parts == ["Distance"]:
        parts = rng.sample(["Coord", "Cardinal", "Relative", "Distance"], rng.randint(1, 4))
    size = rng.choice(["Singles", "Straightaways", "Forks", "ForksAndStraightaways"])
    parts = "".join(f"{part}(), " for part in parts)
    path = f"StepSequence({size}(), step_tokenizers=({parts}), {flags('pre', 'intra', 'post')})"
    if rng.random() < 0.67:
        return f"AOTP({coords}, {edges}, Unlabeled({flag('post')}), {path})"
    return f"AOP({coords}, {edges}, {path})"


def maze(rng, side):
    """A random set of passages and a walk in it that enters no cell twice."""
    open_ = np.array([[[rng.random() < 0.6 for _ in range(side)] for _ in range(side)] for _ in range(2)])
    open_[0, -1, :] = open_[1, :, -1] = False
    path = [(rng.randrange(side), rng.randrange(side))]
    while True:
        r, c = path[-1]
        ways = [(r + 1, c)] * bool(open_[0, r, c]) + [(r, c + 1)] * bool(open_[1, r, c])
        ways += [(r - 1, c)] * bool(r and open_[0, r - 1, c]) + [(r, c - 1)] * bool(c and open_[1, r, c - 1])
        ways = [cell for cell in ways if cell not in path]
        if not ways or rng.random() < 0.05:
            return SolvedMaze(connection_list=open_, solution=np.array(path), start_pos=np.array(path[0]), end_pos=np.array(path[-1]))
        path.append(rng.choice(ways))


def line(m):
    return json.dumps(dict(grid_shape=list(m.grid_shape), connection_list=m.connection_list.tolist(), start=m.start_pos.tolist(),
                           end=m.end_pos.tolist(), solution=m.solution.tolist()))


def main(binary, n_names=500, seed=1):
    elements._NUMPY_RNG = NoChance()
    elements.random = NoChance()
    rng = random.Random(int(seed))
    n_equal = n_refused = 0
    for _ in range(int(n_names)):
        mazes = [maze(rng, side) for side in (2, 3, 4, 5)]
        short = name(rng)
        tokenizer = modular(short)
        assert tokenizer.name == f"MazeTokenizerModular-{short}", (tokenizer.name, short)
        command = [binary, "tokenize", "--unshuffled", "--tokenizer", tokenizer.name]
        done = subprocess.run(command, input="\n".join(map(line, mazes)), capture_output=True, text=True)
        assert done.returncode == 0, (short, done.stderr)
        for m, ours in zip(mazes, map(json.loads, done.stdout.splitlines()), strict=True):
            if len(m.solution) == 1 and "Straightaways" in short:
                n_refused += 1
                continue
            try:
                theirs = m.as_tokens(tokenizer)
                ids = [int(i) for i in tokenizer.encode(theirs)]
            except (IndexError, ValueError):  # bends or turns of a path without a step
                n_refused += 1
                continue
            if ours["tokens"] != theirs or ours["ids"] != ids:
                sys.exit(f"{short}\n{line(m)}\ntheirs: {' '.join(theirs)}\nours:   {' '.join(ours['tokens'])}")
            n_equal += 1
    print(f"{n_equal} sequences of {n_names} tokenizers equal; {n_refused} that maze-dataset cannot write")


if __name__ == "__main__":
    main(*sys.argv[1:])
