//! Set phrases that say what a short block is for, in the languages of most of the web: links to more, notices of the
//! site, credits of pictures. All are numbers for the model to weigh; a short line of one of them is never content.

use std::ops::Range;
use std::sync::LazyLock;

use super::super::blocks::{Block, BlockKind, Outline};
use crate::phrases::Phrases;

/// Longest block that is searched, in letters; set phrases fill short ones.
const MAX_LETTERS: u32 = 200;
/// A phrase that begins a block stands behind no more bytes than this: a bullet, an arrow, a mark of exclamation.
const MAX_LEAD_BYTES: usize = 4;

/// No phrase is longer than this.
const MAX_PHRASE_BYTES: usize = 48;
/// Longest line that leads to another page: the phrase and a headline.
const MAX_LEADING_LETTERS: u32 = 200;

/// Longest line of the site to its readers.
const MAX_NOTICE_LETTERS: u32 = 120;

/// Longest credit: who, and for whom.
const MAX_CREDIT_LETTERS: u32 = 60;

/// What a block begins with that leads to other pages.
#[rustfmt::skip]
const MORE: &[&str] = &[
    "read more", "read also", "read next", "also read", "see also", "see more", "view more", "learn more", "more from",
    "more stories", "more news", "more on", "related articles", "related posts", "related stories", "related content",
    "related news", "related products", "related topics", "related:", "you may also like", "you might also like",
    "recommended", "don't miss", "up next", "next article", "previous article", "next post", "previous post",
    "most popular", "most read", "trending", "latest news", "latest posts", "recent posts", "popular posts",
    "lesen sie auch", "lesen sie mehr", "lies auch", "auch lesen", "auch interessant", "das könnte sie auch",
    "das könnte dich auch", "mehr zum thema", "mehr dazu", "mehr lesen", "mehr erfahren", "weiterlesen", "weitere artikel",
    "weitere beiträge", "weitere themen", "ähnliche beiträge", "ähnliche artikel", "passend dazu", "siehe auch",
    "vorheriger beitrag", "nächster beitrag", "vorheriger artikel", "nächster artikel", "meistgelesen", "viel gelesen",
    "aktuelle beiträge", "neueste beiträge",
    "à lire aussi", "lire aussi", "lire la suite", "lire plus", "à voir aussi", "voir aussi", "en savoir plus",
    "sur le même sujet", "dans la même rubrique", "articles similaires", "articles liés", "articles récents",
    "vous aimerez aussi", "article suivant", "article précédent", "les plus lus",
    "lea también", "lee también", "lea más", "leer más", "lee más", "ver más", "ver también", "vea también", "mira también",
    "mire también", "le puede interesar", "te puede interesar", "puede interesarle", "te puede gustar",
    "notas relacionadas", "noticias relacionadas", "artículos relacionados", "entradas relacionadas",
    "productos relacionados", "más noticias", "lo más leído", "saber más",
    "leia também", "leia mais", "ver mais", "veja também", "saiba mais", "artigos relacionados", "notícias relacionadas",
    "posts relacionados", "mais lidas",
    "leggi anche", "leggi tutto", "leggi di più", "vedi anche", "scopri di più", "articoli correlati", "articoli simili",
    "potrebbe interessarti", "ti potrebbe interessare", "potrebbero interessarti",
    "lees ook", "lees meer", "lees verder", "bekijk ook", "gerelateerde", "meer lezen",
    "czytaj też", "czytaj także", "czytaj więcej", "zobacz też", "zobacz także", "zobacz również", "dowiedz się więcej",
    "podobne artykuły", "powiązane artykuły",
    "läs också", "läs även", "läs mer", "relaterade artiklar", "les også", "les mer", "læs også", "læs mere",
    "lue myös", "lue lisää", "přečtěte si", "čtěte také", "číst dále", "ayrıca okuyun", "devamını oku",
    "читайте также", "читать далее", "смотрите также", "похожие статьи", "читайте також",
    "read:", "watch:", "listen:", "more:", "mehr:", "siehe:", "auch auf", "lire:", "voir:", "lea:", "lee:", "mire:", "mira:",
    "vea:", "leia:", "veja:", "leggi:", "guarda:", "lees:", "czytaj:", "zobacz:",
    "関連記事", "あわせて読みたい", "続きを読む", "相关文章", "相关阅读", "相關文章", "延伸閱讀", "阅读更多", "관련 기사", "더 보기",
];

