//! Words that say what a number is: one automaton over the bytes before it.

use super::national::IDS;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use std::sync::LazyLock;

/// Bytes before a number in which words count.
const WINDOW: usize = 100;

/// Bytes between a word and the telephone number or card that it speaks of.
const NEAR: u8 = 48;

/// The same, of numbers that look like others.
const AT_ONCE: u8 = 12;

/// Words for telephones, between commas; `|` stands for the edge of a word.
const PHONE: &str = "|tel|, |tlf|, |telf|, phone, |fone, |fon|, |telefo, |teléfo, |télépho, |telepho, fax|, |mobile|, |mobil, |mob|, \
    |móvil, |movil, |cell|, |cel|, |celular, |cellul, |portable|, |gsm|, |handy|, |call|, |calls|, |calling|, \
    |dial|, |ring|, |sms|, |texting|, |whatsapp|, |viber|, |contact, |reach|, |hotline, helpline, |ph|, \
    |answer, |message|, |messages|, |desk|, |direct|, |office|, |rufnummer, |puhelin, |puh|, |telp|, |hp|, \
    |toll free|, |toll-free|, |toll|, |voice|, телефон, Телефон, |тел|, |Тел|, |моб|, |Моб|, τηλ, ΤΗΛ, ТЕЛ, Τηλ, \
    电话, 電話, 手机, 手機, 联系, 携帯, 전화, 연락처, 휴대폰, फोन, मोबाइल, هاتف, جوال, الهاتف, تلفن, טלפון, נייד, โทร, điện thoại, ☎, \
    ✆, 📞, 📱";

/// Words for numbers that are no telephones.
const OTHER: &str = "|order, |invoice, |sku|, |part|, |model|, |serial, |account, |acct|, \
    |iban|, |vat|, |zip|, |license, |licence, |patent, |version, |page|, |pages|, |pp|, |vol|, |tracking, \
    |reference|, |ref|, |passport, |ean|, |upc|, |gtin|, |barcode, |ticket, |case|, |ssn|, |population, |routing, \
    |siret, |siren, |usd|, |eur|";

/// Words for books and articles, whose numbers are long and take many forms; Dolma's guard.
const ARTICLE: &str = "|isbn, |issn, |doi, |asin|, |arxiv, |pmid";

/// Words for payment cards.
const CARD: &str = "|card|, |cards|, |visa|, mastercard, |amex|, american express, |maestro|, |discover|, |credit, |debit|, |carte, |tarjeta, \
    karte|, |carta|, |cartão, |pan|, карт, |cc|, 卡";

/// Words for addresses of hosts.
const HOST: &str = "|ip|, |ipv4|, |ipv6|, |host, |server, |dns, |address, |ping|, |gateway, |login, |logged, |access, |from|, \
    |client, |proxy, |ssh, |whois, |subnet, |netmask";

/// Words for numbers with dots that are no addresses.
const VERSION: &str = "|version, |ver|, |release, |build|, |update, |firmware, |section, |sec|, |chapter, |clause, |driver, |v|, §, \
    |oid|, |kernel|, |article|, |paragraph, |table|, |figure|, |patch";

/// Words for numbers of persons in general.
const PERSON: &str = "|id number, |id no, |identification n, |identity n, |identity card, |national id, |personal n, |personal id, \
    |tax id, |social insurance, |social security";

/// Classes before those of the national numbers, which follow in their order.
const CLASSES: [&str; 7] = [PHONE, OTHER, CARD, HOST, VERSION, ARTICLE, PERSON];

/// What the words before a number say: the distance of the nearest of each class, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clues {
    seen: u128,
    phone: Option<u8>,
    other: Option<u8>,
    card: Option<u8>,
    host: Option<u8>,
    version: Option<u8>,
    article: Option<u8>,
}

impl Clues {
    /// Whether a telephone number is announced, and nothing nearer says otherwise.
    pub(super) fn phone(&self) -> bool {
        self.phone.is_some_and(|phone| phone <= NEAR && self.other.is_none_or(|other| phone < other))
    }

