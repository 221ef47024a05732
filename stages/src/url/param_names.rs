//! Sets of query parameter names, where a trailing `*` stands for any ending.

/// Names and prefixes, compared without regard to ASCII case.
pub(super) struct ParamNames {
    names: Vec<String>,
    prefixes: Vec<String>,
}

impl ParamNames {
    pub(super) fn new(list: &[String]) -> ParamNames {
        let (prefixes, names): (Vec<&String>, Vec<&String>) = list.iter().partition(|name| name.ends_with('*'));
        ParamNames {
            names: names.into_iter().cloned().collect(),
            prefixes: prefixes.into_iter().map(|name| name.trim_end_matches('*').to_owned()).collect(),
        }
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        let starts_with = |prefix: &String| {
            name.as_bytes().get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        self.names.iter().any(|listed| listed.eq_ignore_ascii_case(name)) || self.prefixes.iter().any(starts_with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_ending() {
        let names = ParamNames::new(&["utm_*".to_owned(), "fbclid".to_owned()]);
        for (name, listed) in
            [("utm_source", true), ("UTM_", true), ("utm", false), ("FBclid", true), ("fbclid2", false), ("üt", false)]
        {
            assert_eq!(names.contains(name), listed, "{name}");
        }
    }
}
