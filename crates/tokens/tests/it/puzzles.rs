//! Words for k hops, Countdown and sliding tiles: what is written, how long it can be, and decoding.

use expect_test::{Expect, expect};
use rand::RngExt;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::difficulty::judge::judge;
use searchlens_tasks::families::countdown;
use searchlens_tasks::problem::{Goal, Problem};
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;
use searchlens_tokens::name::puzzle::Puzzle;
use searchlens_tokens::puzzles::game::Game;
use searchlens_tokens::sequence::encoded::LossOn;
use searchlens_tokens::sequence::error::EncodeError;
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::sequence::role::Role;
use searchlens_tokens::tokenizer::world::edges;
use searchlens_tokens::tokenizer::{Tokenizer, TokenizerName, World};

use crate::mazes::test_stream;

const HOPS: &str = r#"{"hops": {"nodes": 6, "min_hops": 1, "max_hops": 3}}"#;
const COUNTDOWN: &str = r#"{"countdown": {"numbers": 3, "max_number": 12, "min_target": 10, "max_target": 99}}"#;
const SLIDING: &str = r#"{"sliding": {"rows": 2, "cols": 3}}"#;

fn made(name: &str, task: &str) -> (Tokenizer, Task) {
    let task: TaskConfig = serde_json::from_str(task).unwrap();
    let name: TokenizerName = name.parse().unwrap();
    (Tokenizer::for_task(&name.into(), &task).unwrap(), Task::new(task).unwrap())
}

