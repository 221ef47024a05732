//! Which links lead to files, categories and other languages, by the names that wikis have for them.

/// Names of the namespaces of files, in lower case: MediaWiki's translations for the larger wikis, with aliases.
const FILES: &[&str] = &[
    "archivo",
    "arquivo",
    "attēls",
    "berkas",
    "bestand",
    "bild",
    "billede",
    "datei",
    "datoteka",
    "dosya",
    "fail",
    "failas",
    "fichier",
    "ficheiro",
    "fil",
    "file",
    "fitxategi",
    "fitxer",
    "fișier",
    "gambar",
    "grafika",
    "hình",
    "image",
    "imagem",
    "imagen",
    "imatge",
    "immagine",
    "kuva",
    "lêer",
    "media",
    "medij",
    "mynd",
    "obrázek",
    "plik",
    "resim",
    "skrá",
    "slika",
    "soubor",
    "súbor",
    "tiedosto",
    "tập tin",
    "αρχείο",
    "εικόνα",
    "выява",
    "изображение",
    "картинка",
    "датотека",
    "медиа",
    "слика",
    "файл",
    "зображення",
    "сурет",
    "պատկեր",
    "קובץ",
    "תמונה",
    "پرونده",
    "تصویر",
    "صورة",
    "ملف",
    "चित्र",
    "चित्र",
    "চিত্র",
    "ਤਸਵੀਰ",
    "படிமம்",
    "దస్త్రం",
    "പ്രമാണം",
    "ไฟล์",
    "ภาพ",
    "სურათი",
    "ფაილი",
    "画像",
    "ファイル",
    "文件",
    "档案",
    "檔案",
    "图像",
    "圖像",
    "파일",
    "그림",
];

/// Names of the namespaces of categories.
const CATEGORIES: &[&str] = &[
    "categoria",
    "categoría",
    "category",
    "catégorie",
    "categorie",
    "kategori",
    "kategoria",
    "kategorie",
    "kategorija",
    "kategorio",
    "kategória",
    "kategooria",
    "luokka",
    "flokkur",
    "thể loại",
    "κατηγορία",
    "категория",
    "категорија",
    "категорія",
    "катэгорыя",
    "санат",
    "կատեգորիա",
    "קטגוריה",
    "تصنيف",
    "رده",
    "زمرہ",
    "श्रेणी",
    "वर्ग",
    "বিষয়শ্রেণী",
    "பகுப்பு",
    "వర్గం",
    "വർഗ്ഗം",
    "หมวดหมู่",
    "კატეგორია",
    "カテゴリ",
    "分类",
    "分類",
    "분류",
];

/// Ends of the names of files that are shown or played.
const MEDIA: &[&str] = &[
    "svg", "png", "jpg", "jpeg", "gif", "webp", "tif", "tiff", "ogg", "oga", "ogv", "webm", "wav", "mid", "midi",
    "flac", "mp3", "pdf", "djvu", "xcf", "stl",
];

/// Codes of Wikipedias that are longer than three letters, or look like none.
const LONG_CODES: &[&str] = &["simple", "tokipona", "cbk-zam", "nds-nl", "fiu-vro", "map-bms", "be-tarask", "roa-rup"];

/// Prefixes of two or three letters that are no languages.
const OTHERS: &[&str] = &["wp", "wt", "mw", "cat", "img"];

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A page that is named or described in the text.
    Page,
    /// A file, with its picture and caption.
    File,
    /// A category.
    Category,
    /// The same article in another language.
    Language,
}

/// Tells the targets of links apart.
#[derive(Debug, Default)]
pub struct Namespaces {
    file: String,
    category: String,
}

impl Namespaces {
    /// With the names that the wiki itself has, as the source gives them behind the type of a page:
    /// `file=Datei; category=Kategorie`. The names of the larger wikis are known without that.
    pub fn new(parameters: &str) -> Namespaces {
        let named = |wanted: &str| {
            let pairs = parameters.split(';').filter_map(|pair| pair.split_once('='));
            let found = pairs.map(|(name, value)| (name.trim(), value)).find(|(name, _)| *name == wanted);
            found.map_or(String::new(), |(_, value)| value.trim().to_lowercase())
        };
        Namespaces { file: named("file"), category: named("category") }
    }

    /// What a target leads to; it has no leading colon.
    pub fn target(&self, target: &str) -> Target {
        let Some((prefix, name)) = target.split_once(':') else { return Target::Page };
        let prefix = prefix.trim();
        if prefix.is_empty() || prefix.len() > 60 {
            return Target::Page;
        }
        let lower = prefix.to_lowercase().replace('_', " ");
        if FILES.contains(&lower.as_str()) || lower == self.file || is_media(name) {
            Target::File
        } else if CATEGORIES.contains(&lower.as_str()) || lower == self.category {
            Target::Category
        } else if prefix == lower && !name.is_empty() && is_language(prefix) {
            Target::Language
        } else {
            Target::Page
        }
    }
}

/// A name such as `Mill at dusk.jpg`, in whatever namespace of whatever language.
fn is_media(name: &str) -> bool {
    name.trim_end().rsplit_once('.').is_some_and(|(stem, end)| {
        !stem.is_empty() && end.len() <= 4 && MEDIA.iter().any(|media| end.eq_ignore_ascii_case(media))
    })
}

/// Codes as Wikipedias have them: two or three small letters, with further parts for a script or a dialect.
fn is_language(prefix: &str) -> bool {
    if OTHERS.contains(&prefix) {
        return false;
    }
    let mut parts = prefix.split('-');
    let is_code = parts.next().is_some_and(|part| matches!(part.len(), 2 | 3))
        && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        && parts.all(|part| (2..=8).contains(&part.len()));
    is_code || LONG_CODES.contains(&prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_told_apart_in_many_languages() {
        let names = Namespaces::new("");
        for (target, expected) in [
            ("Mill", Target::Page),
            ("2001: A Space Odyssey", Target::Page),
            ("Wikipedia:Style", Target::Page),
            ("wikt:mill", Target::Page),
            ("File:Mill.svg", Target::File),
            ("bild : Mühle", Target::File),
            ("ファイル:a", Target::File),
            ("Unknown:Mill at dusk.JPG", Target::File),
            ("Kategorie:Mühle", Target::Category),
            ("Thể_loại:x", Target::Category),
            ("de:Mühle", Target::Language),
            ("zh-min-nan:x", Target::Language),
            ("simple:Mill", Target::Language),
            ("US:x", Target::Page),
            (":", Target::Page),
        ] {
            assert_eq!(names.target(target), expected, "{target}");
        }
    }

    #[test]
    fn the_names_of_the_wiki_itself_count() {
        let names = Namespaces::new(" file=Dateu; category=Kategoria X");
        assert_eq!(names.target("dateu:x"), Target::File);
        assert_eq!(names.target("Kategoria_x:y"), Target::Category);
        assert_eq!(Namespaces::new("").target("dateu:x"), Target::Page);
    }
}
