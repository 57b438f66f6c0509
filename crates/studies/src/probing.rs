//! Linear probes of the residual stream at the path-start token, before the first step: for the walls, and for the future path.
//!
//! Each accuracy is reported beside three baselines: a control task (Hewitt & Liang 2019), the same probe on the untrained network, and a
//! predictor without any network: the majority label for walls, corridor following for the path.

use rayon::prelude::*;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::stream::{Purpose, stream};
use searchlens_lens::address::{Address, Positions};
use searchlens_lens::capture::{CaptureError, Input, Pass, Request, capture};
use searchlens_lens::control::{ControlTask, Proportions, majority_correct, pair_type};
use searchlens_lens::probe::{Features, Probe, ProbeConfig, ProbeError, ProbeSet, mean_correct};
use searchlens_lens::tensor::Tensors;
use searchlens_model::Model;
use searchlens_model::sites::{At, Site};
use searchlens_model::workers::Workers;
use searchlens_stats::bootstrap::bootstrap_shares;
use searchlens_stats::error::StatsError;
use searchlens_stats::estimate::Estimate;
use searchlens_tasks::difficulty::corridor::{Given, fork_conditioned, path_hits};
use searchlens_tasks::difficulty::policy::Policy;
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;
use searchlens_tokens::sequence::query::RoleQuery;
use searchlens_tokens::sequence::role::RoleKind;
use searchlens_tokens::tokenizer::Tokenizer;

use searchlens_results::{FORMAT_VERSION, ForkConditioned, FutureProbe, ProbePoint, ProbeResult};
use searchlens_runs::eval_set::{EvalProblem, draw_problems};

/// Size and fit of the probes.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbePlan {
    /// Problems of the training split to fit on.
    pub n_train: usize,
    /// Problems of the test split, of other symmetry classes, to score on.
    pub n_test: usize,
    /// Last future path step that is probed for.
    pub k_max: usize,
    /// Regularization and tolerance of the fit.
    pub fit: ProbeConfig,
}

impl Default for ProbePlan {
    /// 2,000 and 1,000 problems, 8 steps, λ from 1 to 1e-3 in decades, which halves the time of [`ProbeConfig`]'s finer grid.
    fn default() -> ProbePlan {
        let lambdas = (0..=3).map(|i| 10f64.powi(-i)).collect();
        ProbePlan {
            n_train: 2000,
            n_test: 1000,
            k_max: 8,
            fit: ProbeConfig { lambdas, tolerance: 1e-4, ..ProbeConfig::default() },
        }
    }
}

impl ProbePlan {
    /// Half the problems and 5 steps, in a third of the time.
    pub fn quick() -> ProbePlan {
        ProbePlan { n_train: 1000, n_test: 500, k_max: 5, ..ProbePlan::default() }
    }
}

/// Fewest problems, of each split, that must reach a step for a probe of it.
const MIN_PROBLEMS: usize = 50;

/// Resamples of each interval.
const RESAMPLES: usize = 2000;

