//! The HTML page and the files beside it.

use crate::fixture::{self, Fixture, share};
use crate::{report, without_scripts};
use searchlens_report::{MAX_PAGE_BYTES, write_report};
use searchlens_results::{Gallery, KStar, Lookahead, Metric, TierFrom};

#[test]
fn every_section_is_in_the_page_and_every_figure_has_a_caption() {
    let html = without_scripts(&report(&Fixture::whole()).html);
    for id in ["curves", "scores", "gallery", "probes", "rebuild"] {
        assert_eq!(html.matches(&format!("id=\"{id}\"")).count(), 1, "section {id}");
    }
    let figures: Vec<&str> =
        html.split("<figure").skip(1).map(|rest| rest.split("</figure>").next().unwrap()).collect();
    assert_eq!(figures.len(), 7);
    for figure in figures {
        assert_eq!(figure.matches("class=\"caption\"").count(), 1, "{figure}");
        for part in ["Shows", "Examples", "Control", "Does not show"] {
            assert!(figure.contains(&format!("<b>{part}</b>")), "{part} is missing: {figure}");
        }
    }
}

#[test]
fn the_page_loads_nothing_and_stays_small() {
    let written = report(&Fixture::whole());
    assert!(written.html.len() < MAX_PAGE_BYTES, "{} bytes", written.html.len());
    let markup = without_scripts(&written.html);
    for load in ["http:", "https:", "@import", "url(", " src="] {
        assert!(!markup.contains(load), "the page holds {load}");
    }
    // Script elements carry their text; none asks for a file.
    assert!(!written.html.contains("<script src"));
    assert!(written.html.contains("default-src 'none'"));
    assert!(!written.html.contains("MathJax.loader"), "MathJax is not needed");
    assert_eq!(written.html.matches("plotly.js v").count(), 1, "plotly is embedded once");
}

#[test]
fn numbers_of_the_page_are_the_numbers_of_the_files() {
    let html = without_scripts(&report(&Fixture::whole()).html);
    let scores = [
        ("Exact path", "93.1% [91.5, 94.7]", "1,000"),
        ("Valid path", "94.8% [93.4, 96.2]", "1,000"),
        ("Reaches target", "95.7% [94.4, 97.0]", "1,000"),
        ("First fork", "93.9% [92.4, 95.4]", "969"),
        ("Path length ratio", "1.0021 [1.0004, 1.0043]", "948"),
        ("Wall jumps", "0.2% [0.1, 0.3]", "7,360"),
        ("End errors", "4.3% [3.0, 5.6]", "1,000"),
        ("Effective lookahead k*", "6.5 [5.9, 7.1]", "1,000"),
        ("Greedy", "56.0% [52.9, 59.1]", "+37.1"),
        ("8-step lookahead", "97.9% [97.0, 98.8]", "−4.8"),
    ];
    for (name, value, n) in scores {
        let row = format!("<tr><td>{name}</td><td>{value}</td><td>{n}</td>");
        assert!(html.contains(&row), "no row {row}");
    }
    for fact in [
        "822,144 parameters",
        "23,600 steps, 3,020,800 sequences, 9 min 20 s",
        "commit 0123abc",
        "Example CPU, 2 cores",
    ] {
        assert!(html.contains(fact), "{fact}");
    }
}

