//! Sections that lead elsewhere are left out, as are headings with nothing below them; what stays is joined to a text.

use super::lines::{BlockKind, Blocks};
use crate::extract::text::Emitter;
use std::collections::BTreeSet;

/// Titles of sections, in lower case, by what they hold, for the larger Wikipedias.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "references",
        &[
            "references",
            "notes",
            "footnotes",
            "citations",
            "sources",
            "notes and references",
            "references and notes",
            "references and footnotes",
            "footnotes and references",
            "source notes",
            "works cited",
            "cited works",
            "cited sources",
            "notes and sources",
            "sources and references",
            "general references",
            "inline citations",
            "explanatory notes",
            "citations and notes",
            "notes and citations",
            "general sources",
            "cited references",
            "reference list",
            "einzelnachweise",
            "anmerkungen",
            "quellen",
            "fußnoten",
            "nachweise",
            "belege",
            "anmerkungen und einzelnachweise",
            "références",
            "notes et références",
            "sources et références",
            "références et notes",
            "notes",
            "referencias",
            "notas",
            "notas y referencias",
            "fuentes",
            "referências",
            "notas e referências",
            "fontes",
            "note",
            "riferimenti",
            "fonti",
            "referenties",
            "bronnen",
            "noten",
            "voetnoten",
            "bronnen, noten en/of referenties",
            "bronnen en referenties",
            "przypisy",
            "uwagi",
            "źródła",
            "reference",
            "zdroje",
            "poznámky",
            "källor",
            "referenser",
            "noter",
            "fotnoter",
            "referanser",
            "fotnoter",
            "kilder",
            "referencer",
            "lähteet",
            "viitteet",
            "források",
            "jegyzetek",
            "note și referințe",
            "referințe",
            "kaynakça",
            "notlar",
            "dipnotlar",
            "referensi",
            "catatan kaki",
            "rujukan",
            "chú thích",
            "tham khảo",
            "примечания",
            "источники",
            "сноски",
            "комментарии",
            "примітки",
            "джерела",
            "посилання на джерела",
            "бележки",
            "източници",
            "референце",
            "напомене",
            "извори",
            "παραπομπές",
            "σημειώσεις",
            "πηγές",
            "הערות שוליים",
            "מקורות",
            "مراجع",
            "المراجع",
            "هوامش",
            "مصادر",
            "منابع",
            "پانویس",
            "یادداشت‌ها",
            "सन्दर्भ",
            "संदर्भ",
            "তথ্যসূত্র",
            "மேற்கோள்கள்",
            "อ้างอิง",
            "脚注",
            "出典",
            "注釈",
            "参考资料",
            "參考資料",
            "注释",
            "註釋",
            "参考来源",
            "參考來源",
            "注脚",
            "註腳",
            "각주",
            "출처",
            "주석",
        ],
    ),
    (
        "external_links",
        &[
            "external links",
            "external link",
            "weblinks",
            "weblink",
            "liens externes",
            "lien externe",
            "enlaces externos",
            "ligações externas",
            "links externos",
            "collegamenti esterni",
            "altri progetti",
            "externe links",
            "externe link",
            "linki zewnętrzne",
            "externí odkazy",
            "externé odkazy",
            "externa länkar",
            "eksterne lenker",
            "eksterne henvisninger",
            "aiheesta muualla",
            "külső hivatkozások",
            "további információk",
            "legături externe",
            "dış bağlantılar",
            "pranala luar",
            "liên kết ngoài",
            "ссылки",
            "посилання",
            "външни препратки",
            "спољашње везе",
            "εξωτερικοί σύνδεσμοι",
            "εξωτερικές συνδέσεις",
            "קישורים חיצוניים",
            "وصلات خارجية",
            "پیوند به بیرون",
            "बाहरी कड़ियाँ",
            "বহিঃসংযোগ",
            "வெளி இணைப்புகள்",
            "แหล่งข้อมูลอื่น",
            "外部リンク",
            "外部链接",
            "外部連結",
            "외부 링크",
            "enllaços externs",
            "kanpo estekak",
            "eksteraj ligiloj",
        ],
    ),
    (
        "see_also",
        &[
            "see also",
            "related pages",
            "related articles",
            "siehe auch",
            "voir aussi",
            "articles connexes",
            "véase también",
            "ver também",
            "voci correlate",
            "zie ook",
            "zobacz też",
            "související články",
            "související stránky",
            "pozri aj",
            "se även",
            "se også",
            "katso myös",
            "lásd még",
            "kapcsolódó szócikkek",
            "vezi și",
            "ayrıca bakınız",
            "lihat pula",
            "lihat juga",
            "xem thêm",
            "см. также",
            "див. також",
            "вижте също",
            "види још",
            "δείτε επίσης",
            "ראו גם",
            "اقرأ أيضا",
            "انظر أيضًا",
            "انظر أيضا",
            "جستارهای وابسته",
            "इन्हें भी देखें",
            "আরও দেখুন",
            "இவற்றையும் பார்க்க",
            "ดูเพิ่ม",
            "関連項目",
            "参见",
            "參見",
            "相关条目",
            "相關條目",
            "같이 보기",
            "vegeu també",
            "ikus, gainera",
            "vidu ankaŭ",
        ],
    ),
    (
        "further_reading",
        &[
            "further reading",
            "bibliography",
            "literature",
            "selected bibliography",
            "additional reading",
            "literatur",
            "bibliographie",
            "ouvrages",
            "bibliografía",
            "bibliografia",
            "lecturas adicionales",
            "leitura adicional",
            "leitura recomendada",
            "literatuur",
            "literatura",
            "vidare läsning",
            "litteratur",
            "tryckta källor",
            "kirjallisuutta",
            "irodalom",
            "bibliografie",
            "konuyla ilgili yayınlar",
            "bacaan lanjutan",
            "đọc thêm",
            "thư mục",
            "литература",
            "література",
            "библиография",
            "βιβλιογραφία",
            "לקריאה נוספת",
            "قراءات أخرى",
            "کتاب‌شناسی",
            "অতিরিক্ত পাঠ",
            "หนังสืออ่านเพิ่มเติม",
            "参考文献",
            "関連文献",
            "延伸阅读",
            "延伸閱讀",
            "参考书目",
            "參考書目",
            "參考文獻",
            "참고 문헌",
            "bibliografio",
            "literaturo",
        ],
    ),
];