/// Errors of probing.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ProbingError {
    #[error(transparent)]
    Capture(#[from] CaptureError),
    #[error(transparent)]
    Probe(#[from] ProbeError),
    #[error(transparent)]
    Stats(#[from] StatsError),
}

impl HasFault for ProbingError {
    /// A run's own problems fit its own network: what still fails is not the input's fault.
    fn fault(&self) -> Fault {
        Fault::Failure
    }
}

/// Probes the residual stream at the path-start token, before the first block and after every block.
///
/// `untrained` is a network of the same architecture with random weights.
///
/// ```no_run
/// use searchlens_model::workers::Workers;
/// use searchlens_runs::config::RunConfig;
/// use searchlens_runs::run::untrained_model;
/// use searchlens_runs::snapshot;
/// use searchlens_studies::probing::{ProbePlan, probe};
///
/// let parts = RunConfig::read("runs/first/config.toml".as_ref())?.parts();
/// let trained = snapshot::load("runs/first/checkpoints/best.safetensors".as_ref())?.model;
/// let untrained = untrained_model(1, &parts);
/// let (plan, workers) = (ProbePlan::quick(), Workers::new(None, true)?);
/// let result = probe(&trained, &untrained, &parts.tokenizer, &parts.task, 1, &plan, &workers)?;
/// for point in &result.wall {
///     println!("{}: trained {:?}, untrained {:?}", point.site, point.trained.value, point.untrained.value);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If a prompt does not fit the network, or a probe cannot be fitted.
pub fn probe(
    trained: &Model,
    untrained: &Model,
    tokenizer: &Tokenizer,
    task: &Task,
    seed: u64,
    plan: &ProbePlan,
    workers: &Workers,
) -> Result<ProbeResult, ProbingError> {
    let draw = |split, n: usize| draw_problems(task, tokenizer, seed, split, 0..n as u64, workers);
    let (train, test) = (draw(Split::Train, plan.n_train), draw(Split::Test, plan.n_test));
    let sites = sites(trained);
    let capture = |model: &Model, problems: &[EvalProblem]| at_path_start(model, &sites, problems, workers);
    let activations = Activations {
        d: trained.config.d_model,
        trained: [capture(trained, &train)?, capture(trained, &test)?],
        untrained: [capture(untrained, &train)?, capture(untrained, &test)?],
    };
    let probing = Probing { plan, seed, sites, train, test, activations };
    workers.run(|| probing.result())
}

/// Lists the sites of the residual stream: before the first block and after every block.
fn sites(model: &Model) -> Vec<At> {
    let posts = (0..model.config.n_layers).map(|layer| At::new(Site::ResidPost, layer));
    let first = if model.config.n_layers > 0 { At::new(Site::ResidPre, 0) } else { At::new(Site::Embed, 0) };
    std::iter::once(first).chain(posts).collect()
}

/// The sites' values at the path-start token, the last of every prompt: `[site][n · d_model]`.
fn at_path_start(
    model: &Model,
    sites: &[At],
    problems: &[EvalProblem],
    workers: &Workers,
) -> Result<Vec<Vec<f32>>, CaptureError> {
    let positions = Positions::Role(RoleQuery::Kind(RoleKind::PathStart));
    let address = |&at: &At| Address { positions: positions.clone(), ..Address::whole(at) };
    let addresses: Vec<Address> = sites.iter().map(address).collect();
    let prompts = problems.iter().map(|problem| &problem.prompt);
    let inputs: Vec<Input<'_>> =
        prompts.map(|prompt| Input { ids: &prompt.ids, roles: Some(&prompt.roles), weights: None }).collect();
    let request = Request { addresses: &addresses, plan: &[], references: &Tensors::new(), pass: Pass::Forward };
    let captured = capture(model, &inputs, request, workers)?;
    Ok(captured.values.into_iter().map(|captured| captured.values).collect())
}

/// Activations of the networks on `[training, test]` problems, each `[site][n * d_model]`.
struct Activations {
    d: usize,
    trained: [Vec<Vec<f32>>; 2],
    untrained: [Vec<Vec<f32>>; 2],
}

/// Problems and activations, shared by all probes.
struct Probing<'a> {
    plan: &'a ProbePlan,
    seed: u64,
    sites: Vec<At>,
    train: Vec<EvalProblem>,
    test: Vec<EvalProblem>,
    activations: Activations,
}

/// Labels of one or several probes, `[probe][example]`, and labels of their control tasks.
struct Labels {
    train: Vec<Vec<usize>>,
    test: Vec<Vec<usize>>,
    control_train: Vec<Vec<usize>>,
    control_test: Vec<Vec<usize>>,
}

/// Accuracy at one site on each test example, averaged over the probes.
struct SiteAccuracy {
    trained: Vec<f64>,
    control: Vec<f64>,
    untrained: Vec<f64>,
    /// Cross-validated accuracy on the training problems, for choosing a site.
    inner: f64,
}

impl Probing<'_> {
    fn result(&self) -> Result<ProbeResult, ProbingError> {
        let (wall, wall_prior) = self.walls()?;
        let future = (1..=self.plan.k_max).map(|k| self.future(k)).collect::<Result<Vec<_>, _>>()?;
        Ok(ProbeResult {
            format_version: FORMAT_VERSION,
            n_train: self.train.len(),
            n_test: self.test.len(),
            position: "path_start".into(),
            wall,
            wall_prior,
            future: future.into_iter().flatten().collect(),
        })
    }

    /// Probes for walls: one probe per pair of adjacent cells, for whether a passage joins them. Also returns the majority baseline.
    fn walls(&self) -> Result<(Vec<ProbePoint>, Estimate), ProbingError> {
        let pairs: Vec<(usize, usize)> =
            self.test[0].instance.problem.lattice().map(|l| l.adjacent_pairs().collect()).unwrap_or_default();
        let open = |problems: &[EvalProblem], (a, b): (usize, usize)| {
            problems.iter().map(|q| usize::from(q.instance.problem.graph.has_edge(a, b))).collect::<Vec<_>>()
        };
        let labels = |problems: &[EvalProblem]| pairs.iter().map(|&pair| open(problems, pair)).collect::<Vec<_>>();
        let labels = self.labels(0, labels(&self.train), labels(&self.test), |_| true);
        let accuracies = self.accuracies(&labels, |_| true)?;
        let prior = majority_correct(&labels.train, &labels.test);
        let (points, mut others) = self.points(&accuracies, &[&prior], |_| true)?;
        Ok((points, others.remove(0)))
    }

    /// Probes for the cell of the path after `k` steps; `None` if too few problems reach it.
    fn future(&self, k: usize) -> Result<Option<FutureProbe>, ProbingError> {
        let reaches = |q: &EvalProblem| q.instance.path.len() > k;
        let count = |problems: &[EvalProblem]| problems.iter().filter(|q| reaches(q)).count();
        if count(&self.train) < MIN_PROBLEMS || count(&self.test) < MIN_PROBLEMS {
            return Ok(None);
        }
        let cells = |problems: &[EvalProblem]| {
            vec![problems.iter().filter(|q| reaches(q)).map(|q| q.instance.path[k]).collect()]
        };
        // Wall probes use smaller numbers.
        let labels = self.labels(1 << 32 | k as u64, cells(&self.train), cells(&self.test), reaches);
        let accuracies = self.accuracies(&labels, reaches)?;
        let included: Vec<&EvalProblem> = self.test.iter().filter(|q| reaches(q)).collect();
        let floor = |q: &EvalProblem| {
            let hits = path_hits(&q.instance.problem, &q.instance.path, Given::FirstStep, Policy::Greedy, k);
            hits.map_or(0.0, |hits| hits[k - 1])
        };
        let floors: Vec<f64> = included.iter().map(|q| floor(q)).collect();
        let (sites, mut others) = self.points(&accuracies, &[&floors], reaches)?;
        Ok(Some(FutureProbe {
            k,
            sites,
            corridor_floor: others.remove(0),
            fork_conditioned: self.fork_conditioned(k, &included, &accuracies, &floors)?,
        }))
    }

    /// Scores the best site, chosen on the training problems, on the test problems in which step 1 does not determine step `k`.
    fn fork_conditioned(
        &self,
        k: usize,
        included: &[&EvalProblem],
        accuracies: &[SiteAccuracy],
        floors: &[f64],
    ) -> Result<Option<ForkConditioned>, ProbingError> {
        let is_open = |i: &usize| fork_conditioned(&included[*i].instance.problem, &included[*i].instance.path, k);
        let open: Vec<usize> = (0..included.len()).filter(is_open).collect();
        if open.len() < MIN_PROBLEMS {
            return Ok(None);
        }
        let better = |best: usize, s: usize| if accuracies[s].inner > accuracies[best].inner { s } else { best };
        let best = (1..accuracies.len()).fold(0, better);
        let pick = |values: &[f64]| open.iter().map(|&i| values[i]).collect::<Vec<_>>();
        let (trained, floor) = (pick(&accuracies[best].trained), pick(floors));
        let classes: Vec<u64> = open.iter().map(|&i| included[i].instance.class.0).collect();
        let estimates = bootstrap_shares(&[&trained, &floor], &classes, RESAMPLES, self.resampling())?;
        let site = self.sites[best].to_string();
        Ok(Some(ForkConditioned { site, trained: estimates[0], corridor_floor: estimates[1] }))
    }

    /// Adds the labels of the control tasks, which the seed and the number of the first probe determine.
    fn labels(
        &self,
        first_probe: u64,
        train: Vec<Vec<usize>>,
        test: Vec<Vec<usize>>,
        is_included: impl Fn(&EvalProblem) -> bool,
    ) -> Labels {
        let n_nodes = self.test[0].instance.problem.graph.n_nodes();
        let control = ControlTask { seed: self.seed, n_types: n_nodes * n_nodes };
        let types = |problems: &[EvalProblem]| {
            problems.iter().filter(|q| is_included(q)).map(|q| pair_type(&q.instance.problem)).collect::<Vec<_>>()
        };
        let proportions: Vec<Proportions> = train.iter().map(|labels| Proportions::of(labels)).collect();
        let control_labels = |types: &[usize]| {
            let numbered = (first_probe..).zip(&proportions);
            numbered.map(|(probe, p)| control.answers(probe, p, types)).collect::<Vec<_>>()
        };
        let (control_train, control_test) = (control_labels(&types(&self.train)), control_labels(&types(&self.test)));
        Labels { train, test, control_train, control_test }
    }

    /// Fits and scores probes at every site, on the problems that are included.
    fn accuracies(
        &self,
        labels: &Labels,
        is_included: impl Fn(&EvalProblem) -> bool + Sync,
    ) -> Result<Vec<SiteAccuracy>, ProbingError> {
        let rows =
            |problems: &[EvalProblem]| (0..problems.len()).filter(|&i| is_included(&problems[i])).collect::<Vec<_>>();
        let (train_rows, test_rows) = (rows(&self.train), rows(&self.test));
        let classes: Vec<u64> = train_rows.iter().map(|&i| self.train[i].instance.class.0).collect();
        let fitted = |activations: &[Vec<Vec<f32>>; 2], site: usize, control: bool| {
            let d = self.activations.d;
            let select = |part: usize, rows: &[usize]| {
                let whole = &activations[part][site];
                Features::new(whole, whole.len() / d, d).select(rows)
            };
            let (train, test) = (select(0, &train_rows), select(1, &test_rows));
            let set = ProbeSet::new(Features::new(&train, train_rows.len(), d), &classes, self.plan.fit.clone())?;
            let test = Features::new(&test, test_rows.len(), d);
            let score = |probes: &[Probe], labels: &[Vec<usize>]| mean_correct(probes, test, labels);
            let probes = set.fit_many(&labels.train);
            let inner = probes.iter().map(|p| p.inner.accuracy).sum::<f64>() / probes.len().max(1) as f64;
            let right = score(&probes, &labels.test);
            let control = control.then(|| score(&set.fit_many(&labels.control_train), &labels.control_test));
            Ok::<_, ProbingError>((right, control.unwrap_or_default(), inner))
        };
        let site = |site: usize| {
            let (trained, untrained) = rayon::join(
                || fitted(&self.activations.trained, site, true),
                || fitted(&self.activations.untrained, site, false),
            );
            let ((trained, control, inner), (untrained, ..)) = (trained?, untrained?);
            Ok(SiteAccuracy { trained, control, untrained, inner })
        };
        (0..self.sites.len()).into_par_iter().map(site).collect()
    }

    /// Estimates the accuracies and some baselines, all on the same resamples of the included test problems.
    fn points(
        &self,
        accuracies: &[SiteAccuracy],
        baselines: &[&[f64]],
        is_included: impl Fn(&EvalProblem) -> bool,
    ) -> Result<(Vec<ProbePoint>, Vec<Estimate>), ProbingError> {
        let classes: Vec<u64> = self.test.iter().filter(|q| is_included(q)).map(|q| q.instance.class.0).collect();
        let of_sites = accuracies.iter().flat_map(|r| [&r.trained[..], &r.control, &r.untrained]);
        let columns: Vec<&[f64]> = of_sites.chain(baselines.iter().copied()).collect();
        let estimates = bootstrap_shares(&columns, &classes, RESAMPLES, self.resampling())?;
        let (of_sites, others) = estimates.split_at(3 * accuracies.len());
        let points = self.sites.iter().zip(of_sites.chunks_exact(3)).map(|(at, e)| ProbePoint {
            site: at.to_string(),
            trained: e[0],
            control: e[1],
            untrained: e[2],
        });
        Ok((points.collect(), others.to_vec()))
    }

    fn resampling(&self) -> searchlens_base::stream::Stream {
        stream(self.seed, Purpose::Resample, 1)
    }
}