    /// Whether a telephone number is announced by one of the last words.
    pub(super) fn phone_at_once(&self) -> bool {
        self.phone() && self.phone.is_some_and(|phone| phone <= AT_ONCE)
    }

    /// Whether a word for telephones ends this many bytes before.
    pub(super) fn phone_ends_with(&self, distance: u8) -> bool {
        self.phone == Some(distance)
    }

    /// Whether something else than a telephone number is announced.
    pub(super) fn other(&self) -> bool {
        let nearest = [self.other, self.article].into_iter().flatten().min();
        !self.phone() && nearest.is_some_and(|other| other <= NEAR)
    }

    /// Whether a book or an article is anywhere near.
    pub(super) fn article(&self) -> bool {
        self.article.is_some()
    }

    /// Whether a payment card is announced.
    pub(super) fn card(&self) -> bool {
        self.card.is_some_and(|card| card <= NEAR)
    }

    /// Whether a host is announced.
    pub(super) fn host(&self) -> bool {
        self.host.is_some_and(|host| host <= NEAR && self.version.is_none_or(|version| host < version))
    }

    /// Whether a version or a section is announced, right before.
    pub(super) fn version(&self) -> bool {
        !self.host() && self.version.is_some_and(|version| version <= 24)
    }

    /// Whether this national number, or some number of a person, is announced.
    pub(super) fn national(&self, id: usize) -> bool {
        let person = 1 << (CLASSES.len() - 1);
        self.seen & (person | (1 << (CLASSES.len() + id))) != 0
    }
}

struct Automaton {
    words: AhoCorasick,
    /// Class of each pattern, and whether it must start and end a word.
    about: Vec<(u8, bool, bool)>,
}

static AUTOMATON: LazyLock<Option<Automaton>> = LazyLock::new(|| {
    let (mut patterns, mut about) = (Vec::new(), Vec::new());
    let lists = CLASSES.into_iter().map(|words| words.split(',').map(str::trim).collect());
    for (class, words) in lists.chain(IDS.iter().map(|id| id.words.to_vec())).enumerate() {
        for word in words {
            patterns.push(word.trim_matches('|'));
            about.push((class as u8, word.starts_with('|'), word.ends_with('|')));
        }
    }
    let mut builder = AhoCorasickBuilder::new();
    let words = builder
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(patterns)
        .ok()?;
    Some(Automaton { words, about })
});

/// What the bytes before `at` say.
pub(super) fn before(bytes: &[u8], at: usize) -> Clues {
    let start = at.saturating_sub(WINDOW);
    look(bytes.get(start..at).unwrap_or_default(), |end, len| len - end)
}

/// What `window`, which follows a number, says; distances count from its start.
pub(super) fn after(window: &[u8]) -> Clues {
    look(window, |end, _| end)
}

fn look(window: &[u8], distance: fn(usize, usize) -> usize) -> Clues {
    let mut clues = Clues::default();
    // No-break spaces are spaces, for the phrases.
    let mut plain = [0; WINDOW];
    let mut len = 0;
    for byte in window.iter().take(WINDOW) {
        match byte {
            0xa0 if len > 0 && plain[len - 1] == 0xc2 => plain[len - 1] = b' ',
            _ => {
                plain[len] = if *byte == b'_' { b' ' } else { *byte };
                len += 1;
            }
        }
    }
    let window = &plain[..len];
    let Some(automaton) = AUTOMATON.as_ref() else { return clues };
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
    for found in automaton.words.find_overlapping_iter(window) {
        let Some((class, starts, ends)) = automaton.about.get(found.pattern().as_usize()).copied() else { continue };
        let before = found.start().checked_sub(1).and_then(|before| window.get(before));
        if (starts && is_word(before)) || (ends && is_word(window.get(found.end()))) {
            continue;
        }
        clues.seen |= 1 << class;
        let slot = match class {
            0 => &mut clues.phone,
            1 => &mut clues.other,
            2 => &mut clues.card,
            3 => &mut clues.host,
            4 => &mut clues.version,
            5 => &mut clues.article,
            _ => continue,
        };
        let distance = distance(found.end(), len) as u8;
        *slot = Some(slot.map_or(distance, |nearest| nearest.min(distance)));
    }
    clues
}