/// The groups that are left out unless a recipe says otherwise.
pub const DEFAULT: &[&str] = &["references", "external_links", "see_also", "further_reading"];

/// The sections that are left out, by their titles.
#[derive(Debug, Default)]
pub struct Sections(BTreeSet<String>);

impl Sections {
    /// Sections of groups, or of titles as they are.
    pub fn new(given: &[String]) -> Sections {
        let mut titles = BTreeSet::new();
        for name in given {
            match GROUPS.iter().find(|(group, _)| group == name) {
                Some((_, names)) => titles.extend(names.iter().map(|name| (*name).to_owned())),
                None => drop(titles.insert(normal(name))),
            }
        }
        Sections(titles)
    }

    fn drops(&self, title: &str) -> bool {
        self.0.contains(&normal(title))
    }
}

fn normal(title: &str) -> String {
    title.trim().trim_end_matches([':', '：']).trim_end().to_lowercase()
}

/// What was kept.
#[derive(Debug, Default)]
pub struct Kept {
    /// The text.
    pub text: String,
    /// Bytes of it in lists and tables.
    pub n_list_bytes: usize,
    /// Bytes of it that are no headings.
    pub n_body_bytes: usize,
}

/// Joins the blocks that stay, below a title unless it is empty.
pub fn join(page: &Blocks, title: &str, sections: &Sections) -> Kept {
    let is_kept = kept(page, sections);
    let mut out = Kept { text: String::with_capacity(page.text.len() + title.len() + 2), ..Kept::default() };
    let mut emitter = Emitter::default();
    for (block, is_kept) in page.blocks.iter().zip(is_kept) {
        if !is_kept {
            emitter.skip(block.join);
            continue;
        }
        let len = block.end - block.start;
        match block.kind {
            BlockKind::Heading(_) => {}
            BlockKind::Item | BlockKind::Cell => {
                out.n_list_bytes += len;
                out.n_body_bytes += len;
            }
            BlockKind::Paragraph | BlockKind::Apart => out.n_body_bytes += len,
        }
        if out.text.is_empty() && !title.is_empty() {
            out.text.push_str(title);
            out.text.push_str("\n\n");
            out.text.push_str(&page.text[block.start..block.end]);
            continue;
        }
        emitter.keep(&mut out.text, block.join, &page.text[block.start..block.end]);
    }
    out
}

/// Which blocks stay.
fn kept(page: &Blocks, sections: &Sections) -> Vec<bool> {
    // The level of the section that is being left out.
    let mut dropped: Option<u8> = None;
    let mut is_kept: Vec<bool> = Vec::with_capacity(page.blocks.len());
    for block in &page.blocks {
        if let BlockKind::Heading(level) = block.kind
            && dropped.is_none_or(|dropped| level <= dropped)
        {
            dropped = sections.drops(&page.text[block.start..block.end]).then_some(level);
        }
        is_kept.push(dropped.is_none());
    }
    // From the end: whether a heading of each level would have something below it.
    let mut has_text = [false; 7];
    for (block, is_kept) in page.blocks.iter().zip(&mut is_kept).rev() {
        match block.kind {
            BlockKind::Heading(level) => {
                let level = usize::from(level).min(6);
                *is_kept &= has_text[level];
                has_text[level..].fill(false);
            }
            _ if *is_kept => has_text.fill(true),
            _ => {}
        }
    }
    is_kept
}
