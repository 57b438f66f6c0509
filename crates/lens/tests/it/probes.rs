//! Probes on planted answers: what is there is found, what is not there is not.

use rand::RngExt;
use searchlens_base::stream::{Purpose, Stream, stream};
use searchlens_lens::control::{ControlTask, Proportions, majority_correct, pair_type};
use searchlens_lens::probe::{Features, Probe, ProbeConfig, ProbeError, ProbeSet, mean_correct};
use searchlens_stats::bootstrap::bootstrap_share;
use searchlens_stats::estimate::Estimate;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::instance::Instance;
use searchlens_tasks::mazes::config::MazeConfig;
use searchlens_tasks::mazes::generators::Generator;
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;

fn rng(index: u64) -> Stream {
    stream(21, Purpose::Sample, index)
}

/// Approximately normal with variance 1 (sum of 12 uniforms).
fn normal(rng: &mut Stream) -> f32 {
    (0..12).map(|_| rng.random_range(-0.5f32..0.5)).sum()
}

fn noise(n: usize, d: usize, index: u64) -> Vec<f32> {
    let mut rng = rng(index);
    (0..n * d).map(|_| normal(&mut rng)).collect()
}

/// `n` examples of `n_classes` classes in turn; the vector is noise plus `strength` along the class's own feature.
fn planted(n: usize, d: usize, n_classes: usize, strength: f32, index: u64) -> (Vec<f32>, Vec<usize>) {
    let mut x = noise(n, d, index);
    let labels: Vec<usize> = (0..n).map(|i| i % n_classes).collect();
    for (i, &label) in labels.iter().enumerate() {
        x[i * d + label % d] += strength;
    }
    (x, labels)
}

/// Every example its own symmetry class.
fn singles(n: usize) -> Vec<u64> {
    (0..n as u64).collect()
}

fn fit(x: &[f32], d: usize, labels: &[usize]) -> Probe {
    let n = labels.len();
    ProbeSet::new(Features::new(x, n, d), &singles(n), ProbeConfig::default()).unwrap().fit(labels)
}

fn accuracy(probe: &Probe, x: &[f32], labels: &[usize]) -> Estimate {
    let correct = probe.correct(Features::new(x, labels.len(), probe.d), labels);
    bootstrap_share(&correct, &singles(labels.len()), 2000, stream(1, Purpose::Resample, 0)).unwrap()
}

#[test]
fn a_planted_bit_is_read_almost_as_well_as_can_be() {
    // Unit normals around s·e0 and s·e1: the means are s√2 apart, so the best possible accuracy is Φ(s/√2); s = 2: .9214.
    let (x, labels) = planted(2000, 40, 2, 2.0, 1);
    let (test_x, test_labels) = planted(4000, 40, 2, 2.0, 2);
    let probe = fit(&x, 40, &labels);
    let e = accuracy(&probe, &test_x, &test_labels);
    assert!(probe.convergence.converged, "{:?}", probe.convergence);
    assert!((e.value.unwrap() - 0.9214).abs() < 0.015, "{e:?}");
    assert!((probe.inner.accuracy - e.value.unwrap()).abs() < 0.02, "{:?}", probe.inner);
}

#[test]
fn planted_classes_are_read_almost_as_well_as_can_be() {
    let (x, labels) = planted(2500, 40, 25, 4.0, 3);
    let (test_x, test_labels) = planted(4000, 40, 25, 4.0, 4);
    let probe = fit(&x, 40, &labels);
    let e = accuracy(&probe, &test_x, &test_labels);
    // The ideal reader takes the largest of the first 25 features.
    let ideal = (0..4000).filter(|i| {
        let row = &test_x[i * 40..i * 40 + 25];
        (0..25).all(|j| row[j] <= row[test_labels[*i]])
    });
    let ideal = ideal.count() as f64 / 4000.0;
    assert!(ideal > 0.9 && e.value > Some(ideal - 0.03), "{e:?}, ideal {ideal}");
}

#[test]
fn noise_is_read_at_chance_with_a_strong_penalty() {
    for (n_classes, chance) in [(2, 0.5), (5, 0.2)] {
        let (x, labels) = planted(600, 64, n_classes, 0.0, 5);
        let (test_x, test_labels) = planted(1000, 64, n_classes, 0.0, 6);
        let probe = fit(&x, 64, &labels);
        let e = accuracy(&probe, &test_x, &test_labels);
        assert!(e.low <= Some(chance) && Some(chance) <= e.high, "{n_classes} classes: {e:?}");
        assert!(probe.lambda >= 0.3, "{n_classes} classes: lambda {}", probe.lambda);
    }
}

