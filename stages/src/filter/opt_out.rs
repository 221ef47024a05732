//! `filter.opt_out`: removes pages that ask machines to leave them alone, and pages without a wanted licence.

use tokenmill_core::catalog::Shape;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, Entry, Keep, Measure, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.opt_out",
    version: 1,
    about: "Removes pages whose headers or tags opt out, such as `noai` and `noindex`, or that name no wanted licence.",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: &[
        Param {
            name: "directives",
            default: Default::Texts(&["noai", "noindex", "tdm-reservation"]),
            about: "directives that opt out; `none` stands for `noindex` and `nofollow`",
        },
        Param {
            name: "agents",
            default: Default::Texts(&["ccbot"]),
            about: "crawlers whose directives count besides those for everybody",
        },
        Param {
            name: "licenses",
            default: Default::Texts(&[]),
            about: "parts of addresses of licences, such as `creativecommons.org/licenses/by/`: keep only pages that name one \
                    of them; all when empty",
        },
    ],
    metrics: &[
        Metric::number("n_opt_outs", "directives that opt out"),
        Metric::label("opt_out", "the first of them"),
        Metric::label("license", "address of the licence that the page names"),
        Metric::number("has_license", "1 when the licence is one of `licenses`, else 0; absent without a list"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/filter/opt_out.md"),
    build,
};

const N_OPT_OUTS: usize = 0;
const OPT_OUT: usize = 1;
const LICENSE: usize = 2;
const HAS_LICENSE: usize = 3;

struct OptOut {
    directives: Vec<String>,
    agents: Vec<String>,
    licenses: Vec<String>,
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let lower = |name| params.texts(name).iter().map(|text| text.to_lowercase()).collect::<Vec<_>>();
    let licenses = lower("licenses");
    let mut rules = vec![Rule { reason: "opted_out", metric: N_OPT_OUTS, keep: Keep::AtMost(0.0) }];
    rules.extend(Rule::at_least("license_not_listed", HAS_LICENSE, (!licenses.is_empty()).then_some(1.0)));
    Ok(Stage::Measure(Box::new(OptOut { directives: lower("directives"), agents: lower("agents"), licenses, rules })))
}

impl OptOut {
    /// Whether a directive, perhaps addressed to a crawler, opts out.
    fn opts_out(&self, directive: &str) -> bool {
        let (agent, directive) = directive.split_once(':').unwrap_or(("", directive));
        let is_listed = |directive: &str| self.directives.iter().any(|listed| listed == directive);
        let is_meant = agent.is_empty() || self.agents.iter().any(|listed| listed == agent);
        is_meant && (is_listed(directive) || (directive == "none" && is_listed("noindex")))
    }
}

impl Measure for OptOut {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let document = doc.document();
        let mut n_opt_outs = 0u8;
        for directive in document.robots.split(' ').filter(|directive| self.opts_out(directive)) {
            if n_opt_outs == 0 {
                numbers.set_label(OPT_OUT, directive.into());
            }
            n_opt_outs = n_opt_outs.saturating_add(1);
        }
        numbers.set(N_OPT_OUTS, f32::from(n_opt_outs));
        if !document.license.is_empty() {
            numbers.set_label(LICENSE, document.license.as_str().into());
        }
        if !self.licenses.is_empty() {
            let license = document.license.to_lowercase();
            let is_listed = self.licenses.iter().any(|listed| license.contains(listed.as_str()));
            numbers.set(HAS_LICENSE, f32::from(is_listed));
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
