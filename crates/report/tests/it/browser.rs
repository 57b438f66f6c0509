//! The page in a real browser, if one is installed: it must draw everything and log no error.

use crate::fixture::{Fixture, torus_specimen};
use crate::report;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A page as a browser shows it.
struct Seen {
    /// The document after its scripts have run.
    dom: String,
    /// Console messages, errors included.
    console: Vec<String>,
}

fn browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

/// Opens a page at a fragment, `#..` or nothing.
fn open(browser: &Path, page: &Path, at: &str) -> Seen {
    let scratch = tempfile::tempdir().unwrap();
    let file = |name: &str| std::fs::File::create(scratch.path().join(name)).unwrap();
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--v=0"])
        .args(["--window-size=1280,900", "--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", scratch.path().join("profile").display()))
        .arg(format!("file://{}{at}", page.display()))
        .stdin(Stdio::null())
        .stdout(file("dom"))
        .stderr(file("log"))
        .spawn()
        .unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the browser did not exit within two minutes");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let read = |name: &str| String::from_utf8_lossy(&std::fs::read(scratch.path().join(name)).unwrap()).into_owned();
    let console = read("log").lines().filter(|line| line.contains("CONSOLE")).map(str::to_string).collect();
    Seen { dom: read("dom"), console }
}

#[test]
fn the_page_runs_in_a_browser_without_errors() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no browser (chromium or chrome) on PATH");
        return;
    };
    // The check can fail: errors of a bad page are seen.
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.html");
    std::fs::write(&bad, "<!DOCTYPE html><script>nowhere()</script><img src='absent.png'>").unwrap();
    let complaints = open(&browser, &bad, "").console;
    assert!(complaints.iter().any(|line| line.contains("nowhere is not defined")), "not seen: {complaints:?}");

    let written = report(&Fixture::whole());
    let seen = open(&browser, &written.paths.html, "");
    assert_eq!(seen.console, Vec::<String>::new());
    let body = &seen.dom[seen.dom.find("<body").unwrap()..];
    let count = |what: &str| body.matches(what).count();
    assert!(seen.dom.contains("data-ready=\"true\""), "the script did not reach its end");
    assert_eq!(count("class=\"plotly-graph-div js-plotly-plot\""), written.paths.figures.len(), "plots drawn");
    assert_eq!(count("aria-pressed="), 16, "one small maze for each of 4 × 4 heads");
    assert_eq!(count("aria-pressed=\"true\""), 1, "one head is selected");
    assert_eq!(count("class=\"place\""), 25 + 24, "cells and passages of the large maze");
}

#[test]
fn a_path_around_a_torus_leaves_and_comes_in_again() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no browser (chromium or chrome) on PATH");
        return;
    };
    let mut fixture = Fixture::whole();
    fixture.gallery.as_mut().unwrap().specimens[0] = torus_specimen(4, 4);
    let seen = open(&browser, &report(&fixture).paths.html, "#gallery=gallery&specimen=0&step=2&head=L0H0");
    assert_eq!(seen.console, Vec::<String>::new());
    let places = seen.dom.matches("<g class=\"place\"").count();
    assert_eq!(places, 9 + 2, "cells and passages");
    let walked = "d=\"M20,20L0,20M120,20L100,20L100,0M100,120L100,100\"";
    assert!(seen.dom.contains(walked), "no step crosses the maze");
    for half in ["x=\"0\" y=\"7\" width=\"7\" height=\"26\"", "x=\"113\" y=\"7\" width=\"7\" height=\"26\""] {
        assert!(seen.dom.contains(half), "one half of the passage from cell 0 to cell 2 is at each border: {half}");
    }
}

#[test]
fn two_galleries_on_one_page_are_independent() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no browser (chromium or chrome) on PATH");
        return;
    };
    let written = report(&Fixture::whole());
    let between = |from: &str, to: &str| {
        let start = written.html.find(from).unwrap();
        let end = start + written.html[start..].find(to).unwrap() + to.len();
        &written.html[start..end]
    };
    let section = between("<section id=\"gallery\">", "</section>");
    let data = between("<script type=\"application/json\" id=\"gallery-data\">", "</script>");
    let second = |part: &str| {
        let names = [("id=\"gallery", "id=\"second"), ("data-gallery=\"gallery\"", "data-gallery=\"second\"")];
        names.iter().fold(part.to_string(), |part, (from, to)| part.replace(from, to))
    };
    let page = written.html.replace(section, &[section, &second(section)].concat());
    let page = page.replace(data, &[data, &second(data)].concat());
    std::fs::write(&written.paths.html, page).unwrap();

    let seen = open(&browser, &written.paths.html, "#gallery=second&specimen=4&step=1&head=L1H2");
    assert_eq!(seen.console, Vec::<String>::new());
    let chosen = |id: &str| {
        let section =
            seen.dom.split(&format!("<section id=\"{id}\"")).nth(1).unwrap().split("</section>").next().unwrap();
        let cards: Vec<&str> = section.split("<article").skip(1).collect();
        let chosen = cards.iter().position(|card| card.starts_with(" class=\"specimen failure chosen\"")).unwrap();
        (chosen, section.matches("aria-pressed=\"true\"").count())
    };
    assert_eq!((chosen("gallery"), chosen("second")), ((0, 1), (4, 1)));
}
