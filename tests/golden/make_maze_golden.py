"""Reference outputs of maze-dataset 1.4.2 for thirty mazes: pictures, rasters, token strings and ids.

Python 3.11; pip install "maze-dataset[tokenization]==1.4.2" "muutils==0.8.12" "zanj==0.5.2" "numpy==2.4.6"
Usage: python make_maze_golden.py OUT.json

The mazes are drawn anew from generator, options and seed; two are written by hand, two are parts of another one.
"""
import json, platform, random, re, sys
from importlib.metadata import version

import numpy as np
from maze_dataset import LatticeMaze, SolvedMaze, TargetedLatticeMaze
from maze_dataset.dataset.rasterized import process_maze_rasterized_input_target
from maze_dataset.generation import LatticeMazeGenerators
from maze_dataset.tokenization import MazeTokenizer, MazeTokenizerModular, TokenizationMode
from maze_dataset.tokenization.modular import elements

# (id, generator, (rows, cols), seed, options of the generator, options of the endpoints)
DRAWN = [
    (0, "gen_dfs", (2, 2), 100, {}, {}),
    (2, "gen_dfs", (3, 3), 102, {}, {}),
    (4, "gen_dfs", (5, 5), 104, {}, {}),
    (6, "gen_dfs", (6, 6), 106, {}, {}),
    (8, "gen_dfs", (10, 10), 108, {}, {}),
    (10, "gen_dfs", (5, 5), 201, dict(do_forks=False), {}),
    (12, "gen_dfs", (5, 5), 210, dict(accessible_cells=10), {}),
    (14, "gen_dfs", (6, 6), 212, dict(max_tree_depth=8), {}),
    (16, "gen_dfs", (5, 5), 214, dict(start_coord=(2, 2)), {}),
    (18, "gen_prim", (5, 5), 216, {}, {}),
    (20, "gen_dfs", (5, 3), 301, {}, {}),
    (22, "gen_wilson", (3, 3), 400, {}, {}),
    (24, "gen_wilson", (7, 7), 402, {}, {}),
    (26, "gen_kruskal", (5, 5), 501, {}, {}),
    (28, "gen_recursive_division", (3, 3), 600, {}, {}),
    (30, "gen_recursive_division", (7, 7), 602, {}, {}),
    (32, "gen_percolation", (3, 3), 700, dict(p=0.3), {}),
    (34, "gen_percolation", (5, 5), 20702, dict(p=0.5), {}),
    (36, "gen_percolation", (6, 6), 704, dict(p=0.4), {}),
    (38, "gen_percolation", (5, 5), 706, dict(p=0.7), {}),
    (40, "gen_percolation", (4, 6), 708, dict(p=0.6), {}),
    (42, "gen_dfs_percolation", (5, 5), 801, dict(p=0.1), {}),
    (44, "gen_dfs_percolation", (7, 7), 803, dict(p=0.1), {}),
    (46, "gen_dfs", (6, 6), 900, {}, dict(deadend_start=True, deadend_end=True, endpoints_not_equal=True)),
    (48, "gen_dfs", (4, 4), 902, {}, dict(allowed_start=[(1, 1)], allowed_end=[(1, 1)])),
    (50, "gen_wilson", (6, 6), 904, {}, dict(allowed_start=[(0, 0), (0, 5)], deadend_end=True, endpoints_not_equal=True)),
]
SNAKE = [(r, c if r % 2 == 0 else 3 - c) for r in range(4) for c in range(4)]
DETOUR = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 2)]  # in an open room: not the shortest
PARTS_OF = 4  # mazes 56 (no ends) and 58 (ends, no path) are maze 4's
LEGACY = ["AOTP_UT_rasterized", "AOTP_UT_uniform", "AOTP_CTT_indexed"]
ADJ = "AdjListCoord(pre=F, post=T, shuffle_d0=F, Ungrouped(connection_token_ordinal=1), ConnectionEdges(walls=F), SortedCoords())"
STEPS = "StepSequence(Singles(), step_tokenizers=(Coord(), ), pre=F, intra=F, post=F)"
MODULAR = {
    "M01_ut_sorted": f"AOTP(UT(), {ADJ}, Unlabeled(post=F), {STEPS})",
    "M02_ctt_full_sorted": f"AOTP(CTT(pre=T, intra=T, post=T), {ADJ}, Unlabeled(post=F), {STEPS})",
    "M03_ctt_bare_nopost": f"AOTP(CTT(pre=F, intra=F, post=F), {ADJ.replace('post=T', 'post=F')}, Unlabeled(post=F), {STEPS})",
    "M04_cardinal_adj_both": "AOTP(UT(), AdjListCardinal(pre=F, post=T, shuffle_d0=F, Ungrouped(connection_token_ordinal=1), "
    f"ConnectionEdges(walls=F), BothCoords()), Unlabeled(post=F), {STEPS})",
    "M06_walls_ord2_both": "AOTP(UT(), AdjListCoord(pre=F, post=T, shuffle_d0=F, Ungrouped(connection_token_ordinal=2), "
    f"ConnectionEdges(walls=T), BothCoords()), Unlabeled(post=F), {STEPS})",
    "M07_aop_forks_cardinal_distance": f"AOP(UT(), {ADJ}, StepSequence(Forks(), step_tokenizers=(Cardinal(), Distance(), ), "
    "pre=F, intra=F, post=F))",
    "M08_relative_path": f"AOTP(UT(), {ADJ}, Unlabeled(post=F), {STEPS.replace('Coord()', 'Relative()')})",
    "M09_delims_everywhere": f"AOTP(CTT(pre=T, intra=T, post=T), {ADJ}, Unlabeled(post=T), StepSequence(Singles(), "
    "step_tokenizers=(Coord(), Cardinal(), ), pre=T, intra=T, post=T))",
    "M11_aop_singles_cardinal_relative_coord": f"AOP(UT(), {ADJ}, StepSequence(Singles(), "
    "step_tokenizers=(Cardinal(), Relative(), Coord(), ), pre=F, intra=T, post=F))",
    "U12_grouped_cardinal": "AOTP(UT(), AdjListCardinal(pre=F, post=T, shuffle_d0=F, ByLeadingCoord(intra=T, shuffle_group=F, "
    f"connection_token_ordinal=0), ConnectionEdges(walls=F), BothCoords()), Unlabeled(post=F), {STEPS})",
    "U14_straightaways_cardinal_distance": f"AOTP(UT(), {ADJ}, Unlabeled(post=F), StepSequence(Straightaways(), "
    "step_tokenizers=(Cardinal(), Distance(), ), pre=F, intra=F, post=F))",
    "R16_default": "AOTP(UT(), AdjListCoord(pre=F, post=T, shuffle_d0=T, Ungrouped(connection_token_ordinal=1), "
    f"ConnectionEdges(walls=F), RandomCoords()), Unlabeled(post=F), {STEPS})",
}
# Names of the fields that stand without one in a tokenizer's name.
FIELDS = {
    "AOTP": ["coord_tokenizer", "adj_list_tokenizer", "target_tokenizer", "path_tokenizer"],
    "AOP": ["coord_tokenizer", "adj_list_tokenizer", "path_tokenizer"],
    "AdjListCoord": ["edge_grouping", "edge_subset", "edge_permuter"],
    "AdjListCardinal": ["edge_grouping", "edge_subset", "edge_permuter"],
    "StepSequence": ["step_size"],
}
FAMILIES = [elements.CoordTokenizers, elements.EdgeGroupings, elements.EdgePermuters, elements.EdgeSubsets,
            elements.AdjListTokenizers, elements.TargetTokenizers, elements.StepSizes, elements.StepTokenizers,
            elements.PathTokenizers, elements.PromptSequencers]


