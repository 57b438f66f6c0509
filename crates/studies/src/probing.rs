//! Linear probes of the residual stream before the first step: the maze's walls, and the cells of the path to come.
//!
//! Each accuracy is reported with its control task, the same probe on the untrained network, and a baseline that needs no
//! network: the majority answer for walls, following corridors for the path.

use rayon::prelude::*;
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
use searchlens_tasks::corridor::{ForkChoice, Given, fork_conditioned, walker_hits};
use searchlens_tasks::split::Split;
use searchlens_tasks::task::Task;
use searchlens_tokens::query::RoleQuery;
use searchlens_tokens::role::RoleKind;
use searchlens_tokens::tokenizer::Tokenizer;

use searchlens_results::{FORMAT_VERSION, ForkConditioned, FutureProbe, ProbePoint, ProbeResult};
use searchlens_runs::exam::{Question, draw};

/// Size of a probing study.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbePlan {
    /// Problems of the training split to fit on.
    pub n_train: usize,
    /// Problems of the test split, of other symmetry classes, to score on.
    pub n_test: usize,
    /// Last step of the path to probe for.
    pub k_max: usize,
    /// Settings of the fit.
    pub fit: ProbeConfig,
}

impl Default for ProbePlan {
    /// 2,000 and 1,000 problems, 8 steps; λ from 1 to 1e-3 in decades, which takes half the time of the finer default.
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
    /// Returns a plan with half the problems and 5 steps, which takes a third of the time.
    pub fn quick() -> ProbePlan {
        ProbePlan { n_train: 1000, n_test: 500, k_max: 5, ..ProbePlan::default() }
    }
}

/// Steps that fewer problems reach are not probed for.
const MIN_PROBLEMS: usize = 50;

/// Resamples of each interval.
const RESAMPLES: usize = 2000;

/// Errors of a probing study.
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

/// Probes the residual stream at the path-start token, before every block and after the last.
///
/// `untrained` is the network before training, of the same architecture.
///
/// # Errors
/// [`ProbingError`].
pub fn probe(
    trained: &Model,
    untrained: &Model,
    tokenizer: &Tokenizer,
    task: &Task,
    seed: u64,
    plan: &ProbePlan,
    workers: &Workers,
) -> Result<ProbeResult, ProbingError> {
    let questions = |split, n: usize| draw(task, tokenizer, seed, split, 0..n as u64, workers);
    let (train, test) = (questions(Split::Train, plan.n_train), questions(Split::Test, plan.n_test));
    let sites = sites(trained);
    let capture = |model: &Model, questions: &[Question]| at_path_start(model, &sites, questions, workers);
    let activations = Activations {
        d: trained.config.d_model,
        trained: [capture(trained, &train)?, capture(trained, &test)?],
        untrained: [capture(untrained, &train)?, capture(untrained, &test)?],
    };
    let study = Study { plan, seed, sites, train, test, activations };
    workers.run(|| study.result())
}

/// The residual stream before the first block and after each.
fn sites(model: &Model) -> Vec<At> {
    let posts = (0..model.config.n_layers).map(|layer| At::new(Site::ResidPost, layer));
    let first = if model.config.n_layers > 0 { At::new(Site::ResidPre, 0) } else { At::new(Site::Embed, 0) };
    std::iter::once(first).chain(posts).collect()
}

/// The sites' values at the path-start token, the last of every prompt: `[site][n · d_model]`.
fn at_path_start(
    model: &Model,
    sites: &[At],
    questions: &[Question],
    workers: &Workers,
) -> Result<Vec<Vec<f32>>, CaptureError> {
    let positions = Positions::Role(RoleQuery::Kind(RoleKind::PathStart));
    let address = |&at: &At| Address { positions: positions.clone(), ..Address::whole(at) };
    let addresses: Vec<Address> = sites.iter().map(address).collect();
    let prompts = questions.iter().map(|q| &q.prompt);
    let inputs: Vec<Input<'_>> =
        prompts.map(|prompt| Input { ids: &prompt.ids, roles: Some(&prompt.roles), weights: None }).collect();
    let request = Request { addresses: &addresses, plan: &[], references: &Tensors::new(), pass: Pass::Forward };
    let captured = capture(model, &inputs, request, workers)?;
    Ok(captured.values.into_iter().map(|captured| captured.values).collect())
}

