//! Labels of languages as the Hugging Face Hub wants them: ISO 639-1 where there is a code of two letters, else ISO 639-3.
//!
//! Models say `en`, `eng_Latn` or `zh-Hant`. What a label tells beyond the language stays in the column of the data set.

/// The code of three letters and that of two, from the code tables of ISO 639 (<https://iso639-3.sil.org>), with the
/// individual languages by which models name a macrolanguage.
const TWO_LETTERS: &str = "aar:aa abk:ab afr:af aka:ak amh:am ara:ar arb:ar arg:an asm:as ava:av ave:ae aym:ay ayr:ay \
    aze:az azj:az bak:ba bam:bm bel:be ben:bn bis:bi bod:bo bos:bs bre:br bul:bg cat:ca ces:cs cha:ch che:ce chu:cu chv:cv \
    cmn:zh cor:kw cos:co cre:cr cym:cy dan:da deu:de div:dv dzo:dz ekk:et ell:el eng:en epo:eo est:et eus:eu ewe:ee fao:fo \
    fas:fa pes:fa fij:fj fin:fi fra:fr fry:fy ful:ff gaz:om gla:gd gle:ga glg:gl glv:gv grn:gn gug:gn guj:gu hat:ht hau:ha \
    heb:he her:hz hin:hi hmo:ho hrv:hr hun:hu hye:hy ibo:ig ido:io iii:ii iku:iu ile:ie ina:ia ind:id ipk:ik isl:is ita:it \
    jav:jv jpn:ja kal:kl kan:kn kas:ks kat:ka kau:kr kaz:kk khk:mn khm:km kik:ki kin:rw kir:ky kom:kv kpv:kv kon:kg kor:ko \
    kua:kj kur:ku kmr:ku lao:lo lat:la lav:lv lvs:lv lim:li lin:ln lit:lt ltz:lb lub:lu lug:lg mah:mh mal:ml mar:mr mkd:mk \
    mlg:mg plt:mg mlt:mt mon:mn mri:mi msa:ms zsm:ms mya:my nau:na nav:nv nbl:nr nde:nd ndo:ng nep:ne npi:ne nld:nl nno:nn \
    nob:nb nor:no nya:ny oci:oc oji:oj ori:or ory:or orm:om oss:os pan:pa pli:pi pol:pl por:pt pus:ps pbt:ps que:qu roh:rm \
    ron:ro run:rn rus:ru sag:sg san:sa sin:si slk:sk slv:sl sme:se smo:sm sna:sn snd:sd som:so sot:st spa:es sqi:sq als:sq \
    srd:sc srp:sr ssw:ss sun:su swa:sw swh:sw swe:sv tah:ty tam:ta tat:tt tel:te tgk:tg tgl:tl tha:th tir:ti ton:to tsn:tn \
    tso:ts tuk:tk tur:tr twi:tw uig:ug ukr:uk urd:ur uzb:uz uzn:uz ven:ve vie:vi vol:vo wln:wa wol:wo xho:xh yid:yi ydd:yi \
    yor:yo zha:za zho:zh zul:zu";

/// The code of a label, or `None` where it names no language.
pub fn hub_code(label: &str) -> Option<String> {
    let (first, rest) = label.split_once(['_', '-']).map_or((label, None), |(first, rest)| (first, Some(rest)));
    let code = first.to_ascii_lowercase();
    if !matches!(code.len(), 2 | 3) || !code.bytes().all(|c| c.is_ascii_lowercase()) || code == "und" {
        return None;
    }
    // Wikipedia calls Alemannic by the code of Albanian (Tosk), and so do models that were trained on it and name no script.
    if code == "als" && rest.is_none() {
        return Some("gsw".to_owned());
    }
    let two = TWO_LETTERS.split_ascii_whitespace().find_map(|pair| pair.strip_prefix(&*code)?.strip_prefix(':'));
    Some(two.map_or(code, str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_codes() {
        for (label, code) in [
            ("en", Some("en")),
            ("no", Some("no")),
            ("eng_Latn", Some("en")),
            ("cmn_Hani", Some("zh")),
            ("zh-Hant", Some("zh")),
            ("als_Latn", Some("sq")),
            ("als", Some("gsw")),
            ("bar_Latn", Some("bar")),
            ("und", None),
            ("", None),
            ("English", None),
            ("e\"", None),
        ] {
            assert_eq!(hub_code(label).as_deref(), code, "{label}");
        }
    }

    #[test]
    fn the_table_is_well_formed() {
        for pair in TWO_LETTERS.split_ascii_whitespace() {
            assert!(pair.len() == 6 && pair.as_bytes()[3] == b':', "{pair}");
        }
    }
}