/// What a block holds that is a notice of the site.
#[rustfmt::skip]
const NOTICE: &[&str] = &[
    "subscribe", "newsletter", "pingback", "become a member", "donate", "sign up", "sign in", "log in", "login", "register", "all rights reserved", "copyright", "©",
    "cookie", "privacy policy", "terms of use", "terms of service", "terms and conditions", "follow us", "follow @",
    "leave a comment", "leave a reply", "post a comment", "comments are closed", "add a comment", "share this", "share on",
    "print this", "email this", "click here", "download our app", "advertisement", "sponsored", "affiliate",
    "to enlarge", "full story", "already a subscriber",
    "add to cart", "add to wishlist", "free shipping", "skip to", "back to top", "report this", "was this helpful",
    "abonnieren", "abonniere", "mitglied werden", "spenden", "anmelden", "einloggen", "registrieren", "alle rechte vorbehalten", "datenschutz",
    "impressum", "folgen sie uns", "folge uns", "kommentar schreiben", "kommentare geschlossen", "kommentieren",
    "jetzt teilen", "artikel teilen", "anzeige", "werbung", "zum newsletter", "zum vergrößern", "in den warenkorb", "war der artikel",
    "s'abonner", "faire un don", "fais un don", "devenir membre", "abonnez-vous", "se connecter", "s'inscrire", "inscrivez-vous", "tous droits réservés", "confidentialité",
    "mentions légales", "suivez-nous", "laisser un commentaire", "partager", "publicité", "ajouter au panier", "pour agrandir",
    "suscríbete", "suscribirse", "suscríbase", "iniciar sesión", "regístrate", "todos los derechos reservados",
    "política de privacidad", "aviso legal", "síguenos", "deja un comentario", "deja una respuesta", "compartir",
    "publicidad", "añadir al carrito", "para ampliar", "nuestro canal", "hazte miembro", "hazte socio", "canal de youtube",
    "assine", "inscreva-se", "cadastre-se", "todos os direitos reservados", "política de privacidade", "siga-nos",
    "deixe um comentário", "compartilhe", "compartilhar", "publicidade", "adicionar ao carrinho",
    "iscriviti", "accedi", "registrati", "tutti i diritti riservati", "informativa sulla privacy", "seguici",
    "lascia un commento", "condividi", "pubblicità", "aggiungi al carrello", "per ingrandire",
    "abonneer", "aanmelden", "inloggen", "alle rechten voorbehouden", "privacybeleid", "volg ons", "reageer", "advertentie",
    "zaloguj", "zapisz się", "wszelkie prawa zastrzeżone", "polityka prywatności", "udostępnij", "skomentuj", "reklama",
    "prenumerera", "logga in", "följ oss", "annons", "abonner", "logg inn", "del på",
    "подписаться", "подпишитесь", "войти", "все права защищены", "политика конфиденциальности", "поделиться",
    "оставить комментарий", "реклама", "登录", "注册", "版权所有", "订阅", "ログイン", "会員登録", "プライバシーポリシー", "로그인",
];

/// What a block holds that is the credit of a picture.
#[rustfmt::skip]
const CREDIT: &[&str] = &[
    "getty images", "shutterstock", "istock", "adobe stock", "unsplash", "pexels", "pixabay", "photo by", "photos by",
    "photo:", "photo courtesy", "photo credit", "image credit", "image:", "image source", "picture:", "credit:", "credits:",
    "foto:", "fotos:", "bild:", "bilder:", "bildquelle", "quelle:", "fotoquelle", "crédit", "photo ©", "fotografía:",
    "imagem:", "immagine:", "zdjęcie:", "fot.", "фото:", "写真", "图片来源", "reuters", "afp", "imago", "picture alliance",
];

struct Lists {
    more: Phrases,
    notice: Phrases,
    credit: Phrases,
}

/// The lists are part of the source, and a test compiles them.
static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let compiled = |list: &[&str]| {
        let list: Vec<String> = list.iter().map(|&phrase| phrase.to_owned()).collect();
        Phrases::new("cues", &list).unwrap_or_default()
    };
    Lists { more: compiled(MORE), notice: compiled(NOTICE), credit: compiled(CREDIT) }
});