def modular(name):
    """The tokenizer of a name, `T` and `F` standing for True and False. Field order in a name is not that of Python's arguments."""
    def part(cls):
        def make(*unnamed, **named):
            return cls(**dict(zip(FIELDS.get(cls.__name__, []), unnamed)), **named)
        return make
    scope = {cls: part(getattr(family, cls)) for family in FAMILIES for cls in dir(family) if not cls.startswith("_")}
    # Unnamed after named arguments is no Python: put the unnamed ones first.
    name = re.sub(r"(AdjList\w+)\((pre=\w, post=\w, shuffle_d0=\w), (.*?Coords\(\))\)", r"\1(\3, \2)", name)
    return MazeTokenizerModular(prompt_sequencer=eval(name, scope | {"T": True, "F": False}))


def draw(generator, shape, seed, options, endpoints):
    np.random.seed(seed)
    random.seed(seed)
    maze = getattr(LatticeMazeGenerators, generator)(grid_shape=shape, **options)
    return maze, maze.generate_random_path(**endpoints)


def passages(shape, is_open):
    """connection_list with the passages for which is_open(cell, cell) holds."""
    rows, cols = shape
    out = np.zeros((2, rows, cols), dtype=bool)
    for r in range(rows):
        for c in range(cols):
            out[0, r, c] = r + 1 < rows and is_open((r, c), (r + 1, c))
            out[1, r, c] = c + 1 < cols and is_open((r, c), (r, c + 1))
    return out


