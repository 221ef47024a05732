//! Pages that lead to another one: `#REDIRECT [[…]]` in the words of the larger wikis.

/// The word behind `#`, in lower case.
const WORDS: &[&str] = &[
    "redirect",
    "weiterleitung",
    "redirection",
    "redirección",
    "redireccion",
    "redirecionamento",
    "rinvia",
    "doorverwijzing",
    "omdirigering",
    "omdiriger",
    "ohjaus",
    "uudelleenohjaus",
    "patrz",
    "przekieruj",
    "tam",
    "přesměruj",
    "presmeruj",
    "preusmeritev",
    "preusmjeri",
    "átirányítás",
    "yönlendirme",
    "yönlendi̇rme",
    "alih",
    "alihkan",
    "đổi",
    "suuna",
    "tilvísun",
    "редирект",
    "перенаправление",
    "перенапр",
    "перенаправлення",
    "преусмери",
    "пренасочување",
    "виж",
    "ανακατευθυνση",
    "הפניה",
    "تحويل",
    "تغییر_مسیر",
    "تغییرمسیر",
    "अनुप्रेषित",
    "पुनर्प्रेषित",
    "পুনর্নির্দেশ",
    "เปลี่ยนทาง",
    "転送",
    "リダイレクト",
    "重定向",
    "重新導向",
    "넘겨주기",
];

/// Longest beginning that is looked at.
const MAX_START: usize = 200;

/// Whether a page begins as one that leads elsewhere.
pub fn is_redirect(wikitext: &str) -> bool {
    let Some(rest) = wikitext.trim_start().strip_prefix('#') else { return false };
    let rest = rest.trim_start_matches(' ');
    let mut end = rest.len().min(MAX_START);
    while !rest.is_char_boundary(end) {
        end -= 1;
    }
    let Some((word, _)) = rest[..end].split_once("[[") else { return false };
    let word = word.trim_end_matches([' ', ':', '\t', '\n']).to_lowercase();
    WORDS.iter().any(|known| word == *known || word.strip_prefix(known).is_some_and(|rest| rest == " hướng"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_known_by_their_word() {
        for page in [
            "#REDIRECT [[Mill]]",
            "\n# redirect:[[Mill]]\n{{R from move}}",
            "#WEITERLEITUNG [[Mühle]]",
            "#転送[[水車]]",
            "#đổi hướng [[x]]",
        ] {
            assert!(is_redirect(page), "{page}");
        }
        for page in ["# first [[Mill]]", "REDIRECT [[Mill]]", "#REDIRECT Mill", "", "#"] {
            assert!(!is_redirect(page), "{page}");
        }
    }
}