#[test]
fn figures_are_plotly_json_with_the_values_of_the_files() {
    let fixture = Fixture::whole();
    let written = report(&fixture);
    let figure = |name: &str| -> serde_json::Value {
        let text = std::fs::read_to_string(written.run.join("figures").join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let losses: Vec<f64> = fixture
        .metrics
        .lines()
        .filter_map(|line| match serde_json::from_str(line).unwrap() {
            Metric::Train { loss, .. } => Some(loss),
            Metric::Eval { .. } => None,
        })
        .collect();
    let drawn: Vec<f64> = serde_json::from_value(figure("loss.json")["data"][0]["y"].clone()).unwrap();
    assert_eq!(drawn, losses);
    let policies = &figure("baselines.json")["data"][2];
    assert_eq!(policies["x"], serde_json::json!([0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0]));
    assert_eq!(policies["y"][4], 0.814);
    assert_eq!(written.paths.figures.len(), 10);
    assert!(written.paths.figures.iter().all(|path| path.is_file()));
}

#[test]
fn the_gallery_shows_every_specimen_and_carries_its_attention() {
    let fixture = Fixture::whole();
    let html = report(&fixture).html;
    let markup = without_scripts(&html);
    let count = |what: &str| markup.matches(what).count();
    assert_eq!((count("class=\"specimen failure\""), count("class=\"specimen exact\"")), (5, 7));
    // Two mazes each, drawn without a script.
    assert_eq!(count("<svg class=\"maze\""), 24);
    let data = html.split("id=\"gallery-data\">").nth(1).unwrap().split("</script>").next().unwrap();
    assert_eq!(serde_json::from_str::<Gallery>(data).unwrap(), fixture.gallery.unwrap());
}

#[test]
fn a_gallery_beyond_the_size_limit_loses_the_attention_of_its_last_specimens() {
    let mut fixture = Fixture::whole();
    fixture.gallery = Some(fixture::gallery(16, 16));
    let html = report(&fixture).html;
    assert!(html.len() <= MAX_PAGE_BYTES, "{} bytes", html.len());
    let data = html.split("id=\"gallery-data\">").nth(1).unwrap().split("</script>").next().unwrap();
    let carried: Vec<bool> =
        serde_json::from_str::<Gallery>(data).unwrap().specimens.iter().map(|s| !s.attention.is_empty()).collect();
    assert!(carried[0] && !carried[11], "{carried:?}");
    assert_eq!(carried.len(), 12, "every specimen keeps its mazes");
}

#[test]
fn missing_results_are_named_with_the_command_that_writes_them() {
    let bare = Fixture { metrics: String::new(), eval: None, probes: None, gallery: None, ..Fixture::whole() };
    let written = report(&bare);
    let html = without_scripts(&written.html);
    for (id, says) in [
        ("curves", "metrics.jsonl has no lines"),
        ("scores", "results/eval.json is missing"),
        ("scores", "<code>searchlens eval RUN</code>"),
        ("gallery", "results/gallery.json is missing"),
        ("gallery", "<code>searchlens eval RUN</code>"),
        ("probes", "results/probes.json is missing"),
        ("probes", "<code>searchlens lens probe RUN</code>"),
    ] {
        let section = html.split(&format!("<section id=\"{id}\"")).nth(1).unwrap().split("</section>").next().unwrap();
        assert!(section.contains(says), "section {id}: {section}");
    }
    assert!(written.paths.figures.is_empty());
    assert!(html.contains("This run has not been evaluated yet"));
}

/// The headline of a run whose model scores `model` where the greedy policy scores `greedy`.
#[track_caller]
fn check_headline(model: f64, greedy: f64, k_star: Lookahead, want: [&str; 2]) {
    let mut fixture = Fixture::whole();
    let eval = fixture.eval.as_mut().unwrap();
    eval.exact_path = share(model, 1000);
    eval.baselines.greedy = share(greedy, 1000);
    let k_star = Some(k_star);
    eval.k_star = KStar { value: k_star, low: k_star, high: k_star, n: 1000 };
    let markdown = report(&fixture).markdown;
    for sentence in want {
        assert!(markdown.contains(sentence), "{sentence:?} is not in {}", &markdown[..900]);
    }
}

#[test]
fn the_headline_follows_the_numbers() {
    check_headline(
        0.93,
        0.56,
        Lookahead::Steps(6.4),
        ["the model scores higher", "a policy with about 6.4 steps of lookahead"],
    );
    check_headline(
        0.57,
        0.56,
        Lookahead::Steps(1.2),
        ["the two cannot be distinguished", "a policy with about 1.2 steps of lookahead"],
    );
    check_headline(
        0.31,
        0.56,
        Lookahead::Below,
        ["the model scores lower", "below the policy without any lookahead (k* < 0)"],
    );
    check_headline(
        1.0,
        0.56,
        Lookahead::AtLeast(24),
        ["the model scores higher", "at least as high as the policy with the largest lookahead (k* ≥ 24)"],
    );
}

#[test]
fn the_headline_names_the_split() {
    let mut fixture = Fixture::whole();
    fixture.eval.as_mut().unwrap().split = "train".to_string();
    assert!(report(&fixture).markdown.contains("training symmetry classes (so this says nothing about new mazes)"));
}

#[test]
fn a_mean_over_no_examples_is_a_dash() {
    let mut fixture = Fixture::whole();
    let eval = fixture.eval.as_mut().unwrap();
    eval.path_length_ratio = searchlens_stats::estimate::Estimate::NOTHING;
    assert!(report(&fixture).markdown.contains("| Path length ratio | — | 0 |"));
}

#[test]
fn a_run_on_two_tiers_says_so() {
    let mut fixture = Fixture::whole();
    let tier = |from_step, tier: &str| TierFrom { from_step, tier: tier.to_string(), machine: "CPU".to_string() };
    fixture.info.tiers = vec![tier(0, "bf16-amx"), tier(4000, "f32-avx2")];
    assert!(report(&fixture).markdown.contains("bf16-amx after step 0 (CPU), then f32-avx2 after step 4,000 (CPU)"));
}

#[test]
fn text_from_the_run_cannot_become_markup() {
    let mut fixture = Fixture::whole();
    let plain = report(&fixture).html;
    fixture.info.machine = "<i>&machine</script>".to_string();
    fixture.config.push_str("# </pre></script>\n");
    let specimen = &mut fixture.gallery.as_mut().unwrap().specimens[0];
    specimen.tokens[0] = "</script><b>".to_string();
    specimen.failure = "<u>wrong".to_string();
    fixture.probes.as_mut().unwrap().wall[0].site = "</script>".to_string();
    let html = report(&fixture).html;
    assert_eq!(html.matches("</script>").count(), plain.matches("</script>").count());
    let markup = without_scripts(&html);
    assert!(!markup.contains("<i>") && !markup.contains("<u>") && markup.contains("&lt;i&gt;&amp;machine"));
}

#[test]
fn the_same_folder_gives_the_same_bytes_and_nothing_is_left_over() {
    let written = report(&Fixture::whole());
    write_report(&written.run, None).unwrap();
    assert_eq!(std::fs::read_to_string(&written.paths.html).unwrap(), written.html);
    let mut names: Vec<String> =
        std::fs::read_dir(&written.run).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["config.toml", "figures", "metrics.jsonl", "report.html", "report.md", "results", "run.json"]);
}

#[test]
fn the_page_can_go_elsewhere() {
    let written = report(&Fixture::whole());
    let out = written.run.join("pages/one.html");
    let paths = write_report(&written.run, Some(&out)).unwrap();
    assert_eq!((paths.html.clone(), paths.markdown.clone()), (out.clone(), out.with_extension("md")));
    assert_eq!(std::fs::read_to_string(out).unwrap(), written.html);
    assert_eq!(paths.figures, written.paths.figures);
}
