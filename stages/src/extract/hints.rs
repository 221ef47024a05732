//! What the class and id of an element say about its content, from a table of common name parts.

use tokenmill_core::hash::hash64;

/// A set of hints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints(u32);

impl Hints {
    /// Site navigation: menus, breadcrumbs, pagers.
    pub const NAVIGATION: Hints = Hints(1);
    /// Page footer.
    pub const FOOTER: Hints = Hints(1 << 1);
    /// Page header: logo, account links, announcements.
    pub const HEADER: Hints = Hints(1 << 2);
    /// Side column.
    pub const SIDEBAR: Hints = Hints(1 << 3);
    /// Comments and reviews of readers.
    pub const COMMENTS: Hints = Hints(1 << 4);
    /// Cookie and consent notices.
    pub const CONSENT: Hints = Hints(1 << 5);
    /// Share and follow links.
    pub const SOCIAL: Hints = Hints(1 << 6);
    /// Links to other pages of the site: related, recommended, popular.
    pub const RELATED: Hints = Hints(1 << 7);
    /// Advertisement and promotion.
    pub const ADVERTISEMENT: Hints = Hints(1 << 8);
    /// Dialogs, overlays, newsletter and login boxes.
    pub const POPUP: Hints = Hints(1 << 9);
    /// Lines about the text and its author: byline, date, tags, signature.
    pub const METADATA: Hints = Hints(1 << 10);
    /// Forms, buttons and what surrounds them.
    pub const CONTROL: Hints = Hints(1 << 11);
    /// Not shown on screen.
    pub const HIDDEN: Hints = Hints(1 << 12);
    /// Something mathematical; the formula rules look closer.
    pub const MATH: Hints = Hints(1 << 13);
    /// Line numbers of a code listing.
    pub const GUTTER: Hints = Hints(1 << 14);
    /// Buttons of a code listing.
    pub const CODE_TOOL: Hints = Hints(1 << 15);

    /// All that say that a container is not what the page is about.
    pub const FRAME: Hints = Hints((1 << 12) - 1);

    /// The union.
    pub const fn with(self, other: Hints) -> Hints {
        Hints(self.0 | other.0)
    }

    /// What both have.
    pub const fn and(self, other: Hints) -> Hints {
        Hints(self.0 & other.0)
    }

    /// What this set has and the other has not.
    pub const fn without(self, other: Hints) -> Hints {
        Hints(self.0 & !other.0)
    }

    /// The single hints of the set.
    pub fn iter(self) -> impl Iterator<Item = Hints> {
        (0..u32::BITS).map(|bit| Hints(1 << bit)).filter(move |hint| self.any(*hint))
    }

    /// Number of a single hint, for use as an index.
    pub const fn bit(self) -> usize {
        self.0.trailing_zeros() as usize
    }

    /// Number of hints in the set.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether any of `others` is set.
    pub const fn any(self, others: Hints) -> bool {
        self.0 & others.0 != 0
    }
}