#[test]
fn a_strong_signal_wants_a_weak_penalty() {
    let lambda = |strength| {
        let (x, labels) = planted(1000, 20, 2, strength, 7);
        fit(&x, 20, &labels).lambda
    };
    assert!(lambda(8.0) < lambda(0.1));
}

#[test]
fn separable_classes_converge() {
    for n_classes in [2, 3] {
        let (x, labels) = planted(300, 10, n_classes, 50.0, 8);
        let probe = fit(&x, 10, &labels);
        assert!(probe.convergence.converged, "{:?}", probe.convergence);
        assert!(probe.weights.iter().all(|w| w.is_finite()));
        assert_eq!(accuracy(&probe, &x, &labels).value, Some(1.0));
    }
}

#[test]
fn a_tiny_probe_agrees_with_the_closed_form() {
    // x = ±1 with label = sign: by symmetry b = 0, and dL/dw = λw − σ(−w) = 0.
    let x: Vec<f32> = (0..40).map(|i| if i % 2 == 0 { -1.0 } else { 1.0 }).collect();
    let labels: Vec<usize> = (0..40).map(|i| i % 2).collect();
    let lambda = 0.05;
    let config = ProbeConfig { lambdas: vec![lambda], tolerance: 1e-10, ..ProbeConfig::default() };
    let probe = ProbeSet::new(Features::new(&x, 40, 1), &singles(40), config).unwrap().fit(&labels);
    let (mut low, mut high) = (0.0, 1.0 / lambda);
    for _ in 0..200 {
        let w: f64 = 0.5 * (low + high);
        if lambda * w < 1.0 / (1.0 + w.exp()) { low = w } else { high = w }
    }
    assert!((probe.weights[0] - low).abs() < 1e-8, "{} against {low}", probe.weights[0]);
    assert!(probe.intercepts[0].abs() < 1e-8);
}

#[test]
fn without_features_a_probe_says_the_proportions() {
    let labels: Vec<usize> = (0..100).map(|i| [3, 3, 3, 3, 3, 7, 7, 7, 9, 9][i % 10]).collect();
    let config = ProbeConfig { tolerance: 1e-10, ..ProbeConfig::default() };
    for d in [0, 2] {
        let x = vec![0.1; 100 * d];
        let set = ProbeSet::new(Features::new(&x, 100, d), &singles(100), config.clone()).unwrap();
        let probe = set.fit(&labels);
        assert_eq!(probe.classes, [3, 7, 9]);
        let odds = probe.outputs(&vec![0.1; d]);
        assert!((odds[0] - odds[1] - (5.0f64 / 3.0).ln()).abs() < 1e-8, "{odds:?}");
        assert!((odds[1] - odds[2] - 1.5f64.ln()).abs() < 1e-8, "{odds:?}");
        assert_eq!(probe.predict(Features::new(&x, 100, d)), [3; 100]);
    }
}

#[test]
fn a_question_with_one_answer_gets_it() {
    let x = noise(50, 3, 9);
    let probe = fit(&x, 3, &[4; 50]);
    assert_eq!(probe.correct(Features::new(&x, 50, 3), &[4; 50]), [1.0; 50]);
    assert_eq!(probe.correct(Features::new(&x, 50, 3), &[5; 50]), [0.0; 50]);
}

#[test]
fn answers_absent_from_training_or_from_a_fold_do_no_harm() {
    let (x, mut labels) = planted(300, 10, 3, 6.0, 10);
    labels[17] = 99; // once only: two folds of three never see it when they fit
    let probe = fit(&x, 10, &labels);
    assert_eq!(probe.classes, [0, 1, 2, 99]);
    let (test_x, mut test_labels) = planted(300, 10, 3, 6.0, 11);
    test_labels[0] = 5;
    let correct = probe.correct(Features::new(&test_x, 300, 10), &test_labels);
    assert_eq!(correct[0], 0.0);
    assert!(correct.iter().sum::<f64>() > 285.0);
}

#[test]
fn more_features_than_examples_are_no_obstacle() {
    let (x, labels) = planted(150, 400, 2, 6.0, 12);
    let (test_x, test_labels) = planted(500, 400, 2, 6.0, 13);
    let probe = fit(&x, 400, &labels);
    assert!(probe.convergence.converged);
    let e = accuracy(&probe, &test_x, &test_labels);
    assert!(e.low > Some(0.8), "{e:?}");
}