def plain(value):
    """Numpy values as JSON."""
    if isinstance(value, dict): return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)): return [plain(v) for v in value]
    if isinstance(value, (set, frozenset)): return sorted(plain(v) for v in value)
    if isinstance(value, np.ndarray): return value.tolist()
    return value.item() if isinstance(value, np.generic) else value


PALETTE = {0: (0, 0, 0), 1: (255, 255, 255), 2: (0, 255, 0), 3: (255, 0, 0), 4: (0, 0, 255)}


def digits(pixels):
    code = {rgb: str(k) for k, rgb in PALETTE.items()}
    return ["".join(code[tuple(int(v) for v in pixel)] for pixel in row) for row in np.asarray(pixels)]


def shortest(maze, start, end):
    """Cells of a shortest path, and how many there are: breadth first, with counts."""
    distance, count, layer = {start: 0}, {start: 1}, [start]
    while layer:
        following = []
        for cell in layer:
            for near in map(tuple, maze.get_coord_neighbors(np.array(cell)).tolist()):
                if near not in distance:
                    distance[near], count[near] = distance[cell] + 1, 0
                    following.append(near)
                if distance[near] == distance[cell] + 1: count[near] += count[cell]
        layer = following
    return distance[end] + 1, count[end]


def components(maze):
    left, sizes = set(map(tuple, maze.get_nodes().tolist())), []
    while left:
        found = set(map(tuple, maze.gen_connected_component_from(np.array(min(left))).tolist()))
        sizes.append(len(found))
        left -= found
    return sorted(sizes, reverse=True)


def legacy(maze, mode):
    tokenizer = MazeTokenizer(tokenization_mode=TokenizationMode[mode], max_grid_size=max(maze.grid_shape))
    np.random.seed(0)
    shuffled = maze.as_tokens(tokenizer)
    kept = LatticeMaze.as_adj_list
    LatticeMaze.as_adj_list = lambda self, shuffle_d0=True, shuffle_d1=True: kept(self, False, False)
    unshuffled = maze.as_tokens(tokenizer)
    LatticeMaze.as_adj_list = kept
    return dict(unshuffled=" ".join(unshuffled), unshuffled_ids=plain(tokenizer.encode(unshuffled)), shuffled_np_seed0=" ".join(shuffled))


def outputs(maze):
    """Everything that maze-dataset makes of a maze."""
    bare = LatticeMaze(connection_list=maze.connection_list)
    solved = isinstance(maze, SolvedMaze)
    out = dict(
        grid_shape=plain(maze.grid_shape), connection_list=plain(maze.connection_list), n_connections=plain(maze.n_connections),
        component_sizes=components(maze), degrees=plain(maze.coord_degrees()),
        adj_list_unshuffled=plain(maze.as_adj_list(shuffle_d0=False, shuffle_d1=False)),
    )
    if isinstance(maze, TargetedLatticeMaze): out |= dict(start=plain(maze.start_pos), end=plain(maze.end_pos))
    if solved:
        length, count = shortest(maze, tuple(plain(maze.start_pos)), tuple(plain(maze.end_pos)))
        out |= dict(
            solution=plain(maze.solution), shortest_len_cells=length, n_shortest_paths=count,
            forking_point_indices=plain(maze.get_solution_forking_points()[0]),
            forking_point_indices_with_endpoints=plain(maze.get_solution_forking_points(always_include_endpoints=True)[0]),
            path_following_indices=plain(maze.get_solution_path_following_points()[0]),
        )
    ends = dict(show_endpoints=False, show_solution=False) if solved else dict(show_endpoints=True, show_solution=False)
    out |= dict(pixels=digits(maze.as_pixels()) if solved else digits(maze.as_pixels(**ends)), pixels_no_solution=digits(maze.as_pixels(**ends)),
                pixels_bare=digits(bare.as_pixels()), ascii=maze.as_ascii() if solved else maze.as_ascii(**ends),
                ascii_no_solution=maze.as_ascii(**ends), ascii_bare=bare.as_ascii())
    if solved:
        for key, options in [("rasterized_default", {}), ("rasterized_plain", dict(remove_isolated_cells=False, extend_pixels=False, endpoints_as_open=True))]:
            out[key] = dict(zip(["input", "target"], map(digits, process_maze_rasterized_input_target(maze, **options))))
    out["legacy"] = {mode: legacy(maze, mode) for mode in LEGACY}
    tokens = {}
    for key, name in MODULAR.items():
        np.random.seed(0)
        random.seed(0)
        try:
            tokens[key] = " ".join(maze.as_tokens(modular(name)))
        except IndexError as error:  # a path of one cell has no straightaway
            tokens[key] = dict(error="IndexError", message=str(error))
    out["modular"] = tokens
    out["modular_ids_M01"] = plain(modular(MODULAR["M01_ut_sorted"]).encode(tokens["M01_ut_sorted"].split(" ")))
    return out


