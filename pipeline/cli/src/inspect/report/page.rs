//! Puts the page together: markup, style and script of this folder, and the data as JSON that no browser takes for markup.

use super::data::Report;
use crate::failure::Failure;
use crate::html::{Blanks, document};

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = concat!(
    include_str!("page/base.js"),
    include_str!("page/table.js"),
    include_str!("page/funnel.js"),
    include_str!("page/steps.js"),
    include_str!("page/curve.js"),
    include_str!("page/metrics.js"),
    include_str!("page/sections.js"),
    include_str!("page/shell.js"),
    include_str!("page/page.js"),
);

/// The whole page. Nothing in it may load anything, and nothing runs in it but its own script.
pub fn page(report: &Report) -> Result<String, Failure> {
    let data = serde_json::to_string(report).map_err(|error| Failure::for_good(format!("no JSON: {error}")))?;
    let title = format!("{}: report", report.name);
    Ok(document(&Blanks {
        page: PAGE,
        title: &title,
        version: report.version,
        style: STYLE,
        script: SCRIPT,
        data: &data,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_writes_no_markup_and_loads_nothing() {
        crate::html::assert_harmless(STYLE, SCRIPT);
    }
}