#[test]
fn scale_shift_and_order_of_features_do_not_matter() {
    let (x, labels) = planted(400, 12, 3, 1.5, 14);
    // Powers of two and small integers keep the f32 inputs exact up to their last bits.
    let changed: Vec<f32> = x
        .chunks(12)
        .flat_map(|row| {
            (0..12).map(|j| row[11 - j] * [4.0, 0.125, 1024.0][j % 3] + [0.0, 1.0][j % 2]).collect::<Vec<_>>()
        })
        .collect();
    let (a, b) = (fit(&x, 12, &labels), fit(&changed, 12, &labels));
    assert_eq!(a.lambda, b.lambda);
    for i in 0..400 {
        let (a, b) = (a.outputs(&x[i * 12..i * 12 + 12]), b.outputs(&changed[i * 12..i * 12 + 12]));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-3), "{a:?} {b:?}");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (x, labels) = planted(300, 16, 4, 1.0, 15);
    let targets: Vec<Vec<usize>> = (0..4).map(|c| labels.iter().map(|&l| usize::from(l == c)).collect()).collect();
    let fit_all = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let set = ProbeSet::new(Features::new(&x, 300, 16), &singles(300), ProbeConfig::default()).unwrap();
            (set.fit(&labels), set.fit_many(&targets))
        })
    };
    assert_eq!(fit_all(1), fit_all(3));
}

#[test]
fn folds_never_split_a_symmetry_class() {
    // Ten copies of each of 30 random vectors with random labels. If copies fell on both sides of a fold, memorising would
    // look like reading.
    let (d, copies) = (60, 10);
    let base = noise(30, d, 16);
    let x: Vec<f32> = base.chunks(d).flat_map(|row| row.repeat(copies)).collect();
    let mut rng = rng(17);
    let labels: Vec<usize> = (0..30).flat_map(|_| vec![rng.random_range(0..2usize); copies]).collect();
    let inner = |clusters: &[u64]| {
        let set = ProbeSet::new(Features::new(&x, 300, d), clusters, ProbeConfig::default()).unwrap();
        set.fit(&labels).inner.accuracy
    };
    let classes: Vec<u64> = (0..300).map(|i| i / 10).collect();
    assert!(inner(&classes) < 0.75, "{}", inner(&classes));
    assert_eq!(inner(&singles(300)), 1.0);
}

#[test]
fn bad_input_is_an_error_with_its_facts() {
    let check = |x: &[f32], clusters: &[u64], config: ProbeConfig, want: ProbeError| {
        let got = ProbeSet::new(Features::new(x, clusters.len(), 1), clusters, config).unwrap_err();
        assert_eq!(got, want);
    };
    let config = ProbeConfig::default();
    check(&[], &[], config.clone(), ProbeError::Empty);
    check(
        &[1.0, f32::INFINITY],
        &[1, 2],
        config.clone(),
        ProbeError::NotFinite { example: 1, feature: 0, value: f32::INFINITY },
    );
    check(
        &[1.0; 9],
        &[1, 1, 1, 1, 1, 1, 1, 1, 2],
        config.clone(),
        ProbeError::TooFewClusters { clusters: 2, folds: 3 },
    );
    check(&[1.0; 2], &[1, 2], ProbeConfig { folds: 1, ..config.clone() }, ProbeError::Folds { folds: 1 });
    check(&[1.0; 2], &[1, 2], ProbeConfig { lambdas: vec![0.0], ..config }, ProbeError::Lambdas { lambdas: vec![0.0] });
}

#[test]
fn renaming_the_answers_is_no_control_because_it_changes_no_accuracy() {
    for (n_classes, names) in [(2, vec![1, 0]), (5, vec![3, 0, 4, 1, 2])] {
        let (x, labels) = planted(400, 20, n_classes, 1.5, 18);
        let (test_x, test_labels) = planted(400, 20, n_classes, 1.5, 19);
        let rename = |labels: &[usize]| labels.iter().map(|&l| names[l]).collect::<Vec<_>>();
        let score = |labels: &[usize], test_labels: &[usize]| {
            fit(&x, 20, labels).correct(Features::new(&test_x, 400, 20), test_labels)
        };
        let plain = score(&labels, &test_labels);
        assert!(plain.iter().sum::<f64>() > 1.5 * 400.0 / n_classes as f64);
        assert_eq!(score(&rename(&labels), &rename(&test_labels)), plain);
    }
}

/// Accuracy on a control task of a probe that sees a random code of `d` features for each type (plus a little noise). Training
/// examples are of types `0..n_types`, test examples of types `first..first + n_types`.
fn control_accuracy(d: usize, n_types: usize, first: usize) -> f64 {
    let task = ControlTask { seed: 2, n_types: 2 * n_types };
    let codes = noise(2 * n_types, d, 20);
    let draw = |n: usize, first: usize, index: u64| {
        let mut rng = rng(index);
        let types: Vec<usize> = (0..n).map(|_| first + rng.random_range(0..n_types)).collect();
        let x: Vec<f32> = types
            .iter()
            .flat_map(|t| &codes[t * d..(t + 1) * d])
            .map(|c| c + 0.05 * rng.random_range(-1.0f32..1.0))
            .collect();
        let answers = task.answers(0, &Proportions::of(&[0, 1]), &types);
        (x, answers)
    };
    let ((x, answers), (test_x, test_answers)) = (draw(800, 0, 21), draw(1000, first, 22));
    accuracy(&fit(&x, d, &answers), &test_x, &test_answers).value.unwrap()
}