/// Name parts and what they hint at, sorted. A part is listed if text below it is rarely main content on pages of many
/// different sites; parts that style sheets use for layout (`right`, `secondary`, `widget`, `hidden`) say too little.
#[rustfmt::skip]
const PARTS: &[(&str, Hints)] = &[
    ("ad", Hints::ADVERTISEMENT), ("addthis", Hints::SOCIAL), ("addtoany", Hints::SOCIAL),
    ("addtocart", Hints::CONTROL), ("ads", Hints::ADVERTISEMENT), ("advert", Hints::ADVERTISEMENT),
    ("advertisement", Hints::ADVERTISEMENT), ("advertising", Hints::ADVERTISEMENT), ("announcement", Hints::POPUP),
    ("aside", Hints::SIDEBAR), ("author", Hints::METADATA), ("badge", Hints::METADATA), ("banner", Hints::HEADER),
    ("bio", Hints::METADATA), ("biography", Hints::METADATA), ("branding", Hints::HEADER),
    ("breadcrumb", Hints::NAVIGATION), ("breadcrumbs", Hints::NAVIGATION), ("btn", Hints::CONTROL),
    ("btns", Hints::CONTROL), ("burger", Hints::NAVIGATION), ("button", Hints::CONTROL), ("buttons", Hints::CONTROL),
    ("byline", Hints::METADATA), ("captcha", Hints::POPUP), ("cart", Hints::CONTROL), ("ccpa", Hints::CONSENT),
    ("clipboard", Hints::CODE_TOOL), ("colophon", Hints::FOOTER), ("comment", Hints::COMMENTS),
    ("commentform", Hints::CONTROL), ("commentlist", Hints::COMMENTS), ("comments", Hints::COMMENTS),
    ("consent", Hints::CONSENT), ("cookie", Hints::CONSENT), ("cookies", Hints::CONSENT), ("copy", Hints::CODE_TOOL),
    ("copyright", Hints::FOOTER), ("credit", Hints::METADATA), ("credits", Hints::METADATA), ("cta", Hints::CONTROL),
    ("ctas", Hints::CONTROL), ("date", Hints::METADATA), ("dialog", Hints::POPUP), ("disclaimer", Hints::FOOTER),
    ("disqus", Hints::COMMENTS), ("drawer", Hints::NAVIGATION), ("dropdown", Hints::NAVIGATION),
    ("equation", Hints::MATH), ("facebook", Hints::SOCIAL), ("feedback", Hints::CONTROL),
    ("flyout", Hints::NAVIGATION), ("foot", Hints::FOOTER), ("footer", Hints::FOOTER), ("form", Hints::CONTROL),
    ("formula", Hints::MATH), ("gdpr", Hints::CONSENT), ("gfield", Hints::CONTROL), ("gform", Hints::CONTROL),
    ("gutter", Hints::GUTTER), ("hamburger", Hints::NAVIGATION), ("input", Hints::CONTROL),
    ("instagram", Hints::SOCIAL), ("katex", Hints::MATH), ("latest", Hints::RELATED), ("latex", Hints::MATH),
    ("legal", Hints::FOOTER), ("likes", Hints::METADATA), ("lineno", Hints::GUTTER), ("linenos", Hints::GUTTER),
    ("linenumber", Hints::GUTTER), ("linenumbers", Hints::GUTTER), ("lines", Hints::GUTTER),
    ("linkedin", Hints::SOCIAL), ("login", Hints::POPUP), ("mainmenu", Hints::NAVIGATION),
    ("masthead", Hints::HEADER), ("math", Hints::MATH), ("mathjax", Hints::MATH), ("mega", Hints::NAVIGATION),
    ("megamenu", Hints::NAVIGATION), ("menu", Hints::NAVIGATION), ("menuitem", Hints::NAVIGATION),
    ("menus", Hints::NAVIGATION), ("meta", Hints::METADATA), ("metadata", Hints::METADATA),
    ("minicart", Hints::CONTROL), ("modal", Hints::POPUP), ("mwe", Hints::MATH), ("nav", Hints::NAVIGATION),
    ("navbar", Hints::NAVIGATION), ("navigation", Hints::NAVIGATION), ("navlinks", Hints::NAVIGATION),
    ("newsletter", Hints::POPUP), ("notice", Hints::POPUP), ("nudge", Hints::POPUP), ("numbers", Hints::GUTTER),
    ("offcanvas", Hints::NAVIGATION), ("onetrust", Hints::CONSENT), ("optin", Hints::POPUP),
    ("overlay", Hints::POPUP), ("pager", Hints::NAVIGATION), ("pagination", Hints::NAVIGATION),
    ("paging", Hints::NAVIGATION), ("pinterest", Hints::SOCIAL), ("popover", Hints::POPUP),
    ("popular", Hints::RELATED), ("popup", Hints::POPUP), ("posted", Hints::METADATA), ("prev", Hints::NAVIGATION),
    ("privacy", Hints::CONSENT), ("promo", Hints::ADVERTISEMENT), ("promotion", Hints::ADVERTISEMENT),
    ("published", Hints::METADATA), ("rail", Hints::SIDEBAR), ("reactions", Hints::METADATA),
    ("recent", Hints::RELATED), ("recommendation", Hints::RELATED), ("recommendations", Hints::RELATED),
    ("recommended", Hints::RELATED), ("register", Hints::POPUP), ("related", Hints::RELATED),
    ("respond", Hints::CONTROL), ("review", Hints::COMMENTS), ("reviews", Hints::COMMENTS),
    ("search", Hints::CONTROL), ("searchform", Hints::CONTROL), ("selector", Hints::CONTROL),
    ("share", Hints::SOCIAL), ("sharedaddy", Hints::SOCIAL), ("sharing", Hints::SOCIAL), ("sidebar", Hints::SIDEBAR),
    ("sidenav", Hints::NAVIGATION), ("sidepanel", Hints::SIDEBAR), ("sig", Hints::METADATA),
    ("signature", Hints::METADATA), ("signin", Hints::POPUP), ("signup", Hints::POPUP),
    ("sitemap", Hints::NAVIGATION), ("skip", Hints::NAVIGATION), ("skiplink", Hints::NAVIGATION),
    ("skiplinks", Hints::NAVIGATION), ("social", Hints::SOCIAL), ("socials", Hints::SOCIAL),
    ("sponsor", Hints::ADVERTISEMENT), ("sponsored", Hints::ADVERTISEMENT), ("sponsors", Hints::ADVERTISEMENT),
    ("subfooter", Hints::FOOTER), ("submenu", Hints::NAVIGATION), ("subnav", Hints::NAVIGATION),
    ("subscribe", Hints::POPUP), ("subscriber", Hints::POPUP), ("subscription", Hints::POPUP),
    ("suggested", Hints::RELATED), ("suggestions", Hints::RELATED), ("switcher", Hints::CONTROL),
    ("tag", Hints::METADATA), ("tags", Hints::METADATA), ("taxonomy", Hints::METADATA), ("tex", Hints::MATH),
    ("textwidget", Hints::SIDEBAR), ("toolbar", Hints::HEADER), ("tooltip", Hints::POPUP), ("topbar", Hints::HEADER),
    ("topnav", Hints::NAVIGATION), ("trending", Hints::RELATED), ("twitter", Hints::SOCIAL),
    ("utility", Hints::HEADER), ("validation", Hints::CONTROL), ("vcard", Hints::METADATA),
    ("wishlist", Hints::CONTROL),
];

