//! `tokenmill reference`: the words of clean documents, as `filter.token_divergence` wants them.

use crate::documents;
use crate::failure::Failure;
use crate::output::{count, table};
use crate::sink::Output;
use std::process::ExitCode;
use tokenmill_stages::divergence::{Level, MAX_SAMPLE_WORDS, Reference, Sample};
use tokenmill_store::location::Location;
use tokenmill_store::source::{self, ColumnMap};

/// Count the words of clean documents, as a reference for `filter.token_divergence`
#[derive(clap::Args)]
#[command(after_help = "\
A reference says which words a language uses and how often, and how far its own documents diverge from that by length.
`filter.token_divergence` removes what diverges much further: garbled text, lists of keywords, other languages.

Give documents such as you want to keep, deduplicated: ten thousand or more of one language, as long as those that will
be judged. Documents that say in `lang` that they are in another language are passed over. The file is the same for the
same documents in any order. Beyond 16.8 million words, half of the documents are given up as often as needed, chosen
by the hash of their text; memory stays below 400 MB.

Examples:
  tokenmill reference --lang en -o refs/en.ref news.jsonl.gz books.parquet
  tokenmill reference --lang de -o refs/de.ref runs/web-de     the documents that a run has kept
  tokenmill reference --show refs/en.ref

In a recipe:
  [[step]]
  use = \"filter.token_divergence\"
  reference = \"refs/en.ref\"
  [step.lang.de]
  reference = \"refs/de.ref\"")]
pub struct Args {
    /// JSONL files (plain, .gz, .zst), Parquet files, their addresses, or run directories; `-` for standard input
    #[arg(required_unless_present = "show")]
    inputs: Vec<String>,
    /// The language, as `lang.id` names it
    #[arg(long, required_unless_present = "show")]
    lang: Option<String>,
    /// The file to write, or its `s3://` address
    #[arg(short, long, required_unless_present = "show")]
    output: Option<String>,
    /// Show what a reference says instead
    #[arg(long, value_name = "FILE", conflicts_with_all = ["inputs", "lang", "output"])]
    show: Option<String>,
}

/// Makes or shows a reference.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    if let Some(path) = &args.show {
        let reference = Reference::from_bytes(&source::read(path)?);
        print!("{}", summary(&reference.map_err(|error| Failure::usage(format!("`{path}`: {error}")))?));
        return Ok(ExitCode::SUCCESS);
    }
    let (lang, output) = (args.lang.as_deref().unwrap_or_default(), args.output.as_deref().unwrap_or_default());
    if output == "-" || output.ends_with(".gz") || output.ends_with(".zst") {
        return Err(Failure::usage(format!("`{output}` cannot be a reference: stages read plain files")));
    }
    if let Location::Local(path) = Location::parse(output)?
        && path.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
    {
        return Err(Failure::usage(format!("cannot write `{output}`: its folder does not exist")));
    }
    let mut taken = Taken { lang, sample: Sample::new(MAX_SAMPLE_WORDS), n_others: 0, n_refused: 0 };
    let columns = ColumnMap { extra: Vec::new(), ..ColumnMap::default() };
    for input in &args.inputs {
        taken.n_refused += documents::each(input, &columns, &mut |read| taken.document(read.lang, read.text))?;
    }
    let reference = taken.sample.build(lang)?;
    let mut file = Output::create(output)?;
    file.write(&reference.to_bytes())?;
    file.finish()?;
    eprint!("{}", summary(&reference));
    for (n, what) in [(taken.n_others, "are in another language"), (taken.n_refused, "have no text")] {
        if n > 0 {
            eprintln!("{} documents {what}", count(n));
        }
    }
    if taken.sample.n_halvings() > 0 {
        eprintln!(
            "one document in {} is used: more do not fit in memory",
            count(1 << taken.sample.n_halvings().min(63))
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// What has been read.
struct Taken<'a> {
    lang: &'a str,
    sample: Sample,
    n_others: u64,
    n_refused: u64,
}

impl Taken<'_> {
    fn document(&mut self, lang: &str, text: &str) {
        if lang.is_empty() || lang == self.lang {
            self.sample.add(text);
        } else {
            self.n_others += 1;
        }
    }
}

/// What a reference says, for people.
fn summary(reference: &Reference) -> String {
    let n_known: u64 = reference.vocabulary.iter().map(|(_, count)| u64::from(*count)).sum();
    let known = 100.0 * n_known as f64 / reference.n_words.max(1) as f64;
    let (documents, words) = (count(reference.n_documents), count(reference.n_words));
    let (lang, vocabulary) = (&reference.lang, count(reference.vocabulary.len() as u64));
    let head =
        ["words", "documents", "p50", "p75", "p95", "p99", "p99.5", "p99.9", "score of p95", "p99", "p99.5", "p99.9"];
    let row = |level: &Level| {
        let bits = level.percentiles.iter().map(|value| format!("{value:.2}"));
        let scores = level.percentiles[2..].iter().map(|value| format!("{:.2}", level.score(*value)));
        let lengths = [level.n_words(), u64::from(level.n_documents)].map(count);
        lengths.into_iter().chain(bits).chain(scores).collect()
    };
    let rows: Vec<Vec<String>> = reference.levels.iter().map(row).collect();
    format!(
        "{lang}: {documents} documents, {words} words, {vocabulary} different ones that make {known:.1} % of all\n\
         Divergence in bits from all other documents, of the first words of each:\n{}",
        table(&head, &rows)
    )
}
