//! Which licence a text is: phrases that each well-known licence has, in a form without case, marks and line breaks.
//!
//! Licences are copied with other names, years, markup and comment marks around them, but their own sentences stay. The
//! phrases are parts of these sentences; the identifiers are those of the SPDX licence list.

use super::limits::MAX_HEADER;
use memchr::memmem::find;
use tokenmill_core::license::is_expression;

/// A licence that is there but is none of those that are known.
pub const UNKNOWN: &str = "LicenseRef-unknown";

struct Known {
    id: &'static str,
    /// Phrases that must all be there.
    all: &'static [&'static str],
    /// Phrases of which none may be there: those of licences that say the same and more.
    none: &'static [&'static str],
}

const fn known(id: &'static str, all: &'static [&'static str], none: &'static [&'static str]) -> Known {
    Known { id, all, none }
}

const MIT_GRANT: &str = "permission is hereby granted free of charge to any person obtaining a copy of this software and associated documentation files";
const MIT_NOTICE: &str = "permission notice shall be included in all copies";
const ISC_GRANT: &str = "and or distribute this software for any purpose with or without fee is hereby granted";
const ISC_OLD_GRANT: &str = "and distribute this software for any purpose with or without fee is hereby granted";
const ISC_NOTICE: &str = "provided that the above copyright notice and this permission notice appear in all copies";
const BSD: &str = "redistribution and use in source and binary forms with or without modification are permitted";
const BSD_NAMES: &str = "may be used to endorse or promote products derived from this software without";
const BSD_ADVERTISING: &str = "all advertising materials mentioning features or use of this software must display";

/// Every licence that is known; a text may hold several.
const KNOWN: &[Known] = &[
    known("MIT", &[MIT_GRANT, MIT_NOTICE], &["the software shall be used for good not evil"]),
    known("MIT-0", &[MIT_GRANT], &[MIT_NOTICE]),
    known("JSON", &["the software shall be used for good not evil"], &[]),
    known("Apache-2.0", &["apache license version 2 0 january 2004"], &[]),
    known(
        "Apache-2.0",
        &["licensed under the apache license version 2 0"],
        &["apache license version 2 0 january 2004"],
    ),
    known("BSD-4-Clause", &[BSD, BSD_ADVERTISING], &[]),
    known("BSD-3-Clause", &[BSD, BSD_NAMES], &[BSD_ADVERTISING, "patent license"]),
    known("BSD-2-Clause", &[BSD, "in binary form must reproduce"], &[BSD_NAMES, BSD_ADVERTISING]),
    known("ISC", &[ISC_GRANT, ISC_NOTICE], &[]),
    known("ISC", &[ISC_OLD_GRANT, ISC_NOTICE], &[]),
    known("0BSD", &[ISC_GRANT], &[ISC_NOTICE]),
    known("MPL-2.0", &["mozilla public license version 2 0"], &[]),
    known("MPL-2.0", &["terms of the mozilla public license v 2 0"], &["mozilla public license version 2 0"]),
    known("MPL-1.1", &["mozilla public license version 1 1"], &[]),
    known("GPL-1.0", &["gnu general public license version 1 february 1989"], &[]),
    known("GPL-2.0", &["gnu general public license version 2 june 1991"], &[]),
    known("GPL-3.0", &["gnu general public license version 3 29 june 2007"], &[]),
    known("LGPL-2.0", &["gnu library general public license version 2 june 1991"], &[]),
    known("LGPL-2.1", &["gnu lesser general public license version 2 1 february 1999"], &[]),
    known("LGPL-3.0", &["gnu lesser general public license version 3 29 june 2007"], &[]),
    known("AGPL-3.0", &["gnu affero general public license version 3 19 november 2007"], &[]),
    // Notices in the heads of files.
    known(
        "GPL-2.0-or-later",
        &[
            "under the terms of the gnu general public license as published by the free software foundation either version 2",
        ],
        &[],
    ),
    known(
        "GPL-3.0-or-later",
        &[
            "under the terms of the gnu general public license as published by the free software foundation either version 3",
        ],
        &[],
    ),
    known("GPL-2.0-only", &["gnu general public license version 2 as published by the free software foundation"], &[]),
    known(
        "LGPL-2.1-or-later",
        &["gnu lesser general public license as published by the free software foundation either version 2"],
        &[],
    ),
    known(
        "LGPL-3.0-or-later",
        &["gnu lesser general public license as published by the free software foundation either version 3"],
        &[],
    ),
    known(
        "AGPL-3.0-or-later",
        &["gnu affero general public license as published by the free software foundation either version 3"],
        &[],
    ),
    known("Unlicense", &["this is free and unencumbered software released into the public domain"], &[]),
    known("CC0-1.0", &["cc0 1 0 universal"], &[]),
    known("CC-BY-NC-ND-4.0", &["attribution noncommercial noderivatives 4 0 international"], &[]),
    known("CC-BY-NC-SA-4.0", &["attribution noncommercial sharealike 4 0 international"], &[]),
    known("CC-BY-NC-4.0", &["attribution noncommercial 4 0 international"], &[]),
    known("CC-BY-ND-4.0", &["attribution noderivatives 4 0 international"], &[]),
    known("CC-BY-SA-4.0", &["attribution sharealike 4 0 international"], &[]),
    known("CC-BY-4.0", &["attribution 4 0 international"], &[]),
    known("BSL-1.0", &["boost software license version 1 0"], &[]),
    known(
        "Zlib",
        &[
            "this software is provided as is without any express or implied warranty in no event will the authors be held liable",
            "altered source versions must be plainly marked as such",
        ],
        &[],
    ),
    known("EPL-2.0", &["eclipse public license v 2 0"], &[]),
    known("EPL-1.0", &["eclipse public license v 1 0"], &[]),
    known("EUPL-1.2", &["european union public licence v 1 2"], &[]),
    known("Artistic-2.0", &["the artistic license 2 0"], &[]),
    known("WTFPL", &["do what the fuck you want to public license"], &[]),
    known("PSF-2.0", &["python software foundation license version 2"], &[]),
    known("CDDL-1.0", &["common development and distribution license cddl version 1 0"], &[]),
    known("MS-PL", &["microsoft public license ms pl"], &[]),
    known("NCSA", &["ncsa open source license"], &[]),
    known("PostgreSQL", &["postgresql license"], &[]),
    known("Unicode-3.0", &["unicode license v3"], &[]),
    known("Unicode-DFS-2016", &["unicode inc license agreement data files and software"], &[]),
    known("OFL-1.1", &["sil open font license version 1 1"], &[]),
    known("BlueOak-1.0.0", &["blue oak model license"], &[]),
    known("CDLA-Permissive-2.0", &["community data license agreement permissive version 2 0"], &[]),
    known("MulanPSL-2.0", &["mulan permissive software license version 2"], &[]),
    known("UPL-1.0", &["the universal permissive license upl version 1 0"], &[]),
    known("BUSL-1.1", &["business source license 1 1"], &[]),
    known("SSPL-1.0", &["server side public license version 1"], &[]),
    known("Elastic-2.0", &["elastic license 2 0"], &[]),
    known("Commons-Clause", &["commons clause license condition"], &[]),
];

/// The licences that a text holds, in the order of the table, each once.
pub fn of_text(text: &str) -> Vec<&'static str> {
    let plain = plain(text);
    let has = |phrase: &&str| find(plain.as_bytes(), phrase.as_bytes()).is_some();
    let mut found: Vec<&'static str> = Vec::new();
    for known in KNOWN {
        if known.all.iter().all(has) && !known.none.iter().any(has) && !found.contains(&known.id) {
            found.push(known.id);
        }
    }
    found
}

/// The licence that the head of a source file names: `SPDX-License-Identifier`, else the notice of a licence.
pub fn of_header(text: &str) -> Option<String> {
    let head = &text.as_bytes()[..text.len().min(MAX_HEADER)];
    const MARK: &[u8] = b"SPDX-License-Identifier:";
    if let Some(at) = find(head, MARK) {
        let rest = &head[at + MARK.len()..];
        let line = rest.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let line = ["*/", "-->", "#}", "*)", "\"", "'", "`", "--"]
            .iter()
            .fold(&*line, |line, end| line.split(end).next().unwrap_or_default());
        if is_expression(line.trim()) {
            return Some(line.trim().to_owned());
        }
    }
    // Every notice has one of these words; looking for them is far cheaper than for all phrases.
    if ![&b"icen"[..], b"ICEN", b"ermission", b"edistribution"].iter().any(|word| find(head, word).is_some()) {
        return None;
    }
    let found = of_text(&String::from_utf8_lossy(head));
    (!found.is_empty()).then(|| join(&found))
}

/// Several licences as one expression. All of them are taken to hold, which is never too free.
pub fn join(ids: &[&str]) -> String {
    // The Lesser GPL is the GPL with permissions added, so a repository of its has both texts.
    let lesser = |id: &str| {
        ids.iter().any(|other| {
            other.strip_prefix('L') == Some(id) || (id.starts_with("GPL-2") && other.starts_with("LGPL-2"))
        })
    };
    let ids: Vec<&str> = ids.iter().copied().filter(|id| !lesser(id)).collect();
    ids.join(" AND ")
}

/// Words of small letters and digits with one blank between them; comment marks and markup vanish.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text around the phrases, broken into lines of comments.
    fn text_of(phrases: &[&str]) -> String {
        let text = format!("Copyright 2024 Somebody. {}. AS IS.", phrases.join(", of which. "));
        let words: Vec<&str> = text.split(' ').collect();
        words.chunks(7).map(|line| format!(" * {}\n", line.join("  ").to_uppercase())).collect()
    }

    #[test]
    fn every_licence_is_found_by_its_phrases() {
        for known in KNOWN {
            let found = of_text(&text_of(known.all));
            assert!(found.contains(&known.id), "{}: {found:?}", known.id);
        }
        assert!(of_text("All rights reserved. The licence is in the drawer.").is_empty());
        for known in KNOWN {
            for phrase in known.all.iter().chain(known.none) {
                assert_eq!(plain(phrase), *phrase, "phrases are plain");
            }
        }
    }

    #[test]
    fn licences_that_say_more_are_not_taken_for_less() {
        let of = |phrases: &[&str]| of_text(&text_of(phrases));
        assert_eq!(of(&[BSD, "in binary form must reproduce"]), ["BSD-2-Clause"]);
        assert_eq!(of(&[BSD, "in binary form must reproduce", BSD_NAMES]), ["BSD-3-Clause"]);
        assert_eq!(of(&[BSD, "in binary form must reproduce", BSD_NAMES, BSD_ADVERTISING]), ["BSD-4-Clause"]);
        assert_eq!(of(&[MIT_GRANT]), ["MIT-0"]);
        assert_eq!(of(&[ISC_GRANT]), ["0BSD"]);
        assert_eq!(of(&[MIT_GRANT, MIT_NOTICE, "the software shall be used for good not evil"]), ["JSON"]);
    }

    #[test]
    fn heads_of_files_name_licences() {
        for (head, expected) in [
            (
                "// SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note\nint x;",
                Some("GPL-2.0-only WITH Linux-syscall-note"),
            ),
            ("/* SPDX-License-Identifier: MIT */", Some("MIT")),
            ("<!-- SPDX-License-Identifier: (MIT OR Apache-2.0) -->", Some("(MIT OR Apache-2.0)")),
            ("# Licensed under the Apache License,\n# Version 2.0 (the \"License\");\n", Some("Apache-2.0")),
            (
                " * under the terms of the GNU General Public License as published by\n * the Free Software Foundation; either version 2",
                Some("GPL-2.0-or-later"),
            ),
            ("let license = 5; // a driving licence", None),
            ("let mark = \"SPDX-License-Identifier: {}\";", None),
            ("", None),
        ] {
            assert_eq!(of_header(head).as_deref(), expected, "{head}");
        }
        let far = "x\n".repeat(MAX_HEADER) + "// SPDX-License-Identifier: MIT";
        assert_eq!(of_header(&far), None);
    }

    #[test]
    fn several_licences_hold_together() {
        assert_eq!(join(&["MIT", "Apache-2.0"]), "MIT AND Apache-2.0");
        assert_eq!(join(&["GPL-3.0", "LGPL-3.0"]), "LGPL-3.0");
        assert_eq!(join(&["GPL-2.0", "LGPL-2.1", "MIT"]), "LGPL-2.1 AND MIT");
    }
}
