//! Text in the scripts of the world comes out as it is shown: whole, in reading order, decoded once.

use super::decide::Decision;
use super::{Mode, Scratch, extract};

/// The main text of an article in the frame of a site, long enough for the model to be asked.
fn main_text(paragraph: &str) -> String {
    let html = format!(
        "<body><nav><a href=/>Home</a> <a href=/a>About</a></nav><main><article><h1>{paragraph}</h1>{}</article></main>\
         <footer>© 2020</footer>",
        format!("<p>{paragraph}</p>").repeat(3)
    );
    let text = extract(&html, Mode::MainText(Decision::Learned), &mut Scratch::default()).text;
    let lines: Vec<&str> = text.split("\n\n").collect();
    assert!(lines.len() == 4 && lines.iter().all(|line| *line == lines[0]), "{text}");
    lines[0].to_owned()
}

#[test]
fn sentences_without_spaces_stay_whole() {
    for (sentence, times) in [
        ("日本国民は、正当に選挙された国会における代表者を通じて行動する。", 8),
        ("人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心。", 8),
        ("มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ", 4),
        ("မြန်မာနိုင်ငံသည်အရှေ့တောင်အာရှတွင်ရှိသည်။", 6),
        ("មនុស្សទាំងអស់កើតមកមានសេរីភាពនិងសមភាព។", 6),
        ("모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.", 6),
    ] {
        let text = sentence.repeat(times);
        assert_eq!(main_text(&text), text);
    }
}

#[test]
fn right_to_left_and_joining_scripts_keep_their_order_and_their_joiners() {
    for sentence in [
        "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق. ",
        "כל בני אדם נולדו בני חורין ושווים בערכם ובזכויותיהם. ",
        "تمام افراد بشر آزاد به دنیا می\u{200c}آیند و از لحاظ حیثیت و حقوق با هم برابرند. ",
        "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। ",
        "എല്ലാ മനുഷ്യരും സ്വതന്ത്രരായി ജനിക്കുന്നു, അവര്\u{200d}ക്ക് തുല്യ അവകാശങ്ങളുണ്ട്. ",
        "ⵉⵎⴷⴰⵏⴻⵏ ⴰⴽⴽ ⵜⵜⵍⴰⵍⴻⵏ ⴷ ⵉⵍⴻⵍⵍⵉⵢⴻⵏ. ",
        "Մարդիկ ծնվում են ազատ ու հավասար իրենց արժանապատվությամբ։ ",
    ] {
        let text = sentence.repeat(5).trim().to_owned();
        assert_eq!(main_text(&text), text);
    }
    // Marks of direction that an author set are text; `bdo` and `dir` change how it is shown, not what it is.
    assert_eq!(
        main_text(&"<bdo dir=rtl>שלום</bdo> עולם \u{200f}טוב. ".repeat(20)),
        "שלום עולם \u{200f}טוב. ".repeat(20).trim()
    );
}

#[test]
fn of_ruby_the_base_stays_and_the_reading_goes() {
    let ruby = "<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rp>(</rp><rt>じ</rt><rp>)</rp></ruby>を読む。";
    assert_eq!(main_text(&ruby.repeat(20)), "漢字を読む。".repeat(20));
    let complex = "<ruby><rb>東</rb><rb>京</rb><rtc><rt>とう</rt><rt>きょう</rt></rtc></ruby>へ行く。";
    assert_eq!(main_text(&complex.repeat(20)), "東京へ行く。".repeat(20));
}

#[test]
fn hyphens_that_nobody_sees_go() {
    let text = "Donau&shy;dampf\u{ad}schiff&#173;fahrt auf dem Fluss. ";
    assert_eq!(main_text(&text.repeat(10)), "Donaudampfschifffahrt auf dem Fluss. ".repeat(10).trim());
}

#[test]
fn entities_are_decoded_once() {
    let text = "&amp;amp; &amp;lt;b&amp;gt; &#x41;&#66;&eacute; &xyz; AT&T &copy 5 &lt; 6 &#128512; &nbsp;ok. ";
    let shown = "&amp; &lt;b&gt; ABé &xyz; AT&T © 5 < 6 😀 ok. ";
    assert_eq!(main_text(&text.repeat(8)), shown.repeat(8).trim());
}

#[test]
fn characters_beyond_the_basic_plane_and_combined_ones_stay() {
    let text = "𠮷野家 👩\u{200d}👩\u{200d}👧 𝔄𝔅ℭ e\u{301} ṩ 🇫🇷 ① ﷺ ½ Ǆ. ";
    assert_eq!(main_text(&text.repeat(12)), text.repeat(12).trim());
}