#[test]
fn a_control_task_measures_how_many_types_a_probe_can_memorise() {
    let few = control_accuracy(10, 100, 0);
    let many = control_accuracy(120, 100, 0);
    assert!(many > 0.97, "120 features tell 100 types apart: {many}");
    assert!((0.52..0.8).contains(&few), "10 features cannot hold 100 random bits: {few}");
}

#[test]
fn random_answers_for_types_that_do_not_recur_measure_nothing() {
    // The probe that memorised everything above is at chance here: this is a check for leaks, not a control task.
    let unseen = control_accuracy(120, 100, 100);
    assert!((0.4..0.6).contains(&unseen), "{unseen}");
}

#[test]
fn a_control_task_on_features_that_do_not_know_the_type_is_at_the_prior() {
    let (x, test_x) = (noise(800, 30, 23), noise(1000, 30, 24));
    let mut rng = rng(25);
    let task = ControlTask { seed: 3, n_types: 50 };
    let mut types = |n: usize| (0..n).map(|_| rng.random_range(0..50)).collect::<Vec<usize>>();
    let (train_types, test_types) = (types(800), types(1000));
    let training = vec![vec![0, 0, 0, 1]; 10];
    let (answers, test_answers) =
        (task.answers_to_all(&training, &train_types), task.answers_to_all(&training, &test_types));
    let set = ProbeSet::new(Features::new(&x, 800, 30), &singles(800), ProbeConfig::default()).unwrap();
    let correct = mean_correct(&set.fit_many(&answers), Features::new(&test_x, 1000, 30), &test_answers);
    let prior = majority_correct(&answers, &test_answers);
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    assert!((mean(&correct) - mean(&prior)).abs() < 0.02, "{} against {}", mean(&correct), mean(&prior));
}

/// Problems in 4×4 mazes of a split, the answers to "is this passage open?" (`[passage][problem]`), and vectors that hold the
/// passages, the origin and the target, one feature each.
fn mazes(split: Split, n: u64) -> (Vec<Instance>, Vec<Vec<usize>>, Vec<f32>) {
    let task = Task::new(TaskConfig::Maze(MazeConfig::new(Generator::Wilson, 4, 4).unwrap())).unwrap();
    let lattice = task.lattice().unwrap();
    let instances: Vec<Instance> = (0..n).map(|index| task.instance(1, split, index)).collect();
    let open = |i: &Instance, (a, b)| usize::from(i.problem.graph.has_edge(a, b));
    let walls = lattice.adjacent_pairs().map(|pair| instances.iter().map(|i| open(i, pair)).collect()).collect();
    let one_hot = |cell: usize| (0..lattice.n_cells()).map(move |c| f32::from(u8::from(c == cell)));
    let vector = |i: &Instance| {
        let passages = lattice.adjacent_pairs().map(|pair| open(i, pair) as f32);
        passages.chain(one_hot(i.problem.origin)).chain(one_hot(i.problem.target())).collect::<Vec<_>>()
    };
    let vectors = instances.iter().flat_map(vector).collect();
    (instances, walls, vectors)
}

#[test]
fn walls_are_read_from_vectors_that_hold_them_and_their_control_is_not() {
    let ((train, walls, x), (test, test_walls, test_x)) = (mazes(Split::Train, 1000), mazes(Split::Test, 500));
    let d = 24 + 16 + 16;
    let clusters: Vec<u64> = train.iter().map(|i| i.class.0).collect();
    let set = ProbeSet::new(Features::new(&x, 1000, d), &clusters, ProbeConfig::default()).unwrap();
    let types = |instances: &[Instance]| instances.iter().map(|i| pair_type(&i.problem)).collect::<Vec<_>>();
    let task = ControlTask { seed: 4, n_types: 16 * 16 };
    let control = task.answers_to_all(&walls, &types(&train));
    let test_control = task.answers_to_all(&walls, &types(&test));
    let score = |training: &[Vec<usize>], truth: &[Vec<usize>]| {
        let correct = mean_correct(&set.fit_many(training), Features::new(&test_x, 500, d), truth);
        correct.iter().sum::<f64>() / 500.0
    };
    let (read, memorised) = (score(&walls, &test_walls), score(&control, &test_control));
    let prior = majority_correct(&walls, &test_walls).iter().sum::<f64>() / 500.0;
    assert!(read > 0.999, "{read}");
    assert!(prior < 0.75 && memorised < prior + 0.05, "control {memorised}, prior {prior}");
}