/// Pairs of neighbouring parts that mark text nobody sees: for screen readers only, or the name of an icon, which a font
/// shows as a picture.
const HIDDEN_PAIRS: &[(&str, &str)] =
    &[("material", "icons"), ("material", "symbols"), ("screen", "reader"), ("sr", "only"), ("visually", "hidden")];

/// Longest name part looked up; longer ones are none of ours.
const MAX_PART_BYTES: usize = 24;
/// Entries of the memory for repeated class strings; pages repeat a few dozen.
const MEMORY_SLOTS: usize = 512;

/// Looks up hints, remembering class strings within one page.
#[derive(Clone, Debug, Default)]
pub struct HintReader {
    memory: Vec<(u64, Hints)>,
}

impl HintReader {
    /// Forgets the page before, so that what a page gives never depends on it.
    pub fn reset(&mut self) {
        self.memory.clear();
        self.memory.resize(MEMORY_SLOTS, (hash64(0, b""), Hints::default()));
    }

    /// Hash and hints of a `class` or `id` value.
    pub fn read(&mut self, names: &str) -> (u64, Hints) {
        let hash = hash64(0, names.as_bytes());
        let slot = hash as usize % MEMORY_SLOTS;
        match self.memory.get(slot) {
            Some(&(known, hints)) if known == hash => (hash, hints),
            _ => {
                let hints = hints_of(names);
                if let Some(entry) = self.memory.get_mut(slot) {
                    *entry = (hash, hints);
                }
                (hash, hints)
            }
        }
    }
}

/// Splits names into parts at everything but letters, and where a capital follows a small letter.
fn hints_of(names: &str) -> Hints {
    let mut hints = Hints::default();
    let mut part = Part::default();
    let mut previous = Part::default();
    let mut was_lower = false;
    let mut n_parts = 0;
    for byte in names.bytes().chain([b' ']) {
        let is_letter = byte.is_ascii_alphabetic();
        if part.length > 0 && (!is_letter || was_lower && byte.is_ascii_uppercase()) {
            hints = hints.with(part.hints());
            n_parts += 1;
            if n_parts == 2 && HIDDEN_PAIRS.contains(&(previous.text(), part.text())) {
                hints = hints.with(Hints::HIDDEN);
            }
            previous = std::mem::take(&mut part);
        }
        if is_letter {
            part.push(byte);
        } else if byte.is_ascii_whitespace() {
            previous = Part::default();
            n_parts = 0;
        }
        was_lower = byte.is_ascii_lowercase();
    }
    hints
}

/// A name part in lower case, without its end if it is too long.
#[derive(Default)]
struct Part {
    bytes: [u8; MAX_PART_BYTES],
    length: usize,
}

impl Part {
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte.to_ascii_lowercase();
        }
        self.length += 1;
    }

    /// Empty for a part that is too long.
    fn text(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    fn hints(&self) -> Hints {
        let text = self.text();
        PARTS.binary_search_by_key(&text, |&(name, _)| name).map_or(Hints::default(), |at| PARTS[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(PARTS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(PARTS.iter().all(|(name, _)| (2..=MAX_PART_BYTES).contains(&name.len())));
    }

    #[test]
    fn names_are_split_at_marks_digits_and_capitals() {
        for names in ["main-nav", "mainNav", "site_nav2", "NAV", "x nav", "nav--open"] {
            assert!(hints_of(names).any(Hints::NAVIGATION), "{names}");
        }
        for names in ["navy", "unavailable", "navigational", ""] {
            assert_eq!(hints_of(names), Hints::default(), "{names}");
        }
        assert!(hints_of("footerShareLinks").any(Hints::SOCIAL));
        assert!(hints_of("footerShareLinks").any(Hints::FOOTER));
    }

    #[test]
    fn pairs_count_within_one_name_only() {
        assert!(hints_of("a sr-only b").any(Hints::HIDDEN));
        assert!(hints_of("visuallyHidden").any(Hints::HIDDEN));
        assert!(!hints_of("sr only").any(Hints::HIDDEN));
        assert!(!hints_of("overflow-hidden").any(Hints::HIDDEN));
    }

    #[test]
    fn the_memory_changes_nothing() {
        let mut reader = HintReader::default();
        reader.reset();
        for names in ["nav", "", "share", "nav", "x", ""] {
            assert_eq!(reader.read(names).1, hints_of(names));
        }
        assert!(HintReader::default().read("nav").1.any(Hints::NAVIGATION));
    }
}
