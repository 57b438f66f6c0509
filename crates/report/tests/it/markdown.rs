//! The Markdown report, whole.

use crate::fixture::Fixture;
use crate::report;
use expect_test::expect_file;

#[test]
fn the_whole_document() {
    expect_file!["snapshots/report.md"].assert_eq(&report(&Fixture::whole()).markdown);
}

#[test]
fn every_link_leads_to_a_figure() {
    let written = report(&Fixture::whole());
    let links: Vec<&str> = written.markdown.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert_eq!(links.len(), written.paths.figures.len());
    for link in links {
        assert!(written.run.join(link).is_file(), "{link}");
    }
}