fn text(ids: &[u32], tokenizer: &Tokenizer) -> String {
    ids.iter().map(|&id| tokenizer.vocab().name(id).unwrap()).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(name: &str, task: &str, want: Expect) {
    let (tokenizer, task) = made(name, task);
    let instance = task.instance(1, Split::Train, 0);
    let example = Example::of_instance(&instance);
    let line = |loss_on| {
        let encoded = tokenizer.encode(&example, EdgeOrder::Fixed, loss_on).unwrap();
        let counted: Vec<u32> = (0..encoded.len()).filter(|&p| encoded.loss_mask[p]).map(|p| encoded.ids[p]).collect();
        (text(&encoded.ids, &tokenizer), text(&counted, &tokenizer))
    };
    let ((all, path), (_, first)) = (line(LossOn::Path), line(LossOn::FirstStep));
    want.assert_eq(&format!("{all}\npath: {path}\nfirst step: {first}"));
}

#[test]
fn problems_in_words() {
    check(
        "hops",
        HOPS,
        expect![[r#"
        E 0 2 E 1 4 E 2 1 E 3 0 E 4 5 E 5 3 Q 3 h3 P 3 0 2 1 END
        path: 3 0 2 1 END
        first step: 0"#]],
    );
    check(
        "hops+end",
        HOPS,
        expect![[r#"
        E 0 2 E 1 4 E 2 1 E 3 0 E 4 5 E 5 3 Q 3 h3 P 1 END
        path: 1 END
        first step: 1"#]],
    );
    check(
        "countdown",
        COUNTDOWN,
        expect![[r#"
        1 2 , 6 , 1 TO 1 7 : 1 2 , 5 ; 1 7 END
        path: 1 2 , 5 ; 1 7 END
        first step: 1 2 , 5 ;"#]],
    );
    check(
        "sliding",
        SLIDING,
        expect![[r#"
        2 4 5 3 0 1 TO 5 3 4 0 1 2 : 4 5 1 4 5 2 3 5 2 1 4 2 1 3 5 END
        path: 4 5 1 4 5 2 3 5 2 1 4 2 1 3 5 END
        first step: 4"#]],
    );
}

/// Every problem of a task is written within the length foretold, read back, and its answer is the path.
#[track_caller]
fn check_task(name: &str, task: &str) {
    let (tokenizer, task) = made(name, task);
    let (max_edges, _) = edges(task.config());
    for index in 0..60 {
        let mut rng = test_stream(index);
        let instance = task.natural_instance(2, index).0;
        let (problem, path) = (&instance.problem, &instance.path);
        let example = Example::of_instance(&instance);
        let encoded = tokenizer.encode(&example, EdgeOrder::Shuffled(&mut rng), LossOn::Path).unwrap();
        assert_eq!((encoded.roles.len(), encoded.loss_mask.len()), (encoded.len(), encoded.len()));
        assert!(encoded.len() <= tokenizer.max_len(max_edges), "{} tokens", encoded.len());
        let start = encoded.roles.iter().position(|&role| role == Role::PathStart).unwrap() + 1;
        assert_eq!(
            encoded.ids[..start],
            tokenizer.prompt(&example, EdgeOrder::Shuffled(&mut test_stream(index))).unwrap().ids
        );
        assert!(encoded.len() - start <= tokenizer.max_answer_len());
        let answer = tokenizer.decode_answer(&example, &encoded.ids[start..]);
        assert!(answer.ended && answer.cells == *path, "{:?} for {path:?}", answer.cells);
        assert_eq!(answer.roles, encoded.roles[start..]);
        assert!(judge(problem, &answer.cells).optimal);
        let decoded = tokenizer.decode(&[&encoded.ids[..], &[tokenizer.pad_id(); 2]].concat()).unwrap();
        assert_eq!((decoded.path.as_ref(), decoded.origin), (Some(path), Some(problem.origin)));
        assert_eq!((&decoded.graph, decoded.labels.as_ref()), (&problem.graph, problem.labels.as_ref()));
        // One wrong token: refused, or something else that is written so; and whatever is generated is read.
        let mut ids = encoded.ids.clone();
        let position = rng.random_range(0..ids.len());
        ids[position] = rng.random_range(0..tokenizer.vocab().len() as u32);
        if let Ok(decoded) = tokenizer.decode(&ids) {
            let order = EdgeOrder::Given(&decoded.passages);
            let mut again = tokenizer.encode(&decoded.example(), order, LossOn::Path).unwrap().ids;
            again.resize(ids.len(), tokenizer.pad_id());
            assert_eq!(again, ids, "{}", text(&ids, &tokenizer));
        }
        let answer = tokenizer.decode_answer(&example, &ids[start.min(ids.len())..]);
        assert_eq!(answer.roles.len(), ids.len() - start);
        assert!(judge(problem, &answer.cells).steps < 1000);
    }
}

#[test]
fn every_problem_comes_back() {
    check_task("hops", HOPS);
    check_task("hops+end", HOPS);
    check_task("hops+end", r#"{"hops": {"nodes": 9, "max_hops": 8, "map": "function"}}"#);
    check_task("countdown", COUNTDOWN);
    check_task("countdown", r#"{"countdown": {"numbers": 4, "max_number": 9, "min_target": 1, "max_target": 9999}}"#);
    check_task(
        "countdown",
        r#"{"countdown": {"numbers": 2, "max_number": 1000, "min_target": 1, "max_target": 1000000}}"#,
    );
    check_task("sliding", SLIDING);
    check_task("sliding", r#"{"sliding": {"rows": 2, "cols": 2, "goal": "solved"}}"#);
    check_task("sliding", r#"{"sliding": {"rows": 3, "cols": 2}}"#);
}

#[test]
fn lengths_are_met() {
    // The longest shortest path of the 2×3 puzzle has 21 slides, that of 2×2 six.
    let answer = |task| made("sliding", task).0.max_answer_len();
    assert_eq!((answer(SLIDING), answer(r#"{"sliding": {"rows": 2, "cols": 2}}"#)), (22, 7));
    // 99 + 99: five tokens, then three and the end.
    let (tokenizer, _) =
        made("countdown", r#"{"countdown": {"numbers": 2, "max_number": 99, "min_target": 1, "max_target": 1}}"#);
    assert_eq!((tokenizer.max_len(0), tokenizer.max_answer_len()), (5 + 1 + 4 + 1 + 5, 5));
}

#[test]
fn wrong_answers_are_read_as_far_as_they_go() {
    let (graph, labels) = countdown::game(&[6, 3, 2]);
    let goal = Goal::Node((0..graph.n_nodes()).find(|&v| labels.of(v) == [20.0, 0.0, 0.0]).unwrap());
    let problem = Problem { labels: Some(labels.clone()), ..Problem::on(graph, 0, goal) };
    let tokenizer = Tokenizer::from_name("countdown", Game::of(Puzzle::Countdown, &problem).unwrap()).unwrap();
    let read = |answer: &str| {
        let ids: Vec<u32> = answer.split(' ').map(|word| tokenizer.vocab().find(word).unwrap()).collect();
        let answer = tokenizer.decode_answer(&Example::of_problem(&problem, None), &ids);
        let states: Vec<f64> = answer.cells.iter().map(|&cell| labels.of(cell)[0]).collect();
        (states, answer.ended, answer.invalid_tokens)
    };
    assert_eq!(read("1 8 , 2 ; 2 0 END"), (vec![6.0, 18.0, 20.0], true, vec![]));
    assert_eq!(read("1 8 , 2 ; 2 0"), (vec![6.0, 18.0], false, vec![]));
    assert_eq!(read("1 8 , 2 ; 7 7 END"), (vec![6.0, 18.0], false, vec![5]));
    assert_eq!(read("TO 1 8 , 2 ; 2 0 END"), (vec![6.0], false, vec![0]));
    assert_eq!(read("END"), (vec![6.0], true, vec![]));
    assert!(Tokenizer::from_name("countdown", World::Puzzle(Game::Sliding { rows: 2, cols: 2 })).is_err());
    let free = Example { labels: None, ..Example::of_problem(&problem, None) };
    let error = tokenizer.encode(&free, EdgeOrder::Fixed, LossOn::Path).unwrap_err();
    assert_eq!(error, EncodeError::State { game: "countdown", node: 0 });
}

#[test]
fn a_problem_says_which_puzzle_it_is() {
    for (task, puzzle) in [(COUNTDOWN, Puzzle::Countdown), (SLIDING, Puzzle::Sliding)] {
        let (tokenizer, task) = made(puzzle.name(), task);
        let problem = task.natural_instance(1, 0).0.problem;
        for (other, _) in Puzzle::ALL {
            assert_eq!(Game::of(other, &problem).map(Game::puzzle), (other == puzzle).then_some(puzzle));
        }
        if puzzle == Puzzle::Sliding {
            assert_eq!(World::Puzzle(Game::of(puzzle, &problem).unwrap()), tokenizer.world());
        }
    }
}