def main(out_path):
    mazes = []
    for key, generator, shape, seed, options, endpoints in DRAWN:
        maze, path = draw(generator, shape, seed, options, endpoints)
        solved = SolvedMaze.from_lattice_maze(maze, np.array(path))
        said = dict(id=key, kind="solved", generator=generator, generator_kwargs=plain(options), endpoint_kwargs=plain(endpoints),
                    seed_used=seed, generation_meta=plain(maze.generation_meta))
        mazes.append(said | outputs(solved))
    steps = set(zip(SNAKE, SNAKE[1:]))
    by_hand = [(52, "hand:snake4x4", lambda a, b: (a, b) in steps or (b, a) in steps, SNAKE),
               (54, "hand:open4x4_detour", lambda a, b: True, DETOUR)]
    for key, name, is_open, path in by_hand:
        solved = SolvedMaze(connection_list=passages((4, 4), is_open), solution=np.array(path))
        mazes.append(dict(id=key, kind="solved", generator=name) | outputs(solved))
    whole = next(m for m in mazes if m["id"] == PARTS_OF)
    passages_of = np.array(whole["connection_list"])
    mazes.append(dict(id=56, kind="lattice", same_graph_as=PARTS_OF) | outputs(LatticeMaze(connection_list=passages_of)))
    targeted = TargetedLatticeMaze(connection_list=passages_of, start_pos=np.array(whole["start"]), end_pos=np.array(whole["end"]))
    mazes.append(dict(id=58, kind="targeted", same_graph_as=PARTS_OF) | outputs(targeted))
    legacy_vocab = {mode: plain(MazeTokenizer(tokenization_mode=TokenizationMode[mode], max_grid_size=5).token_arr) for mode in LEGACY}
    result = dict(
        about="Data facts produced by running maze-dataset; see connection_list_layout. Text outputs joined with single spaces.",
        versions={name: version(name) for name in ["maze-dataset", "muutils", "zanj", "numpy"]}, python=platform.python_version(),
        connection_list_layout="bool[2][rows][cols]: [0][r][c] = passage between (r,c) and (r+1,c) (down); [1][r][c] = passage between "
        "(r,c) and (r,c+1) (right). [0][last row] and [1][:][last col] always false. Coordinates are (row, col), origin top-left.",
        adj_list_unshuffled_order="np.ndindex order of connection_list: all down edges in raster order, then all right edges in raster "
        "order; smaller coord first.",
        pixel_palette={str(k): list(rgb) for k, rgb in PALETTE.items()},
        pixel_legend={"0": "wall", "1": "open", "2": "start", "3": "end", "4": "path"},
        pixel_shape="(2*rows+1, 2*cols+1, 3) uint8; rendered here as one digit per pixel, row strings",
        ascii_chars=dict(wall="#", open=" ", start="S", end="E", path="X"),
        randomness=dict(
            legacy="edge order (np.random.shuffle) and per-edge orientation (np.random.rand>0.5) from the global numpy RandomState; "
            '"unshuffled" has both switched off, "shuffled_np_seed0" is after np.random.seed(0)',
            modular="M* and U* are deterministic (shuffle_d0=False with SortedCoords or BothCoords, shuffle_group=False); R16 is random: "
            "compare as multiset of unordered edges",
            solution="A* with set-based open list: on mazes where n_shortest_paths>1 the stored path is one arbitrary shortest path; "
            "compare length only",
        ),
        legacy_vocab=legacy_vocab, universal_vocab=plain(modular(MODULAR["M01_ut_sorted"]).token_arr),
        modular_tokenizers={key: dict(name=modular(name).name, hash_b64=modular(name).hash_b64()) for key, name in MODULAR.items()},
        mazes=mazes,
    )
    with open(out_path, "w") as out: json.dump(result, out, indent=None, separators=(",", ":"))


if __name__ == "__main__":
    main(sys.argv[1])