/// The cues of one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cues {
    /// Leads to other pages.
    pub more: bool,
    /// A notice of the site.
    pub notice: bool,
    /// The credit of a picture.
    pub credit: bool,
}

/// Whether a block is an aside by what it says: a line that only leads to another page, a line of the site to its readers,
/// or the credit of a picture. A number may be vague; this is a verdict, so the phrase must stand there as words of its own,
/// and fill a good part of a short block.
pub fn is_aside(block: &Block, text: &str) -> bool {
    let lists = &*LISTS;
    // Parts of lists, tables and listings are not spoken to readers.
    let is_line = matches!(block.kind, BlockKind::Paragraph | BlockKind::Plain | BlockKind::Caption);
    leads_away(block, text)
        || is_line && block.letters <= MAX_NOTICE_LETTERS && has_words(&lists.notice, text)
        || block.letters <= MAX_CREDIT_LETTERS && has_words(&lists.credit, text)
}

/// Whether a block is a line that only leads to another page. A single word (`recommended`) may begin anything.
pub fn leads_away(block: &Block, text: &str) -> bool {
    if block.letters > MAX_LEADING_LETTERS || block.n_stops > 1 {
        return false;
    }
    let start = start_of(text);
    LISTS.more.find_at(start, 0).is_some_and(|found| {
        let is_telling = start[found.clone()].contains(|letter: char| !letter.is_ascii_alphabetic());
        found.start <= MAX_LEAD_BYTES && is_telling && is_whole(start, &found)
    })
}

/// Whether one of the phrases stands in the text as words of its own.
fn has_words(phrases: &Phrases, text: &str) -> bool {
    let mut from = 0;
    while let Some(found) = phrases.find_at(text, from) {
        if is_whole(text, &found) {
            return true;
        }
        from = found.end;
    }
    false
}

/// Whether no letter of a script that parts words by spaces continues what was found.
fn is_whole(text: &str, found: &Range<usize>) -> bool {
    let joins = |outer: Option<char>, inner: Option<char>| {
        let is_spaced = |letter: char| letter.is_alphanumeric() && letter < '\u{2e80}';
        outer.is_some_and(is_spaced) && inner.is_some_and(is_spaced)
    };
    let inside = &text[found.clone()];
    !joins(text[..found.start].chars().next_back(), inside.chars().next())
        && !joins(text[found.end..].chars().next(), inside.chars().next_back())
}

/// The cues of all blocks.
pub fn read(outline: &Outline) -> Vec<Cues> {
    outline.blocks.iter().map(|block| of_block(block, outline.text_of(block))).collect()
}

fn of_block(block: &Block, text: &str) -> Cues {
    if block.letters > MAX_LETTERS {
        return Cues::default();
    }
    let lists = &*LISTS;
    let has = |list: &Phrases| list.find_at(text, 0).is_some();
    Cues {
        more: lists.more.find_at(start_of(text), 0).is_some_and(|found| found.start <= MAX_LEAD_BYTES),
        notice: has(&lists.notice),
        credit: has(&lists.credit),
    }
}

/// As much of a text as a phrase at its beginning can take.
fn start_of(text: &str) -> &str {
    let mut end = text.len().min(MAX_LEAD_BYTES + MAX_PHRASE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cues(text: &str) -> Cues {
        of_block(&Block::measured(0, text, 0, BlockKind::Plain), text)
    }

    #[test]
    fn phrases_speak_in_any_case_and_language() {
        assert!(cues("» READ MORE: the story").more && cues("Ähnliche Beiträge").more && cues("関連記事").more);
        assert!(!cues("The book to read more of").more);
        assert!(cues("Melden Sie sich zum Newsletter an").notice && cues("© 2020").notice);
        assert!(cues("A bridge. Foto: someone").credit);
        let is_aside = |text: &str| is_aside(&Block::measured(0, text, 0, BlockKind::Paragraph), text);
        assert!(
            is_aside("Read more: the story") && is_aside("Subscribe now to read on") && is_aside("会員登録はこちら")
        );
        assert!(
            !is_aside("Recommended: 16 GB of memory")
                && !is_aside("Tota persona té dret a accedir a la funció pública")
        );
        assert!(!is_aside("Registered trees of the county"));
        assert_eq!(cues("An ordinary sentence."), Cues::default());
        assert_eq!(cues(&format!("Read more{}", "x".repeat(200))), Cues::default());
    }
}
