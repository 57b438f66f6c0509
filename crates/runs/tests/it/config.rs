//! Config files: defaults, round trips and error messages.

use crate::tiny;
use expect_test::{Expect, expect};
use searchlens_runs::config::RunConfig;

/// The config of the design document: every table, most keys left out.
const WHOLE: &str = r#"[task.maze]
generator = "dfs"
rows = 5
cols = 5
[tokenizer]
name = "edges"
[model]
n_layers = 4
d_model = 128
n_heads = 4
[train]
seed = 1
batch_problems = 256
steps = 20000
lr = 1e-3
loss_on = "path"
precision = "auto"
checkpoint_every = 500
[eval]
problems = 1000
every = 500
"#;

#[test]
fn the_resolved_config_has_every_key() {
    let want = expect![[r#"
        [task.maze]
        generator = "dfs"
        rows = 5
        cols = 5
        torus = false
        start = "uniform"
        do_forks = true
        randomized_stack = false
        max_weight = 1

        [task.maze.endpoints]
        deadend_start = false
        deadend_end = false
        endpoints_not_equal = true
        balance_lookahead = false
        component = "start"

        [tokenizer]
        name = "edges"

        [model]
        n_layers = 4
        d_model = 128
        n_heads = 4
        d_head = 32
        d_mlp = 512
        act_fn = "gelu_new"
        normalization = "layer_norm"
        positions = "learned_after_edges"
        attention_dir = "causal"
        attn_only = false
        output_bias = false

        [train]
        seed = 1
        batch_problems = 256
        accumulate = 1
        steps = 20000
        lr = 0.001
        warmup = 100
        beta1 = 0.9
        beta2 = 0.98
        eps = 0.00000001
        weight_decay = 0.05
        decay = ["attention", "mlp", "unembedding"]
        clip = 1.0
        average_steps = 200
        myopic = false
        loss_on = "path"
        precision = "auto"
        slots = 2
        checkpoint_every = 500
        log_every = 50

        [train.schedule.linear]
        decay = 0.4

        [eval]
        problems = 1000
        every = 500
        split = "test"
    "#]];
    want.assert_eq(&RunConfig::parse(WHOLE).unwrap().to_toml());
}

/// The name of a run folder hashes `config.toml`: keys keep their order and form, those that are left out included.
#[test]
fn optional_keys_have_their_place_in_the_resolved_config() {
    let config = tiny::config(&[
        ("n_heads = 2", "n_heads = 2\npositions = { rotary = {} }"),
        ("seed = 3", "seed = 3\ntier = \"avx2\"\ninit = \"a.safetensors\"\nschedule = \"constant\"\nclip = inf"),
    ]);
    let text = config.to_toml();
    let (_, model_and_train) = text.split_once("[model]").unwrap();
    let want = expect![[r#"

        n_layers = 1
        d_model = 32
        n_heads = 2
        d_head = 16
        d_mlp = 128
        act_fn = "gelu_new"
        normalization = "layer_norm"
        attention_dir = "causal"
        attn_only = false
        output_bias = false

        [model.positions.rotary]
        base = 10000.0
        dim = 16

        [train]
        seed = 3
        batch_problems = 16
        accumulate = 1
        steps = 60
        lr = 0.004
        warmup = 10
        schedule = "constant"
        beta1 = 0.9
        beta2 = 0.98
        eps = 0.00000001
        weight_decay = 0.05
        decay = ["attention", "mlp", "unembedding"]
        clip = inf
        average_steps = 20
        myopic = false
        loss_on = "path"
        precision = "auto"
        slots = 2
        tier = "avx2"
        checkpoint_every = 20
        log_every = 7
        init = "a.safetensors"

        [eval]
        problems = 50
        every = 30
        split = "test"
    "#]];
    want.assert_eq(model_and_train);
}

#[track_caller]
fn check_round_trip(edits: &[(&str, &str)]) {
    let config = tiny::config(edits);
    let text = config.to_toml();
    assert_eq!(RunConfig::parse(&text).unwrap(), config, "{text}");
    assert_eq!(RunConfig::parse(&text).unwrap().to_toml(), text);
}

#[test]
fn resolved_configs_read_back() {
    let model = |line| ("n_heads = 2", line);
    let train = |line| ("log_every = 7", line);
    check_round_trip(&[]);
    check_round_trip(&[model("n_heads = 2\npositions = \"learned\"")]);
    check_round_trip(&[model("n_heads = 2\npositions = \"none\"\nattn_only = true\nnormalization = \"none\"")]);
    check_round_trip(&[model("n_heads = 2\npositions = { rotary = { base = 500.5 } }\nact_fn = \"relu\"")]);
    check_round_trip(&[model("n_heads = 2\npositions = { rotary = { dim = 4 } }\nd_head = 6\nd_mlp = 7")]);
    check_round_trip(&[model(
        "n_heads = 2\noutput_bias = true\nnormalization = \"rms_norm\"\nattention_dir = \"causal\"",
    )]);
    check_round_trip(&[train("schedule = \"constant\"\nclip = inf\ndecay = []\nloss_on = \"first_step\"")]);
    check_round_trip(&[train(
        "schedule = { cosine = { floor = 0.02 } }\nprecision = \"f32\"\ninit = \"a b/c.safetensors\"",
    )]);
    check_round_trip(&[train("accumulate = 3\nmyopic = true\ntier = \"avx2\"")]);
    check_round_trip(&[("seed = 3", "seed = 9223372036854775807"), ("lr = 4e-3", "lr = 0.1234567890123456")]);
    check_round_trip(&[
        ("generator = \"dfs\"", "generator = \"wilson\""),
        ("every = 30", "every = 3\nsplit = \"validation\""),
    ]);
    check_round_trip(&[("generator = \"dfs\"", "generator = \"dfs\"\nstart = \"maze-dataset\"")]);
    check_round_trip(&[("name = \"edges\"", "name = \"AOTP_UT_uniform\"")]);
    check_round_trip(&[("name = \"edges\"", "name = \"AOTP_CTT_indexed\"\nmax_grid_size = 5")]);
}

#[test]
fn vocabulary_and_context_follow_from_task_and_tokenizer() {
    let parts = RunConfig::parse(WHOLE).unwrap().parts();
    assert_eq!((parts.architecture.d_vocab, parts.architecture.n_ctx, parts.unpositioned), (70, 54, 24));
    assert_eq!(parts.frozen().len(), 2);
    let legacy = tiny::config(&[("name = \"edges\"", "name = \"AOTP_UT_uniform\"")]);
    assert_eq!((legacy.parts().unpositioned, legacy.parts().frozen().len()), (0, 1));
}

#[track_caller]
fn check_error(old: &str, new: &str, want: Expect) {
    want.assert_eq(&RunConfig::parse(&tiny::text(&[(old, new)])).unwrap_err().to_string());
}

#[test]
fn an_unknown_key_at_any_depth_gets_near_names() {
    check_error(
        "[train]",
        "[trian]",
        expect!["line 11: unknown key `trian` (did you mean `train`?); known: task, tokenizer, model, train, eval"],
    );
    check_error(
        "[task.maze]",
        "[task.maize]",
        expect![
            "line 1: `task`: unknown field `maize` (did you mean `maze`?); there are: maze, star, dag, tree, graph, labelled, prompted, hops, countdown, sliding, mixture"
        ],
    );
    check_error(
        "rows = 3",
        "row = 3",
        expect![
            "line 3: `task.maze`: unknown field `row` (did you mean `rows`?); there are: generator, rows, cols, torus, braid, max_weight, endpoints, start, accessible_cells, max_tree_depth, do_forks, randomized_stack, p, newest"
        ],
    );
    check_error(
        "name = \"edges\"",
        "nmae = \"edges\"",
        expect!["line 6: unknown key `tokenizer.nmae` (did you mean `name`?); known: name, max_grid_size, vocabulary"],
    );
    check_error(
        "n_heads = 2",
        "n_head = 2",
        expect![
            "line 10: unknown key `model.n_head` (did you mean `d_head` or `n_heads`?); known: n_layers, d_model, n_heads, d_head, d_mlp, act_fn, normalization, positions, attention_dir, attn_only, output_bias"
        ],
    );
    check_error(
        "n_heads = 2",
        "n_heads = 2\npositions = { rotary = { bse = 3.0 } }",
        expect!["line 11: unknown key `model.positions.rotary.bse` (did you mean `base`?); known: base, dim"],
    );
    check_error(
        "lr = 4e-3",
        "lr = 4e-3\nschedule = { cosine = { flor = 3.0 } }",
        expect!["line 16: unknown key `train.schedule.cosine.flor` (did you mean `floor`?); known: floor"],
    );
    check_error(
        "lr = 4e-3",
        "learning_rate = 4e-3",
        expect![
            "line 15: unknown key `train.learning_rate` (did you mean `lr`?); known: seed, batch_problems, accumulate, steps, lr, warmup, schedule, beta1, beta2, eps, weight_decay, decay, clip, average_steps, myopic, loss_on, precision, slots, tier, checkpoint_every, log_every, init"
        ],
    );
    for (other, ours) in
        [("grad_clip = 1.0", "clip"), ("ema = 0.999", "average_steps"), ("batch_size = 4", "batch_problems")]
    {
        let error = RunConfig::parse(&tiny::text(&[("lr = 4e-3", other)])).unwrap_err().to_string();
        assert!(error.contains(&format!("(did you mean `{ours}`?)")), "{error}");
    }
    check_error(
        "every = 30",
        "evry = 30",
        expect!["line 22: unknown key `eval.evry` (did you mean `every`?); known: problems, every, split"],
    );
}

#[test]
fn an_unknown_choice_lists_the_known_ones() {
    check_error(
        "generator = \"dfs\"",
        "generator = \"dsf\"",
        expect![[
            r#"line 1: `task.maze`: generator = "dsf": there is no such generator (did you mean `dfs`?); available: dfs, prim, wilson, aldous_broder, kruskal, recursive_division, percolation, dfs_percolation, growing_tree, hunt_and_kill, sidewinder, binary_tree"#
        ]],
    );
    check_error(
        "name = \"edges\"",
        "name = \"edge\"",
        expect![
            "line 6: `tokenizer.name`: unknown tokenizer `edge` (did you mean `edges`?); known: AOTP_UT_rasterized, AOTP_UT_uniform, AOTP_CTT_indexed, edges, walls, cells, row-col, saparov, brinkmann, bachmann, labelled, hops, countdown, sliding, some with choices behind a `+`, and maze-dataset's `MazeTokenizerModular-..`"
        ],
    );
    check_error(
        "n_heads = 2",
        "n_heads = 2\npositions = \"leaned\"",
        expect![
            "line 11: `model.positions` cannot be `leaned` (did you mean `learned`?); known: learned, learned_after_edges, none, rotary"
        ],
    );
    check_error(
        "n_heads = 2",
        "n_heads = 2\nact_fn = \"gelu_tanh\"",
        expect!["line 11: `model.act_fn` cannot be `gelu_tanh`; known: relu, gelu, gelu_new"],
    );
    check_error(
        "lr = 4e-3",
        "lr = 4e-3\nschedule = { cosin = { floor = 3.0 } }",
        expect![
            "line 16: `train.schedule` cannot be `cosin` (did you mean `cosine`?); known: constant, cosine, linear"
        ],
    );
    check_error(
        "lr = 4e-3",
        "lr = 4e-3\nloss_on = \"pth\"",
        expect!["line 16: `train.loss_on` cannot be `pth` (did you mean `path`?); known: path, all, first_step, forks"],
    );
    check_error(
        "every = 30",
        "every = 30\nsplit = \"tst\"",
        expect!["line 23: `eval.split` cannot be `tst` (did you mean `test`?); known: train, validation, test"],
    );
}

#[test]
fn wrong_values_are_named() {
    check_error(
        "steps = 60",
        "steps = \"many\"",
        expect![[r#"line 14: train.steps = "many": wanted a whole number from 0 on"#]],
    );
    check_error("steps = 60", "steps = -1", expect!["line 14: train.steps = -1: wanted a whole number from 0 on"]);
    check_error("lr = 4e-3", "lr = \"a\"", expect![[r#"line 15: train.lr = "a": wanted a number"#]]);
    check_error(
        "rows = 3",
        "rows = \"3\"",
        expect![[r#"line 3: task.maze.rows = "3": wanted a whole number from 0 on, without quotes"#]],
    );
    check_error(
        "lr = 4e-3",
        "lr = 4e-3\nschedule = \"cosine\"",
        expect![[
            r#"line 16: train.schedule = "cosine" lacks its values; write train.schedule = { cosine = { floor = .. } }"#
        ]],
    );
    check_error(
        "n_heads = 2",
        "n_heads = 2\npositions = \"rotary\"",
        expect![[
            r#"line 11: model.positions = "rotary" lacks its values; write model.positions = { rotary = { base = .., dim = .. } }"#
        ]],
    );
    check_error("steps = 60", "steps = 0", expect!["line 14: train.steps = 0: wanted a whole number from 1 on"]);
    check_error(
        "steps = 60",
        "",
        expect!["line 11: `train.steps` is missing; add it (`searchlens train --help` shows a config)"],
    );
    check_error(
        "n_layers = 1",
        "",
        expect!["line 7: `model.n_layers` is missing; add it (`searchlens train --help` shows a config)"],
    );
    check_error(
        "[model]\nn_layers = 1\nd_model = 32\nn_heads = 2\n",
        "",
        expect!["line 1: `model` is missing; add it (`searchlens train --help` shows a config)"],
    );
    check_error(
        "lr = 4e-3",
        "lr = 4e-3\ndecay = \"mlp\"",
        expect![[r#"line 16: train.decay = "mlp": wanted an array"#]],
    );
    check_error(
        "lr = 4e-3",
        "lr = 4e-3\ndecay = [\"mlp\", \"mpl\"]",
        expect![
            "line 16: `train.decay[1]` cannot be `mpl` (did you mean `mlp`?); known: embedding, attention, mlp, unembedding, vector"
        ],
    );
    check_error(
        "lr = 4e-3",
        "lr = 4e-3\nmyopic = \"true\"",
        expect![[r#"line 16: train.myopic = "true": wanted true or false"#]],
    );
    check_error(
        "lr = 4e-3",
        "lr = 4e-3\nloss_on = { path = { x = 1 } }",
        expect![[r#"line 16: train.loss_on.path = { .. }: wanted "path" alone, which takes no values"#]],
    );
    check_error(
        "lr = 4e-3",
        "lr = 4e-3\nloss_on = 3",
        expect!["line 16: `train.loss_on` cannot be `3`; known: path, all, first_step, forks"],
    );
    check_error(
        "lr = 4e-3",
        "lr = 4e-3\nschedule = { constant = {}, cosine = { floor = 0.1 } }",
        expect!["line 16: train.schedule = { .. }: wanted a table with one key, the choice: constant, cosine, linear"],
    );
    check_error(
        "name = \"edges\"",
        "name = 1979-05-27",
        expect!["line 6: tokenizer.name = 1979-05-27: wanted text in quotes"],
    );
    check_error(
        "rows = 3",
        "rows = 3\nmax_weight = 5000000000",
        expect!["line 4: task.maze.max_weight = 5000000000: wanted a whole number from 0 to 4294967295"],
    );
    check_error("lr = 4e-3", "lr = nan", expect!["line 15: train.lr = NaN: wanted a positive number"]);
    check_error(
        "lr = 4e-3",
        "lr = 4e-3\nclip = 0.0",
        expect!["line 16: train.clip = 0: wanted a positive number, or inf for no clipping"],
    );
    check_error(
        "lr = 4e-3",
        "lr = 4e-3\nbeta2 = 1.0",
        expect!["line 16: train.beta2 = 1: wanted a number from 0 to below 1"],
    );
    check_error(
        "lr = 4e-3",
        "lr = ",
        expect!["line 15: not TOML: string values must be quoted, expected literal string"],
    );
    check_error("n_heads = 2", "n_heads = 0", expect!["line 10: model.n_heads = 0: wanted a whole number from 1 on"]);
    check_error(
        "n_heads = 2",
        "n_heads = 3",
        expect!["line 9: model.d_model = 32 is not a multiple of n_heads = 3; change one of them, or give d_head"],
    );
    check_error(
        "n_heads = 2",
        "n_heads = 2\nattention_dir = \"bidirectional\"",
        expect![[
            r#"line 11: model.attention_dir = "bidirectional": a network that sees the next token learns only to copy it, and cannot generate token by token; use "causal""#
        ]],
    );
    check_error(
        "n_heads = 2",
        "n_heads = 2\npositions = { rotary = { dim = 99 } }",
        expect!["line 7: [model]: model config: `rotary_dim` is 99, wanted an even number from 2 to d_head"],
    );
    check_error(
        "rows = 3",
        "rows = 0",
        expect![
            "line 1: `task.maze`: rows = 0: a maze needs at least one row and one column; give rows a value of 1 or more"
        ],
    );
    check_error(
        "rows = 3\ncols = 3",
        "rows = 2\ncols = 2",
        expect![[
            r#"line 1: [task]: split = "validation": in 2000 draws from dfs-2x2 no problem fell into it (1 symmetry class(es) seen); make the problems larger, or use another split"#
        ]],
    );
    check_error(
        "name = \"edges\"",
        "name = \"edges\"\nmax_grid_size = 3",
        expect![
            "line 5: [tokenizer]: tokenizer.max_grid_size is for the legacy modes; `edges` has one vocabulary per shape: remove it"
        ],
    );
    check_error(
        "name = \"edges\"",
        "name = \"AOTP_UT_uniform\"\nmax_grid_size = 2",
        expect![
            "line 5: [tokenizer]: tokenizer.max_grid_size is 2, too small for mazes of 3 x 3 cells; make it 3 or more"
        ],
    );
    let text = tiny::text(&[
        ("n_heads = 2", "n_heads = 2\npositions = \"learned_after_edges\""),
        ("\"edges\"", "\"AOTP_UT_uniform\""),
    ]);
    expect![[r#"line 11: model.positions = "learned_after_edges" needs a tokenizer that opens sequences with single edge tokens in random order, and `AOTP_UT_uniform` does not; use "learned""#]].assert_eq(&RunConfig::parse(&text).unwrap_err().to_string());
}

#[test]
fn a_run_shorter_than_its_warm_up_gives_a_warning() {
    let warnings =
        |edits: &[(&str, &str)]| tiny::config(edits).warnings().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(warnings(&[]).is_empty() && warnings(&[("warmup = 10", "warmup = 60")]).is_empty());
    let want = expect![
        "train.warmup = 100 is more than train.steps = 60: the warm-up does not finish, and the learning rate ends at 0.60 of train.lr; set train.warmup to less, such as 6"
    ];
    want.assert_eq(&warnings(&[("warmup = 10", "warmup = 100")]).join("; "));
}

#[test]
fn a_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.toml");
    let error = |path| RunConfig::read(path).unwrap_err().to_string();
    assert!(error(&path).starts_with("cannot read ") && error(&path).contains("x.toml"), "{}", error(&path));
    std::fs::write(&path, WHOLE.replace("lr = ", "lrr = ")).unwrap();
    assert!(error(&path).contains("x.toml, line 15: unknown key `train.lrr`"), "{}", error(&path));
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(error(&path).contains("not UTF-8"), "{}", error(&path));
}
