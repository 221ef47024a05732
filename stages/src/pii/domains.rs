//! `pii.domains`: removes domains whose documents hold much personal data, as a whole.

use super::{Detector, Kinds};
use crate::url::host::normal_host;
use tokenmill_core::catalog::Shape;
use tokenmill_core::exchange::{Counted, Kind, TOTAL_METRICS, TotalLimits, Totals};
use tokenmill_core::hash::hash128;
use tokenmill_core::text::domain::registrable_domain;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Exchange, Param, Params, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "pii.domains",
    version: 1,
    about: "Removes all documents of domains with much personal data.",
    shape: Shape::Exchange(Kind::Totals),
    needs_text: true,
    costly: false,
    params: &[
        Param {
            name: "kinds",
            default: Default::Texts(&["email", "phone", "card", "iban", "national_id"]),
            about: "what is counted, as in `pii.redact`",
        },
        Param {
            name: "max_per_document",
            default: Default::Int(20),
            about: "places of a document that count, at most, so that one list of members does not condemn a domain",
        },
        Param {
            name: "min_documents",
            default: Default::Int(20),
            about: "documents of a domain from which it is judged",
        },
        Param {
            name: "max_per_1000_documents",
            default: Default::Float(5_000.0),
            about: "places per 1,000 documents of a domain, at most",
        },
        Param {
            name: "default_region",
            default: Default::Text(""),
            about: "region (ISO 3166-1) of telephone numbers without a country code; by the language when empty",
        },
    ],
    metrics: TOTAL_METRICS,
    asset_params: &[],
    page: include_str!("../../docs/pii/domains.md"),
    build,
};

struct Domains {
    detector: Detector,
    max_per_document: usize,
    limits: TotalLimits,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let kinds = Kinds::new("kinds", params.texts("kinds"))?;
    let limits = TotalLimits {
        min_documents: params.size("min_documents")? as u64,
        max_per_1000: params.number("max_per_1000_documents") as f32,
    };
    Ok(Stage::Exchange(Exchange::Totals(Box::new(Domains {
        detector: Detector::new(kinds, params.text("default_region"))?,
        max_per_document: params.size("max_per_document")?,
        limits,
    }))))
}

impl Totals for Domains {
    fn count(&self, doc: &Doc<'_>) -> Option<Counted> {
        let host = normal_host(doc.host());
        if host.is_empty() {
            return None;
        }
        let domain = registrable_domain(&host);
        let amount = self.detector.count(doc.text(), doc.lang()).min(self.max_per_document);
        Some(Counted { group: hash128(domain.as_bytes()), amount: amount as u64 })
    }

    fn limits(&self) -> TotalLimits {
        self.limits
    }

    fn reason(&self) -> &'static str {
        "domain_with_personal_data"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::{Analysis, Document};

    #[test]
    fn spellings_of_one_host_are_one_domain() {
        let stage = build(&Params::defaults(ENTRY.params), &MemoryAssets::default()).unwrap();
        let Stage::Exchange(Exchange::Totals(domains)) = stage else { panic!("totals") };
        let group = |url: &str| {
            let document = Document { url: url.to_owned(), ..Document::default() };
            domains.count(&Doc::new(&document, &Analysis::default())).map(|counted| counted.group)
        };
        let firm = group("https://firm.xn--85x722f.xn--55qx5d.cn/");
        assert_eq!(group("https://www.FIRM.食狮.公司.cn./x"), group("https://xn--85x722f.xn--55qx5d.cn"));
        assert_eq!(firm, group("https://xn--85x722f.xn--55qx5d.cn"));
        assert_ne!(firm, group("https://xn--55qx5d.cn"));
        assert_eq!(group("mailto:ann"), None);
        assert_eq!(group("https://.../"), None);
    }
}
