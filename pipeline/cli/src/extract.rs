//! `tokenmill extract`: HTML to text in bulk, with its speed.

use crate::apply::chain;
use crate::bulk;
use crate::explain;
use crate::failure::Failure;
use crate::sink::Output;
use serde_json::json;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use tokenmill_core::{DocId, Document, Numbers, Payload, Record, Stage};
use tokenmill_engine::thread_cpu_seconds;
use tokenmill_store::StoreError;
use tokenmill_store::source::{self, ColumnMap, Event, Format, SplitReader, decompress};

/// Turn HTML into text: crawl files, or folders of `.html[.gz]`
#[derive(clap::Args)]
#[command(after_help = "\
Output: one line per page, in the order of the input: `id` (WARC-Record-ID, or the file name up to `.html`), `url`,
`text`; pages without text have an empty text and a `reason`.

Examples:
  tokenmill extract crawl/*.warc.gz -o text.jsonl.zst
  tokenmill extract pages/ --use extract.all_text -o -
  tokenmill extract --explain page.html            each block, whether it is kept, and why
  tokenmill extract --explain --numbers page.html  with all numbers that the model weighs")]
pub struct Args {
    /// WARC or ARC files or their `s3://` or `https://` addresses, or folders of .html files
    #[arg(required = true)]
    inputs: Vec<String>,
    /// Output file or `s3://` address (.gz and .zst are compressed), or `-`
    #[arg(short, long, default_value = "-")]
    output: String,
    /// Show each block of each page with its features and the decision about it, as text for people
    #[arg(long)]
    explain: bool,
    /// With --explain: show all numbers of each block
    #[arg(long, requires = "explain")]
    numbers: bool,
    /// The extract stage
    #[arg(long = "use", value_name = "STAGE", default_value = "extract.main_text")]
    stage: String,
    /// A parameter of the stage
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
}

/// A page in memory.
struct Page {
    id: String,
    url: String,
    body: Vec<u8>,
    mime: String,
    charset: String,
}

/// What the extraction cost.
#[derive(Default)]
struct Cost {
    pages: u64,
    bytes: u64,
    seconds: f64,
}

/// Extracts all pages.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    if args.explain {
        return explain_pages(args);
    }
    let chain = chain(std::slice::from_ref(&args.stage), &args.sets)?;
    let mut output = Output::create(&args.output)?;
    let cost = Mutex::new(Cost::default());
    let inputs = bulk::expanded(&args.inputs)?;
    let pages = inputs.iter().flat_map(|input| match pages(input) {
        Ok(pages) => pages,
        Err(failure) => Box::new(std::iter::once(Err(failure))) as Pages,
    });
    bulk::run(
        pages,
        |page| page.body.len() + 256,
        &mut output,
        |page| {
            let stage = chain.steps[0].stage("");
            let Stage::Extract(extract) = stage else {
                return Err(Failure::usage(format!("`{}` is no extract stage", args.stage)));
            };
            let payload = Payload::Page { body: &page.body, mime: &page.mime, charset: &page.charset };
            let record = Record {
                record_id: &page.id,
                url: &page.url,
                date: "",
                lang: "",
                truncated: false,
                extra: "",
                robots: "",
                license: "",
                payload,
            };
            let mut document = Document::default();
            document.fill_from(DocId::from_record_id(&page.id), &record);
            let mut numbers = Numbers::new(chain.steps[0].entry.metrics.len());
            let started = thread_cpu_seconds();
            let result = extract.extract(&record, &mut document, &mut numbers);
            let seconds = thread_cpu_seconds() - started;
            let mut cost = cost.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            cost.pages += 1;
            cost.bytes += page.body.len() as u64;
            cost.seconds += seconds;
            Ok(match result {
                Ok(()) => json!({"id": page.id, "url": page.url, "text": document.text}),
                Err(rejection) => json!({"id": page.id, "url": page.url, "text": "", "reason": rejection.reason}),
            }
            .to_string())
        },
    )?;
    output.finish()?;
    let cost = cost.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let rate = cost.bytes as f64 / 1e6 / cost.seconds.max(1e-9);
    eprintln!("{} pages, {:.1} MB of HTML, {rate:.1} MB/s per core", cost.pages, cost.bytes as f64 / 1e6);
    Ok(ExitCode::SUCCESS)
}

/// Explains all pages.
fn explain_pages(args: &Args) -> Result<ExitCode, Failure> {
    let mut output = Output::create(&args.output)?;
    let rules = args.sets.iter().any(|set| set == "decision=rules");
    for input in bulk::expanded(&args.inputs)? {
        for page in pages(&input)? {
            let page = page?;
            output.line(&explain::page(&page.id, &page.body, &page.charset, rules, args.numbers))?;
        }
    }
    output.finish()?;
    Ok(ExitCode::SUCCESS)
}

type Pages = Box<dyn Iterator<Item = Result<Page, Failure>>>;

/// The pages of one input: a folder, an HTML file or a crawl file.
fn pages(input: &str) -> Result<Pages, Failure> {
    let path = Path::new(input);
    if path.is_dir() {
        let entries =
            std::fs::read_dir(path).map_err(|error| Failure::usage(format!("cannot read `{input}`: {error}")))?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path().display().to_string()));
        let mut files: Vec<String> = paths.filter(|path| is_html(path)).collect();
        files.sort();
        return Ok(Box::new(files.into_iter().map(|path| read_html(&path))));
    }
    if is_html(input) {
        let input = input.to_owned();
        return Ok(Box::new(std::iter::once_with(move || read_html(&input))));
    }
    let reader = source::open(&source::find(input)?, Format::Warc, &ColumnMap::default())?;
    Ok(Box::new(CrawlPages { reader }))
}

fn is_html(uri: &str) -> bool {
    let name = uri.to_ascii_lowercase();
    [".html", ".html.gz", ".htm", ".htm.gz"].iter().any(|ending| name.ends_with(ending))
}

fn read_html(uri: &str) -> Result<Page, Failure> {
    let input = source::find(uri)?;
    let mut body = Vec::new();
    let read = decompress(source::stream(&input)?).and_then(|mut file| file.read_to_end(&mut body));
    read.map_err(|error| StoreError::decode(uri, error))?;
    let id = input.name.find(".htm").map_or(input.name.as_str(), |at| &input.name[..at]).to_owned();
    Ok(Page { id, url: String::new(), body, mime: "text/html".to_owned(), charset: String::new() })
}

/// The pages of a crawl file; what the source refuses is no page.
struct CrawlPages {
    reader: Box<dyn SplitReader>,
}

impl Iterator for CrawlPages {
    type Item = Result<Page, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let event = match self.reader.next() {
                Ok(event) => event?,
                Err(error) => return Some(Err(error.into())),
            };
            let Event::Document(item) = event else { continue };
            let (None, Payload::Page { body, mime, charset }) = (item.refusal, item.record.payload) else { continue };
            let id =
                if item.record.record_id.is_empty() { item.id.to_string() } else { item.record.record_id.to_owned() };
            let (body, mime, charset) = (body.to_vec(), mime.to_owned(), charset.to_owned());
            return Some(Ok(Page { id, url: item.record.url.to_owned(), body, mime, charset }));
        }
    }
}
