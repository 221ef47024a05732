//! Writer properties, pinned: equal rows must give equal bytes in every run and on every machine.

use super::write::Field;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{
    CdcOptions, EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};
use parquet::schema::types::ColumnPath;
use tokenmill_core::schema::Type;

/// zstd level of all columns: 3 is within 2 % of the size of level 6 on extracted text at half its time.
const ZSTD_LEVEL: i32 = 3;

/// zstd level of token ids, whose bytes are split into four streams before: the high ones are mostly equal, and the low ones
/// gain little by a higher level.
const TOKENS_ZSTD_LEVEL: i32 = 1;

/// Rows of a page; small enough that one row can be read without inflating much.
const PAGE_ROWS: usize = 4_096;

/// False-positive rate of bloom filters: one needless row-group read in a hundred look-ups.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;

/// Columns that get a bloom filter, in whatever table they stand: the keys of `inspect why`.
const LOOKED_UP: [&str; 2] = ["id", "url_hash"];

/// The properties of a table whose row groups hold at most `group_rows` rows.
pub fn properties(fields: &[Field], group_rows: u64) -> WriterProperties {
    builder(fields, group_rows).build()
}

/// The properties of a table that other programs will read. Pages have statistics, by which they are skipped, and end where
/// the content says so: a later edition with other rows shares most of its bytes with this one, and storage that keeps equal
/// chunks once, such as the Hugging Face Hub's, takes in the rest only.
pub fn public_properties(fields: &[Field], group_rows: u64) -> WriterProperties {
    let mut builder = builder(fields, group_rows)
        .set_content_defined_chunking(Some(CdcOptions::default()))
        .set_writer_version(WriterVersion::PARQUET_1_0);
    for field in fields.iter().filter(|field| !matches!(field.kind, Type::Text)) {
        let path = ColumnPath::from(field.name.as_str());
        builder = builder.set_column_statistics_enabled(path, EnabledStatistics::Page);
    }
    builder.build()
}

fn builder(fields: &[Field], group_rows: u64) -> WriterPropertiesBuilder {
    let zstd = ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default();
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_created_by("tokenmill".to_owned())
        .set_compression(Compression::ZSTD(zstd))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_max_row_group_row_count(None)
        .set_dictionary_enabled(false);
    for field in fields {
        let path = || ColumnPath::from(field.name.as_str());
        if matches!(field.kind, Type::Label | Type::U32) {
            builder = builder.set_column_dictionary_enabled(path(), true);
        }
        if matches!(field.kind, Type::Tokens) {
            let item = ColumnPath::new(vec![field.name.clone(), "list".to_owned(), "item".to_owned()]);
            let zstd = ZstdLevel::try_new(TOKENS_ZSTD_LEVEL).unwrap_or_default();
            builder = builder
                .set_column_encoding(item.clone(), Encoding::BYTE_STREAM_SPLIT)
                .set_column_compression(item.clone(), Compression::ZSTD(zstd))
                .set_column_statistics_enabled(item, EnabledStatistics::None);
        }
        if matches!(field.kind, Type::Text) {
            builder = builder.set_column_statistics_enabled(path(), EnabledStatistics::None);
        }
        if LOOKED_UP.contains(&field.name.as_str()) {
            builder = builder
                .set_column_bloom_filter_enabled(path(), true)
                .set_column_bloom_filter_fpp(path(), BLOOM_FALSE_POSITIVES)
                .set_column_bloom_filter_max_ndv(path(), group_rows.max(1));
        }
    }
    builder
}