/// `[training, test]`, each `[site][n · d]`.
struct Activations {
    d: usize,
    trained: [Vec<Vec<f32>>; 2],
    untrained: [Vec<Vec<f32>>; 2],
}

/// Inputs of all questions.
struct Study<'a> {
    plan: &'a ProbePlan,
    seed: u64,
    sites: Vec<At>,
    train: Vec<Question>,
    test: Vec<Question>,
    activations: Activations,
}

/// Answers to one or several questions, `[question][example]`: true ones and those of the control task.
struct Labels {
    train: Vec<Vec<usize>>,
    test: Vec<Vec<usize>>,
    control_train: Vec<Vec<usize>>,
    control_test: Vec<Vec<usize>>,
}

/// Scores of the probes at one site: for each test example, the share of questions answered correctly.
struct SiteReading {
    trained: Vec<f64>,
    control: Vec<f64>,
    untrained: Vec<f64>,
    /// Cross-validated accuracy on the training problems; chooses the best site.
    inner: f64,
}

impl Study<'_> {
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

    /// Is there a passage between these two cells? One question for each pair of adjacent cells.
    fn walls(&self) -> Result<(Vec<ProbePoint>, Estimate), ProbingError> {
        let pairs: Vec<(usize, usize)> =
            self.test[0].instance.problem.lattice().map(|l| l.adjacent_pairs().collect()).unwrap_or_default();
        let open = |questions: &[Question], (a, b): (usize, usize)| {
            questions.iter().map(|q| usize::from(q.instance.problem.graph.has_edge(a, b))).collect::<Vec<_>>()
        };
        let answers = |questions: &[Question]| pairs.iter().map(|&pair| open(questions, pair)).collect::<Vec<_>>();
        let labels = self.labels(0, answers(&self.train), answers(&self.test), |_| true);
        let readings = self.read(&labels, |_| true)?;
        let prior = majority_correct(&labels.train, &labels.test);
        let (points, mut others) = self.points(&readings, &[&prior], |_| true)?;
        Ok((points, others.remove(0)))
    }

    /// Which cell is reached after k steps? `None` if too few paths are that long.
    fn future(&self, k: usize) -> Result<Option<FutureProbe>, ProbingError> {
        let goes_so_far = |q: &Question| q.instance.path.len() > k;
        let count = |questions: &[Question]| questions.iter().filter(|q| goes_so_far(q)).count();
        if count(&self.train) < MIN_PROBLEMS || count(&self.test) < MIN_PROBLEMS {
            return Ok(None);
        }
        let cells = |questions: &[Question]| {
            vec![questions.iter().filter(|q| goes_so_far(q)).map(|q| q.instance.path[k]).collect()]
        };
        // Questions about walls have smaller numbers.
        let labels = self.labels(1 << 32 | k as u64, cells(&self.train), cells(&self.test), goes_so_far);
        let readings = self.read(&labels, goes_so_far)?;
        let asked: Vec<&Question> = self.test.iter().filter(|q| goes_so_far(q)).collect();
        let floor = |q: &Question| {
            let hits = walker_hits(&q.instance.problem, &q.instance.path, Given::FirstStep, ForkChoice::Greedy, k);
            hits.map_or(0.0, |hits| hits[k - 1])
        };
        let floors: Vec<f64> = asked.iter().map(|q| floor(q)).collect();
        let (sites, mut others) = self.points(&readings, &[&floors], goes_so_far)?;
        Ok(Some(FutureProbe {
            k,
            sites,
            corridor_floor: others.remove(0),
            fork_conditioned: self.fork_conditioned(k, &asked, &readings, &floors)?,
        }))
    }

    /// Scores the best site, chosen on the training problems, on the test problems where step 1 leaves step k open.
    fn fork_conditioned(
        &self,
        k: usize,
        asked: &[&Question],
        readings: &[SiteReading],
        floors: &[f64],
    ) -> Result<Option<ForkConditioned>, ProbingError> {
        let is_open = |i: &usize| fork_conditioned(&asked[*i].instance.problem, &asked[*i].instance.path, k);
        let open: Vec<usize> = (0..asked.len()).filter(is_open).collect();
        if open.len() < MIN_PROBLEMS {
            return Ok(None);
        }
        let better = |best: usize, s: usize| if readings[s].inner > readings[best].inner { s } else { best };
        let best = (1..readings.len()).fold(0, better);
        let pick = |values: &[f64]| open.iter().map(|&i| values[i]).collect::<Vec<_>>();
        let (trained, floor) = (pick(&readings[best].trained), pick(floors));
        let classes: Vec<u64> = open.iter().map(|&i| asked[i].instance.class.0).collect();
        let estimates = bootstrap_shares(&[&trained, &floor], &classes, RESAMPLES, self.resampling())?;
        let site = self.sites[best].to_string();
        Ok(Some(ForkConditioned { site, trained: estimates[0], corridor_floor: estimates[1] }))
    }

    /// Adds the answers of a control task, which depends on the seed and the number of the first question.
    fn labels(
        &self,
        first_question: u64,
        train: Vec<Vec<usize>>,
        test: Vec<Vec<usize>>,
        is_asked: impl Fn(&Question) -> bool,
    ) -> Labels {
        let n_nodes = self.test[0].instance.problem.graph.n_nodes();
        let control = ControlTask { seed: self.seed, n_types: n_nodes * n_nodes };
        let types = |questions: &[Question]| {
            questions.iter().filter(|q| is_asked(q)).map(|q| pair_type(&q.instance.problem)).collect::<Vec<_>>()
        };
        let proportions: Vec<Proportions> = train.iter().map(|answers| Proportions::of(answers)).collect();
        let answers = |types: &[usize]| {
            let numbered = (first_question..).zip(&proportions);
            numbered.map(|(question, p)| control.answers(question, p, types)).collect::<Vec<_>>()
        };
        let (control_train, control_test) = (answers(&types(&self.train)), answers(&types(&self.test)));
        Labels { train, test, control_train, control_test }
    }

    /// Fits and scores probes at every site, on the problems that are asked.
    fn read(
        &self,
        labels: &Labels,
        is_asked: impl Fn(&Question) -> bool + Sync,
    ) -> Result<Vec<SiteReading>, ProbingError> {
        let rows =
            |questions: &[Question]| (0..questions.len()).filter(|&i| is_asked(&questions[i])).collect::<Vec<_>>();
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
            let score = |probes: &[Probe], answers: &[Vec<usize>]| mean_correct(probes, test, answers);
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
            Ok(SiteReading { trained, control, untrained, inner })
        };
        (0..self.sites.len()).into_par_iter().map(site).collect()
    }

    /// Estimates the readings and some baselines, all from the same resamples of the test problems that are asked.
    fn points(
        &self,
        readings: &[SiteReading],
        baselines: &[&[f64]],
        is_asked: impl Fn(&Question) -> bool,
    ) -> Result<(Vec<ProbePoint>, Vec<Estimate>), ProbingError> {
        let classes: Vec<u64> = self.test.iter().filter(|q| is_asked(q)).map(|q| q.instance.class.0).collect();
        let of_sites = readings.iter().flat_map(|r| [&r.trained[..], &r.control, &r.untrained]);
        let columns: Vec<&[f64]> = of_sites.chain(baselines.iter().copied()).collect();
        let estimates = bootstrap_shares(&columns, &classes, RESAMPLES, self.resampling())?;
        let (of_sites, others) = estimates.split_at(3 * readings.len());
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
