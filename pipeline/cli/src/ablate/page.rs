//! The page about a study: markup, style and script of this folder, some of which it has in common with the page about a
//! run, and the analysis as JSON.

use crate::html::{Blanks, document};
use serde_json::json;
use tokenmill_mix::ablation::Analysis;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = concat!(include_str!("../inspect/report/page/page.css"), include_str!("page/page.css"));
const SCRIPT: &str = concat!(
    include_str!("../inspect/report/page/base.js"),
    include_str!("../inspect/report/page/table.js"),
    include_str!("page/study.js"),
    include_str!("page/tip.js"),
    include_str!("page/plot.js"),
    include_str!("page/choice.js"),
    include_str!("page/rows.js"),
    include_str!("page/stack.js"),
    include_str!("page/summary.js"),
    include_str!("page/mix.js"),
    include_str!("page/scatter.js"),
    include_str!("page/curves.js"),
    include_str!("page/mixes.js"),
    include_str!("page/sensitivity.js"),
    include_str!("page/differences.js"),
    include_str!("page/trials.js"),
    include_str!("page/cost.js"),
    include_str!("../inspect/report/page/shell.js"),
    include_str!("page/page.js"),
);

/// The whole page. Nothing in it may load anything, and nothing runs in it but its own script.
pub fn page(analysis: &Analysis) -> String {
    let title = format!("{}: study", analysis.name);
    document(&Blanks {
        page: PAGE,
        title: &title,
        version: env!("CARGO_PKG_VERSION"),
        style: STYLE,
        script: SCRIPT,
        data: &json!(analysis).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_writes_no_markup_and_loads_nothing() {
        crate::html::assert_harmless(STYLE, SCRIPT);
    }

    #[test]
    fn the_page_of_an_empty_study_holds_it() {
        let analysis = Analysis {
            name: "</title><b>".to_owned(),
            question: "compare",
            groups: Vec::new(),
            objective: Vec::new(),
            trials: Vec::new(),
            costs: Vec::new(),
            laws: None,
            no_laws: None,
            differences: Vec::new(),
            cautions: vec!["</script><script>alert(1)</script>".to_owned()],
        };
        let page = page(&analysis);
        assert!(page.contains("<title>&lt;/title&gt;&lt;b&gt;: study</title>"));
        assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (2, 2));
        assert!(!page.contains("{{"));
    }
}
