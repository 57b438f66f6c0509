//! Broken run folders: every error names the file, the place and the remedy.

use crate::fixture::{self, Fixture};
use crate::report;
use expect_test::{Expect, expect};
use searchlens_report::{ReportError, write_report};
use searchlens_results::TokenPlace;
use std::path::Path;

/// The message for a whole run after `damage` was done to its folder, with the folder's path cut out.
#[track_caller]
fn check(damage: impl FnOnce(&Path), want: Expect) {
    let root = tempfile::tempdir().unwrap();
    Fixture::whole().write(root.path());
    damage(root.path());
    let error = write_report(root.path(), None).unwrap_err();
    assert!(!root.path().join("report.html").exists(), "a page was written despite {error}");
    want.assert_eq(&error.to_string().replace(&root.path().display().to_string(), "RUN"));
}

fn replace(run: &Path, file: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(run.join(file)).unwrap();
    assert!(text.contains(from), "{file} does not hold {from}");
    std::fs::write(run.join(file), text.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_folder_that_is_not_a_run() {
    check(
        |run| std::fs::remove_file(run.join("run.json")).unwrap(),
        expect![
            "RUN/run.json: no such file, so its folder is not a run; name a folder written by `searchlens train` or `searchlens demo`"
        ],
    );
    check(
        |run| std::fs::remove_dir_all(run).unwrap(),
        expect!["RUN: not a folder; name a run folder (it contains run.json and config.toml)"],
    );
}

#[test]
fn a_field_of_the_wrong_type() {
    check(
        |run| replace(run, "results/eval.json", "\"seed\": 1", "\"seed\": \"one\""),
        expect![[
            r#"RUN/results/eval.json:237:15: field `seed`: invalid type: string "one", expected u64; rewrite it with `searchlens eval RUN`, or delete it to omit its section"#
        ]],
    );
    check(
        |run| replace(run, "results/probes.json", "\"k\": 3", "\"k\": null"),
        expect![
            "RUN/results/probes.json:274:15: field `future[2].k`: invalid type: null, expected usize; rewrite it with `searchlens lens probe RUN`, or delete it to omit its section"
        ],
    );
    check(
        |run| replace(run, "run.json", "\"threads\"", "\"thraeds\""),
        expect![
            "RUN/run.json:6:11: field `thraeds`: unknown field `thraeds`, expected one of `format_version`, `program_version`, `commit`, `seed`, `threads`, `tier`, `precision`, `n_params`, `machine`, `tiers`, `train_seconds`; restore the file or train again"
        ],
    );
}

#[test]
fn a_truncated_file() {
    check(
        |run| {
            let text = std::fs::read_to_string(run.join("results/eval.json")).unwrap();
            std::fs::write(run.join("results/eval.json"), &text[..text.len() / 2]).unwrap();
        },
        expect![
            "RUN/results/eval.json:126:27: field `by_lookahead`: EOF while parsing an object; rewrite it with `searchlens eval RUN`, or delete it to omit its section"
        ],
    );
}

#[test]
fn trailing_characters() {
    check(
        |run| {
            let text = std::fs::read_to_string(run.join("run.json")).unwrap();
            std::fs::write(run.join("run.json"), text + "\n{}").unwrap();
        },
        expect!["RUN/run.json:13:1: trailing characters; restore the file or train again"],
    );
}

#[test]
fn another_format_version() {
    check(
        |run| replace(run, "results/gallery.json", "\"format_version\":1", "\"format_version\":2"),
        expect![
            "RUN/results/gallery.json: field `format_version` is 2, this program reads 1; use the program that wrote the run, or write the file again"
        ],
    );
}

#[test]
fn a_corrupt_line_of_metrics() {
    check(
        |run| replace(run, "metrics.jsonl", "\"step\":80,", "\"step\":8O,"),
        expect![
            "RUN/metrics.jsonl:2:25: expected `,` or `}`; delete that line, or resume the run, which rewrites the lines after its checkpoint"
        ],
    );
}

#[test]
fn a_config_that_does_not_parse() {
    check(
        |run| replace(run, "config.toml", "rows = 5", "rows = "),
        expect![
            "RUN/config.toml:3: string values must be quoted, expected literal string; restore the config that the run was started with"
        ],
    );
    check(
        |run| std::fs::write(run.join("config.toml"), b"[task]\n\xff\n").unwrap(),
        expect!["RUN/config.toml:2: not valid UTF-8; restore the config that the run was started with"],
    );
}

/// The message for a gallery after `damage` was done to its third specimen.
#[track_caller]
fn check_specimen(damage: impl FnOnce(&mut searchlens_results::Specimen), want: Expect) {
    let mut gallery = fixture::gallery(4, 4);
    damage(&mut gallery.specimens[2]);
    check(|run| Fixture { gallery: Some(gallery), ..Fixture::whole() }.write(run), want);
}

#[test]
fn an_inconsistent_gallery() {
    check_specimen(
        |s| s.attention.truncate(4000),
        expect![
            "RUN/results/gallery.json: field `specimens[2].attention`: 3000 bytes, but 4 layers × 4 heads × 43 × 43 tokens make 29584; rewrite the gallery with `searchlens eval RUN`"
        ],
    );
    check_specimen(
        |s| s.attention.replace_range(0..1, "*"),
        expect![
            "RUN/results/gallery.json: field `specimens[2].attention`: not base64 (standard alphabet, with padding); rewrite the gallery with `searchlens eval RUN`"
        ],
    );
    check_specimen(
        |s| s.origin = 25,
        expect![
            "RUN/results/gallery.json: field `specimens[2].origin`: cell 25 is outside the maze of 5 × 5 cells; rewrite the gallery with `searchlens eval RUN`"
        ],
    );
    check_specimen(
        |s| s.answer[1] = 99,
        expect![
            "RUN/results/gallery.json: field `specimens[2].answer`: cell 99 is outside the maze of 5 × 5 cells; rewrite the gallery with `searchlens eval RUN`"
        ],
    );
    check_specimen(
        |s| s.passages[0] = (0, 6),
        expect![
            "RUN/results/gallery.json: field `specimens[2].passages`: cells 0 and 6 are not adjacent; rewrite the gallery with `searchlens eval RUN`"
        ],
    );
    check_specimen(
        |s| s.marks.push(TokenPlace::Other),
        expect![
            "RUN/results/gallery.json: field `specimens[2].marks`: 44 marks for 43 tokens; rewrite the gallery with `searchlens eval RUN`"
        ],
    );
    check_specimen(
        |s| s.path_start = s.tokens.len(),
        expect![
            "RUN/results/gallery.json: field `specimens[2].path_start`: position 43 of 43 tokens; rewrite the gallery with `searchlens eval RUN`"
        ],
    );
}

#[test]
fn a_truncated_last_line_is_ignored_with_a_notice() {
    let mut fixture = Fixture::whole();
    let whole = report(&fixture);
    fixture.metrics.push_str("{\"kind\":\"train\",\"step\":23640,\"sequ");
    let truncated = report(&fixture);
    assert!(truncated.markdown.contains("The last line of metrics.jsonl is truncated"));
    assert!(!whole.markdown.contains("truncated"));
    assert!(truncated.markdown.contains("23,600 steps"));
}

#[test]
fn lines_rewritten_by_a_resumed_run_count_once() {
    let mut fixture = Fixture::whole();
    let lines: Vec<&str> = fixture.metrics.lines().collect();
    let n = lines.len();
    let resumed = [&lines[..], &lines[n - 40..]].concat().join("\n") + "\n";
    let before = report(&fixture);
    fixture.metrics = resumed;
    assert_eq!(report(&fixture).markdown, before.markdown);
}

#[test]
fn a_page_that_cannot_be_written() {
    let root = tempfile::tempdir().unwrap();
    Fixture::whole().write(root.path());
    let over_folder = write_report(root.path(), Some(&root.path().join("results"))).unwrap_err();
    assert!(matches!(&over_folder, ReportError::OutIsFolder { path } if path.ends_with("results")), "{over_folder}");
    let below_file = write_report(root.path(), Some(&root.path().join("run.json/report.html"))).unwrap_err();
    assert!(
        matches!(&below_file, ReportError::Write { path, .. } if path.ends_with("run.json/report.md")),
        "{below_file}"
    );
}
